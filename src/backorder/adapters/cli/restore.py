"""`backorder restore`: a backup into a new place; what `export --folder` wrote, into an empty database."""

import csv
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.who import who
from backorder.queries import check as checks
from backorder.queries import export as exports
from backorder.storage import backup as backups
from backorder.storage import restore as whole
from backorder.storage.audit import Entry, save_entries
from backorder.storage.db import open_database, shown
from backorder.storage.migrate import upgrade


def restore(folder: str, now: int, place: str) -> None:
    """Read exported tables back into an empty database, all or nothing, and check what came of it.

    The audit trail comes with them, and has one entry more: who restored it at the moment `now`, with a digest of the
    names of the tables and their numbers of rows.
    """
    db = open_database(place)
    try:
        with db.write() as tx:
            whole.require_empty(tx)
            told = [f"{name}: {whole.restore(tx, name, *_exported(Path(folder), name))} rows" for name in whole.TABLES]
            content = hashlib.sha256("\n".join(told).encode()).hexdigest()
            save_entries(tx, [Entry(who(), "", "-", "restore", None, 0, content)], now)
        click.echo("\n".join(told))
        found = checks.run(db)
    finally:
        db.close()
    for finding in found:
        click.echo(f"{finding.rule}: {finding.subject}: {finding.message}")
    if found:
        sys.exit(MISSING)
    click.echo(f"Sound: {len(checks.RULES)} rules hold.")


def bring_back(source: Path, place: str, clock: Callable[[], int], programs: str | None, *, verify: bool) -> bool:
    """Restore a backup into a new place and open it there; whether it is sound, as far as that was asked for.

    One of an older version is upgraded in its new place, as the service would upgrade it.
    """
    if not backups.proven(source):
        click.echo(f"There is no {source}.sha256: that no byte has changed since is not proven.", err=True)
    began = clock()
    version = backups.bring_back(source, place, programs)
    if not backups.is_current(version):
        upgrade(place)
        click.echo(f"It was of version {version} and was upgraded in its new place.")
    db = open_database(place)
    try:
        backups.tell_restored(db, clock())
        click.echo(f"Restored: {backups.rows(db):,} rows, in {_seconds(clock() - began)}.")
        if not verify:
            click.echo(f"Verify it: backorder check --database {shown(place)}")
            return True
        began = clock()
        found = checks.run(db)
    finally:
        db.close()
    for finding in found:
        click.echo(f"{finding.rule}: {finding.subject}: {finding.message}")
    took = _seconds(clock() - began)
    if found:
        click.echo(f"Not sound: {len(found)} findings, {took}.", err=True)
        return False
    click.echo(f"Sound: {len(checks.RULES)} rules hold, and the audit trail is whole, {took}.")
    return True


def rehearse(source: Path, database: str, clock: Callable[[], int], programs: str | None) -> bool:
    """Restore a backup into a place that is gone afterwards; whether it is sound."""
    with backups.passing_place(source, database) as place:
        return bring_back(source, place, clock, programs, verify=True)


def _seconds(microseconds: int) -> str:
    return f"{microseconds / 1_000_000:.1f} s"


def _exported(folder: Path, name: str) -> tuple[list[str], Iterator[list[Any]]]:
    """The columns and rows of a table's file, whichever form it has."""
    path = folder / f"{name}.jsonl"
    if path.exists():
        with path.open("rb") as file:
            first = msgspec.json.decode(file.readline() or b"{}")
        columns = list(first) or whole.columns(name)
        return columns, ([row[column] for column in columns] for row in _json_rows(path))
    path = folder / f"{name}.csv"
    if not path.exists():
        raise click.UsageError(f"{folder} has no {name}.jsonl and no {name}.csv: export every table with --folder")
    rows = _csv_rows(path)
    return next(rows), ([exports.plain(cell) if cell else None for cell in row] for row in rows)


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            yield msgspec.json.decode(line)


def _csv_rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)
