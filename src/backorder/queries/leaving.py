"""What can leave: orders with units to ship, the most urgent first, and what was shipped last."""

from datetime import date
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, func, literal, literal_column, or_, select, tuple_

from backorder.kernel.calendars import day_number
from backorder.queries.backlog import COUNTED_MAX, BacklogLine, named
from backorder.queries.lines import LINES, read_lines
from backorder.queries.shipments import ShipmentView, read_latest
from backorder.storage.conditions import LINE_SHIPPABLE, promise_key
from backorder.storage.db import Database, Tx, among
from backorder.storage.shipment_tables import shipments
from backorder.storage.tables import items, lines, orders


class Leaving(msgspec.Struct):
    """An order that can ship: its lines with units to ship, and an id that no shipment of it has yet."""

    order: str
    shipment: str
    first: date | None
    lines: list[BacklogLine]

    @property
    def ship(self) -> str:
        """Whether it goes whole: `complete`, or `when_ready`."""
        return self.lines[0].ship

    @property
    def units(self) -> int:
        """How many units can leave."""
        return sum(one.line.allocated for one in self.lines)

    @property
    def picked(self) -> int:
        """How many of them are picked."""
        return sum(one.line.picked for one in self.lines)


class Place(NamedTuple):
    """Where an order stands among those that can ship: the promise of its most urgent line, and that line."""

    promise: int  # a day number; 0 without one
    order: str
    line: str


_other = lines.alias("other")
_whole = orders.alias("whole")  # orders that ship complete, which have an index of their own
_behind = select(_other.c.line).where(_other.c.order_id == _whole.c.order_id, _other.c.waiting > 0).exists()


def _may_leave(order: ColumnElement[str]) -> ColumnElement[bool]:
    """The order does not ship complete while something of it waits."""
    complete = _whole.c.order_id == order, _whole.c.ship == literal_column("'complete'")
    return ~select(_whole.c.order_id).where(*complete, _behind).exists()


# Of the lines of an order that can leave, the one whose promise comes first stands for all.
_KEY = promise_key(lines)
_OTHER_KEY = promise_key(_other)
_earlier = (
    select(_other.c.line)
    .where(
        _other.c.order_id == lines.c.order_id,
        _other.c.allocated > 0,
        or_(_OTHER_KEY < _KEY, and_(_OTHER_KEY == _KEY, _other.c.line < lines.c.line)),
    )
    .correlate(lines)
    .exists()
)
_CHOSEN = select(lines.c.order_id).where(LINE_SHIPPABLE, _may_leave(lines.c.order_id), ~_earlier)
_CHOSEN = _CHOSEN.order_by(_KEY, lines.c.order_id, lines.c.line)  # as indexed
_READY = select(lines.c.order_id).where(LINE_SHIPPABLE).distinct().subquery()
_COUNTED = select(_READY.c.order_id).where(_may_leave(_READY.c.order_id)).limit(literal_column(str(COUNTED_MAX + 1)))
_OF_ORDERS = LINES.where(among(lines.c.order_id, "orders"), lines.c.allocated > 0).order_by(
    lines.c.order_id, lines.c.position
)
_BOOKED = select(shipments.c.order_id, shipments.c.shipment).where(among(shipments.c.order_id, "orders"))
_NAMES = select(items.c.sku, items.c.name).where(among(items.c.sku, "skus"))


def ready(db: Database, now: int, limit: int, after: Place | None = None) -> tuple[list[Leaving], int]:
    """Orders that can ship, those promised first before others, and how many there are as far as they are counted.

    Orders on hold are not among them, nor such as ship complete while something of them waits. `now` is in
    microseconds. A fixed number of statements.
    """
    heads = _CHOSEN.limit(literal_column(str(limit)))
    if after is not None:
        place = literal(after.promise, type_=_KEY.type), literal(after.order), literal(after.line)
        heads = heads.where(place[0] <= _KEY, tuple_(_KEY, lines.c.order_id, lines.c.line) > tuple_(*place))
    with db.read() as tx:
        found = [row[0] for row in tx.fetch(heads)]
        many = int(tx.fetch(select(func.count()).select_from(_COUNTED.subquery()))[0][0])
        return _of(tx, now, found), many


def next_to_leave(tx: Tx, now: int, limit: int) -> list[Leaving]:
    """The first of the orders that can ship, which are not counted."""
    return _of(tx, now, [row[0] for row in tx.fetch(_CHOSEN.limit(literal_column(str(limit))))])


def of_orders(db: Database, now: int, names: list[str]) -> list[Leaving]:
    """What can leave of some orders, in the order in which they are named; without those of which nothing can."""
    with db.read() as tx:
        return _of(tx, now, list(dict.fromkeys(names)))


def latest(db: Database, limit: int, lines: int) -> tuple[list[ShipmentView], dict[str, str]]:
    """The shipments that were booked last, the newest first; names of the items on so many lines of each, by SKU."""
    with db.read() as tx:
        found = read_latest(tx, limit)
        skus = sorted({each.sku for one in found for each in one.lines[:lines]})
        return found, {sku: name for sku, name in tx.fetch(_NAMES, skus=skus) if name} if skus else {}


def place_of(one: Leaving) -> Place:
    """Where an order stands."""
    days: list[tuple[int, Any]] = [
        (0 if each.line.promise is None else day_number(each.line.promise), each.line.line) for each in one.lines
    ]
    promise, line = min(days)
    return Place(promise, one.order, line)


def _of(tx: Tx, now: int, names: list[str]) -> list[Leaving]:
    if not names:
        return []
    booked: dict[str, set[str]] = {}
    for order, shipment in tx.fetch(_BOOKED, orders=sorted(names)):
        booked.setdefault(order, set()).add(shipment)
    by_order: dict[str, list[BacklogLine]] = {}
    for one in named(tx, read_lines(tx, _OF_ORDERS, now, orders=sorted(names))):
        by_order.setdefault(one.line.order, []).append(one)
    return [_leaving(name, by_order[name], booked.get(name, set())) for name in names if name in by_order]


def _leaving(order: str, found: list[BacklogLine], booked: set[str]) -> Leaving:
    n = len(booked) + 1
    while f"{order[:180]}-{n}" in booked:
        n += 1
    days = [one.line.promise for one in found if one.line.promise is not None]
    first = None if len(days) < len(found) else min(days)
    return Leaving(order, f"{order[:180]}-{n}", first, found)
