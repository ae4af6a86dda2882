"""Every table as JSON Lines or as CSV that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterator

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.storage.db import Database
from backorder.storage.tables import metadata
from backorder.storage.types import Day, Moment

TABLES = tuple(sorted(metadata.tables))
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")  # noqa: RUF001  # full-width forms count too
_INVISIBLE = " \ufeff\u00a0"


def rows(db: Database, table: str) -> Iterator[dict[str, object]]:
    """The rows of a table in order of its key, days and moments as ISO text. Raises KeyError for an unknown table."""
    chosen = metadata.tables[table]
    names = [column.name for column in chosen.c]
    kinds = [column.type for column in chosen.c]
    with db.read() as tx:
        found = tx.fetch(select(chosen).order_by(*chosen.primary_key.columns))
    for row in found:
        yield {name: _plain(kind, value) for name, kind, value in zip(names, kinds, row, strict=True)}


def _plain(kind: object, value: object) -> object:
    if isinstance(value, int) and isinstance(kind, Day):
        return day_date(value).isoformat()
    if isinstance(value, int) and isinstance(kind, Moment):
        return moment_datetime(value).isoformat().replace("+00:00", "Z")
    return value


def json_lines(db: Database, table: str) -> Iterator[str]:
    """A table as one JSON object per row."""
    for row in rows(db, table):
        yield msgspec.json.encode(row).decode()


def csv_lines(db: Database, table: str) -> Iterator[str]:
    """A table as CSV. Text that a spreadsheet would run as a formula gets a quote mark before it; numbers stay so."""
    names = [column.name for column in metadata.tables[table].c]
    yield _line(names)
    for row in rows(db, table):
        yield _line([safe(row[name]) for name in names])


def safe(value: object) -> object:
    """Text that begins like a formula, after blanks, with a quote mark before it; everything else as it is."""
    if isinstance(value, str) and value.lstrip(_INVISIBLE).startswith(_DANGEROUS):
        return f"'{value}"
    return value


def _line(values: list[object] | list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()
