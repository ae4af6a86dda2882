"""What happened, from the ledgers: what a merchant wants to know of a period in one look."""

import msgspec
from sqlalchemy import and_, case, func, select

from backorder.kernel.calendars import local_day
from backorder.storage.db import Database, Tx
from backorder.storage.tables import lines, orders, promises, shipment_lines, shipments


class Summary(msgspec.Struct):
    """Counts over every order in the database. Units are the items' units.

    `kept` of `judged`: backordered lines that are through (all units shipped) or late by now, and how many of them
    left by the first promise. `slips` counts lines by the cause of their first slip.
    """

    orders: int
    lines: int
    units: int
    units_at_once: int
    backordered_lines: int
    backordered_units: int
    judged: int
    kept: int
    slipped_lines: int
    slips: dict[str, int]
    pulled_in_lines: int
    cancelled_units: int
    shipped_units: int
    waiting_lines: int
    waiting_units: int


def summarise(db: Database, now: int) -> Summary:
    """Sum up; `now` (microseconds) says which promises are past."""
    with db.read() as tx:
        placed = tx.fetch(select(func.count()).select_from(orders))[0][0]
        totals = tx.fetch(_TOTALS)[0]
        judged, kept = _judged(tx, local_day(now, "UTC"))
        slips: dict[str, int] = dict(tx.fetch(_SLIPS))
        pulled_in = tx.fetch(_PULLED_IN)[0][0]
    numbers = [int(number or 0) for number in totals]
    count, units, at_once, late_lines, late_units, cancelled, shipped, waiting_lines, waiting = numbers
    return Summary(
        orders=placed,
        lines=count,
        units=units,
        units_at_once=at_once,
        backordered_lines=late_lines,
        backordered_units=late_units,
        judged=judged,
        kept=kept,
        slipped_lines=sum(slips.values()),
        slips=slips,
        pulled_in_lines=pulled_in,
        cancelled_units=cancelled,
        shipped_units=shipped,
        waiting_lines=waiting_lines,
        waiting_units=waiting,
    )


def example(db: Database) -> tuple[str, str] | None:
    """The order and line with the most revisions among those still open, else among all: worth a look."""
    still_open = case((lines.c.waiting > 0, 0), else_=1)
    chosen = select(lines.c.order_id, lines.c.line).order_by(
        still_open, lines.c.revisions.desc(), lines.c.order_id, lines.c.position
    )
    with db.read() as tx:
        rows = tx.fetch(chosen.limit(1))
    return (rows[0][0], rows[0][1]) if rows else None


_TOTALS = select(
    func.count(),
    func.sum(lines.c.quantity),
    func.sum(lines.c.quantity - lines.c.backordered),
    func.sum(case((lines.c.backordered > 0, 1), else_=0)),
    func.sum(lines.c.backordered),
    func.sum(lines.c.cancelled),
    func.sum(lines.c.shipped),
    func.sum(case((lines.c.waiting > 0, 1), else_=0)),
    func.sum(lines.c.waiting),
)

_later = and_(promises.c.n > 1, promises.c.to_day > promises.c.from_day)
_first_slip = (
    select(promises.c.order_id, promises.c.line, func.min(promises.c.n).label("n"))
    .where(_later)
    .group_by(promises.c.order_id, promises.c.line)
    .subquery()
)
_SLIPS = (
    select(promises.c.cause, func.count())
    .join(
        _first_slip,
        and_(
            promises.c.order_id == _first_slip.c.order_id,
            promises.c.line == _first_slip.c.line,
            promises.c.n == _first_slip.c.n,
        ),
    )
    .group_by(promises.c.cause)
    .order_by(func.count().desc(), promises.c.cause)
)
_sooner = (
    select(promises.c.order_id, promises.c.line)
    .where(promises.c.n > 1, promises.c.to_day < promises.c.from_day)
    .distinct()
    .subquery()
)
_PULLED_IN = select(func.count()).select_from(_sooner)

_first = promises.alias("first")
_last_shipped = (
    select(shipment_lines.c.order_id, shipment_lines.c.line, func.max(shipments.c.at).label("at"))
    .join(shipments, shipments.c.shipment == shipment_lines.c.shipment)
    .group_by(shipment_lines.c.order_id, shipment_lines.c.line)
    .subquery()
)
_BACKORDERED = (
    select(
        lines.c.waiting + lines.c.allocated,
        _first.c.to_day,
        func.max(_last_shipped.c.at, type_=shipments.c.at.type),
    )
    .join(_first, and_(_first.c.order_id == lines.c.order_id, _first.c.line == lines.c.line, _first.c.n == 1))
    .outerjoin(_last_shipped, and_(_last_shipped.c.order_id == lines.c.order_id, _last_shipped.c.line == lines.c.line))
    .where(lines.c.backordered > 0, lines.c.cancelled < lines.c.quantity)
    .group_by(lines.c.order_id, lines.c.line, lines.c.waiting, lines.c.allocated, _first.c.to_day)
)


def _judged(tx: Tx, today: int) -> tuple[int, int]:
    """Backordered lines whose first promise can be judged, and those that kept it (days in UTC)."""
    judged = kept = 0
    for still_open, promised, shipped_at in tx.fetch(_BACKORDERED):
        if still_open and promised >= today:
            continue
        judged += 1
        kept += not still_open and shipped_at is not None and local_day(shipped_at, "UTC") <= promised
    return judged, kept
