"""Who wants to be told when an item is back: whom an event's number stands for."""

from datetime import datetime

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import moment_datetime
from backorder.storage.db import Database
from backorder.storage.watch_tables import watches


class WatchView(msgspec.Struct):
    """A watch: who wants to be told of an item, by customer or address, until when; nobody any more once it ended.

    `state` is waiting, told, withdrawn or expired. Who was told is known for two weeks.
    """

    sku: str
    watch: int
    state: str
    customer: str | None
    email: str | None
    language: str | None
    asked_at: datetime
    until_at: datetime
    ended_at: datetime | None


_NAMES = ("sku", "n", "state", "customer", "email", "language", "asked_at", "until_at", "ended_at")
_WATCH = select(*(watches.c[name] for name in _NAMES))


def watch(db: Database, sku: str, number: int) -> WatchView | None:
    """A watch of an item; None if there is none with this number."""
    with db.read() as tx:
        found = tx.fetch(_WATCH.where(watches.c.sku == sku, watches.c.n == number))
    if not found:
        return None
    moments = (None if at is None else moment_datetime(at) for at in found[0][6:])
    return WatchView(*found[0][:6], *moments)
