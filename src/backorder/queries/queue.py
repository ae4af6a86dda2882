"""Who stands before a line in the live order of its item, and by which key; and on each supply that it stands on."""

from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Integer, bindparam, case, func, literal_column, or_, select, union_all

from backorder.kernel.calendars import day_number
from backorder.kernel.columns import STOCK
from backorder.queries.lines import LineView, PegView, as_date
from backorder.queries.show import SUPPLIES, SupplyView, supply_view
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import lines, orders, pegs, supplies
from backorder.storage.types import Day, Moment

NEAREST = 5
KeyName = Literal["promise", "priority", "placed_at", "order", "line"]
KEYS: tuple[KeyName, ...] = ("promise", "priority", "placed_at", "order", "line")  # the live order
_FAR = day_number(date.max)  # a line that lost its promise comes after every line that has one


class Stand(msgspec.Struct):
    """A supply that the line stands on: the units it holds there, and who else does; `pinned` of them by a person.

    `ahead` counts the lines, and `units_ahead` their units, that come before this line in the live order: a receipt
    serves them first, after what is pinned. `free` is what nobody holds.
    """

    supply: str
    site: str
    kind: str
    units: int
    ships_on: date
    expected_on: date | None
    state: str
    confirmed: bool
    ahead: int
    units_ahead: int
    behind: int
    free: int
    pinned: int


class ByKey(msgspec.Struct):
    """Lines that come first by a key of the live order: the first in which they differ from the line."""

    key: KeyName
    lines: int
    units: int


class Before(msgspec.Struct):
    """A line that comes before, by `key`; `units` are those that wait."""

    order: str
    line: str
    units: int
    promise: date | None
    key: KeyName


class LiveQueue(msgspec.Struct):
    """The lines that wait for the same item: how many come before and behind, by which key, the nearest few before.

    A caller who is bound to a customer gets numbers and no names.
    """

    lines_before: int
    units_before: int
    lines_behind: int
    by: list[ByKey]
    nearest: list[Before]


class Place(NamedTuple):
    """Where a line stands in the live order."""

    promise: int | None
    priority: int
    placed_at: int
    order: str
    line: str
    position: int

    def bound(self) -> dict[str, Any]:
        """As the parameters of `BEFORE`."""
        return {
            "my_promise": _FAR if self.promise is None else self.promise,
            "my_priority": self.priority,
            "my_moment": self.placed_at,
            "my_order": self.order,
            "my_line": self.line,
            "my_position": self.position,
        }


_promise = func.coalesce(lines.c.promise, literal_column("'9999-12-31'", type_=Day()), type_=Day())


def _key() -> ColumnElement[int]:
    """The number, from 1, of the first key by which a line comes before the one that is bound; 0 where it does not."""
    mine = bindparam("my_promise", type_=Day())
    pairs = (
        (_promise < mine, _promise > mine),
        (orders.c.priority > bindparam("my_priority"), orders.c.priority < bindparam("my_priority")),
        (
            lines.c.placed_at < bindparam("my_moment", type_=Moment()),
            lines.c.placed_at > bindparam("my_moment", type_=Moment()),
        ),
        (lines.c.order_id < bindparam("my_order"), lines.c.order_id > bindparam("my_order")),
        (lines.c.position < bindparam("my_position"), lines.c.position > bindparam("my_position")),
    )
    number = [literal_column(str(n), type_=Integer()) for n in range(len(pairs) + 1)]  # bound, they could not group
    whens = [when for n, (first, last) in enumerate(pairs, 1) for when in ((first, number[n]), (last, number[0]))]
    return case(*whens, else_=number[0])


