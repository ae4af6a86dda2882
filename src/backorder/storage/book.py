"""Loading the working set of a batch and saving what changed in it, each with a fixed number of statements."""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import and_, select, union_all

from backorder.kernel.cases import Said
from backorder.kernel.columns import STOCK, Book, Item, Lines, Pegs, Site, SitePolicy, Supplies
from backorder.kernel.events import moved, ready
from backorder.storage.communication import IS_ON
from backorder.storage.conditions import LINE_OPEN, SUPPLY_OF_USE
from backorder.storage.db import Row, Tx, among
from backorder.storage.policies import LEVELS, effective
from backorder.storage.tables import (
    item_sites,
    items,
    lines,
    orders,
    pegs,
    promises,
    sites,
    stock_moves,
    suppliers,
    supplies,
)

SUPPLY_DETAILS = (
    "document",
    "document_line",
    "ordered_on",
    "supplier",
    "cost",
    "currency",
    "fingerprint",
    "from_site",
    "received_before",
)
LINE_DETAILS = ("unit_price", "accept_by", "tags", "raised_from", "shipped_before", "channel", "customer")

MANY = 100_000  # lines, on which is decided for seconds: where orders join the items of a large shop to each other

_NO_DETAILS: Row = (*(None,) * (len(SUPPLY_DETAILS) - 1), 0)

_other = lines.alias("other")


def _taking_part(allocated: bool) -> Any:
    """Lines that take part in a pass: those that wait, and if stock may be lost also those that could come to wait."""
    return LINE_OPEN if allocated else and_(LINE_OPEN, lines.c.waiting > 0)


def _joined_skus(allocated: bool) -> Any:
    """The items, and those joined to them by complete orders, directly or through others."""
    joined = select(items.c.sku).where(among(items.c.sku, "skus")).cte("joined", recursive=True)
    joined = joined.union(
        select(_other.c.sku)
        .select_from(joined)
        .join(lines, and_(lines.c.sku == joined.c.sku, _taking_part(allocated)))
        .join(orders, and_(orders.c.order_id == lines.c.order_id, orders.c.ship == "complete"))
        .join(_other, and_(_other.c.order_id == orders.c.order_id, _other.c.waiting + _other.c.allocated > 0))
    )
    return select(joined.c.sku)


_POLICY = (
    select(
        items.c.sku,
        effective("selling"),
        effective("coverage"),
        effective("backorder_cap"),
        effective("per_customer_cap"),
        effective("max_wait_days"),
        effective("lead_time_days"),
        items.c.released_on,
        effective("safety_stock"),
        items.c.supplier,
        suppliers.c.lead_time_days.label("supplier_lead_time"),
        suppliers.c.working_days,
        suppliers.c.holidays,
        items.c.idle_by,
    )
    .select_from(LEVELS.outerjoin(suppliers, suppliers.c.supplier == items.c.supplier))
    .order_by(items.c.sku)
)


@lru_cache(maxsize=8)
def _items(waiting: bool, allocated: bool, lock: bool) -> Any:
    """The items' policies, with those of joined items where lines wait; on SQLite the transaction is the lock."""
    named = items.c.sku.in_(_joined_skus(allocated)) if waiting else among(items.c.sku, "skus")
    chosen = _POLICY.where(named)
    return chosen.with_for_update(of=items) if lock else chosen


# Every site, once for each of the items that are sold differently there, and once if there is none.
SITES = (
    select(
        sites.c.site,
        sites.c.zone,
        sites.c.region,
        sites.c.handling_days,
        sites.c.working_days,
        sites.c.holidays,
        sites.c.serves,
        item_sites.c.sku,
        item_sites.c.safety_stock,
        item_sites.c.backorder_cap,
        IS_ON.scalar_subquery().label("watched"),
    )
    .outerjoin(item_sites, and_(item_sites.c.site == sites.c.site, among(item_sites.c.sku, "skus")))
    .order_by(sites.c.site)
)

SUPPLIES = select(
    supplies.c.supply,
    supplies.c.kind,
    supplies.c.sku,
    supplies.c.site,
    supplies.c.quantity,
    supplies.c.received,
    supplies.c.cancelled,
    supplies.c.pegged,
    supplies.c.expected_on,
    supplies.c.available_on,
    supplies.c.confirmed,
    supplies.c.moves,
).where(
    among(supplies.c.sku, "skus"),
    SUPPLY_OF_USE,
)


