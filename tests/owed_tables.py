"""The tables of scenario files on what customers are owed, compared with what the database holds."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.kernel.money import text
from backorder.storage.db import Database
from backorder.storage.notice_tables import clocks, notices, refunds
from backorder.storage.tables import orders

# A column as a scenario names it, and as the table does. What is not named here is called the same.
DAYS = {"until": "until_on", "limit": "limit_on", "leave from": "leave_from", "vested": "vested_on", "by": "refund_by"}
DAYS |= {"answer by": "answer_by"}
MOMENTS = {"sent": "sent_at", "deadline": "deadline", "goes": "send_at"}


def compare(db: Database, zone: str, columns: list[str], rows: list[list[str]]) -> None:
    """Compare a table with all that there is of its kind on the orders that it names; hours are those of a zone."""
    table, keys = _subject(columns)
    named = {row[0].split("/")[0] for row in rows}
    with db.read() as tx:
        found = [dict(zip(table.c.keys(), row, strict=True)) for row in tx.fetch(select(table))]
        currencies = dict(tx.fetch(select(orders.c.order_id, orders.c.currency)))
    held = {_key(one, keys): one for one in found if one["order_id"] in named}
    told = {tuple(row[: len(keys)]): row[len(keys) :] for row in rows if row[1:]}
    assert sorted(held) == sorted(told), columns[0]
    for key, cells in told.items():
        one = held[key] | {"currency": currencies[held[key]["order_id"]]}
        for column, cell in zip(columns[len(keys) :], cells, strict=True):
            if column == "says":
                assert cell in (one["text"] or ""), (key, one["text"])
            else:
                assert _cell(one, column, zone) == cell, (key, column)


def _subject(columns: list[str]) -> tuple[Table, tuple[str, ...]]:
    """Which table is meant, and by what it names a row: the order and a number, or a line and a pack."""
    if columns[:2] == ["line", "pack"]:
        return clocks, ("line", "pack")
    return {"notice": notices, "refund": refunds}[columns[0]], ("n",)


def _key(one: dict[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    first, *more = keys
    return f"{one['order_id']}/{one[first]}", *(one[name] for name in more)


def _cell(one: dict[str, Any], column: str, zone: str) -> str:
    value = one[DAYS.get(column, MOMENTS.get(column, column))]
    if value is None:
        return "-"
    if column in DAYS:
        return day_date(value).isoformat()
    if column in MOMENTS:
        return f"{moment_datetime(value).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    return text(value, one["currency"] or "") if column == "amount" else str(value)
