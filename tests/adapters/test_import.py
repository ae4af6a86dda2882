"""`backorder import`: files of other programs become the ordinary commands, and nothing is lost or half done."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from shop import do, shop
from sqlalchemy import select
from state import state

from backorder.adapters.cli import cli
from backorder.adapters.imports import mapping as mappings
from backorder.adapters.imports import presets, sheets, values
from backorder.adapters.imports.fields import KINDS
from backorder.kernel.calendars import moment_number
from backorder.queries import check, people, show
from backorder.storage import tables
from backorder.storage.db import Database, open_database

FILES = Path(__file__).parent / "import_files"
NOW = moment_number(datetime(2026, 12, 1, 9, tzinfo=UTC))


def run(*words: str, url: str) -> Result:
    result = CliRunner().invoke(cli, ["import", *words, "--database", url], obj=lambda: NOW, input="")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def chairs(db: Database) -> Database:
    shop(db, ["CHAIR", "LAMP"])
    return db


@pytest.fixture
def orders(tmp_path: Path) -> str:
    return write(
        tmp_path / "orders.csv",
        "Order No;Artikelnummer;Menge;geliefert;Datum;Kunde;zugesagt",
        "S-1;CHAIR;4;1;01.11.2026;ada;10.12.2026",
        "S-1;LAMP;1;;01.11.2026;ada;10.12.2026",
        "S-2;CHAIR;9;;15.11.2026;ben;20.12.2026",
        "S-3;BED;1;;15.11.2026;ben;20.12.2026",
        "S-4;CHAIR;a few;;15.11.2026;ben;20.12.2026",
    )


def outcome(db: Database) -> dict[str, Any]:
    assert check.run(db) == []
    return state(db)


def test_open_orders_keep_their_past(chairs: Database, url: str, orders: str) -> None:
    do(chairs, "announce_supply", supply="P", sku="CHAIR", site="MAIN", quantity=20, expected_on="2026-12-10")
    result = run("orders", orders, "--set", "placed_at=Datum", "--yes", url=url)
    assert result.exit_code == 0, result.output
    assert "order      Order No" in result.stdout
    assert "dmy" in result.stdout
    view = show.line(chairs, "S-1", "1", NOW)
    assert view is not None
    assert (view.quantity, view.shipped, view.waiting, view.customer) == (4, 1, 3, "ada")
    assert (view.first_promise, view.promise) == (date(2026, 12, 10),) * 2
    assert [revision.cause for revision in view.revisions] == ["imported"]
    assert view.placed_at.date() == date(2026, 11, 1)
    assert outcome(chairs)


def test_a_bad_row_is_named_and_goes_to_the_rejects_with_its_order(chairs: Database, url: str, orders: str) -> None:
    result = run("orders", orders, "--yes", url=url)
    assert "line 5: item BED is not known: put it first" in result.stdout
    assert "line 6: quantity: 'a few' is no number" in result.stdout
    rejects = Path(f"{orders}.rejects.csv")
    rows = list(csv.DictReader(io.StringIO(rejects.read_text(encoding="utf-8"))))
    assert [row["Order No"] for row in rows] == ["S-3", "S-4"]
    assert all(row["reason"] for row in rows)
    rejects.write_text(rejects.read_text().replace("a few", "3"), encoding="utf-8")
    do(chairs, "put_item", sku="BED")
    assert "accepted                                 2" in run("orders", str(rejects), "--yes", url=url).stdout
    assert len(outcome(chairs)["lines"]) == 5


def test_the_same_file_twice_changes_nothing(chairs: Database, url: str, orders: str, tmp_path: Path) -> None:
    stock = write(tmp_path / "stock.csv", "sku,warehouse,on hand", "CHAIR,MAIN,7")
    for _ in range(2):
        run("stock", stock, "--yes", url=url)
        result = run("orders", orders, "--yes", url=url)
    assert "exists                                   2" in result.stdout
    before = outcome(chairs)
    do(chairs, "ship", shipment="S", order="S-1", lines=[{"line": "1", "quantity": 2}])
    after = outcome(chairs)
    run("stock", stock, "--yes", url=url)  # counted before the shipment: not counted again by the same file
    assert outcome(chairs) == after != before


def test_a_dry_run_says_what_would_happen_and_writes_nothing(chairs: Database, url: str, orders: str) -> None:
    before = outcome(chairs)
    dry = run("orders", orders, "--dry-run", url=url).stdout
    assert "nothing was written" in dry
    assert outcome(chairs) == before
    assert not Path(f"{orders}.rejects.csv").exists()
    done = run("orders", orders, "--yes", url=url).stdout
    counts = [line for line in dry.splitlines() if line.startswith("  ")]
    assert counts == [line for line in done.splitlines() if line.startswith("  ")]


def test_nothing_runs_unasked(chairs: Database, url: str, orders: str) -> None:
    result = run("orders", orders, url=url)
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert outcome(chairs)["lines"] == {}


def test_a_mapping_is_saved_and_used_again(chairs: Database, url: str, orders: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "mapping.json")
    words = ("--set", "placed_at=Datum", "--value", "channel=old shop", "--save-mapping", saved)
    assert run("orders", orders, *words, "--dry-run", url=url).exit_code == 0
    assert json.loads(Path(saved).read_text())["columns"]["placed_at"] == "Datum"
    assert run("orders", orders, "--mapping", saved, url=url).exit_code == 0
    assert outcome(chairs)["lines"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["sku,site,when", "CHAIR,MAIN,1"], "no column was taken for quantity"),
        (["sku,qty,eta,site", "CHAIR,1,01/02/2026,MAIN"], "--dates dmy or --dates mdy"),
        (["sku,qty,eta,site", "CHAIR,1.200,2026-12-01,MAIN"], "--decimal"),
    ],
)
def test_what_cannot_be_told_is_asked(chairs: Database, url: str, tmp_path: Path, lines: list[str], said: str) -> None:
    result = run("supplies", write(tmp_path / "file.csv", *lines), "--yes", url=url)
    assert result.exit_code == 2
    assert said in result.output


def test_orders_are_served_in_live_order_whatever_that_of_the_file(chairs: Database, url: str, tmp_path: Path) -> None:
    do(chairs, "count_stock", sku="CHAIR", site="MAIN", quantity=1)
    file = write(
        tmp_path / "orders.csv",
        "order,sku,quantity,promise,placed at",
        "late,CHAIR,1,2026-12-20,2026-11-01",
        "soon,CHAIR,1,2026-12-05,2026-11-20",
    )
    run("orders", file, "--yes", url=url)
    lines = outcome(chairs)["lines"]
    assert lines["soon", "1"][1] == 1
    assert lines["late", "1"][0] == 1


# workbooks and hostile files


def workbook(path: Path, rows: list[list[object]]) -> str:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return str(path)


def test_a_workbook_keeps_its_days_and_numbers(chairs: Database, url: str, tmp_path: Path) -> None:
    rows = [
        ["sku", "site", "qty", "eta", "cost", "currency", "po"],
        ["CHAIR", "MAIN", 12.0, datetime(2026, 12, 3), 1.234, "KWD", "P-1"],
        ["CHAIR", "MAIN", "=1+1", date(2026, 12, 3), None, None, "P-2"],
    ]
    result = run("supplies", workbook(tmp_path / "po.xlsx", rows), "--yes", url=url)
    assert "line 3: cell C3 is a formula: paste its value in its place" in result.stdout
    view = show.supply(chairs, "P-1/CHAIR", NOW)
    assert view is not None
    assert (view.quantity, view.expected_on) == (12, date(2026, 12, 3))
    assert show.supply(chairs, "P-2/CHAIR", NOW) is None


def bomb(path: Path) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 20_000_000)
    return str(path)


HOSTILE = {
    "a bomb": (lambda path: bomb(path / "x.xlsx"), "unfolds to"),
    "no workbook": (lambda path: write_bytes(path / "x.xlsx", b"PK\x03\x04 nothing"), "no workbook"),
    "200,000 columns": (lambda path: write(path / "x.csv", ",".join(map(str, range(200_000)))), "columns"),
    "NUL": (lambda path: write_bytes(path / "x.csv", b"sku,qty\nA\0,1\n"), "NUL"),
    "no text": (lambda path: write_bytes(path / "x.csv", b"sku,qty\n\x81\x8d,1\n"), "neither UTF-8"),
    "nothing": (lambda path: write_bytes(path / "x.csv", b""), "is empty"),
    "wide workbook": (lambda path: workbook(path / "x.xlsx", [["x"] * 1_001]), "1001 columns"),
}


def write_bytes(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_with_a_reason(kind: str, sqlite_url: str, tmp_path: Path) -> None:
    make, said = HOSTILE[kind]
    begin = time.process_time()
    result = run("items", make(tmp_path), "--yes", url=sqlite_url)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert time.process_time() - begin < 20


def test_a_cell_that_is_too_long_costs_its_row_alone(chairs: Database, url: str, tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "sku,name", f"A,{'x' * 20_000}", "B,bed", 'C,"a "" b"')
    result = run("items", file, "--yes", url=url)
    assert result.exit_code == 0, result.output
    assert "line 2: the row cannot be read" in result.stdout
    assert show.item(chairs, "A") is None
    assert show.item(chairs, "B") is not None
    assert show.item(chairs, "C") is not None


@pytest.mark.parametrize("length", [1, 5_000])
def test_a_quote_that_never_closes_swallows_no_rows(length: int, sqlite_url: str, tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "sku,name", 'A,"torn', *(f"B{n},bed" for n in range(length)))
    result = run("items", file, "--yes", url=sqlite_url)
    assert result.exit_code == 2
    assert "a quote that opens in line 2 is never closed" in result.output


def test_a_workbook_that_repeats_one_long_text_is_bounded(sqlite_url: str, tmp_path: Path) -> None:
    file = workbook(tmp_path / "x.xlsx", [["sku", "name"], *([f"S{n}", "x" * 9_900] for n in range(14_000))])
    result = run("items", file, "--yes", url=sqlite_url)
    assert result.exit_code == 2
    assert "unfolds to" in result.output


def test_a_name_with_marks_without_end_costs_its_row_alone(chairs: Database, url: str, tmp_path: Path) -> None:
    do(chairs, "put_item", sku="CHAIR", coverage="lead_time", lead_time_days=5)
    heap = "a" + "\u0301" * 31
    lines = ["order,sku,quantity,customer", f"S-1,CHAIR,1,{heap}", "S-2,CHAIR,1,ben"]
    result = run("orders", write(tmp_path / "x.csv", *lines), "--yes", url=url)
    assert "marks" in result.stdout
    assert "Traceback" not in result.output
    assert show.order(chairs, "S-1", NOW) is None
    assert show.order(chairs, "S-2", NOW) is not None


def test_a_customer_that_was_there_is_not_changed(chairs: Database, url: str, tmp_path: Path) -> None:
    do(chairs, "put_item", sku="CHAIR", coverage="lead_time", lead_time_days=5)
    do(chairs, "put_customer", customer="ada", email="ada@example.com")
    lines = [
        "order,sku,quantity,customer,email",
        "S-1,CHAIR,1,ada,other@example.com",
        "S-2,CHAIR,1,ben,ben@example.com",
    ]
    run("orders", write(tmp_path / "x.csv", *lines), "--yes", url=url)
    emails = {name: people.everything(chairs, name)["people"] for name in ("ada", "ben")}
    assert [row["email"] for rows in emails.values() for row in rows] == ["ada@example.com", "ben@example.com"]


def test_a_reject_file_takes_no_earlier_ones_place(chairs: Database, url: str, orders: str) -> None:
    for _ in range(2):
        run("orders", orders, "--yes", url=url)
    assert Path(f"{orders}.rejects-2.csv").read_text() == Path(f"{orders}.rejects.csv").read_text()


# presets


@pytest.mark.parametrize("program", ["shopify", "woocommerce", "odoo"])
def test_the_exports_of_other_programs_come_in_by_their_presets(program: str, chairs: Database, url: str) -> None:
    do(chairs, "count_stock", sku="LAMP", site="MAIN", quantity=1)
    file, words = str(FILES / f"{program}_supplies.csv"), ("--preset", program, "--value", "site=MAIN")
    supplies = run("supplies", file, *words, url=url)
    assert supplies.exit_code == 0, supplies.output
    assert "accepted                                 1" in supplies.stdout
    assert "rows left out by the mapping             1" in supplies.stdout
    result = run("orders", str(FILES / f"{program}_orders.csv"), "--preset", program, url=url)
    assert result.exit_code == 0, result.output
    assert "accepted                                 1" in result.stdout
    assert "rows left out by the mapping" in result.stdout
    lines = outcome(chairs)["lines"]
    assert len(lines) == 2
    shipped = {"shopify": {"1": 0, "2": 1}, "woocommerce": {"1": 0, "2": 0}, "odoo": {"1": 1, "2": 0}}[program]
    assert {line: units[2] for (_, line), units in lines.items()} == shipped


def test_northwind_goes_live(db: Database, url: str) -> None:
    do(db, "put_site", site="MAIN", country="US")
    words = ("--preset", "northwind")
    for kind, file, more in (
        ("suppliers", "suppliers", ()),
        ("customers", "customers", ()),
        ("items", "products", ()),
        ("stock", "products", ("--value", "site=MAIN")),
        ("supplies", "products", ("--value", "site=MAIN", "--value", "expected_on=2026-12-20")),
        ("orders", "orders", ()),
    ):
        result = run(kind, str(FILES / f"northwind_{file}.csv"), *words, *more, url=url)
        assert result.exit_code == 0, result.output
        assert "rows not taken" not in result.stdout, result.stdout
    assert "accepted                                21" in result.stdout
    assert len({order for order, _ in outcome(db)["lines"]}) == 21
    with db.read() as tx:  # the file names countries in English
        found = {row[0] for row in tx.fetch(select(tables.orders.c.country))}
    assert found >= {"US", "CA", "DE", "VE", "CH"}
    assert None not in found


def test_every_preset_names_fields_that_there_are() -> None:
    for _, kind in presets.PRESETS:
        names = {field.name for field in KINDS[kind]}
        assert {name for _, k in presets.PRESETS if k == kind for name in presets.PRESETS[_, k]["columns"]} <= names


# values


WAYS = [values.Ways(dates, decimal, ZoneInfo("UTC")) for dates in ("dmy", "mdy", "ymd") for decimal in (".", ",")]
FORMS = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "ymd": "%Y-%m-%d"}


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(WAYS))
def test_a_day_written_the_files_way_is_read_back(day: date, ways: values.Ways) -> None:
    assert values.day(day.strftime(FORMS[ways.dates]), ways) == day


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(WAYS), st.booleans())
def test_a_number_written_the_files_way_is_read_back(number: Decimal, ways: values.Ways, grouped: bool) -> None:
    text = f"{number:,.2f}" if grouped else f"{number:.2f}"
    if ways.decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    assert values.number(text, ways) == number
    assert values.decimal_sign([text, "1.5" if ways.decimal == "." else "1,5"]) == ways.decimal


@given(st.lists(st.dates(date(2000, 1, 1), date(2030, 1, 1)), min_size=1), st.sampled_from(["dmy", "mdy"]))
def test_the_order_of_days_is_never_guessed_wrongly(days: list[date], order: str) -> None:
    texts = [day.strftime(FORMS[order]) for day in days]
    try:
        assert values.date_order(texts) == order
    except values.Unclear:
        assert all(day.day <= 12 for day in days)


@pytest.mark.parametrize("text", ["01-02-2026", "01/02/2026"])
def test_a_day_that_could_be_either_is_asked_for(text: str) -> None:
    with pytest.raises(values.Unclear):
        values.date_order([text])


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1.2.3", "--1", "1e5", "١٢", "NaN", "12 apples", "1,23,456.00", "10 20", "." * 40]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(values.Bad):
        values.number(text, WAYS[0])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20 09:58:12 +0100", "2026-11-20T08:58:12+00:00"),
        ("2026-11-20T09:58:12Z", "2026-11-20T09:58:12+00:00"),
        ("20/11/2026 9:58 PM", "2026-11-20T21:58:00+00:00"),
        ("20.11.26", "2026-11-20T00:00:00+00:00"),
    ],
)
def test_moments_are_read_as_programs_write_them(text: str, moment: str) -> None:
    assert values.moment(text, WAYS[0]) == datetime.fromisoformat(moment)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    ways = WAYS[0]
    for read in (values.number, values.units, values.amount, values.day, values.moment):
        with suppress(values.Bad):
            read(text, ways)
    with suppress(sheets.Unreadable):
        list(sheets._csv(text))
    mappings.guess("orders", text.split(","))


# killed half way


def test_killed_half_way_and_run_again_ends_the_same(tmp_path: Path, sqlite_url: str) -> None:
    file = tmp_path / "orders.csv"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["order", "sku", "quantity", "customer"])
    writer.writerows([f"SO-{n}", "CHAIR", 1 + n % 3, f"C{n % 100}"] for n in range(20_000))
    file.write_text(out.getvalue())
    whole = tmp_path / "whole.db"
    for place in (sqlite_url, str(whole)):
        if place == str(whole):
            whole.write_bytes(Path(os.environ["BACKORDER_TEST_SQLITE"]).read_bytes())
        db = open_database(place)
        shop(db, coverage="lead_time", lead_time_days=9)
        db.close()
    environment = os.environ | {"BACKORDER_NOW": "2026-12-01T09:00:00+00:00"}
    command = [sys.executable, "-m", "backorder", "import", "orders", str(file), "--yes", "--database"]
    killed = subprocess.Popen([*command, sqlite_url], env=environment, stdout=subprocess.DEVNULL)
    db = open_database(sqlite_url)
    for _ in range(600):
        with db.read() as tx:
            if tx.fetch(show.select(show.func.count()).select_from(show.orders))[0][0]:
                break
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert 0 < len(state(db)["lines"]) < 20_000
    for place in (sqlite_url, str(whole)):
        subprocess.run([*command, place], env=environment, check=True, stdout=subprocess.DEVNULL)
    other = open_database(str(whole))
    assert outcome(db) == outcome(other)
    db.close()
    other.close()


def test_a_file_that_writes_its_letters_apart_names_the_same_customers_and_items(
    chairs: Database, url: str, tmp_path: Path
) -> None:
    """As files of some systems do: a letter, then its accent."""
    apart, composed = "Ame\u0301lie", "Am\u00e9lie"
    assert composed != apart
    do(chairs, "put_item", sku="CHAIR", coverage="lead_time", lead_time_days=5)
    lines = ("order,sku,quantity,customer,email", f"N-1,CHAIR,1,{apart},{apart}@example.com")
    for path in (tmp_path / "one.csv", tmp_path / "two.csv"):
        assert run("orders", write(path, *lines), "--yes", url=url).exit_code == 0
    assert people.everything(chairs, composed)["people"][0]["email"] == f"{composed}@example.com"
    assert people.everything(chairs, apart) is None
    assert len(people.everything(chairs, composed)["orders"]) == 1
