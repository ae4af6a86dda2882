"""What is exported and read back into an empty database is the same, in both forms and across databases."""

import random
from pathlib import Path

import pytest
from click.testing import CliRunner
from oracle import Oracle
from shop import do, shop
from simulation.world import World
from state import apply, state

from backorder.adapters.cli import cli
from backorder.queries import check, export
from backorder.storage import restore
from backorder.storage.db import Database, open_database


def _backorder(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, words, obj=lambda: 0)
    return result.exit_code, result.output


def _tables(db: Database) -> dict[str, list[str]]:
    with db.read() as tx:
        return {name: list(export.json_lines(tx, name)) for name in export.TABLES}


@pytest.fixture
def lively(db: Database) -> Database:
    """A database in which much has happened, and texts that are hard to carry."""
    world, oracle, chance = World(7), Oracle(), random.Random(7)
    batch = world.opening()
    for _ in range(60):
        for command in batch:
            answer = oracle.apply(command, world.now)
            world.heard(command, answer[0] if isinstance(answer, tuple) else answer)
        apply(db, world.now, batch)
        batch = [world.command() for _ in range(chance.choice((1, 4, 8)))]
    for n, name in enumerate(("=1+1", "", "'", "''=x", "a\r\nb", 'q"q', "\t", None)):
        apply(db, world.now, [{"do": "put_customer", "customer": f"odd-{n}", "name": name, "email": name}])
    return db


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_read_back_is_the_same(
    form: str, lively: Database, url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    out = str(tmp_path / "out")
    assert _backorder("export", "--format", form, "--folder", out, "--database", url)[0] == 0
    other = "sqlite_url" if lively.dialect == "postgresql" else "postgresql_url"
    place = str(request.getfixturevalue(other))
    code, said = _backorder("restore", out, "--database", place)
    assert code == 0, said
    assert "rules hold" in said
    db = open_database(place)
    before, after = _tables(lively), _tables(db)
    assert len(after["audit"]) == len(before["audit"]) + 1, "who restored it"
    assert after["audit"][:-1] == before["audit"]
    for tables in (before, after):
        del tables["audit"], tables["audit_head"]
    assert after == before
    assert state(db) == state(lively)
    assert check.run(db) == []
    db.close()


def test_a_database_with_rows_is_not_restored_into(lively: Database, url: str, tmp_path: Path) -> None:
    before = _tables(lively)
    _backorder("export", "--folder", str(tmp_path / "out"), "--database", url)
    code, said = _backorder("restore", str(tmp_path / "out"), "--database", url)
    assert code == 1
    assert "restore into a database that was just made" in said
    assert _tables(lively) == before


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace("2026", "2O26"), "cannot be"),
        (lambda text: text.replace("handling_days", "days"), "columns of sites"),
        (lambda text: text.replace("MAIN", "MAIN,MAIN"), "values"),
    ],
)
def test_a_file_that_does_not_fit_is_named_and_nothing_is_kept(
    spoil, said: str, sqlite_url: str, postgresql_url: str, tmp_path: Path
) -> None:
    db = open_database(postgresql_url)
    shop(db)
    do(db, "announce_supply", supply="P", sku="CHAIR", site="MAIN", quantity=1, expected_on="2026-12-20")
    db.close()
    _backorder("export", "--format", "csv", "--folder", str(tmp_path), "--database", postgresql_url)
    for name in ("sites", "supplies"):
        path = tmp_path / f"{name}.csv"
        path.write_text(spoil(path.read_text()), encoding="utf-8")
    code, told = _backorder("restore", str(tmp_path), "--database", sqlite_url)
    assert code == 1
    assert said in told
    db = open_database(sqlite_url)
    with db.read() as tx:
        restore.require_empty(tx)
    db.close()
