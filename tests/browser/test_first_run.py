"""The first run in a browser: an empty shop, the demo's data going in while one looks on, a file of one's own."""

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


def test_a_file_of_ones_own_is_taken_without_javascript(browser: Any, tmp_path: Path) -> None:
    shots = Path(os.environ.get("BACKORDER_TEST_SHOTS", tmp_path))
    file = tmp_path / "Artikel.csv"
    file.write_text("Was;Bezeichnung;Preis\nSTUHL;Stuhl;49,50\nTISCH;Tisch;viel\n", encoding="utf-8")
    with new_database("sqlite", tmp_path) as url:
        db = open_database(url)
        accounts.put_account(db, moment_number(NOW), "ada", kind="person", role="admin", password=PASSWORD, by="t")
        db.close()
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            there = f"http://127.0.0.1:{service.port}"
            page = signed_in(browser, there, "ada", "/console/imports", java_script_enabled=False)
            page.get_by_label("What is in it").select_option("items")
            page.get_by_label("CSV or XLSX").set_input_files(file)
            page.get_by_role("button", name="See how it is read").click()
            page.get_by_label("What Was is taken for").select_option("sku")
            page.get_by_label("Currency of all rows").fill("EUR")
            page.get_by_label("Remember these columns as").fill("our shop")
            page.get_by_role("button", name="Read it like this").click()
            page.get_by_text("These columns are remembered as our shop.").wait_for()
            assert "1 row cannot be read" in page.inner_text("main")
            address = page.url
            page.screenshot(path=shots / "columns.png", full_page=True)
            page.get_by_role("button", name="Import 2 rows").click()
            while page.get_by_role("link", name="Look again").count():
                page.get_by_role("link", name="Look again").click()
            assert "1 row was not taken" in page.inner_text("main")
            with page.expect_download() as got:
                page.get_by_role("link", name="Get the sheet").click()
            assert "viel" in got.value.path().read_text(encoding="utf-8-sig")
            run = page.url
            seen = signed_in(browser, there, "ada", "/console/imports", viewport={"width": 390, "height": 900})
            found = []
            for path in (address, run, f"{there}/console/imports"):
                seen.goto(path)
                found += grave(seen)
                assert seen.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            assert found == []
