"""The holds that are on an order."""

from datetime import datetime

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import moment_datetime
from backorder.storage.db import Database
from backorder.storage.tables import holds


class HoldView(msgspec.Struct):
    """A hold that is on an order: of which kind, since when, and why."""

    kind: str
    at: datetime
    reason: str | None


def holds_of(db: Database, order: str) -> list[HoldView]:
    """The holds that are on an order, by kind."""
    chosen = select(holds.c.kind, holds.c.at, holds.c.reason).where(
        holds.c.order_id == order, holds.c.released_at.is_(None)
    )
    with db.read() as tx:
        rows = tx.fetch(chosen.order_by(holds.c.kind))
    return [HoldView(kind, moment_datetime(at), reason) for kind, at, reason in rows]
