"""Many lines at once in a real browser: picked by keys, kept through what happens meanwhile, pinned and let go again.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import new_database
from entering import PASSWORD, signed_in
from playwright.sync_api import expect
from service import Service, running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.queries import show
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
SOON = 5_000  # milliseconds: a look each half second, and a loaded machine


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A shop with twenty orders that wait for one supply."""
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 90,
             "expected_on": "2026-11-24"},
        ]  # fmt: skip
        for n in range(1, 21):
            line = {"line": "1", "sku": "LAMP", "quantity": 2}
            begun.append({"do": "place_order", "order": f"A-{n:02}", "lines": [line]})
        then = NOW - timedelta(days=1)
        apply(db, then, begun)
        accounts.put_account(db, moment_number(then), "pia", kind="person", role="planner", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as found:
            yield found


def pinned(url: str) -> list[str]:
    """The orders of which something is pinned."""
    db = open_database(url)
    views = [show.order(db, f"A-{n:02}", moment_number(NOW)) for n in range(1, 21)]
    db.close()
    return [one.order for one in views if one is not None and any(peg.pinned for peg in one.lines[0].pegs)]


def test_two_lines_are_picked_by_keys_pinned_and_let_go_again(service: Service, browser: Any) -> None:
    page = signed_in(browser, f"http://127.0.0.1:{service.port}", "pia", "/console/lines")
    bar = page.get_by_role("region", name="What to do with the picked lines")
    expect(bar).to_be_hidden()
    for key in ("j", "x", "j", "j", "x"):
        page.keyboard.press(key)
    expect(bar).to_contain_text("2 lines in 2 orders")
    with closing(service.client()) as admin:
        admin.ask("POST", "/v1/commands", [{"do": "cancel_line", "order": "A-05", "line": "1"}])
    expect(page.locator("#live-head")).to_contain_text("19\u00a0lines", timeout=SOON)
    expect(bar).to_contain_text("2 lines in 2 orders")
    assert "A-03" in page.locator("tr.is-cursor").inner_text()
    bar.get_by_role("button", name="Pin where they stand").click()
    came = page.get_by_role("status").filter(has_text="All done")
    expect(came.get_by_role("listitem")).to_have_count(2)
    assert pinned(service.url) == ["A-01", "A-03"]
    came.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="All done")).to_contain_text("Pinned on PO no longer.")
    assert pinned(service.url) == []


def test_all_lines_are_picked_at_once_and_none_are_again(service: Service, browser: Any) -> None:
    page = signed_in(browser, f"http://127.0.0.1:{service.port}", "pia", "/console/lines")
    bar = page.get_by_role("region", name="What to do with the picked lines")
    page.get_by_label("Pick all lines on this page").check()
    expect(bar).to_contain_text("20 lines in 20 orders")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("19 lines in 19 orders")
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()


def test_what_is_folded_open_closes_by_escape_and_by_a_click_beside_it(service: Service, browser: Any) -> None:
    page = signed_in(browser, f"http://127.0.0.1:{service.port}", "pia", "/console/lines")
    chip, field = page.locator("summary", has_text="Item"), page.get_by_label("SKU")
    chip.click()
    field.press("Escape")
    expect(field).to_be_hidden()
    expect(chip).to_be_focused()
    chip.click()
    expect(field).to_be_visible()
    page.get_by_role("heading", name="Backlog").click()
    expect(field).to_be_hidden()
    chip.click()
    field.fill("LAMP")
    field.press("Enter")
    expect(page.locator("summary", has_text="Item: LAMP")).to_be_visible()