BEFORE = _key()
OTHERS = (  # the lines that wait for the item beside the one that is bound
    lines.c.sku == bindparam("sku"),
    LINE_OPEN,
    lines.c.waiting > literal_column("0"),
    or_(lines.c.order_id != bindparam("my_order"), lines.c.line != bindparam("my_line")),
)
_ranked = (
    select(
        lines.c.order_id,
        lines.c.line,
        lines.c.waiting,
        lines.c.promise,
        _promise.label("ranked_promise"),
        orders.c.priority,
        lines.c.placed_at,
        lines.c.position,
        BEFORE.label("before"),
    )
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(*OTHERS)
    .cte("ranked")
)
_is_before = _ranked.c.before > literal_column("0")
_near = (
    select(_ranked)
    .where(_is_before)
    .order_by(
        _ranked.c.ranked_promise.desc(),
        _ranked.c.priority,
        _ranked.c.placed_at.desc(),
        _ranked.c.order_id.desc(),
        _ranked.c.position.desc(),
    )
    .limit(bindparam("nearest"))
    .subquery("near")
)
_nothing: ColumnElement[Any] = literal_column("NULL")
_zero: ColumnElement[int] = literal_column("0")
_side = case((_is_before, literal_column("1")), else_=_zero)
_QUEUE = union_all(  # the nearest before the line, how many come first by which key, and how many stand on its supplies
    select(
        literal_column("'near'"),
        _near.c.order_id,
        _near.c.line,
        _near.c.before,
        _zero,
        _near.c.waiting,
        _near.c.promise,
    ),
    select(
        literal_column("'by'"),
        _nothing,
        _nothing,
        _ranked.c.before,
        func.count(),
        func.sum(_ranked.c.waiting),
        _nothing,
    ).group_by(_ranked.c.before),
    select(literal_column("'on'"), pegs.c.supply, _nothing, _side, func.count(), func.sum(pegs.c.quantity), _nothing)
    .select_from(pegs)
    .join(_ranked, (_ranked.c.order_id == pegs.c.order_id) & (_ranked.c.line == pegs.c.line))
    .where(among(pegs.c.supply, "supplies"))
    .group_by(pegs.c.supply, _side),
)
_SUPPLIES = SUPPLIES.where(among(supplies.c.supply, "supplies"))


def read_queue(tx: Tx, view: LineView, place: Place, now: int, *, named: bool) -> tuple[LiveQueue, list[Stand]]:
    """Who waits beside a line, and what it stands on, in the order in which that could ship. Two statements."""
    held = sorted({peg.supply for peg in view.pegs})
    rows = tx.fetch(_QUEUE, **place.bound(), sku=view.sku, supplies=held, nearest=NEAREST if named else 0)
    counts = {(supply, bool(first)): (lines, units) for part, supply, _, first, lines, units, _ in rows if part == "on"}
    views = {row[0]: supply_view(row, now) for row in tx.fetch(_SUPPLIES, supplies=held)} if held else {}
    return _queue(rows), [_stand(peg, views[peg.supply], counts) for peg in view.pegs]


def _queue(rows: list[Row]) -> LiveQueue:
    by = {key: (int(count), int(units)) for part, _, _, key, count, units, _ in rows if part == "by"}
    behind, _ = by.pop(0, (0, 0))
    near = [
        Before(order, line, int(units), as_date(promise), KEYS[key - 1])
        for part, order, line, key, _, units, promise in rows
        if part == "near"
    ]
    return LiveQueue(
        lines_before=sum(count for count, _ in by.values()),
        units_before=sum(units for _, units in by.values()),
        lines_behind=behind,
        by=[ByKey(KEYS[key - 1], *by[key]) for key in sorted(by)],
        nearest=near,
    )


def _stand(peg: PegView, supply: SupplyView, counts: dict[tuple[str, bool], tuple[int, int]]) -> Stand:
    ahead, units_ahead = counts.get((peg.supply, True), (0, 0))  # allocated units wait for nobody
    return Stand(
        supply=peg.supply,
        site=peg.site,
        kind=supply.kind,
        units=peg.quantity,
        ships_on=peg.ships_on,
        expected_on=supply.expected_on,
        state=supply.state,
        confirmed=supply.confirmed,
        ahead=int(ahead) if supply.kind != STOCK else 0,
        units_ahead=int(units_ahead) if supply.kind != STOCK else 0,
        behind=int(counts.get((peg.supply, False), (0, 0))[0]) if supply.kind != STOCK else 0,
        free=supply.free,
        pinned=peg.pinned,
    )
