"""The status page in a real browser, as its customer uses it: on a phone and a screen, by keyboard, without JavaScript.

Needs a Chromium (BACKORDER_TEST_CHROMIUM, or Debian's), which no lock brings; where there is none, it is skipped.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import new_database
from contrast import CONTRAST
from owed import COMMUNICATION
from playwright.sync_api import expect
from service import Client, running
from sqlalchemy import select
from state import apply

from backorder.storage.db import open_database
from backorder.storage.tables import metadata

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=\"alert('hostile')\">\n=1+1 {{7*7}} <script>alert(1)</script>"


class Place:
    """A running shop with a late order, and its link."""

    def __init__(self, url: str, client: Client, port: int) -> None:
        self.url, self.client, self.base = url, client, f"http://127.0.0.1:{port}"

    def link(self, order: str, name: str = "Cast-iron casserole, 26 cm", **said: Any) -> str:
        """An order that is late, and the address of its page."""
        then = NOW - timedelta(days=8)
        lines = [
            {"line": "1", "sku": f"LATE {order}", "quantity": 2, "unit_price": "40.00"},
            {"line": "2", "sku": "LAMP", "quantity": 1, "unit_price": "20.00", "requested_on": "2026-11-30"},
        ]
        db = open_database(self.url)
        batch: list[dict[str, Any]] = [
            {"do": "put_item", "sku": f"LATE {order}", "name": name, "substitutes": ["STOOL"]},
            {"do": "announce_supply", "supply": f"S {order}", "sku": f"LATE {order}", "site": "NY", "quantity": 9,
             "expected_on": "2026-12-01"},
            {"do": "place_order", "order": order, "customer": "ada", "currency": "USD", "paid": "100.00",
             "lines": lines},
            {"do": "reschedule_supply", "supply": f"S {order}", "expected_on": "2027-01-12"},
        ]  # fmt: skip
        apply(db, then, batch)
        apply(db, then + timedelta(hours=1), [{"do": "send_notice", "order": order}])
        db.close()
        made = self.client.ask("POST", f"/v1/orders/{order}/status-links", said)
        return self.base + str(made.json["path"])

    def ended(self, order: str) -> str:
        """A link that held for a day after the order's end, two days ago: all of it was cancelled and paid back."""
        then, token = NOW - timedelta(days=2), "E" * 43
        db = open_database(self.url)
        made = hashlib.sha256(token.encode()).hexdigest()
        apply(db, then, [{"do": "put_status_link", "order": order, "digest": made, "days": 1}])
        for line in ("1", "2"):
            apply(db, then, [{"do": "cancel_line", "order": order, "line": line, "by": "customer"}])
        paid = [{"do": "record_refund", "order": order, "refund": n, "form": "same_method"} for n in (1, 2)]
        done = apply(db, then, paid)
        db.close()
        assert {one.outcome.value for one in done} == {"changed"}, done
        return f"{self.base}/s/{token}"

    def digest(self) -> str:
        """All that the database holds, but when tokens were last used."""
        db = open_database(self.url)
        with db.read() as tx:
            tables = [table for table in metadata.sorted_tables if table.name != "tokens"]
            held = [tx.fetch(select(table).order_by(*table.primary_key.columns)) for table in tables]
        db.close()
        return hashlib.sha256(repr(held).encode()).hexdigest()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("browser")
    with new_database("sqlite", folder) as url:
        db = open_database(url)
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Lamp"},
            {"do": "put_item", "sku": "STOOL", "name": "Cast-iron casserole, 24 cm"},
            {"do": "put_customer", "customer": "ada", "email": "ada@example.com", "country": "US"},
            COMMUNICATION,
            {"do": "count_stock", "sku": "LAMP", "site": "NY", "quantity": 90},
            {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 90},
        ]
        apply(db, NOW - timedelta(days=9), begun)
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            client = service.client()
            yield Place(url, client, service.port)
            client.close()


def opened(browser: Any, wide: int = 390, **said: Any) -> Any:
    """A page without JavaScript; what it asks for elsewhere, says in dialogs or breaks of its policy is gathered."""
    context = browser.new_context(viewport={"width": wide, "height": 844}, java_script_enabled=False, **said)
    page = context.new_page()
    page.troubles = []
    page.on("dialog", lambda dialog: page.troubles.append(dialog.message))
    page.on("console", lambda message: page.troubles.append(message.text))
    page.on("requestfailed", lambda request: page.troubles.append(request.url))
    page.on("request", lambda request: page.troubles.append(request.url) if "127.0.0.1" not in request.url else None)
    return page


def is_wider(page: Any) -> bool:
    """Whether the page has to be moved sideways to be read."""
    body = page.locator("body").bounding_box()
    widest = max(box["x"] + box["width"] for box in (e.bounding_box() for e in page.locator("main *").all()) if box)
    return bool(widest > body["width"] + 1)


