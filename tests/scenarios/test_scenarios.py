"""The scenario files beside this one, run through the commands on both databases and through the oracle."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from oracle import Oracle
from owed_tables import compare
from state import apply, state
from steps import Step, Table, command, read

from backorder.queries import check
from backorder.storage.db import Database

HERE = Path(__file__).parent
FILES = sorted(path for path in HERE.glob("*.md") if path.name != "README.md")
OWED = sorted((HERE / "owed").glob("*.md"))
REALLOCATION = sorted((HERE / "reallocation").glob("*.md"))
GOOD = {"accepted", "changed", "received", "rescheduled", "shipped", "cancelled", "answered"}
Apply = Callable[[datetime, dict], str]
Compare = Callable[[Table], None]


def play(path: Path, run: Apply, look: Compare) -> None:
    """Run a scenario and compare its tables with what holds at that point."""
    zone, told = read(path)
    start = next(step.moment(zone) for step in told if isinstance(step, Step))
    run(start, {"do": "put_site", "site": "MAIN", "at": start.isoformat()})
    for one in told:
        if isinstance(one, Table):
            look(one)
            continue
        word = run(start, command(one, zone))
        # Time that passes may have nothing to bring about.
        fine = word == one.word if one.word else word in GOOD or one.words == ["advance"]
        assert fine, f"{path.name}: {one.day} {one.hour} {' '.join(one.words)} was answered {word}"


def promises(table: Table, found: dict) -> None:
    """Compare a table of lines with their promises and pegs."""
    for name, promise, planned, pegs in table.rows:
        order, line = name.split("/")
        values = found["lines"][order, line]
        held = ", ".join(f"{units} {supply} {day}" for (supply, day), units in sorted(values[8].items(), key=_by_day))
        days = ["-" if day in (None, "-") else day for day in values[5:7]]
        assert [*days, held or "-"] == [promise, planned, pegs], name


def _by_day(peg: tuple) -> tuple:
    (supply, day), _ = peg
    return date.fromisoformat(day), supply


@pytest.mark.parametrize("path", [*FILES, *OWED, *REALLOCATION], ids=lambda path: path.stem)
def test_a_scenario_comes_out_as_told(path: Path, db: Database) -> None:
    zone, _ = read(path)

    def look(table: Table) -> None:
        if "promise" in table.columns:
            promises(table, state(db))
        else:
            compare(db, zone, table.columns, table.rows)

    play(path, lambda now, body: apply(db, now, [body])[0].outcome.value, look)
    assert check.run(db) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_oracle_tells_the_same_story(path: Path) -> None:
    oracle = Oracle()

    def run(now: datetime, body: dict) -> str:
        answer = oracle.apply(body, now)
        return answer[0] if isinstance(answer, tuple) else answer

    play(path, run, lambda table: promises(table, oracle.state()))
