"""`backorder demo --full`: a small file in the layout of UCI's Online Retail, every line of which has a known fate."""

import csv
import random
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from shop import shop

from backorder.adapters.cli import cli, year
from backorder.adapters.cli.invoices import COLUMNS, read
from backorder.adapters.cli.purchases import Purchase, Purchases
from backorder.kernel.errors import BackorderError
from backorder.storage.db import open_database

CODES = ["85123A", "71053", "84406b", "DCGS0076", "22423", "47566"]
BUYERS = ["17850", "13047", "12583", "15100"]
START = datetime(2010, 12, 1, 8, 26)

FATES = {  # invoice, code, name, quantity, days after the start, price, customer -> what became of it
    ("C1", "71053", "LANTERN", -2, 0.2, "3.39", "12000"): "cancelled before it left",
    ("C2", "71053", "LANTERN", -3, 9, "3.39", "12000"): "returned after it had left",
    ("C3", "22423", "CAKESTAND", -1, 9, "12.75", "12999"): "purchase unknown, returned to stock",
    ("C4", "22423", "CAKESTAND", -4, 9, "12.75", ""): "purchase unknown, returned to stock",
    ("1", "22423", "damaged", -1, 3, "0", ""): "stock adjusted",
    ("2", "22423", "?", -100000, 4, "0", ""): "stock adjusted in part: fewer on hand",
    ("3", "90001", "", -1, 4, "0", ""): "nothing on hand to adjust",
    ("4", "22423", "found", 50, 5, "0", ""): "stock adjusted",
    ("C5", "D", "Discount", -1, 2, "27.5", "12000"): "moved no goods",
    ("5", "POST", "POSTAGE", 3, 2, "18", "12000"): "moved no goods",
    ("6", "BANK CHARGES", "Bank Charges", 1, 2, "15", ""): "moved no goods",
    ("A7", "B", "Adjust bad debt", 1, 2, "-11062.06", ""): "moved no goods",
}


def rows(shift: int = 0) -> list[list[str]]:
    """Some hundred sales, and beside them the lines above."""
    chance = random.Random(1)
    found = [["500", "71053", "LANTERN", "5", START, "3.39", "12000"]]
    for n in range(60):
        at = START + timedelta(days=chance.randrange(30), hours=chance.randrange(9))
        buyer = chance.choice([*BUYERS, ""])
        for code in chance.sample(CODES, chance.randint(2, 6)):
            price = "0" if buyer and chance.random() < 0.05 else f"{chance.randrange(100, 900) / 100}"
            found.append([f"{1000 + n}", code, f"THING {code}", str(chance.randint(1, 40)), at, price, buyer])
    for invoice, code, name, quantity, days, price, customer in FATES:
        found.append([invoice, code, name, str(quantity), START + timedelta(days=days), price, customer])
    return [
        [
            *row[:4],
            f"{row[4].month}/{row[4].day}/{row[4].year + shift} {row[4].hour}:{row[4].minute:02}",
            *row[5:],
            "United Kingdom",
        ]
        for row in found
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "retail.csv", rows())


def written(path: Path, lines: list[list[str]], names: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="", encoding="latin-1") as out:
        csv.writer(out).writerows([names, *lines])
    return path


def replay(file: Path, place: str, *more: str) -> Result:
    return CliRunner().invoke(cli, ["demo", "--full", str(file), "--database", place, *more])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_line_is_accounted_for(kind: str, file: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = str(tmp_path / "year.db") if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    result = replay(file, place)
    assert result.exit_code == 0, result.output
    count = len(rows())
    assert f"{count:,}  accounted for, of {count:,}" in result.stdout
    assert "Sound: " in result.stdout
    told = Counter(FATES.values())
    for fate, lines in told.items():
        assert f"{lines:>9,}  {fate}" in result.stdout, fate
    sold = count - told.total()
    named = ("filled ", "backordered", "refused: ")
    amounts = [line.split("  ")[-2:] for line in result.stdout.splitlines() if line.startswith("   ")]
    assert sum(int(number) for number, what in amounts if what.startswith(named)) == sold
    again = replay(file, place)
    if kind == "sqlite":
        assert again.stdout == result.stdout
    else:
        assert again.exit_code == 1
        assert "not empty" in again.stderr


def test_a_long_invoice_becomes_several_orders(
    file: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(year, "ORDER_LINES_MAX", 2)
    db = open_database(sqlite_url)
    found = year.Year(db, read(str(file)), 1, [0])
    found.run(print)
    db.close()
    assert "December 2010" in capsys.readouterr().out
    assert found.tally.lines.total() == len(rows()) - 4


def test_shifted_dates_move_back_by_whole_years(file: Path, tmp_path: Path) -> None:
    past, shifted = read(str(file)), read(str(written(tmp_path / "shifted.csv", rows(12))))
    assert (past.shift, shifted.shift) == (0, 12)
    assert past.days == shifted.days


def test_codes_are_folded_to_capitals(file: Path) -> None:
    found = {item.sku for items in read(str(file)).articles.values() for item in items}
    assert found == {"90001", *(code.upper() for code in CODES)}


@pytest.mark.parametrize(
    ("lines", "names", "said"),
    [
        ([], COLUMNS, "no invoice lines"),
        ([["1"] * 7], COLUMNS[:7], "no column Country"),
        ([["1", "71053", "X", "1", "yesterday", "1", "", "UK"]], COLUMNS, "not a date"),
        ([["1", "71053", "X", "many", "2010-12-01 08:26:00", "1", "", "UK"]], COLUMNS, "line 2"),
    ],
)
def test_a_file_that_is_something_else_is_named(
    lines: list[list[str]], names: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BackorderError, match=said):
        read(str(written(tmp_path / "other.csv", lines, names)))


def test_parquet_asks_for_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BackorderError, match=r"backorder\[full\]"):
        read(str(tmp_path / "retail.parquet"))


def test_a_database_of_somebody_else_is_left_alone(file: Path, sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    shop(db)
    db.close()
    result = replay(file, sqlite_url)
    assert result.exit_code == 1
    assert "not made by the demo" in result.stderr


def test_cancellations_take_the_last_purchase_first() -> None:
    bought = Purchases({("ada", "CHAIR")})
    for n, units in enumerate((5, 3, 4)):
        bought.add("ada", "CHAIR", Purchase(f"SO-{n}", "1", START + timedelta(days=n), units, refused=False))
    bought.add("ben", "CHAIR", Purchase("SO-9", "1", START, 5, refused=False))
    before = START + timedelta(days=1)
    taken = [(piece.order, piece.units) for piece in bought.take("ada", "CHAIR", 4, before)]
    assert taken == [("SO-1", 3), ("SO-0", 1)]
    assert [piece.order for piece in bought.take("ada", "CHAIR", 99, START + timedelta(days=9))] == ["SO-2", "SO-0"]
    assert list(bought.take("ben", "CHAIR", 1, before)) == []
