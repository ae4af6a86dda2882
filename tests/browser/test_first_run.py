"""The first run in a browser: an empty shop, the three ways to begin, the demo's data going in while one looks on."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from conftest import new_database
from entering import PASSWORD, signed_in
from service import running

from backorder.commands import accounts
from backorder.kernel.calendars import moment_number
from backorder.queries.imports import list_imports
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


def grave(page: Any) -> list[str]:
    """What on a page shuts somebody out."""
    return [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in {"serious", "critical"}]


def test_a_new_shop_fills_with_the_demo_before_ones_eyes(browser: Any, tmp_path: Path) -> None:
    shots = Path(os.environ.get("BACKORDER_TEST_SHOTS", tmp_path))
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        accounts.put_account(db, moment_number(NOW), "ada", kind="person", role="admin", password=PASSWORD, by="t")
        with running(url, BACKORDER_NOW=NOW.isoformat()) as service:
            page = signed_in(browser, f"http://127.0.0.1:{service.port}", "ada", "/console/")
            assert page.get_by_role("heading", level=3).all_inner_texts() == [
                "Look around first", "Bring your own data", "Connect your shop",
            ]  # fmt: skip
            for wide in (1280, 390):
                page.set_viewport_size({"width": wide, "height": 900})
                page.screenshot(path=shots / f"begin-{wide}.png", full_page=True)
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            found = grave(page)
            page.get_by_role("button", name="Load the demo").click()
            page.wait_for_url("**/console/imports/runs/*")
            bar = page.get_by_role("progressbar", name="How far it is")
            before = bar.evaluate("bar => bar.value")
            page.wait_for_function("before => document.querySelector('progress').value > before", arg=before)
            page.screenshot(path=shots / "demo-running.png", full_page=True)
            found += grave(page)
            assert found == []
        assert [one.state for one in list_imports(db, moment_number(NOW))] == ["interrupted"], "the service went down"
        db.close()