def _with_pegs(line: Any) -> Any:
    """Lines with what ranking needs of their orders, one row for each of their pegs."""
    wanted = select(
        line.c.order_id,
        line.c.line,
        line.c.position,
        line.c.sku,
        line.c.quantity,
        line.c.waiting,
        line.c.allocated,
        line.c.shipped,
        line.c.cancelled,
        line.c.picked,
        line.c.requested_on,
        line.c.lead_time_day,
        line.c.promise,
        line.c.planned,
        line.c.revisions,
        line.c.person_day,
        line.c.person_until,
        line.c.placed_at,
        orders.c.priority,
        orders.c.ship,
        line.c.held,
        orders.c.sites,
        orders.c.region,
        pegs.c.supply,
        pegs.c.ships_on,
        pegs.c.quantity.label("units"),
        pegs.c.pinned,
    )
    source = lines.join(orders, orders.c.order_id == lines.c.order_id)
    if line is _other:
        whole = and_(_other.c.order_id == orders.c.order_id, orders.c.ship == "complete")
        source = source.join(_other, and_(whole, _other.c.waiting + _other.c.allocated > 0))
    held = and_(pegs.c.order_id == line.c.order_id, pegs.c.line == line.c.line)
    return wanted.select_from(source.outerjoin(pegs, held))


def _lines(allocated: bool) -> Any:
    """The lines of a pass: those of the items that take part, those of given orders, and those of joined orders.

    A line may come twice: reading it again changes nothing.
    """
    part = and_(among(lines.c.sku, "skus"), _taking_part(allocated))
    named = among(lines.c.order_id, "orders")
    return union_all(_with_pegs(lines).where(part), _with_pegs(lines).where(named), _with_pegs(_other).where(part))


_SHIP, _UNITS = 19, slice(5, 7)  # of the columns of a line: how it ships, and its open units

LINES = {allocated: _lines(allocated) for allocated in (False, True)}
LINES_OF_ORDERS = _with_pegs(lines).where(among(lines.c.order_id, "orders"))
LINES_BESIDE = LINES_OF_ORDERS.where(among(lines.c.sku, "skus"))


@dataclass(slots=True)
class Loaded:
    """A book with what it held when it was loaded, so that saving writes the difference alone.

    `watched` says whether somebody has to be told which orders it changes.
    """

    book: Book
    watched: bool = False
    supplies: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    pegs: list[Pegs] = field(default_factory=list)
    pins: dict[int, dict[int, int]] = field(default_factory=dict)
    supply_details: dict[int, Row] = field(default_factory=dict)
    line_details: dict[int, Row] = field(default_factory=dict)


class Grown(Exception):
    """More items were joined to the pass than were locked; load again."""


def load(
    tx: Tx,
    skus: Iterable[str],
    *,
    waiting: bool = True,
    orders: Sequence[str] = (),
    allocated: bool = False,
    only: Container[tuple[str, str]] | None = None,
    lock: bool = True,
) -> Loaded:
    """Lock the items (in order of SKU) and load their supplies, and with `waiting` the lines of a live pass over them.

    `orders` names orders whose lines are wanted whatever their state (without `waiting`, theirs alone), `allocated`
    also those that wait no more; of orders that do not ship complete, `only` those lines are wanted.
    Items joined to them by complete orders are locked and loaded too. A query that only asks does not `lock`.
    """
    book = Book()
    statement = _items(waiting, allocated, lock and tx.dialect == "postgresql")
    for row in tx.fetch(statement, skus=sorted(set(skus))):
        book.items[row[0]] = Item._make(row)
    chosen = list(book.items)
    loaded = Loaded(book)
    _load_sites(tx, loaded, chosen)
    _load_supplies(tx, loaded, chosen)
    if waiting:
        _load_lines(loaded, tx.fetch(LINES[allocated], skus=chosen, orders=orders))
    elif orders:
        found = tx.fetch(LINES_OF_ORDERS, orders=orders)
        _load_lines(loaded, found if only is None else [row for row in found if row[:2] in only or _is_whole(row)])
    if len(loaded.lines) >= MANY:
        tx.take_long()
    return loaded


def load_beside(tx: Tx, loaded: Loaded, orders: Sequence[str]) -> None:
    """Let the book hold the lines of these orders, in place of those it held, as far as they are of its items."""
    book = loaded.book
    book.lines, book.lines_of_item, book.lines_of_order = Lines(), {}, {}
    _load_lines(loaded, tx.fetch(LINES_BESIDE, orders=orders, skus=list(book.items)))


