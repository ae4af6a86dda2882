"""Every table as JSON Lines or as CSV that a spreadsheet opens without running anything."""

import csv
import io
import re
from collections.abc import Iterator

import msgspec
from sqlalchemy import Table, select

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.storage.db import Row, Tx
from backorder.storage.restore import PRIVATE
from backorder.storage.tables import metadata
from backorder.storage.types import Day, Moment

TABLES = tuple(sorted(metadata.tables.keys() - PRIVATE))
# What a spreadsheet takes for a formula: after blanks one of = + - @, also in full width, or a control character.
# Quote marks before it count too, so that taking our own one off again always gives the text that was there; and
# empty text gets one, because an empty cell says that there is none.
_FORMULA = re.compile("'*(?:[ \ufeff\u00a0]*[=+\\-@\t\r\0\uff1d\uff0b\uff0d\uff20]|$)")


def rows(tx: Tx, table: str) -> Iterator[dict[str, object]]:
    """The rows of a table in order of its key, days and moments as ISO text. Raises KeyError for an unknown table."""
    chosen = metadata.tables[table]
    for row in tx.fetch(select(chosen).order_by(*chosen.primary_key.columns)):
        yield plain_row(chosen, row)


def plain_row(table: Table, row: Row) -> dict[str, object]:
    """A row of a table by column, days and moments as ISO text."""
    return {column.name: _plain(column.type, value) for column, value in zip(table.c, row, strict=True)}


def _plain(kind: object, value: object) -> object:
    if isinstance(value, int) and isinstance(kind, Day):
        return day_date(value).isoformat()
    if isinstance(value, int) and isinstance(kind, Moment):
        return moment_datetime(value).isoformat().replace("+00:00", "Z")
    return value


def json_lines(tx: Tx, table: str) -> Iterator[str]:
    """A table as one JSON object per row."""
    for row in rows(tx, table):
        yield msgspec.json.encode(row).decode()


def csv_lines(tx: Tx, table: str) -> Iterator[str]:
    """A table as CSV. Text that a spreadsheet would run as a formula gets a quote mark before it; numbers stay so."""
    names = [column.name for column in metadata.tables[table].c]
    yield _line(names)
    for row in rows(tx, table):
        yield _line([safe(row[name]) for name in names])


def safe(value: object) -> object:
    """Text that begins like a formula, and empty text, with a quote mark before it; all else as it is.

    `plain` undoes it.
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def plain(text: str) -> str:
    """The text as it was before `safe`: without the quote mark that `safe` put there, and with any other."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _line(values: list[object] | list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)  # what ends a line is quoted within one
    return out.getvalue().removesuffix("\r\n")
