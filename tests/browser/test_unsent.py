"""What somebody typed into a form is not lost by a slip of the hand: whoever leaves it unsent is asked first.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import new_database
from entering import PASSWORD, signed_in
from service import running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
# Every page with a form that changes something, and a field of it.
FORMS = {
    "/console/orders/A-1": ("details.act form", "reason"),
    "/console/supplies/PO": ("section[aria-labelledby=date] form", "reason"),
    "/console/reallocate/policy": ("form.stack", "policy"),
    "/console/imports": ("form.fields", "kind"),
    "/console/shipments?order=S-1": ("form.fields", "carrier"),
    "/console/settings/shops": ("form.stack", "source"),
    "/console/settings/selling": ("#edit form", "safety_stock"),
    "/console/items/LAMP/selling": ("#edit form", "safety_stock"),
    "/console/settings/webhooks": ("form.stack", "webhook"),
    "/console/settings/users": ("form.stack", "account"),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with new_database("sqlite", tmp_path_factory.mktemp("unsent")) as url:
        db = open_database(url)
        then = NOW - timedelta(hours=1)
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            *({"do": "put_item", "sku": sku} for sku in ("LAMP", "STOOL")),
            {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 3},
            {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9,
             "expected_on": "2026-11-27"},
            {"do": "place_order", "order": "A-1", "lines": [{"line": "1", "sku": "LAMP", "quantity": 2}]},
            {"do": "place_order", "order": "S-1", "lines": [{"line": "1", "sku": "STOOL", "quantity": 2}]},
            {"do": "put_policy", "policy": "P", "segments": [{"name": "all", "strategy": "gain"}]},
        ]  # fmt: skip
        assert {one.outcome.value for one in apply(db, then, begun)} <= {"accepted", "changed"}
        accounts.put_account(db, moment_number(then), "ingrid", kind="person", role="admin", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


@pytest.fixture(scope="module")
def page(base: str, browser: Any) -> Iterator[Any]:
    """A window that counts how often somebody was asked, and answers `stays`."""
    found = signed_in(browser, base, "ingrid", "/console/")
    found.asked, found.stays = 0, False

    def answer(dialog: Any) -> None:
        assert dialog.type == "beforeunload"
        found.asked += 1
        (dialog.dismiss if found.stays else dialog.accept)()

    found.on("dialog", answer)
    yield found
    found.context.close()


def leave(page: Any) -> int:
    """How often one is asked who goes to today; they go all the same."""
    before = page.asked
    page.stays = False
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Today").click()
    page.wait_for_url("**/console/")
    return int(page.asked - before)


def begin(page: Any, base: str, path: str) -> Any:
    """The field of a page's form, and something typed into it."""
    form, name = FORMS[path]
    page.goto(base + path)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    field = page.locator(form).first.locator(f"[name={name}]").last
    if name == "kind":
        field.select_option(index=2)
    else:
        field.click()
        page.keyboard.press("End")
        page.keyboard.type("x")
    return field


@pytest.mark.parametrize("path", FORMS)
def test_whoever_leaves_what_they_typed_is_asked_first(base: str, page: Any, path: str) -> None:
    field = begin(page, base, path)
    if path != "/console/imports":
        page.keyboard.press("Backspace")
        assert leave(page) == 0, "what is as it was is nothing to lose"
        field = begin(page, base, path)
    assert leave(page) == 1
    page.go_back()
    field.wait_for(state="attached")
    assert leave(page) == 0, "a page that was only looked at is left at once"


def test_whoever_sends_a_form_is_not_asked_and_whoever_sends_another_is(base: str, page: Any) -> None:
    begin(page, base, "/console/orders/A-1")
    before = page.asked
    page.stays = True
    page.get_by_role("button", name="Hold it").click()
    page.wait_for_timeout(500)
    assert (page.asked - before, page.url) == (1, f"{base}/console/orders/A-1"), "the other form would be lost"
    page.stays = False
    page.locator("details.act form").first.get_by_role("button").click()
    page.get_by_role("alert").wait_for()
    assert page.asked - before == 1, "and nobody is asked who sends what they typed"


def test_what_came_back_refused_is_not_lost_either(base: str, page: Any) -> None:
    page.goto(f"{base}/console/orders/A-1")
    page.locator("summary", has_text="Cancel units").click()
    form = page.locator("details.act[open] form")
    form.get_by_label("Units").fill("99")
    form.get_by_role("button").click()
    page.get_by_role("alert").wait_for()
    page.locator("h1").click()  # a browser asks only where somebody did something on the page
    assert leave(page) == 1


def test_ticks_and_searches_are_nothing_to_lose(base: str, page: Any) -> None:
    page.goto(f"{base}/console/shipments")
    page.get_by_label("Tick S-1").check()
    page.get_by_role("searchbox").fill("A")
    assert leave(page) == 0
    page.goto(f"{base}/console/lines")
    page.locator("summary", has_text="Item").click()
    page.get_by_label("SKU").fill("LAMP")
    assert leave(page) == 0
