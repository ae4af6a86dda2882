"""A morning in the console as people have it, two at once: the planner with the keyboard alone, the warehouse beside.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import new_database
from entering import PASSWORD, signed_in
from owed import COMMUNICATION
from playwright.sync_api import expect
from service import running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
SOON = 3_000  # milliseconds: a look each half second, and a loaded machine
STOPS_MAX = 120  # of the tab key on one page


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    """A shop with a supply nobody confirmed, customers who were told of a delay, and a ward that ordered last."""
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        line = {"line": "1", "sku": "LAMP", "quantity": 2, "unit_price": "40.00"}
        supply = {"do": "announce_supply", "supply": "PO-1", "sku": "LAMP", "site": "NY", "quantity": 4}
        order = {"do": "place_order", "customer": "ada", "currency": "USD", "paid": "80.00", "lines": [line]}
        first = {"name": "wards", "filter": {"tier": ["gold"]}, "strategy": "redistribute"}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {"do": "put_item", "sku": "DESK", "name": "Oak desk"},
            {"do": "put_customer", "customer": "ada", "name": "Ada Byron", "email": "ada@example.com"},
            {"do": "put_customer", "customer": "ward", "kind": "business", "tier": "gold"},
            COMMUNICATION,
            {**supply, "expected_on": "2026-11-27", "confirmed": True},
            {**supply, "supply": "PO-2", "quantity": 9, "expected_on": "2026-12-28", "confirmed": True},
            {**supply, "supply": "PO-3", "sku": "DESK", "expected_on": "2026-11-24"},
            {**order, "order": "A-1"},
            {**order, "order": "A-2"},
            {"do": "place_order", "order": "W-1", "customer": "ward", "lines": [{**line, "unit_price": None}]},
            {"do": "place_order", "order": "D-1", "lines": [{"line": "1", "sku": "DESK", "quantity": 1}]},
            {
                "do": "put_policy",
                "policy": "wards first",
                "segments": [first, {"name": "others", "strategy": "redistribute"}],
            },
        ]
        then = NOW - timedelta(days=9)
        assert {one.outcome.value for one in apply(db, then, begun)} <= {"accepted", "changed"}
        late = {"do": "reschedule_supply", "supply": "PO-1", "expected_on": "2026-12-15"}
        told = {"do": "advance", "to": (NOW - timedelta(hours=1)).isoformat()}
        assert apply(db, NOW - timedelta(hours=2), [late])[0].outcome.value == "rescheduled"
        apply(db, NOW - timedelta(hours=1), [told])
        for name, role in (("wim", "warehouse"), ("pia", "admin")):
            accounts.put_account(db, moment_number(then), name, kind="person", role=role, password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


def reach(page: Any, place: Any) -> None:
    """Go on with the tab key until what is wanted has the focus."""
    for _ in range(STOPS_MAX):
        if place.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come to {place}")


def press(page: Any, role: str, name: str, *, exact: bool = True) -> None:
    """Reach the first link or button of a name, press it, and be where it leads to."""
    reach(page, page.get_by_role(role, name=name, exact=exact).first)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def comes_in(browser: Any, base: str) -> Any:
    """The planner, signed in with the keyboard."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{base}/console/")
    for label, text in (("Name", "pia"), ("Password", PASSWORD)):
        reach(page, page.get_by_label(label))
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    return page


def test_a_planner_has_her_morning_with_the_keyboard_while_the_dock_works(base: str, browser: Any) -> None:
    page = comes_in(browser, base)
    _finds_what_is_in_danger_and_why(page)
    _tries_a_slip(page)
    _gives_the_ward_its_lamps_and_takes_it_back(page)
    _takes_an_answer_down(page)
    page.goto(f"{base}/console/")
    dock = signed_in(browser, base, "wim", "/console/supplies/PO-3", viewport={"width": 1280, "height": 800})
    page.bring_to_front()
    _desks_come_and_leave(page, dock, base)


def _finds_what_is_in_danger_and_why(page: Any) -> None:
    press(page, "link", "Backlog")
    press(page, "link", "At risk")
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_contain_text("D-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Why")).to_contain_text("PO-3")


def _tries_a_slip(page: Any) -> None:
    press(page, "link", "PO-3")
    press(page, "link", "21 days")
    expect(page.get_by_role("region", name="What if it slips?")).to_contain_text("1 unit in 1 order")


def _gives_the_ward_its_lamps_and_takes_it_back(page: Any) -> None:
    press(page, "link", "Reallocate")
    press(page, "button", "Simulate")
    reach(page, page.get_by_role("link", name="Commit").first)
    page.keyboard.press("Enter")
    asked = page.get_by_role("dialog", name="Commit")
    expect(asked).to_contain_text("A-")
    expect(asked.get_by_role("link", name="Not now")).to_be_focused()
    reach(page, asked.get_by_label("I have read this"))
    page.keyboard.press("Space")
    reach(page, asked.get_by_role("button", name="Commit"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The plan holds.")
    press(page, "button", "Undo", exact=False)
    expect(page.get_by_role("status")).to_have_text("The plan is taken back.")


def _takes_an_answer_down(page: Any) -> None:
    press(page, "link", "Notices", exact=False)
    press(page, "link", "A-2", exact=False)
    reach(page, page.get_by_label("They say"))
    page.keyboard.type("Cancel")
    reach(page, page.get_by_label("Who said so"))
    page.keyboard.type("Ada Byron")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The answer is taken down and has its effect.")


def _desks_come_and_leave(page: Any, dock: Any, base: str) -> None:
    """What the dock books, the planner sees at once: what came, what left, and that it did not."""
    ready = page.locator(".tile", has_text="Ready to ship now")
    expect(ready).to_contain_text("0lines")
    dock.get_by_label("Units that came").fill("4")
    dock.get_by_role("button", name="Book the receipt").click()
    expect(ready).to_contain_text("1line", timeout=SOON)
    dock.goto(f"{base}/console/shipments")
    dock.get_by_label("Tick D-1").check()
    dock.get_by_role("group", name="What to do with the ticked orders").get_by_role("button", name="Ship").click()
    expect(dock.get_by_role("status")).to_contain_text("shipped")
    expect(ready).to_contain_text("0lines", timeout=SOON)
    dock.get_by_role("button", name="Undo: it did not leave D-1-1").click()
    expect(ready).to_contain_text("1line", timeout=SOON)
