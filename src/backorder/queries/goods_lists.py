"""Supplies and items as lists: a view of them, narrowed, in a chosen order, page by page, and counted.

Units that wait are counted from what holds them, not line by line: a covered unit is pegged to supply that is to come,
and the others are in an index of their own.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Generic, Literal, NamedTuple, TypeVar, get_args

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union,
)

from backorder.kernel.calendars import DAY_MAX
from backorder.kernel.columns import STOCK
from backorder.queries.lines import as_date, overdue
from backorder.queries.passing import COUNTED_MAX
from backorder.queries.show import SUPPLIES, SupplyView, supply_view
from backorder.storage.conditions import (
    LINE_UNCOVERED,
    SUPPLY_DONE,
    SUPPLY_OF_USE,
    SUPPLY_TO_COME,
    SUPPLY_UNSURE,
)
from backorder.storage.db import Database, Tx, among
from backorder.storage.policies import LEVELS, effective
from backorder.storage.tables import items, lines, pegs, supplies
from backorder.storage.types import Day

SupplyPart = Literal["coming", "overdue", "week", "unconfirmed", "done"]
ItemPart = Literal["waiting", "uncovered", "all"]
SupplyOrder = Literal["expected", "supply", "item", "units", "free"]
ItemOrder = Literal["item", "waiting", "uncovered", "free", "coming"]
SUPPLY_SORTS: tuple[SupplyOrder, ...] = get_args(SupplyOrder)
ITEM_SORTS: tuple[ItemOrder, ...] = get_args(ItemOrder)
NUMBERS = {"expected": DAY_MAX, "units": 10**15, "waiting": 10**15, "uncovered": 10**15, "free": 10**15,
           "coming": DAY_MAX}  # fmt: skip  # the orders that go by a number, and the greatest that it can be
_MOST: ColumnElement[Any] = literal_column(str(COUNTED_MAX + 1))
Place = tuple[str | int, str]
Row = TypeVar("Row")


class Sort(msgspec.Struct, frozen=True):
    """The order of a list, and the place behind which a page begins: the key of the last row before it."""

    by: str
    down: bool = False
    after: Place | None = None


class SupplyFilters(msgspec.Struct, frozen=True):
    """Which supplies are wanted; `today` and `until` are day numbers, for what arrives in between (`week`)."""

    part: SupplyPart
    today: int
    until: int
    sku: str | None = None
    supplier: str | None = None
    site: str | None = None
    document: str | None = None


class ItemFilters(msgspec.Struct, frozen=True):
    """Which items are wanted: those that lines wait for, those of which units wait that no supply holds, or all."""

    part: ItemPart
    category: str | None = None
    supplier: str | None = None


class ListedSupply(msgspec.Struct):
    """A supply, the name of its item, who sends it, and how many lines hold units of it."""

    supply: SupplyView
    item: str | None
    supplier: str | None
    lines: int


class ListedItem(msgspec.Struct):
    """An item with its units: on hand and on their way, what of them is free, and what waits.

    `coming` is the first day on which something is expected.
    """

    sku: str
    name: str | None
    selling: str
    on_hand: int
    free: int
    inbound: int
    inbound_free: int
    waiting: int
    uncovered: int
    coming: date | None


class Page(NamedTuple, Generic[Row]):
    """A page of a list, how many pass in all, and their order. Beyond `COUNTED_MAX` they are not counted on."""

    rows: list[Row]
    many: int
    sort: Sort
    next: Place | None


_LEFT = supplies.c.quantity - supplies.c.received - supplies.c.cancelled
_SUPPLY_KEYS: dict[str, ColumnElement[Any]] = {
    "expected": supplies.c.expected_on,
    "supply": supplies.c.supply,
    "item": supplies.c.sku,
    "units": _LEFT,
    "free": _LEFT - supplies.c.pegged,
}
_HELD_BY = (
    select(pegs.c.supply, func.count()).where(among(pegs.c.supply, "supplies")).group_by(pegs.c.supply)
)  # fmt: skip
_SUPPLY_ROWS = SUPPLIES.add_columns(supplies.c.supplier, items.c.name).join(items, items.c.sku == supplies.c.sku)


def supply_page(db: Database, now: int, wanted: SupplyFilters, sort: Sort, limit: int) -> Page[ListedSupply]:
    """Supplies that pass the filters, a page of them. `now` is in microseconds."""
    with db.read() as tx:
        tx.plan_by_values()
        which = select(supplies.c.supply).where(*_of_supplies(tx, now, wanted))
        listed = _Listed(which, None, None, supplies.c.supply, _SUPPLY_KEYS, "expected")
        found, many, sort = _chosen(tx, listed, sort, limit)
        names = [name for name, _ in found[:limit]]
        rows = tx.fetch(_SUPPLY_ROWS.where(among(supplies.c.supply, "names")), names=names) if names else ()
        held: dict[str, int] = dict(tx.fetch(_HELD_BY, supplies=names)) if names else {}
    by_name = {row[0]: row for row in rows}
    shown = [
        ListedSupply(supply_view(by_name[name][:-2], now), by_name[name][-1], by_name[name][-2], held.get(name, 0))
        for name in names
    ]
    return Page(shown, many, sort, _next(found, limit))


def _of_supplies(tx: Tx, now: int, wanted: SupplyFilters) -> Iterator[ColumnElement[bool]]:
    yield SUPPLY_DONE if wanted.part == "done" else SUPPLY_TO_COME
    if wanted.part == "overdue":
        yield overdue(tx, now)
    if wanted.part == "week":
        yield supplies.c.expected_on >= literal(wanted.today, type_=Day())
        yield supplies.c.expected_on < literal(wanted.until, type_=Day())
    if wanted.part == "unconfirmed":
        yield SUPPLY_UNSURE
    for name in ("sku", "supplier", "site", "document"):
        if (value := getattr(wanted, name)) is not None:
            yield supplies.c[name] == value


def item_page(db: Database, wanted: ItemFilters, sort: Sort, limit: int) -> Page[ListedItem]:
    """Items that pass the filters, a page of them."""
    with db.read() as tx:
        tx.plan_by_values()
        found, many, sort = _chosen(tx, _listed_items(wanted, sort.by), sort, limit)
        names = [name for name, _ in found[:limit]]
        rows = tx.fetch(_ITEM_ROWS, skus=names) if names else ()
        bare: dict[str, int] = {sku: int(units) for sku, units in tx.fetch(_BARE, skus=names)} if names else {}
    by_name = {row[0]: row for row in rows}
    return Page([_item(by_name[name], bare.get(name, 0)) for name in names], many, sort, _next(found, limit))


def _listed_items(wanted: ItemFilters, by: str) -> "_Listed":
    """Items that pass. Those that lines wait for are found by what holds the units, or from the filters."""
    narrow = list(_of_items(wanted))
    if wanted.part == "uncovered" and not narrow:  # each of them is an item: it need not be looked up
        bare = select(_BARE_ALL.c.sku).select_from(_BARE_ALL)
        return _Listed(bare, None, None, _BARE_ALL.c.sku, _BARE_KEYS, "item")
    source: FromClause = items
    counted = walked = None
    if wanted.part == "uncovered":
        source = items.join(_BARE_ALL, _BARE_ALL.c.sku == items.c.sku)
    elif by in {"waiting", "uncovered"}:
        source = source.outerjoin(_BARE_ALL, _BARE_ALL.c.sku == items.c.sku)
    if wanted.part == "waiting" and narrow:
        narrow.append(_WAITED_FOR)
    elif wanted.part == "waiting":
        source = source.join(_WANTED, _WANTED.c.sku == items.c.sku)
        counted, walked = select(_WANTED.c.sku).select_from(_WANTED), select(items.c.sku).where(_WAITED_FOR)
    which = select(items.c.sku).select_from(source).where(*narrow)
    return _Listed(which, None if narrow else counted, walked, items.c.sku, _ITEM_KEYS, "item")


def _of_items(wanted: ItemFilters) -> Iterator[ColumnElement[bool]]:
    if wanted.category is not None:
        yield items.c.category == wanted.category
    if wanted.supplier is not None:
        yield items.c.supplier == wanted.supplier


# A unit that waits is pegged to supply that is to come, or no supply holds it: either has an index by item. Each part
# has as many items as are counted, so that together they are all, or more than that.
_WAIT_FOR = (
    select(supplies.c.sku).where(SUPPLY_TO_COME, supplies.c.pegged > 0),
    select(lines.c.sku).where(LINE_UNCOVERED),
)
_FIRST = [select(part.distinct().order_by(*part.selected_columns).limit(_MOST).subquery()) for part in _WAIT_FOR]
_WANTED = union(*_FIRST).subquery("wanted")


def _one_of(part: Select[Any]) -> ColumnElement[bool]:
    """A row of a part is about the item: looked for item by item, which no database makes into a look at all rows."""
    (sku,) = part.selected_columns
    return part.where(sku == items.c.sku).limit(literal_column("1")).correlate(items).scalar_subquery().is_not(None)


_WAITED_FOR = or_(*map(_one_of, _WAIT_FOR))
_ON_HAND, _TO_COME = supplies.c.kind == STOCK, supplies.c.kind != STOCK
_UNCOVERED = func.sum(lines.c.waiting - lines.c.covered)
_BARE = select(lines.c.sku, _UNCOVERED).where(LINE_UNCOVERED, among(lines.c.sku, "skus")).group_by(lines.c.sku)


def _total(which: ColumnElement[bool], units: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((which, units), else_=0)), 0)


_FIGURES = {
    "on_hand": _total(_ON_HAND, _LEFT),
    "free": _total(_ON_HAND, _LEFT - supplies.c.pegged),
    "inbound": _total(_TO_COME, _LEFT),
    "inbound_free": _total(_TO_COME, _LEFT - supplies.c.pegged),
    "covered": _total(_TO_COME, supplies.c.pegged),
    "coming": func.min(supplies.c.expected_on, type_=Day()),
}
_OF_USE = (
    select(supplies.c.sku, *(units.label(name) for name, units in _FIGURES.items()))
    .where(SUPPLY_OF_USE, among(supplies.c.sku, "skus"))
    .group_by(supplies.c.sku)
    .subquery()
)
_ITEM_ROWS = (
    select(items.c.sku, items.c.name, effective("selling"), *(_OF_USE.c[name] for name in _FIGURES))
    .select_from(LEVELS.outerjoin(_OF_USE, _OF_USE.c.sku == items.c.sku))
    .where(among(items.c.sku, "skus"))
)


def _item(row: tuple[Any, ...], uncovered: int) -> ListedItem:
    sku, name, selling, *units, coming = row
    on_hand, free, inbound, inbound_free, covered = (int(number or 0) for number in units)
    return ListedItem(
        sku, name, selling, on_hand, free, inbound, inbound_free, covered + uncovered, uncovered, as_date(coming)
    )


def _figure(name: str, of: FromClause) -> ColumnElement[Any]:
    """A figure of an item, to sort by; for few."""
    return select(_FIGURES[name]).where(supplies.c.sku == of.c.sku, SUPPLY_OF_USE).correlate(of).scalar_subquery()


_BARE_ALL = select(lines.c.sku, _UNCOVERED.label("units")).where(LINE_UNCOVERED).group_by(lines.c.sku).subquery("bare")
_BARE_UNITS = func.coalesce(_BARE_ALL.c.units, 0)
_LAST_DAY = literal(DAY_MAX, type_=Day())  # what has no day comes last


def _item_keys(of: FromClause) -> dict[str, ColumnElement[Any]]:
    """What items are sorted by, whose SKUs stand in a table."""
    return {
        "item": of.c.sku,
        "waiting": _figure("covered", of) + _BARE_UNITS,
        "uncovered": _BARE_UNITS,
        "free": _figure("free", of),
        "coming": func.coalesce(_figure("coming", of), _LAST_DAY, type_=Day()),
    }


_ITEM_KEYS, _BARE_KEYS = _item_keys(items), _item_keys(_BARE_ALL)


class _Listed(NamedTuple):
    """What is listed: the rows that pass, what they are known by, and the key of each order.

    Of more than are counted there is the one order that an index has, their `home`. They are `counted` and `walked` in
    it as these say, if not as they are.
    """

    which: Select[Any]
    counted: Select[Any] | None
    walked: Select[Any] | None
    ident: ColumnElement[Any]
    keys: Mapping[str, ColumnElement[Any]]
    home: str


def _count(tx: Tx, which: Select[Any]) -> int:
    """How many pass, as far as they are counted."""
    each = which.with_only_columns(literal_column("1").label("one")).limit(_MOST).subquery()
    return int(tx.fetch(select(func.count()).select_from(each))[0][0])


def _chosen(tx: Tx, listed: _Listed, sort: Sort, limit: int) -> tuple[list[tuple[str, Any]], int, Sort]:
    """The ids of a page, each with its key and one more than asked for, how many pass, and the order they come in."""
    which, counted, walked, ident, keys, home = listed
    many = _count(tx, which if counted is None else counted)
    if many > COUNTED_MAX:
        which, sort = which if walked is None else walked, sort if sort.by == home else Sort(home)
    key: ColumnElement[Any] = keys[sort.by]
    if sort.by != home:  # each key is found once, before they are put in order
        these = which.with_only_columns(ident.label("id"), key.label("key")).limit(_MOST).subquery()
        chosen, key, ident = select(these.c.id, these.c.key), these.c.key, these.c.id
    else:
        chosen = which.with_only_columns(ident, key)
    if sort.after is not None:
        first = literal(sort.after[0], type_=key.type)
        place, here = tuple_(first, literal(sort.after[1])), tuple_(key, ident)
        chosen = chosen.where(key <= first if sort.down else key >= first, here < place if sort.down else here > place)
    order = (key.desc(), ident.desc()) if sort.down else (key, ident)
    rows = tx.fetch(chosen.order_by(*order).limit(literal_column(str(limit + 1))))
    return [(row[0], row[1]) for row in rows], many, sort


def _next(found: list[tuple[str, Any]], limit: int) -> Place | None:
    if len(found) <= limit:
        return None
    ident, key = found[limit - 1]
    return (key if isinstance(key, str) else int(key)), ident
