"""A warehouse at its work in a real browser: a list to pick by, orders shipped by ticking them, one taken back.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import new_database
from contrast import CONTRAST
from entering import PASSWORD, signed_in
from playwright.sync_api import expect
from service import running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    """A shop of whose lamps enough came for three orders."""
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        supply = {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {**supply, "expected_on": "2026-11-19"},
        ]
        for n in range(1, 4):
            line = {"line": "1", "sku": "LAMP", "quantity": n}
            begun.append({"do": "place_order", "order": f"A-{n}", "lines": [line]})
        begun.append({"do": "receive_supply", "supply": "PO", "receipt": "1", "quantity": 9})
        then = NOW - timedelta(days=1)
        apply(db, then, begun)
        said = {"kind": "person", "role": "warehouse", "password": PASSWORD, "by": "t"}
        accounts.put_account(db, moment_number(then), "wim", **said)
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


@pytest.mark.parametrize(("wide", "script"), [(1280, True), (390, False)])
def test_orders_are_picked_by_a_list_shipped_and_taken_back(base: str, browser: Any, wide: int, script: bool) -> None:
    page = signed_in(
        browser, base, "wim", "/console/shipments", viewport={"width": wide, "height": 900}, java_script_enabled=script
    )
    ticked = page.get_by_role("group", name="What to do with the ticked orders")
    if script:
        expect(ticked).to_be_hidden()
        page.get_by_label("Tick all orders on this page").check()
        expect(ticked).to_contain_text("Ticked orders: 3")
        ticked.get_by_role("button", name="Clear").click()
        expect(ticked).to_be_hidden()
    else:
        assert ticked.evaluate("node => getComputedStyle(node).position") == "static"
    page.get_by_label("Tick A-1").check()
    page.get_by_label("Tick A-3").check()
    ticked.get_by_role("button", name="Pick list").click()
    expect(page.get_by_role("table")).to_contain_text("A-3")
    expect(page.get_by_role("table")).not_to_contain_text("A-2")
    page.emulate_media(media="print")
    expect(page.get_by_role("searchbox")).to_be_hidden()
    expect(page.locator(".square").first).to_be_visible()
    page.emulate_media(media="screen")
    page.go_back()
    page.get_by_label("Tick A-1").check()
    page.get_by_label("Tick A-3").check()
    ticked.get_by_role("button", name="Ship").click()
    expect(page.get_by_role("status")).to_have_text("2 orders are shipped.")
    expect(page.get_by_label("Tick A-1")).to_have_count(0)
    if script:
        assert page.evaluate(CONTRAST) == []
    page.get_by_role("button", name="Undo: it did not leave A-3-1").click()
    expect(page.get_by_role("status")).to_have_text("The shipment is taken back: its units can leave again.")
    expect(page.get_by_label("Tick A-3")).to_be_visible()
    assert page.locator("html").evaluate("node => node.scrollWidth") <= wide