def _is_whole(row: Row) -> bool:
    """Whether a row is of an open line of an order that ships complete."""
    return bool(row[_SHIP] == "complete" and row[_UNITS][0] + row[_UNITS][1])


def _load_sites(tx: Tx, loaded: Loaded, skus: Sequence[str]) -> None:
    book = loaded.book
    for row in tx.fetch(SITES, skus=skus):
        loaded.watched = row[-1] is not None
        if row[0] not in book.sites:
            book.sites[row[0]] = Site._make((*row[:6], tuple(json.loads(row[6]))))
        if row[7] is not None:
            book.site_policies[row[7], row[0]] = SitePolicy(*row[8:10])


def _load_supplies(tx: Tx, loaded: Loaded, skus: Sequence[str]) -> None:
    # Sorted, because a reallocation serves supplies of one day in the order of their numbers.
    rows = sorted(tx.fetch(SUPPLIES, skus=skus), key=itemgetter(0))
    if not rows:
        return
    held = loaded.book.supplies
    columns = [list(column) for column in zip(*rows, strict=True)]
    held.supply, held.kind, held.sku, held.site, held.quantity, held.received, held.cancelled = columns[:7]
    held.expected_on, held.available_on, held.confirmed, held.moves = columns[8:]
    held.free = [q - r - c - p for q, r, c, p in zip(*columns[4:8], strict=True)]
    held.day = [0] * len(rows)
    held.kept = [0] * len(rows)
    held.stock = [int(kind == STOCK) for kind in held.kind]
    held.index = {supply: s for s, supply in enumerate(held.supply)}
    for s, sku in enumerate(held.sku):
        held.by_item.setdefault(sku, []).append(s)
    loaded.supplies = held.rows()


def _load_lines(loaded: Loaded, found: list[Row]) -> None:
    book = loaded.book
    held = book.lines
    rows = _one_a_line(found, held, book.supplies.index)
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    held.order, held.line, held.position, held.sku, held.quantity, held.waiting, held.allocated = columns[:7]
    held.shipped, held.cancelled, held.picked, held.requested_on, held.lead_time_day = columns[7:12]
    held.promise, held.planned, held.revisions, held.person_day, held.person_until = columns[12:17]
    held.placed_at, held.priority = columns[17:19]
    held.complete = [ship == "complete" for ship in columns[19]]
    held.held = list(map(bool, columns[20]))
    held.backordered = [0] * len(rows)  # written once, with the line
    places = list(zip(*columns[21:23], strict=True))
    routes = {place: book.route_of(_codes(place[0]), place[1]) for place in set(places)}
    held.route = [routes[place] for place in places]
    for i, (order, sku) in enumerate(zip(held.order, held.sku, strict=True)):
        book.lines_of_item.setdefault(sku, []).append(i)
        book.lines_of_order.setdefault(order, []).append(i)
    if not book.lines_of_item.keys() <= book.items.keys():
        raise Grown
    loaded.lines = _line_rows(book)
    loaded.pegs = [dict(held_pegs) for held_pegs in held.pegs]
    loaded.pins = {i: dict(pins) for i, pins in held.pins.items()}


def _one_a_line(rows: list[Row], held: Lines, supplies: dict[str, int]) -> list[Row]:
    """The first row of each line; the query gives one for each of its pegs, which are put into `held`."""
    unique: list[Row] = []
    index, pegs_of, pinned = held.index, held.pegs, dict[tuple[int, int, int], int]()
    for row in rows:
        key = row[0], row[1]
        i = index.get(key)
        if i is None:
            i = index[key] = len(unique)
            unique.append(row)
            pegs_of.append({})
        if row[-1] is not None:
            s = supplies.get(row[-4])
            if s is None:
                raise Grown
            pegs_of[i][s, row[-3]] = row[-2]
            if row[-1]:
                pinned[i, s, row[-3]] = row[-1]
    for (i, s, _), units in pinned.items():
        held.pin(i, s, held.pinned(i, s) + units)
    return unique


