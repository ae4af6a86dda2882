"""What the passing of time touches: supplies and lines whose day has passed; and in which zones days begin."""

from sqlalchemy import bindparam, select

from backorder.storage.conditions import LINE_OPEN, SUPPLY_TO_COME
from backorder.storage.db import Tx
from backorder.storage.tables import lines, sites, supplies
from backorder.storage.types import Day

_OVERDUE = select(supplies.c.sku).where(
    SUPPLY_TO_COME,
    supplies.c.available_on < bindparam("before", type_=Day()),
)
_EXPIRED = select(lines.c.sku).where(
    lines.c.waiting > 0,
    LINE_OPEN,
    lines.c.lead_time_day < bindparam("before", type_=Day()),
)
_TOUCHED = _OVERDUE.union(_EXPIRED)


def touched_skus(tx: Tx, before: int) -> list[str]:
    """Items with open supply expected, or waiting lines with a lead-time day, before a day number."""
    return [row[0] for row in tx.fetch(_TOUCHED, before=before)]


_ZONES = select(sites.c.zone).distinct().order_by(sites.c.zone)


def load_zones(tx: Tx) -> list[str]:
    """The time zones of the sites."""
    return [row[0] for row in tx.fetch(_ZONES)]
