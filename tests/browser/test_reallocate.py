"""A planner who simulates, reads who loses, commits, and takes it back: in a real browser, without JavaScript too.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
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

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    """A ward ordered last; by the policy that there is, it comes first."""
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        supply = {"do": "announce_supply", "sku": "CHAIR", "site": "MAIN", "confirmed": True}
        order = {"do": "place_order", "currency": "EUR"}
        line = {"line": "1", "sku": "CHAIR", "unit_price": "49.50"}
        clinics = {"name": "clinics", "filter": {"tier": ["gold"]}, "strategy": "redistribute"}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "MAIN"},
            {"do": "put_item", "sku": "CHAIR"},
            {"do": "put_customer", "customer": "clinic", "kind": "business", "tier": "gold"},
            {**supply, "supply": "PO-1", "quantity": 6, "expected_on": "2026-12-07"},
            {**supply, "supply": "PO-2", "quantity": 10, "expected_on": "2026-12-18"},
            {**order, "order": "ada", "lines": [{**line, "quantity": 4}]},
            {**order, "order": "ward-3", "customer": "clinic", "lines": [{**line, "quantity": 5}]},
            {
                "do": "put_policy",
                "policy": "clinics",
                "segments": [clinics, {"name": "others", "strategy": "redistribute"}],
            },
        ]
        assert {one.outcome.value for one in apply(db, NOW, begun)} == {"accepted"}
        accounts.put_account(db, moment_number(NOW), "hana", kind="person", role="planner", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


@pytest.mark.parametrize(
    ("wide", "scheme", "script"), [(1280, "light", True), (1280, "dark", True), (390, "light", False)]
)
def test_a_planner_simulates_commits_and_takes_it_back(
    base: str, browser: Any, wide: int, scheme: str, script: bool
) -> None:
    said = {"viewport": {"width": wide, "height": 900}, "color_scheme": scheme, "java_script_enabled": script}
    page = signed_in(browser, base, "hana", "/console/reallocate", **said)
    page.get_by_role("button", name="Simulate", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The plan is made. Nothing has changed yet.")
    expect(page.locator("[data-rows]")).to_contain_text("Gives way to ward-3 line 1: 3 of PO-1.")
    if script:
        assert page.evaluate(CONTRAST) == []
    assert page.locator("html").evaluate("node => node.scrollWidth") <= wide
    page.get_by_role("link", name="Commit 2 lines").first.click()
    asked = page.locator("#commit-plan")
    expect(asked).to_contain_text("ada line 1")
    expect(asked).to_contain_text("7\u00a0Dec → 18\u00a0Dec")
    if script:
        expect(asked.get_by_role("link", name="Not now")).to_be_focused()
        assert page.evaluate(CONTRAST) == []
        page.keyboard.press("Enter")
        expect(asked).to_be_hidden()
        page.get_by_role("link", name="Commit 2 lines").last.click()
    asked.get_by_role("button", name="Commit 2 lines").click()
    expect(asked).to_be_visible()  # it is not committed unread
    asked.get_by_label("I have read this").check()
    asked.get_by_role("button", name="Commit 2 lines").click()
    expect(page.get_by_role("status")).to_have_text("The plan holds.")
    page.get_by_role("link", name="ada").first.click()
    expect(page.locator("main")).to_contain_text("18\u00a0Dec")
    page.go_back()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_have_text("The plan is taken back.")
    page.get_by_role("link", name="ada").first.click()
    expect(page.locator("main")).to_contain_text("7\u00a0Dec")
    expect(page.locator("main")).to_contain_text("Why")
