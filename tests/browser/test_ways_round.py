"""Every page of the console by keyboard, and on a phone: past the navigation, to the search, to the list of keys.

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
PAGES = (
    "/console/",
    "/console/lines",
    "/console/shipments",
    "/console/reallocate",
    "/console/reallocate/policy",
    "/console/notices",
    "/console/imports",
    "/console/audit",
    "/console/settings",
    "/console/settings/shops",
    "/console/settings/selling",
    "/console/settings/webhooks",
    "/console/settings/users",
    "/console/orders/A-1",
    "/console/supplies/PO",
    "/console/items/LAMP",
    "/console/search?q=LA",
    "/console/orders/none",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with new_database("sqlite", tmp_path_factory.mktemp("ways")) as url:
        db = open_database(url)
        then = NOW - timedelta(hours=1)
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            *({"do": "put_item", "sku": sku, "name": sku.capitalize()} for sku in ("LAMP", "STOOL")),
            {"do": "count_stock", "sku": "STOOL", "site": "NY", "quantity": 3},
            {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9,
             "expected_on": "2026-11-27"},
            {"do": "place_order", "order": "A-1", "lines": [{"line": "1", "sku": "LAMP", "quantity": 2}]},
            {"do": "place_order", "order": "S-1", "lines": [{"line": "1", "sku": "STOOL", "quantity": 2}]},
        ]  # fmt: skip
        assert {one.outcome.value for one in apply(db, then, begun)} <= {"accepted", "changed"}
        accounts.put_account(db, moment_number(then), "ingrid", kind="person", role="admin", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


def test_by_keyboard_one_gets_past_the_navigation_to_the_search_and_to_the_list_of_keys(
    base: str, browser: Any
) -> None:
    page = signed_in(browser, base, "ingrid", "/console/")
    for path in PAGES:
        page.goto(base + path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", path
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content", path
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.side, .top')") is None, path
        page.keyboard.press("Escape")  # out of the field, where it is one
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "q", path
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        keys = page.get_by_role("dialog").locator("dt").all_inner_texts()
        assert {"j k", "Enter", "x", "/", "Esc", "g then b", "?"} <= {" ".join(one.split()) for one in keys}, path
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
    page.context.close()


def test_a_row_is_ticked_by_a_key(base: str, browser: Any) -> None:
    page = signed_in(browser, base, "ingrid", "/console/shipments")
    page.keyboard.press("x")
    assert page.locator("input[name=take]:checked").count() == 0, "there is no row yet"
    for expected in (1, 0):
        page.keyboard.press("j")
        page.keyboard.press("x")
        assert page.locator("input[name=take]:checked").count() == expected
    page.context.close()


@pytest.mark.parametrize("wide", [320, 390])
def test_on_a_small_screen_the_brand_is_whole_and_where_one_is_is_seen(base: str, browser: Any, wide: int) -> None:
    page = signed_in(browser, base, "ingrid", "/console/", viewport={"width": wide, "height": 844})
    for path in PAGES[::2]:
        page.goto(base + path)
        boxes = [page.locator(".brand").bounding_box()]
        if page.locator(".nav [aria-current]").count():
            boxes.append(page.locator(".nav [aria-current]").bounding_box())
        for box in boxes:
            assert box["x"] >= 0, path
            assert box["x"] + box["width"] <= wide, path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    page.context.close()


def test_on_a_phone_the_peg_board_is_a_list_by_supply(base: str, browser: Any) -> None:
    page = signed_in(browser, base, "ingrid", "/console/items/LAMP", viewport={"width": 390, "height": 844})
    board = page.get_by_role("region", name="Peg board")
    assert not board.locator("svg").is_visible()
    said = board.get_by_role("list").inner_text()
    assert "PO" in said
    assert "A-1" in said
    assert "2\u00a0units" in said
    page.context.close()
