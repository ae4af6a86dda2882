"""Who did it, found in a real browser on a phone and a screen, without JavaScript.

Needs a Chromium, as `test_status.py` beside it does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import new_database
from playwright.sync_api import expect
from service import running

from backorder import commands
from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Outcome
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
PASSWORD = "a rather long pass phrase"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    """A shop in which Pia put sixty items, and Wim one among them."""
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        for n in range(61):
            put = commands.decode({"do": "put_item", "sku": f"ITEM-{n:02}"})
            assert not isinstance(put, Outcome)
            commands.run(db, moment_number(NOW - timedelta(hours=61 - n)), [put], "wim" if n == 5 else "pia")
        then = moment_number(NOW - timedelta(days=9))
        accounts.put_account(db, then, "fay", kind="person", role="finance", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield f"http://127.0.0.1:{service.port}"


@pytest.mark.parametrize("wide", [390, 1280])
def test_who_touched_an_item_is_found_and_all_that_they_did(base: str, browser: Any, wide: int) -> None:
    page = browser.new_context(viewport={"width": wide, "height": 800}, java_script_enabled=False).new_page()
    page.goto(f"{base}/console/sign-in")
    page.get_by_label("Name").fill("fay")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Audit", exact=True).click()
    page.get_by_label("About").fill("ITEM-05")
    page.get_by_role("button", name="Search").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("wim")
    rows.locator("summary").click()
    expect(rows.get_by_text("Digest")).to_be_visible()
    page.get_by_role("link", name="About: ITEM-05").click()
    page.get_by_role("link", name="pia", exact=True).first.click()
    expect(page.get_by_label("Who")).to_have_value("pia")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Next page").click()
    expect(rows).to_have_count(10)
    expect(rows.last).to_contain_text("ITEM-00")
    page.get_by_role("link", name="First page").click()
    expect(rows).to_have_count(50)
