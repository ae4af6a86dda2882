"""Lines that pass filters, so that what is read does not grow with the shop: found by the narrowest that is named.

That is an item, a customer, a supply, an order, or a channel with few orders; else the view, whose lines are kept by an
index of their own, part by part. Lines are counted as far as anybody counts: where there are more, they come in one
order alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    FromClause,
    Select,
    and_,
    column,
    distinct,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from backorder.kernel.calendars import local_day
from backorder.queries.lines import Filters, conditions, unfirm
from backorder.storage.conditions import (
    LINE_CLOSED,
    LINE_HELD,
    LINE_OPEN,
    LINE_READY,
    LINE_SHIPPABLE,
    LINE_SLIPPED,
    LINE_UNCOVERED,
    LINE_WAITS,
    promise_key,
)
from backorder.storage.db import Tx
from backorder.storage.tables import lines, orders, pegs, supplies
from backorder.storage.types import Day

COUNTED_MAX = 10_000  # lines beyond which nobody counts on: it would read them all
FEW_ORDERS = 2_000  # orders of a channel up to which it narrows
Order = Literal["promise", "ordered", "order", "item", "units"]
SORTS: tuple[Order, ...] = get_args(Order)
Place = tuple[str | int, str, str]
Key = tuple[str, str]  # order and line


class Sort(msgspec.Struct, frozen=True):
    """The order of a list, and the place behind which a page begins: the key of the last line before it."""

    by: Order = "promise"
    down: bool = False
    after: Place | None = None


class Tally(NamedTuple):
    """How many lines pass, in how many orders, with how many open units; beyond 10,000 lines it is not counted on."""

    lines: int
    orders: int
    units: int


class Passing(NamedTuple):
    """Where lines that pass are found, part by part: a line is in one of them.

    Where they are more than are counted they come in the order that is their `home`, which the indexes of the parts
    have. `unordered` is another part, whose index has it in no order of a list.
    """

    parts: list[Select[Any]]
    unordered: Select[Any] | None
    home: Order
    once: bool  # they are counted and read by one statement: to find them costs more than to read them
    order: ColumnElement[Any] = lines.c.order_id  # of the table whose index has them in that order: SQLite asks for it


_KEY = promise_key(lines)
_COLUMNS = (
    _KEY.label("promise"),
    lines.c.placed_at.label("ordered"),
    lines.c.order_id.label("order"),
    lines.c.sku.label("item"),
    lines.c.waiting.label("units"),
    lines.c.line.label("line"),
    (lines.c.waiting + lines.c.allocated).label("left"),
)
# The same where they were found. By name: SQLAlchemy takes longer to carry columns through each part than PostgreSQL to
# read a page.
_FOUND: dict[str, ColumnClause[Any]] = {one.name: column(one.name, one.type) for one in _COLUMNS}
_ALL: ColumnClause[Any] = literal_column("*")
_LINES = select(*_COLUMNS).select_from(lines)
_OF_ORDERS = _LINES.join(orders, orders.c.order_id == lines.c.order_id)
_ONE: ColumnElement[Any] = literal_column("1").label("one")
_BY_PROMISE = _KEY, lines.c.order_id, lines.c.line


def passing(tx: Tx, filters: Filters, now: int) -> Passing:
    """Where lines that pass the filters are found. `now` is in microseconds."""
    named = _named(tx, filters, now)
    if named is not None:
        return named
    flag, parts = _parts(filters, local_day(now, "UTC"))
    rest, days = filters, []
    if flag:  # whose indexes keep the days
        without = {flag: None if flag == "due_by" else False, "since": None, "until": None}
        rest, days = msgspec.structs.replace(filters, **without), list(_of_days(filters))
    more = conditions(tx, msgspec.structs.replace(rest, channel=None), now)
    if filters.channel is not None and not flag:  # open or not: its orders have an index, as its lines that wait do
        every = _OF_ORDERS.where(orders.c.channel == filters.channel, *more)
        return Passing([every], None, "order", once=False, order=orders.c.order_id)
    base = _LINES.where(*more)
    listed = [base.where(*part, *days, *_of_channel(filters.channel, part)) for part in parts]
    unordered = None
    if flag == "at_risk":
        calm = LINE_WAITS, ~LINE_UNCOVERED, or_(lines.c.planned.is_(None), lines.c.promise.is_(None), ~LINE_SLIPPED)
        unordered = base.where(*calm, unfirm(tx, now), *days, *_of_channel(filters.channel))
    once = filters.channel is not None or (bool(days) and flag in {"held", "late", "at_risk"})
    return Passing(listed, unordered, "promise" if flag else "order", once)


def _of_channel(channel: str | None, part: Sequence[ColumnElement[bool]] = ()) -> list[ColumnElement[bool]]:
    """That a line of a part of a view is of a channel.

    The index of a channel has all of its lines that wait. Where these are but some days of all that wait it is the
    shortest; of other parts few are, and these have indexes that are shorter: for those it is said in words of which
    the databases do not see that the index of channels would do.
    """
    if channel is None:
        return []
    waits = bool(part) and part[0] is LINE_WAITS
    return [(lines.c.channel if waits else func.coalesce(lines.c.channel, "")) == channel]


def _of_days(filters: Filters) -> Iterator[ColumnElement[bool]]:
    """That a line is promised within the days, in the words of the indexes."""
    if filters.since is not None:
        yield literal(filters.since, type_=Day()) <= _KEY
    if filters.until is not None:
        yield from (lines.c.promise.is_not(None), literal(filters.until, type_=Day()) >= _KEY)


def _named(tx: Tx, filters: Filters, now: int) -> Passing | None:
    """Where the lines of what is named are found, if it narrows."""
    if filters.supply is not None:
        return _alone([_on(tx, filters.supply).where(*_more(tx, filters, now, "supply"))], "order")
    if filters.sku is not None and filters.order is None:
        base = _LINES.where(*_more(tx, filters, now))
        halves = [LINE_OPEN] if _open_only(filters) else [LINE_OPEN, LINE_CLOSED]
        return _alone([base.where(half) for half in halves], "promise")
    if any(one is not None for one in (filters.customer, filters.order, filters.of)):
        return _alone([_LINES.where(*_more(tx, filters, now))], "order")
    if filters.channel is not None:
        theirs = orders.c.channel == filters.channel
        first = select(orders.c.order_id).where(theirs).limit(literal_column(str(FEW_ORDERS + 1))).subquery()
        if tx.fetch(select(func.count()).select_from(first))[0][0] <= FEW_ORDERS:
            return _alone([_OF_ORDERS.where(theirs, *_more(tx, filters, now, "channel"))], "order")
    return None


def _on(tx: Tx, supply: str) -> Select[Any]:
    """The lines with units that stand on a supply: open ones of its item, which have an index of their own."""
    skus = [row[0] for row in tx.fetch(select(supplies.c.sku).where(supplies.c.supply == supply))]
    on = select(pegs.c.order_id, pegs.c.line).where(pegs.c.supply == supply).distinct().subquery("on_it")
    there = and_(on.c.order_id == lines.c.order_id, on.c.line == lines.c.line)
    return _LINES.join(on, there).where(LINE_OPEN, lines.c.sku.in_(skus))


def _more(tx: Tx, filters: Filters, now: int, *but: str) -> list[ColumnElement[bool]]:
    """The filters as conditions, but for those that are said otherwise."""
    return conditions(tx, msgspec.structs.replace(filters, **dict.fromkeys(but)), now)


def _alone(parts: list[Select[Any]], home: Order) -> Passing:
    return Passing(parts, None, home, once=True)


def _open_only(filters: Filters) -> bool:
    """Whether a view is asked for that only open lines are in."""
    flags = filters.waiting, filters.ready, filters.late, filters.at_risk, filters.held, filters.shippable
    return any(flags) or filters.uncovered or filters.due_by is not None


def _parts(filters: Filters, today: int) -> tuple[str, list[tuple[ColumnElement[bool], ...]]]:
    """The view that is asked for, and the parts in which indexes keep its lines; a line is in one of them."""
    waits = LINE_WAITS, lines.c.allocated == literal_column("0")
    if filters.uncovered:
        return "uncovered", [(LINE_UNCOVERED,)]
    if filters.at_risk:
        return "at_risk", [(LINE_UNCOVERED,), (LINE_SLIPPED, LINE_WAITS, ~LINE_UNCOVERED)]
    if filters.late:
        day = literal(today, type_=Day())
        slipped = (LINE_SLIPPED, LINE_WAITS, day <= _KEY), (LINE_READY, LINE_SLIPPED, lines.c.waiting == 0, day <= _KEY)
        return "late", [(*waits, day > _KEY), (LINE_READY, day > _KEY), *slipped]
    if filters.held:
        return "held", [(LINE_HELD, LINE_OPEN)]
    if filters.shippable:
        return "shippable", [(LINE_SHIPPABLE,)]
    if filters.ready:
        return "ready", [(LINE_READY,)]
    if filters.due_by is not None:
        due = tuple(_of_days(Filters(until=filters.due_by)))
        return "due_by", [(*waits, *due), (LINE_READY, *due)]
    if filters.waiting:
        return "waiting", [(LINE_WAITS,)]
    return "", [()]


def read_keys(tx: Tx, found: Passing, sort: Sort, limit: int) -> tuple[list[Key], Tally, Sort]:
    """The keys of a page, how many lines pass, and the order in which they come: one that there is for so many."""
    if not found.once and _are_many(tx, found):
        return _of_many(tx, found, sort, limit)
    most: ColumnElement[Any] = literal_column(str(COUNTED_MAX + 1))
    listed = (
        _united([part.limit(most) for part in _all(found.parts, found)])
        .limit(most)
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    many = select(func.count()).select_from(listed).scalar_subquery()
    few = many <= literal_column(str(COUNTED_MAX))  # else they are neither added up nor sorted: they come otherwise
    added_up = func.count(distinct(_FOUND["order"])).label("orders"), func.sum(_FOUND["left"]).label("units")
    sums = select(many.label("lines"), *added_up).select_from(listed).where(few).subquery("sums")
    page = _behind(listed, sort, limit).where(few).subquery("page")
    key = page.c.order, page.c.line
    chosen = select(sums, page.c.place, *key).select_from(sums.outerjoin(page, true()))
    rows = tx.fetch(chosen.order_by(*_order((page.c.place, *key), down=sort.down)))
    count = Tally(int(rows[0][0]), int(rows[0][1]), int(rows[0][2] or 0))
    if count.lines > COUNTED_MAX:
        return _of_many(tx, found, sort, limit)
    return [(row[4], row[5]) for row in rows if row[4] is not None], count, sort


def _of_many(tx: Tx, found: Passing, sort: Sort, limit: int) -> tuple[list[Key], Tally, Sort]:
    """A page of more lines than are counted, in the one order that there is of them."""
    if sort.by != found.home:
        sort = Sort(found.home, sort.down)
    return _walk(tx, found, sort, limit) if limit else [], Tally(COUNTED_MAX + 1, 0, 0), sort


def _are_many(tx: Tx, found: Passing) -> bool:
    """Whether more lines pass than are counted; nothing is read of them beyond that."""
    parts = found.parts
    if found.home == "promise":  # whose indexes are used by their order alone
        parts = [_first(part, _BY_PROMISE, down=False, limit=COUNTED_MAX + 1) for part in parts]
    most: ColumnElement[Any] = literal_column(str(COUNTED_MAX + 1))
    each = [part.with_only_columns(_ONE).limit(most) for part in _all(parts, found)]
    read = _united(each).limit(most).subquery()
    return bool(tx.fetch(select(func.count()).select_from(read))[0][0] > COUNTED_MAX)


def _all(parts: list[Select[Any]], found: Passing) -> list[Select[Any]]:
    """The parts with the one that is in no order."""
    return parts if found.unordered is None else [*parts, found.unordered]


def tally(tx: Tx, found: Passing) -> Tally:
    """How many lines pass, as far as they are counted."""
    return read_keys(tx, found, Sort(found.home), 0)[1]


def _order(key: Sequence[ColumnElement[Any]], *, down: bool) -> Iterator[ColumnElement[Any]]:
    return (one.desc() if down else one for one in key)


def _first(part: Select[Any], key: Sequence[ColumnElement[Any]], *, down: bool, limit: int) -> Select[Any]:
    """The first lines of a part as its index has them. The limit is a number that the database can plan with."""
    return part.order_by(*_order(key, down=down)).limit(literal_column(str(limit)))


def _united(parts: Sequence[Select[Any]]) -> Select[Any]:
    """The lines of all parts."""
    if len(parts) == 1:
        return parts[0]
    each = [select(_ALL).select_from(part.subquery()) for part in parts]
    return select(_ALL).select_from(union_all(*each).subquery())


def sorts_of(found: Passing, many: Tally) -> tuple[Order, ...]:
    """The orders in which the lines can come, each both ways."""
    return SORTS if many.lines <= COUNTED_MAX else (found.home,)


def _walk(tx: Tx, found: Passing, sort: Sort, limit: int) -> list[Key]:
    """The keys of a page where more lines pass than are counted: from each part the next, as its index has them."""
    parts = [_walked(part, found, sort, limit) for part in found.parts]
    if found.unordered is not None:  # all of it: without the offset PostgreSQL may go through the view in its order
        parts.append(found.unordered.offset(literal_column("0")))
    rows = tx.fetch(_behind(_united(parts).subquery(), sort, limit))
    return [(order, line) for _, order, line in rows]


def _walked(part: Select[Any], found: Passing, sort: Sort, limit: int) -> Select[Any]:
    """The next lines of a part behind a place."""
    key: Sequence[ColumnElement[Any]] = _BY_PROMISE
    if sort.by == "order":
        key = found.order, lines.c.line
    return _first(part.where(*_after(key[0], key[-2], key[-1], sort)), key, down=sort.down, limit=limit)


def _behind(listed: FromClause, sort: Sort, limit: int) -> Select[Any]:
    """The next lines of those that were found."""
    key = _FOUND[sort.by], _FOUND["order"], _FOUND["line"]
    chosen = select(key[0].label("place"), *key[1:]).select_from(listed).where(*_after(*key, sort))
    return chosen.order_by(*_order(key, down=sort.down)).limit(literal_column(str(limit)))


def _after(
    key: ColumnElement[Any], order: ColumnElement[Any], line: ColumnElement[Any], sort: Sort
) -> Iterator[ColumnElement[bool]]:
    """Behind the place at which a page begins; its first key apart too, so that an index is entered there."""
    if sort.after is not None:
        first = literal(sort.after[0], type_=key.type)
        place = tuple_(first, literal(sort.after[1]), literal(sort.after[2]))
        here = tuple_(key, order, line)
        if sort.by == "order":
            place, here = tuple_(literal(sort.after[1]), literal(sort.after[2])), tuple_(order, line)
        yield key <= first if sort.down else key >= first
        yield here < place if sort.down else here > place