@pytest.mark.parametrize("wide", [390, 1280])
@pytest.mark.parametrize("code", ["en", "de", "fr", "es"])
def test_it_is_read_in_four_languages_on_a_phone_and_a_screen(
    place: Place, browser: Any, shots: Path, code: str, wide: int
) -> None:
    link = place.link(f"R-{code}-{wide}")
    page = opened(browser, wide, locale=code)
    page.goto(link)
    page.screenshot(path=shots / f"page-{code}-{wide}.png", full_page=True)
    assert page.locator("html").get_attribute("lang").startswith(code)
    assert page.locator("h1").count() == 1
    assert "2027" in page.locator("h1").inner_text()
    assert not is_wider(page)
    assert page.get_by_role("radio").count() == 3
    assert page.get_by_role("radio", checked=True).count() == 0
    sizes = [box["height"] for box in (e.bounding_box() for e in page.locator("label.choice, button").all())]
    assert min(sizes) >= 44, "large enough for a thumb"
    assert page.troubles == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_contrast_is_enough(place: Place, browser: Any, scheme: str) -> None:
    link = place.link(f"C-{scheme}")
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(link)
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("radio").last.check()
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("button").click()
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("button").click()
    assert page.get_by_role("status").count() == 1
    assert page.evaluate(CONTRAST) == []
    context.close()


@pytest.mark.parametrize("wide", [390, 1280])
def test_a_choice_is_made_confirmed_and_taken_back(place: Place, browser: Any, shots: Path, wide: int) -> None:
    link = place.link(f"U-{wide}")
    page = opened(browser, wide)
    page.goto(link)
    page.get_by_label("Cancel for a full refund").check()
    page.get_by_role("button", name="Continue").click()
    page.screenshot(path=shots / f"confirm-{wide}.png", full_page=True)
    assert page.get_by_role("heading", level=1).inner_text() == "Cancel for a full refund?"
    assert "$100.00" in page.locator("main").inner_text()
    page.get_by_label("Lamp").uncheck()
    page.get_by_role("button", name="Yes, cancel it").click()
    page.screenshot(path=shots / f"pending-{wide}.png", full_page=True)
    assert "You chose to cancel" in page.get_by_role("status").inner_text()
    assert page.get_by_role("radio").count() == 0
    page.reload()
    assert page.get_by_role("status").count() == 1, "to look again does nothing again"
    page.get_by_role("button", name="Take it back").click()
    page.screenshot(path=shots / f"taken-back-{wide}.png", full_page=True)
    assert page.get_by_role("status").count() == 0
    assert page.get_by_role("radio").count() == 3
    page.go_back()
    page.go_back()
    assert page.get_by_role("heading", level=1).inner_text() == "Cancel for a full refund?", "back is a way back"
    assert page.troubles == []
    page.context.close()


def test_it_works_by_keyboard_alone(place: Place, browser: Any) -> None:
    page = opened(browser)
    page.goto(place.link("K-1"))
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to your order"
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.locator("input[type=radio]:focus").count():
            break
    page.keyboard.press("Space")
    assert page.get_by_label("Keep waiting").is_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keep waiting?")
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.locator("button:focus").count():
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("You chose to keep waiting.")
    page.context.close()


def test_another_item_needs_its_tick(place: Place, browser: Any, shots: Path) -> None:
    page = opened(browser)
    page.goto(place.link("S-1"))
    page.get_by_label("in place of").check()
    page.get_by_role("button", name="Continue").click()
    page.screenshot(path=shots / "substitute-390.png", full_page=True)
    consent = page.get_by_role("checkbox")
    assert not consent.is_checked()
    page.get_by_role("button", name="Yes, take it").click()
    assert page.get_by_role("status").count() == 0, "the browser asks for the tick"
    consent.check()
    page.get_by_role("button", name="Yes, take it").click()
    assert "You chose to take another item." in page.get_by_role("status").inner_text()
    page.context.close()


def test_a_mail_scanner_that_opens_every_link_changes_nothing(place: Place, browser: Any) -> None:
    link = place.link("M-1")
    before = place.digest()
    page = opened(browser)
    page.goto(link)
    found = [str(each.get_attribute("href")) for each in page.locator("[href]").all()] + [
        link,
        f"{link}.json",
        f"{link}/snippet",
    ]
    for each in found:
        place_of = each if each.startswith("http") else place.base + each if each.startswith("/") else link + each
        for method in ("GET", "HEAD"):
            assert page.request.fetch(place_of, method=method).status in {200, 405}
    assert place.digest() == before
    page.context.close()


@pytest.mark.parametrize("why", ["revoked", "expired"])
def test_a_link_that_opens_nothing_says_so(place: Place, browser: Any, shots: Path, why: str) -> None:
    order = f"G-{why}"
    link = place.link(order, days=1)
    if why == "revoked":
        path = f"/v1/orders/{order}/status-links/revoke"
        assert place.client.ask("POST", path, {}, Idempotency_Key='"g"').status == 200
    else:
        link = place.ended(order)
    page = opened(browser)
    assert page.goto(link).status == 404
    page.screenshot(path=shots / f"{why}-390.png", full_page=True)
    assert order not in page.content()
    assert page.locator("h1").inner_text() == "This link does not open an order"
    page.context.close()


def test_a_hostile_order_is_text_to_a_browser_that_runs_scripts(place: Place, browser: Any, shots: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.goto(place.link("H-1", EVIL))
    page.screenshot(path=shots / "hostile-390.png", full_page=True)
    assert page.locator("img, script").count() == 0
    assert "<script>alert(1)</script>" in page.locator("main").inner_text()
    assert not re.search(r"\b49\b", page.locator("main").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert said == []
    context.close()
