"""Two people at once in a real browser: what one books, the other sees within a second, and keeps what they hold.

Needs a Chromium, as `test_status.py` beside it does.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import new_database
from entering import PASSWORD, signed_in
from playwright.sync_api import expect
from service import running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
WIDE = {"width": 1280, "height": 700}
SOON = 3_000  # milliseconds: a look each half second, and a loaded machine


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    """A shop with forty orders that wait for one supply."""
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        supply = {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 90}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {**supply, "expected_on": "2026-11-24"},
        ]
        for n in range(1, 41):
            line = {"line": "1", "sku": "LAMP", "quantity": 2}
            begun.append({"do": "place_order", "order": f"A-{n:02}", "lines": [line]})
        then = NOW - timedelta(days=1)
        apply(db, then, begun)
        for name, role in (("wim", "warehouse"), ("pia", "planner")):
            accounts.put_account(db, moment_number(then), name, kind="person", role=role, password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


def receive(page: Any, units: int) -> None:
    page.get_by_label("Units that came").fill(str(units))
    page.get_by_role("button", name="Book the receipt").click()
    expect(page.get_by_role("status")).to_contain_text("The receipt is booked.")


def test_a_receipt_in_another_window_changes_tiles_rows_and_the_supply(base: str, browser: Any) -> None:
    dock = signed_in(browser, base, "wim", "/console/supplies/PO", viewport=WIDE)
    today = signed_in(browser, base, "pia", "/console/", viewport=WIDE)
    supply = today.context.new_page()
    supply.goto(f"{base}/console/supplies/PO")
    ready = today.locator(".tile", has_text="Ready to ship now")
    expect(ready).to_contain_text("0lines")
    today.bring_to_front()
    receive(dock, 4)
    expect(ready).to_contain_text("2lines", timeout=SOON)
    expect(today.get_by_role("region", name="Ready to ship")).to_contain_text("A-01", timeout=SOON)
    expect(supply.get_by_role("region", name="Who has units of it now")).to_contain_text("A-02", timeout=SOON)
    expect(supply.locator("main")).to_contain_text("38\u00a0lines")


def test_the_row_one_is_at_stays_as_long_as_it_is_there(base: str, browser: Any) -> None:
    dock = signed_in(browser, base, "wim", "/console/supplies/PO", viewport=WIDE)
    lines = signed_in(browser, base, "pia", "/console/lines", viewport=WIDE)
    for _ in range(30):
        lines.keyboard.press("j")
    assert "A-30" in lines.locator("tr.is-cursor").inner_text()
    head = lines.locator("#live-head")
    receive(dock, 50)  # of the forty orders, 25 wait no more
    expect(head).to_have_text(re.compile("^15\u00a0lines"), timeout=SOON)
    assert "A-30" in lines.locator("tr.is-cursor").inner_text()
    receive(dock, 20)
    expect(head).to_have_text(re.compile("^5\u00a0lines"), timeout=SOON)
    assert lines.locator("tr.is-cursor").count() == 0, "its order waits no more"


def test_the_place_one_scrolled_to_and_the_focus_stay(base: str, browser: Any) -> None:
    dock = signed_in(browser, base, "wim", "/console/supplies/PO", viewport=WIDE)
    lines = signed_in(browser, base, "pia", "/console/lines?view=all", viewport=WIDE)
    for _ in range(30):
        lines.keyboard.press("j")
    before = lines.evaluate("[scrollY, document.activeElement.textContent]")
    row = lines.locator("tr", has_text="A-02")
    expect(row).to_contain_text("PO")
    receive(dock, 4)
    expect(row).to_contain_text("On hand", timeout=SOON)
    assert lines.evaluate("[scrollY, document.activeElement.textContent]") == before
    assert "A-30" in lines.locator("tr.is-cursor").inner_text()
    lines.keyboard.press("j")
    assert "A-31" in lines.locator("tr.is-cursor").inner_text(), "the keys go on from there"
