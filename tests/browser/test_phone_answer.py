"""An agent with a customer on the phone, in a real browser: by mouse and keyboard, and on a phone without JavaScript.

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
from owed import COMMUNICATION
from playwright.sync_api import expect
from service import running
from state import apply

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    """A shop two of whose customers were told of a delay."""
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        line = {"line": "1", "sku": "LAMP", "quantity": 2, "unit_price": "40.00"}
        order = {"do": "place_order", "customer": "ada", "currency": "USD", "paid": "80.00", "lines": [line]}
        supply = {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {"do": "put_customer", "customer": "ada", "name": "Ada Byron", "email": "ada@example.com"},
            COMMUNICATION,
            {**supply, "expected_on": "2026-11-27"},
            {**order, "order": "A-1"},
            {**order, "order": "A-2"},
        ]
        then = NOW - timedelta(days=9)
        apply(db, then, begun)
        late = {"do": "reschedule_supply", "supply": "PO", "expected_on": "2026-12-15"}
        apply(db, NOW - timedelta(hours=2), [late])
        apply(db, NOW - timedelta(hours=1), [{"do": "advance", "to": (NOW - timedelta(hours=1)).isoformat()}])
        accounts.put_account(
            db, moment_number(then), "kim", kind="person", role="service_agent", password=PASSWORD, by="t"
        )
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_agent_finds_the_notice_reads_it_out_and_takes_the_answer_down(base: str, browser: Any, scheme: str) -> None:
    page = signed_in(
        browser, base, "kim", "/console/notices", viewport={"width": 1024, "height": 900}, color_scheme=scheme
    )
    page.get_by_role("link", name="Waiting for an answer").click()
    page.get_by_role("link", name="A-2").click()
    expect(page.locator(".mail")).to_contain_text("now to ship by Tue 15 Dec 2026")
    assert page.evaluate(CONTRAST) == []
    page.get_by_label("They say").select_option("until")
    page.get_by_label("Who said so").fill("Ada Byron")
    page.get_by_role("button", name="Take down the answer").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Say until which day they wait.")
    expect(page.get_by_label("Who said so")).to_have_value("Ada Byron")
    page.get_by_label("Until (if another day)").fill("2026-12-20")
    page.get_by_role("button", name="Take down the answer").press("Enter")
    expect(page.get_by_role("status")).to_have_text("The answer is taken down and has its effect.")
    page.get_by_role("link", name="A-2").last.click()
    expect(page.locator("main")).to_contain_text("20\u00a0Dec")


def test_on_a_phone_and_without_javascript_it_is_done_as_well(base: str, browser: Any) -> None:
    page = signed_in(
        browser, base, "kim", "/console/notices", viewport={"width": 390, "height": 800}, java_script_enabled=False
    )
    page.get_by_role("link", name="A-1").click()
    page.get_by_label("They say").select_option("cancel")
    page.get_by_label("Who said so").fill("Ada Byron")
    page.get_by_role("button", name="Take down the answer").click()
    expect(page.get_by_role("status")).to_have_text("The answer is taken down and has its effect.")
    page.get_by_role("link", name="Refunds").click()
    expect(page.get_by_role("table")).to_contain_text("$80.00")
    assert page.locator("html").evaluate("node => node.scrollWidth") <= 390
