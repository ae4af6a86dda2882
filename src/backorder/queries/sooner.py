"""What it would take to have a line sooner: the smallest change of each kind, found by carrying it out on a book.

Of the lines that wait for the item only those are loaded that such a change touches: SQL knows which.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Integer, and_, bindparam, case, literal_column, or_, select

from backorder.kernel import sooner as kernel
from backorder.kernel.calendars import DAY_MAX, NEVER, day_number
from backorder.kernel.columns import Book
from backorder.queries.lines import LineView, as_date
from backorder.queries.queue import BEFORE, OTHERS, Place
from backorder.storage import book as books
from backorder.storage.db import Tx, among
from backorder.storage.tables import lines, orders, pegs
from backorder.storage.types import Day

BEFORE_MAX = 60  # lines that would take what comes before the line does: units for more of them are no small change
DONORS_MAX = 5
Reason = Literal["done", "ready", "held", "complete", "too_early", "nothing_small"]


class Giver(msgspec.Struct):
    """A line that gives up units: its ship day before and after, and whether its promise is broken by it.

    A caller who is bound to a customer is not told whose it is.
    """

    order: str | None
    line: str | None
    units: int
    ships_on: date | None
    would_ship_on: date | None
    breaks_promise: bool


class Change(msgspec.Struct):
    """A change, carried out on a copy, and the day on which the line then ships.

    `pulled_in`: `supply` comes `days` earlier, on `day`. `more`: `units` more come to `site` by `day`. `moved`: `units`
    are taken `from_lines`.
    """

    kind: Literal["pulled_in", "more", "moved"]
    ships_on: date
    units: int
    supply: str | None = None
    days: int | None = None
    day: date | None = None
    site: str | None = None
    from_lines: list[Giver] = []


class Sooner(msgspec.Struct):
    """The day that was asked about, and what would bring it. Without changes, `reason` says why there are none.

    `from_day` is the ship day as it stands. Of a complete order `decides` is the line whose units are late.
    """

    by: date | None
    from_day: date | None
    earliest: date | None
    decides: str | None
    changes: list[Change]
    reason: Reason | None


# Lines that come first and would take what comes by the day before this line does: those whose units do not all make
# it, and where there are several sites those that may take it in exchange for what the line cannot use. Lines of orders
# that ship complete take their turn with the first of their order.
_CONTESTERS = (
    select(lines.c.order_id, lines.c.line, orders.c.ship)
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(
        *OTHERS,
        orders.c.held == literal_column("0"),
        or_(
            lines.c.planned > bindparam("day", type_=Day()),
            lines.c.planned.is_(None),
            lines.c.waiting > lines.c.covered,
            and_(
                bindparam("several", type_=Integer()) == literal_column("1"),
                or_(lines.c.requested_on.is_not(None), orders.c.ship == literal_column("'complete'")),
            ),
        ),
        or_(literal_column("0") < BEFORE, orders.c.ship == literal_column("'complete'")),
    )
    .limit(BEFORE_MAX + 1)
)
_keeps = case((lines.c.promise >= bindparam("then", type_=Day()), literal_column("0")), else_=literal_column("1"))
_has = case((pegs.c.quantity >= bindparam("units"), literal_column("0")), else_=literal_column("1"))
# Lines with units that make the day: those that keep their promise without them, then those that have enough alone,
# then the last in the live order.
_DONORS = (
    select(lines.c.order_id, lines.c.line)
    .select_from(pegs)
    .join(lines, (lines.c.order_id == pegs.c.order_id) & (lines.c.line == pegs.c.line))
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(
        among(pegs.c.supply, "supplies"),
        lines.c.order_id != bindparam("my_order"),
        orders.c.held == literal_column("0"),
        orders.c.ship == literal_column("'when_ready'"),
    )
    .order_by(
        _keeps,
        _has,
        lines.c.promise.desc(),
        orders.c.priority,
        lines.c.placed_at.desc(),
        lines.c.order_id.desc(),
        lines.c.position.desc(),
    )
    .limit(DONORS_MAX)
)


class _Beside(NamedTuple):
    """The lines that a change would touch: who would give, and who would take first (None: not all are known)."""

    donors: list[tuple[str, str]]
    before: list[tuple[str, str]] | None


def read_sooner(tx: Tx, view: LineView, place: Place, now: int, days: int | None, *, named: bool) -> Sooner:
    """What it takes to have a line `days` sooner, else by the day it was first promised or is wanted for.

    Where it meets that, one working day sooner. Seven statements, however many wait.
    """
    skus = [row[0] for row in tx.fetch(_SKUS, orders=[view.order])]
    loaded = books.load(tx, skus, waiting=False, orders=[view.order], lock=False)
    book = loaded.book
    book.set_clock(now)
    i = book.lines.index[view.order, view.line]
    asked = kernel.wish(book, i, _wanted(view, book, i), days)
    if asked.reason is not None:
        return _answer(book, asked, [], named=named)
    beside = _beside(tx, book, asked, place)
    names = {order for order, _ in (*beside.donors, *(beside.before or ()))} | {view.order}
    mine = view.order, book.lines.line[asked.decides]
    books.load_beside(tx, loaded, sorted(names))
    index = book.lines.index
    asked = asked._replace(i=index[view.order, view.line], decides=index[mine])
    before = None if beside.before is None else {index[key] for key in beside.before}
    found = kernel.smallest(book, asked, [index[key] for key in beside.donors], before)
    return _answer(book, asked, found, named=named)


_SKUS = select(lines.c.sku).where(among(lines.c.order_id, "orders")).distinct()


def _wanted(view: LineView, book: Book, i: int) -> int:
    """The day the line was first promised for, or by a person for an earlier one; if later the day it is wanted for."""
    first, told = day_number(view.first_promise), book.lines.promise[i]
    return max(first if told is None else min(first, told), book.lines.requested_on[i] or 0)


def _beside(tx: Tx, book: Book, asked: kernel.Wish, place: Place) -> _Beside:
    """Who would lose, and who would take first."""
    held, decides = book.lines, asked.decides
    mine = place._replace(
        promise=held.promise[decides],
        line=held.line[decides],
        position=held.position[decides],
        placed_at=held.placed_at[decides],
    )
    several = kernel.several_sites(book)
    bound = mine.bound() | {"sku": held.sku[decides], "day": asked.day - several, "several": several}
    rows = tx.fetch(_CONTESTERS, **bound)
    supplies = [book.supplies.supply[s] for s in kernel.early_supplies(book, asked)][:DONORS_MAX]
    then = max((day for _, day in held.pegs[decides]), default=NEVER)
    donors: Sequence[Any] = ()
    if supplies:
        wanted = {"supplies": supplies, "my_order": place.order, "units": asked.short, "then": min(then, DAY_MAX)}
        donors = tx.fetch(_DONORS, **wanted)
    # What other complete orders hold elsewhere is not in the book: nothing is tried that they might take.
    known = len(rows) <= BEFORE_MAX and not any(ship == "complete" for order, _, ship in rows if order != place.order)
    giving = [*dict.fromkeys((order, line) for order, line in donors)]
    return _Beside(giving, [(order, line) for order, line, _ in rows] if known else None)


def _answer(book: Book, asked: kernel.Wish, found: Sequence[kernel.Found], *, named: bool) -> Sooner:
    decides = asked.decides if asked.decides >= 0 else asked.i
    reason: Reason | None = asked.reason
    if reason is None and not found:
        reason = "nothing_small"
    return Sooner(
        by=_date(asked.day) if asked.reason not in {"done", "ready"} else None,
        from_day=_date(asked.now),
        earliest=_date(asked.earliest),
        decides=book.lines.line[decides] if decides != asked.i else None,
        changes=[_change(book, one, named=named) for one in found],
        reason=reason,
    )


def _date(day: int) -> date | None:
    return None if day >= NEVER else as_date(day)


def _change(book: Book, one: kernel.Found, *, named: bool) -> Change:
    ships = _date(one.reached)
    assert ships is not None
    if one.kind == "moved":
        givers = [_giver(book, loss, named=named) for loss in one.losses]
        return Change("moved", ships, one.units, from_lines=givers)
    supply = None if one.supply is None else book.supplies.supply[one.supply]
    day, days = as_date(one.available_on), one.days if one.kind == "pulled_in" else None
    return Change(one.kind, ships, one.units, supply=supply, days=days, day=day, site=one.site)


def _giver(book: Book, loss: kernel.Loss, *, named: bool) -> Giver:
    order, line = (book.lines.order[loss.line], book.lines.line[loss.line]) if named else (None, None)
    return Giver(order, line, loss.units, _date(loss.before), _date(loss.after), loss.broken)
