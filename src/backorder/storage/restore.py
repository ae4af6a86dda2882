"""Whole tables as they were exported, read back into an empty database."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Text, func, select

from backorder.kernel.calendars import day_number, moment_number
from backorder.kernel.errors import StorageError
from backorder.storage.db import Tx
from backorder.storage.tables import metadata
from backorder.storage.types import Day, Moment

# Never exported: a copy lets nobody in, and tells and sends nothing.
PRIVATE = {"accounts", "tokens", "sessions", "events", "feeds", "outbox", "status_links"}
PRIVATE |= {"webhooks", "webhook_attempts", "inbound_sources", "inbound_deliveries", "imports"}
# Each after those that it refers to.
TABLES = tuple(table.name for table in metadata.sorted_tables if table.name not in PRIVATE)
_CHUNK = 10_000


def require_empty(tx: Tx) -> None:
    """Raise StorageError if there is a row in any table."""
    for table in metadata.sorted_tables:
        if tx.fetch(select(func.count()).select_from(table))[0][0]:
            raise StorageError(f"the table {table.name} has rows: restore into a database that was just made")


def columns(name: str) -> list[str]:
    """The columns of a table."""
    return [column.name for column in metadata.tables[name].c]


def restore(tx: Tx, name: str, names: list[str], rows: Iterable[list[Any]]) -> int:
    """Insert the rows of a table; values are as JSON has them, or all text. How many there were.

    Raises StorageError that names the table and the column where something does not fit.
    """
    table = metadata.tables[name]
    if set(names) != set(columns(name)):
        different = ", ".join(sorted(set(names) ^ set(columns(name))))
        raise StorageError(f"the columns of {name} are not those of this version: {different}")
    kinds = [table.c[column] for column in names]
    count, chunk = 0, []
    for row in rows:
        if len(row) != len(kinds):
            raise StorageError(f"row {count + 1} of {name} has {len(row)} values, not {len(kinds)}")
        chunk.append(tuple(_value(kind, value, count + 1) for kind, value in zip(kinds, row, strict=True)))
        count += 1
        if len(chunk) == _CHUNK:
            tx.insert(table, names, chunk)
            chunk = []
    tx.insert(table, names, chunk)
    return count


def _value(column: Column[Any], value: Any, row: int) -> Any:
    """A value as the tables take it."""
    if value is None:
        return None
    try:
        if isinstance(column.type, Day):
            return day_number(date.fromisoformat(value))
        if isinstance(column.type, Moment):
            return moment_number(datetime.fromisoformat(value))
        if isinstance(column.type, Text):
            return str(value)
        return int(value)
    except (TypeError, ValueError) as error:
        where = f"row {row} of {column.table.name}: {column.name}"
        raise StorageError(f"{where} cannot be {str(value)[:40]!r}") from error
