"""Loading the backlog for a reallocation: every line that waits, in columns, with a fixed number of statements."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql.expression import literal_column

from backorder.kernel.backlog import STATES, Allocated, Backlog, Pegs, Tags, Words
from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import STOCK, Book
from backorder.kernel.pegging import Supply
from backorder.kernel.planned import Snapshot
from backorder.kernel.promises import floor_for, lead_time_day
from backorder.storage import book as books
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Row, Tx, among
from backorder.storage.notice_tables import clocks
from backorder.storage.policies import LEVELS, effective
from backorder.storage.tables import customers, items, lines, orders, pegs, promises

Held = dict[tuple[int, int], int]  # (supply, ship day) -> units
DAY = 24 * 3_600 * 10**6
RUNNING = ("open", "asked", "waiting", "renewed", "late")  # clocks whose last day is still a deadline

_first = promises.alias("first")
_other = lines.alias("other")
_WAITS = lines.c.waiting > literal_column("0")
# Lines that wait, and the open lines of their complete orders.
_WHOLE = and_(
    orders.c.ship == literal_column("'complete'"),
    select(literal_column("1"))
    .select_from(_other)
    .where(_other.c.order_id == lines.c.order_id, _other.c.waiting > literal_column("0"))
    .exists(),
)
_COLUMNS = (
    *(lines.c[name] for name in ("order_id", "line", "sku", "quantity", "waiting", "allocated", "covered", "picked")),
    *(lines.c[name] for name in ("unit_price", "requested_on", "lead_time_day", "promise", "planned", "placed_at")),
    *(lines.c[name] for name in ("person_day", "person_until", "tags")),
    *(orders.c[name] for name in ("customer", "channel", "priority", "ship", "held", "country", "region", "sites")),
    *(orders.c[name] for name in ("currency", "tags")),
    _first.c.to_day,
)
_JOINED = (
    select(lines.c.order_id, lines.c.sku)
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(LINE_OPEN, orders.c.ship == literal_column("'complete'"))
    .order_by(lines.c.order_id)
)
_CUSTOMERS = select(
    *(customers.c[name] for name in ("customer", "tier", "kind", "country", "region", "tags")),
)
_ITEMS = select(items.c.sku, items.c.category, effective("selling"), items.c.cost, items.c.currency).select_from(LEVELS)
_DEADLINES = (
    select(clocks.c.order_id, clocks.c.line, func.min(clocks.c.until_on, type_=clocks.c.until_on.type))
    .where(clocks.c.state.in_([literal_column(f"'{state}'") for state in RUNNING]), clocks.c.until_on.is_not(None))
    .group_by(clocks.c.order_id, clocks.c.line)
)


@lru_cache(maxsize=4)
def _lines(allocated: bool, narrowed: bool) -> Any:
    """The lines of a backlog; `allocated` those too that wait no more, `narrowed` of some items alone."""
    chosen = (
        select(*_COLUMNS)
        .join(orders, orders.c.order_id == lines.c.order_id)
        .join(_first, and_(_first.c.order_id == lines.c.order_id, _first.c.line == lines.c.line, _first.c.n == 1))
        .where(LINE_OPEN)
        .order_by(lines.c.order_id, lines.c.position)
    )
    if not allocated:
        chosen = chosen.where(or_(_WAITS, _WHOLE))
    return chosen.where(among(lines.c.sku, "skus")) if narrowed else chosen


@lru_cache(maxsize=2)
def _pegs(narrowed: bool) -> Any:
    chosen = (
        select(*(pegs.c[name] for name in ("order_id", "line", "supply", "ships_on", "quantity", "pinned")))
        .join(lines, and_(lines.c.order_id == pegs.c.order_id, lines.c.line == pegs.c.line))
        .where(LINE_OPEN)
        .order_by(pegs.c.order_id, pegs.c.line, pegs.c.ships_on, pegs.c.supply)
    )
    return chosen.where(among(lines.c.sku, "skus")) if narrowed else chosen


def load_backlog(tx: Tx, now: int, *, skus: Iterable[str] | None = None, allocated: bool = False) -> Snapshot:
    """The backlog at a moment (microseconds): of all items for which lines wait, or of these and those joined to them.

    `allocated` also those lines of which nothing waits. Nothing is locked.
    """
    named = _joined(tx, skus) if skus is not None else None
    columns = tx.columns(_lines(allocated, named is not None), **({"skus": named} if named is not None else {}))
    if named is None:
        named = sorted(set(columns[2]))
    loaded = books.load(tx, named, waiting=False, lock=False)
    loaded.book.set_clock(now)
    held = tx.columns(_pegs(narrowed=skus is not None), **({"skus": named} if skus is not None else {}))
    deadlines = {row[:2]: row[2] for row in tx.fetch(_DEADLINES)}
    people = {row[0]: row[1:] for row in tx.fetch(_CUSTOMERS)}
    goods = {row[0]: row[1:] for row in tx.fetch(_ITEMS)}
    return _Columns(loaded.book, columns, people, goods).snapshot(held, deadlines)


def _joined(tx: Tx, skus: Iterable[str]) -> list[str]:
    """The items, and those joined to them by orders that ship complete."""
    of_order: dict[str, list[str]] = {}
    of_item: dict[str, list[str]] = {}
    for order, sku in tx.fetch(_JOINED):
        of_order.setdefault(order, []).append(sku)
        of_item.setdefault(sku, []).append(order)
    found: set[str] = set()
    todo = list(skus)
    while todo:
        sku = todo.pop()
        if sku not in found:
            found.add(sku)
            todo += (other for order in of_item.get(sku, ()) for other in of_order[order])
    return sorted(found)


class _Columns:
    """Makes the columns of a backlog from those of its lines."""

    def __init__(self, book: Book, columns: list[Sequence[Any]], people: dict[str, Row], goods: dict[str, Row]) -> None:
        self._book = book
        self.order: Sequence[str] = columns[0]
        self.line: Sequence[str] = columns[1]
        self.sku: Sequence[str] = columns[2]
        self.quantity: Sequence[int] = columns[3]
        self.waiting: Sequence[int] = columns[4]
        self.allocated: Sequence[int] = columns[5]
        self.covered: Sequence[int] = columns[6]
        self.picked: Sequence[int] = columns[7]
        self.price: Sequence[int | None] = columns[8]
        self.requested: Sequence[int | None] = columns[9]
        self.lead_day: Sequence[int | None] = columns[10]
        self.promise: Sequence[int | None] = columns[11]
        self.planned: Sequence[int | None] = columns[12]
        self.placed_at: Sequence[int] = columns[13]
        self.person: list[tuple[int | None, int | None]] = list(zip(columns[14], columns[15], strict=True))
        self.tags: Sequence[str] = columns[16]
        self.customer: Sequence[str | None] = columns[17]
        self.channel: Sequence[str | None] = columns[18]
        self.priority: Sequence[int] = columns[19]
        self.ship: Sequence[str] = columns[20]
        self.held: Sequence[int] = columns[21]
        self.country: Sequence[str | None] = columns[22]
        self.region: Sequence[str | None] = columns[23]
        self.sites: Sequence[str] = columns[24]
        self.currency: Sequence[str | None] = columns[25]
        self.order_tags: Sequence[str] = columns[26]
        self.first: Sequence[int] = columns[27]
        nobody = (None, None, None, None, "[]")
        self.people = [nobody if name is None else people[name] for name in self.customer]
        self.goods = [goods[sku] for sku in self.sku]
        self.today = min(book.today.values(), default=0)

    def snapshot(self, held: list[Sequence[Any]], deadlines: dict[Row, int]) -> Snapshot:
        """The backlog with these pegs and deadlines."""
        keys = list(zip(self.order, self.line, strict=True))
        holding, pinned = self._holding(keys, held)
        routes = self._routes()
        group, group_keys, supply = self._groups(routes)
        days = self._days(routes)
        due = [
            line_due(*row)
            for row in zip(
                holding, days["lead"], days["floor"], self.waiting, [self._book.supplies.stock] * len(keys), strict=True
            )
        ]
        waits, allocated, firm, need = self._pegs(holding, pinned, days["lead"])
        tiers, kinds, countries, regions, _ = zip(*self.people, strict=True) if keys else ((),) * 5
        categories, selling, *_ = zip(*self.goods, strict=True) if keys else ((),) * 4
        value, margin = self._money()
        sku = words(self.sku)
        codes = {word: n for n, word in enumerate(sku.words)}
        item = []
        for name in self._book.supplies.sku:
            if name not in codes:  # nobody waits for it any more
                codes[name] = len(sku.words)
                sku.words.append(name)
            item.append(codes[name])
        backlog = Backlog(
            today=self.today,
            tier=words(tiers), customer=words(self.customer), kind=words(kinds), channel=words(self.channel),
            country=words(own or theirs for own, theirs in zip(self.country, countries, strict=True)),
            region=words(
                own or (theirs if place in (None, land) else None)
                for own, theirs, place, land in zip(self.region, regions, self.country, countries, strict=True)
            ),
            sku=sku, category=words(categories), selling=words(selling), currency=words(self.currency),
            order=words(self.order), tags=self._tags(),
            state=self._states(holding, due),
            quantity=list(self.quantity), waiting=list(self.waiting), priority=list(self.priority),
            value=value, margin=margin,
            placed_at=list(self.placed_at), placed_on=[at // DAY for at in self.placed_at],
            promise=_days(self.promise), first_promise=_days(self.first), requested_on=_days(self.requested),
            deadline=[deadlines.get(key, NEVER) for key in keys],
            wanted=[w or first for w, first in zip(days["wanted"], _days(self.first), strict=True)],
            group=group, need=need,
            late=[int(ship == "complete" or day is not None)
                  for ship, day in zip(self.ship, self.requested, strict=True)],
            floor=days["floor"], firm=firm, lead=days["lead"], lead_anew=days["anew"],
            together=self._together(), reserve=[int(priority > 0) for priority in self.priority],
            frozen=[int(picked > 0) for picked in self.picked], held=list(self.held),
            pegs=waits, allocated=allocated, supply=supply, item=item,
        )  # fmt: skip
        units = [a + w for a, w in zip(self.allocated, self.waiting, strict=True)]
        by_group = [route for _, route in group_keys]
        told, planned = self.promise, self.planned
        return Snapshot(self._book, backlog, keys, by_group, holding, told, planned, self.person, units)

    def _holding(self, keys: list[tuple[str, str]], held: list[Sequence[Any]]) -> tuple[list[Held], dict[int, Held]]:
        """What each row holds, and what of that a person pinned, where there is any."""
        index = {key: i for i, key in enumerate(keys)}
        supplies = self._book.supplies.index
        found: list[Held] = [{} for _ in keys]
        pinned: dict[int, Held] = {}
        for order, line, supply, day, units, pins in zip(*held, strict=True):
            i = index.get((order, line))
            if i is not None:
                found[i][supplies[supply], day] = units
                if pins:
                    pinned.setdefault(i, {})[supplies[supply], day] = pins
        return found, pinned

    def _routes(self) -> list[tuple[str, ...]]:
        places = list(zip(self.sites, self.region, strict=True))
        known = {place: self._book.route_of(tuple(json.loads(place[0])), place[1]) for place in set(places)}
        return [known[place] for place in places]

    def _groups(self, routes: list[tuple[str, ...]]) -> tuple[list[int], list[tuple[str, tuple[str, ...]]], Supply]:
        """The candidate group of each row, what each group is of, and the supplies."""
        supplies = self._book.supplies
        number: dict[tuple[str, tuple[str, ...]], int] = {}
        group = [number.setdefault(key, len(number)) for key in zip(self.sku, routes, strict=True)]
        first, candidates = [0], list[int]()
        for sku, route in number:
            candidates += self._book.candidates_of(sku, route)
            first.append(len(candidates))
        return (
            group,
            list(number),
            Supply(first, candidates, supplies.day, list(supplies.free), supplies.kept, supplies.stock),
        )

    def _days(self, routes: list[tuple[str, ...]]) -> dict[str, list[int]]:
        """Floors, lead-time days, and the day that was asked for where one was."""
        book, floors, anew = self._book, list[int](), list[int]()
        lead, wanted = list[int](), list[int]()
        known: dict[tuple[Any, ...], int] = {}
        renewed: dict[tuple[Any, ...], int] = {}
        for sku, route, asked, day, waiting in zip(
            self.sku, routes, self.requested, self.lead_day, self.waiting, strict=True
        ):
            key = sku, route, asked
            floor = known.get(key)
            if floor is None:
                floor = known[key] = floor_for(book, sku, route, asked)
                renewed[key] = lead_time_day(book, sku, route) or NEVER
            floors.append(floor)
            anew.append(renewed[key] if waiting else NEVER)
            lead.append(day if waiting and day is not None and day >= book.today[route[0]] else NEVER)
            wanted.append(0 if asked is None else book.sites[route[0]].calendar.next_working(asked))
        return {"floor": floors, "anew": anew, "lead": lead, "wanted": wanted}

    def _pegs(
        self, holding: list[Held], pinned: dict[int, Held], leads: Sequence[int]
    ) -> tuple[Pegs, Allocated, list[int], list[int]]:
        """What rows hold and could give up, the last day of what they keep whatever happens, and what they need."""
        stock = self._book.supplies.stock
        first, supply, units = [0], list[int](), list[int]()
        a_first, a_supply, a_units, a_day = [0], list[int](), list[int](), list[int]()
        firm, need = [0] * len(holding), list(self.waiting)
        for i, (held, picked) in enumerate(zip(holding, self.picked, strict=True)):
            waits: dict[int, int] = {}
            ready: dict[int, tuple[int, int]] = {}
            pins = pinned.get(i, {})
            for (s, day), q in held.items():
                kept = q if stock[s] and picked else pins.get((s, day), 0)
                if kept:
                    firm[i] = max(firm[i], day if stock[s] else min(day, leads[i]))
                if not stock[s]:
                    need[i] -= kept
                    if q > kept:
                        waits[s] = waits.get(s, 0) + q - kept
                elif q > kept:
                    there = ready.get(s, (0, 0))
                    ready[s] = there[0] + q - kept, max(there[1], day)
            for s, (q, day) in ready.items():
                a_supply.append(s)
                a_units.append(q)
                a_day.append(day)
            supply += waits
            units += waits.values()
            first.append(len(supply))
            a_first.append(len(a_supply))
        return Pegs(first, supply, units), Allocated(a_first, a_supply, a_units, a_day), firm, need

    def _states(self, holding: list[Held], due: list[int]) -> list[int]:
        """The code of each row's state."""
        supplies, book = self._book.supplies, self._book
        shaky = [
            int(kind != STOCK and (not confirmed or (expected or 0) < book.today[site]))
            for kind, confirmed, expected, site in zip(
                supplies.kind, supplies.confirmed, supplies.expected_on, supplies.site, strict=True
            )
        ]
        none, late, at_risk, on_time = (STATES.index(word) for word in ("none", "late", "at_risk", "on_time"))
        found = []
        for held, day, promise, planned, waiting, covered in zip(
            holding, due, self.promise, self.planned, self.waiting, self.covered, strict=True
        ):
            if promise is None:
                found.append(none)
            elif day > promise:
                found.append(late)
            elif waiting and (waiting > covered or (planned or 0) > promise or any(shaky[s] for s, _ in held)):
                found.append(at_risk)
            else:
                found.append(on_time)
        return found

    def _together(self) -> list[int]:
        number: dict[str, int] = {}
        return [
            number.setdefault(order, len(number)) if ship == "complete" else -1
            for order, ship in zip(self.order, self.ship, strict=True)
        ]

    def _money(self) -> tuple[list[int], list[int]]:
        """What the open units sell for, and what is earned by them; 0 where it is not known."""
        units = [a + w for a, w in zip(self.allocated, self.waiting, strict=True)]
        value = [(price or 0) * count for price, count in zip(self.price, units, strict=True)]
        margin = [
            (price - cost) * count if price is not None and cost is not None and currency == own else 0
            for price, count, own, (_, _, cost, currency) in zip(
                self.price, units, self.currency, self.goods, strict=True
            )
        ]
        return value, margin

    def _tags(self) -> Tags:
        number: dict[str, int] = {}
        codes: dict[tuple[str, str, str], list[int]] = {}
        first, code = [0], list[int]()
        for three in zip(self.tags, self.order_tags, (person[4] for person in self.people), strict=True):
            known = codes.get(three)
            if known is None:
                tags = dict.fromkeys(tag for text in three for tag in json.loads(text))
                known = codes[three] = [number.setdefault(tag, len(number)) for tag in tags]
            code += known
            first.append(len(code))
        return Tags(first, code, list(number))


def line_due(held: Held, lead: int, floor: int, waiting: int, stock: Sequence[int]) -> int:
    """A line's due day by what it holds, as `promises.line_dates` gives it."""
    due, covered = floor, 0
    for (s, day), units in held.items():
        if stock[s]:
            due = max(due, day)
        else:
            covered += units
            due = max(due, min(day, lead))
    return max(due, lead) if covered < waiting else due


def words(values: Iterable[str | None]) -> Words:
    """A column of words as codes; none is ''."""
    said = [value or "" for value in values]
    number = {word: n for n, word in enumerate(dict.fromkeys(said))}
    return Words(list(map(number.__getitem__, said)), list(number))


def _days(days: Sequence[int | None]) -> list[int]:
    return [NEVER if day is None else day for day in days]
