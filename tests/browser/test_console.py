"""The console in a real browser: on a phone and a screen, light and dark, by keyboard, and without JavaScript.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import new_database
from contrast import CONTRAST
from service import running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=\"alert('hostile')\"> {{7*7}} <script>alert(1)</script>"
PASSWORD = "a rather long pass phrase"
PAGES = {
    "today": "/console/",
    "lines": "/console/lines",
    "shipments": "/console/shipments",
    "notices": "/console/notices",
    "imports": "/console/imports",
    "audit": "/console/audit",
    "reallocate": "/console/reallocate",
    "policy": "/console/reallocate/policy",
    "packs": "/console/settings?pack=us-ftc",
    "pack": "/console/settings?new=yes",
    "selling": "/console/settings/selling",
    "item-selling": "/console/items/DESK/selling",
    "communication": "/console/settings/communication?kind=long",
    "wordings": "/console/settings/wordings?kind=delay&language=de&message=long",
    "shops": "/console/settings/shops",
    "webhooks": "/console/settings/webhooks",
    "users": "/console/settings/users?account=ingrid",
    "order": "/console/orders/A-1",
    "supply": "/console/supplies/PO-1",
    "item": "/console/items/DESK",
    "search": "/console/search?q=A",
    "nothing": "/console/orders/none",
}


class Place(NamedTuple):
    base: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with new_database("sqlite", tmp_path_factory.mktemp("console")) as url:
        db = open_database(url)
        then = NOW - timedelta(days=9)
        supply = {"do": "announce_supply", "sku": "DESK", "site": "NY", "quantity": 9}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "DESK", "name": EVIL},
            {"do": "put_customer", "customer": "ada", "name": f"Ada {EVIL}", "country": "US"},
            {**supply, "supply": "PO-1", "expected_on": "2026-11-18"},
            {**supply, "supply": "PO-2", "expected_on": "2026-12-08", "confirmed": True},
        ]
        for n in range(6):
            line = {"line": "1", "sku": "DESK", "quantity": n % 3 + 1, "unit_price": "40.00"}
            begun.append(
                {"do": "place_order", "order": f"A-{n}", "customer": "ada", "currency": "USD", "lines": [line]}
            )
        assert {outcome.outcome.value for outcome in apply(db, then, begun)} <= {"accepted", "changed"}
        accounts.put_account(db, moment_number(then), "ingrid", kind="person", role="admin", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Place(f"http://127.0.0.1:{service.port}")


def signed_in(place: Place, browser: Any, wide: int = 1440, **said: Any) -> Any:
    """A page of somebody who is signed in; what it says in dialogs or breaks of its policy is gathered."""
    context = browser.new_context(viewport={"width": wide, "height": 900}, **said)
    page = context.new_page()
    page.troubles = []
    page.on("dialog", lambda dialog: page.troubles.append(dialog.message))
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("console", lambda one: page.troubles.append(one.text) if "404" not in one.text else None)
    page.on("request", lambda request: page.troubles.append(request.url) if "127.0.0.1" not in request.url else None)
    page.goto(f"{place.base}/console/lines")
    page.get_by_label("Name").fill("ingrid")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/lines")
    assert page.get_by_role("heading", level=1).inner_text() == "Backlog", "one goes on to the page that was wanted"
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [390, 1024, 1440])
def test_every_page_is_read_at_every_width(place: Place, browser: Any, shots: Path, wide: int, scheme: str) -> None:
    page = signed_in(place, browser, wide, color_scheme=scheme)
    for name, path in PAGES.items():
        page.goto(place.base + path)
        page.screenshot(path=shots / f"{name}-{wide}-{scheme}.png", full_page=True)
        assert page.get_by_role("heading", level=1).count() == 1
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        assert page.evaluate(CONTRAST) == [], name
    assert page.troubles == []
    page.context.close()


def test_a_late_order_is_found_and_understood_without_javascript(place: Place, browser: Any) -> None:
    page = signed_in(place, browser, java_script_enabled=False)
    page.get_by_role("link", name="Today").click()
    page.get_by_role("link", name="See the lines").first.click()
    page.get_by_role("link", name="A-0", exact=True).click()
    assert "PO-1" in page.get_by_role("region", name="Why").inner_text()
    page.get_by_role("link", name="PO-1", exact=True).first.click()
    page.get_by_role("link", name="21 days").click()
    page.wait_for_url("**slip=21*")
    assert "slip" in page.get_by_role("region", name="What if it slips?").inner_text()
    page.go_back()
    page.get_by_role("searchbox").fill("PO-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/supplies/PO-2")
    page.get_by_role("button", name="Dark").click()
    page.locator("html[data-theme=dark]").wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "PO-2", "one stays where one was"
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in")
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"
    assert page.troubles == []
    page.context.close()


def test_keys_go_through_rows_and_pages(place: Place, browser: Any) -> None:
    page = signed_in(place, browser)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator("tr.is-cursor").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/orders/**")
    page.keyboard.press("/")
    assert page.locator("#q:focus").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/console/")
    assert page.troubles == []
    page.context.close()