@lru_cache(maxsize=1_024)
def _codes(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


_LINE_CHANGES = (
    "requested_on",
    "waiting",
    "allocated",
    "shipped",
    "cancelled",
    "covered",
    "firm_until",
    "picked",
    "lead_time_day",
    "promise",
    "planned",
    "revisions",
    "person_day",
    "person_until",
    "held",
)
_WAITING = _LINE_CHANGES.index("waiting")
_PROMISE = _LINE_CHANGES.index("promise")
_OWING = tuple(_LINE_CHANGES.index(name) for name in ("promise", "shipped", "cancelled"))


def _line_rows(book: Book) -> list[Row]:
    """What can change in each line, in the order of _LINE_CHANGES."""
    held, kinds = book.lines, book.supplies.kind
    covered = [
        sum([units for (s, _), units in pegs_of.items() if kinds[s] != STOCK]) if waiting else 0
        for waiting, pegs_of in zip(held.waiting, held.pegs, strict=True)
    ]
    firm = _firm(book.supplies)
    firm_until = [
        min([firm[s] for s, _ in pegs_of if kinds[s] != STOCK]) if units else None
        for units, pegs_of in zip(covered, held.pegs, strict=True)
    ]
    columns = (
        held.requested_on,
        held.waiting,
        held.allocated,
        held.shipped,
        held.cancelled,
        covered,
        firm_until,
        held.picked,
        held.lead_time_day,
        held.promise,
        held.planned,
        held.revisions,
        held.person_day,
        held.person_until,
        map(int, held.held),
    )
    return list(zip(*columns, strict=True))


def _firm(supplies: Supplies) -> list[int]:
    """The last day on which each supply is not overdue: none, where nobody confirmed it."""
    return [
        (expected or 0) if confirmed else 0
        for expected, confirmed in zip(supplies.expected_on, supplies.confirmed, strict=True)
    ]


def save(tx: Tx, loaded: Loaded) -> None:
    """Write what changed since the book was loaded: supplies, lines, pegs and the ledgers.

    Stock moves come before the stock that points at the last of them. The other way round the deferred key is open
    while they are inserted, and SQLite looks through the item's whole ledger for each: a year of it took twice as long.
    """
    now = loaded.book.supplies.rows()
    _add_supplies(tx, loaded, now)
    _save_moves(tx, loaded.book)
    _change_supplies(tx, loaded, now)
    _save_lines(tx, loaded)
    _save_pegs(tx, loaded)
    _save_revisions(tx, loaded.book)
    idle = sorted(sku for sku in loaded.book.passed if sku in loaded.book.items and loaded.book.items[sku].idle_by)
    tx.update(items, ("sku",), ("idle_by",), [(sku, None) for sku in idle])
    tx.events += [*moved(loaded.book), *ready(loaded.book, [row[_WAITING] for row in loaded.lines])]


_SUPPLY_CHANGES = ("quantity", "received", "cancelled", "expected_on", "available_on", "confirmed", "moves", "pegged")


def _add_supplies(tx: Tx, loaded: Loaded, now: list[Row]) -> None:
    held = loaded.book.supplies
    added = [
        (held.supply[s], held.kind[s], held.sku[s], held.site[s], *now[s], *loaded.supply_details.get(s, _NO_DETAILS))
        for s in range(len(loaded.supplies), len(held.supply))
    ]
    tx.insert(supplies, ("supply", "kind", "sku", "site", *_SUPPLY_CHANGES, *SUPPLY_DETAILS), added)


def _change_supplies(tx: Tx, loaded: Loaded, now: list[Row]) -> None:
    names = loaded.book.supplies.supply
    changed = [s for s, before in enumerate(loaded.supplies) if now[s] != before]
    touched = [n for n in range(len(_SUPPLY_CHANGES)) if any(now[s][n] != loaded.supplies[s][n] for s in changed)]
    rows = [(names[s], *(now[s][n] for n in touched)) for s in changed]
    tx.update(supplies, ("supply",), [_SUPPLY_CHANGES[n] for n in touched], rows)


def _save_lines(tx: Tx, loaded: Loaded) -> None:
    held = loaded.book.lines
    known = len(loaded.lines)
    now = _line_rows(loaded.book)
    changed = [i for i, before in enumerate(loaded.lines) if now[i] != before]
    touched = [n for n in range(len(_LINE_CHANGES)) if any(now[i][n] != loaded.lines[i][n] for i in changed)]
    names = (held.order, held.line, held.position, held.sku, held.quantity, held.placed_at)
    added = [
        (*(column[i] for column in names), held.backordered[i], *now[i], *loaded.line_details[i])
        for i in range(known, len(now))
    ]
    fixed = ("order_id", "line", "position", "sku", "quantity", "placed_at", "backordered")
    tx.insert(lines, (*fixed, *_LINE_CHANGES, *LINE_DETAILS), added)
    if loaded.watched:
        for i in range(known, len(now)):
            tx.touched.setdefault(held.order[i], []).append(Said("placed", held.line[i]))
        for i in changed:
            before = loaded.lines[i]
            if _owes(before, now[i]):
                tx.touched.setdefault(held.order[i], []).append(Said("stood", held.line[i], before[_PROMISE]))
    rows = [(held.order[i], held.line[i], *[now[i][n] for n in touched]) for i in changed]
    tx.update(lines, ("order_id", "line"), [_LINE_CHANGES[n] for n in touched], rows)


def _owes(before: Row, now: Row) -> bool:
    """Whether a line changed in what its customer may have to hear of."""
    return any(before[n] != now[n] for n in _OWING)


_PEG_KEY = ("order_id", "line", "supply", "ships_on")


def _save_pegs(tx: Tx, loaded: Loaded) -> None:
    """Write the pegs that differ: a peg that goes and one that comes on the same line are one row that moves."""
    held = loaded.book.lines
    names = loaded.book.supplies.supply
    gone, moved, made = [], [], []
    for i, pegs_now in enumerate(held.pegs):
        pegs_before: Pegs = loaded.pegs[i] if i < len(loaded.pegs) else {}
        pins_before, pins_now = loaded.pins.get(i), held.pins.get(i)
        if pegs_now == pegs_before and pins_now == pins_before:
            continue
        before, now = _with_pins(pegs_before, pins_before), _with_pins(pegs_now, pins_now)
        order, line = held.order[i], held.line[i]
        if not before:  # a new line, or one that waited uncovered
            made += [(order, line, names[s], day, *units) for (s, day), units in now.items()]
            continue
        if len(before) == 1 == len(now):  # nearly always: units that move from one supply to another
            ((s, day),), (((t, new), units),) = before, now.items()
            moved.append(((order, line, names[s], day), (names[s], day, *before[s, day]), (names[t], new, *units)))
            continue
        leave = [key for key in before if key not in now]
        come = [key for key in now if key not in before]
        stay = [key for key in now if before.get(key, now[key]) != now[key]]
        pairs = [*zip(leave, come, strict=False), *zip(stay, stay, strict=True)]
        moved += [
            ((order, line, names[s], day), (names[s], day, *before[s, day]), (names[t], new, *now[t, new]))
            for (s, day), (t, new) in pairs
        ]
        gone += [(order, line, names[s], day) for s, day in leave[len(come) :]]
        made += [(order, line, names[s], day, *now[s, day]) for s, day in come[len(leave) :]]
    tx.delete(pegs, _PEG_KEY, gone)
    tx.change(pegs, _PEG_KEY, ("supply", "ships_on", "quantity", "pinned"), moved)
    tx.insert(pegs, (*_PEG_KEY, "quantity", "pinned"), made)


def _with_pins(pegs_of: Pegs, pins: Mapping[int, int] | None) -> dict[tuple[int, int], tuple[int, int]]:
    """Pegs with their units and how many of them are pinned: on each supply those that ship first."""
    if not pins:
        return {key: (units, 0) for key, units in pegs_of.items()}
    left = dict(pins)
    found = {}
    for (s, day), units in sorted(pegs_of.items()):
        pinned = min(units, left.get(s, 0))
        found[s, day] = units, pinned
        if pinned:
            left[s] -= pinned
    assert not any(left.values())
    return found


def _save_revisions(tx: Tx, book: Book) -> None:
    order, line = book.lines.order, book.lines.line
    tx.insert(
        promises,
        ("order_id", "line", "n", "at", "from_day", "to_day", "cause", "basis", "supply", "run"),
        [(order[r.line], line[r.line], *r[1:]) for r in book.revisions],
    )


def _save_moves(tx: Tx, book: Book) -> None:
    names = book.supplies.supply
    tx.insert(
        stock_moves,
        ("supply", "n", "at", "delta", "before_units", "after_units", "kind", "reference", "prev"),
        [(names[m.supply], *m[1:], m.n - 1 if m.n > 1 else None) for m in book.moves],
    )
