"""How well promises were made and kept: the shop's measures, each with its formula.

Days are local: a line is accepted on the day at its shop (the zone of all sites, or UTC where they differ: `zone` says
which), and leaves on the day at the site that ships it. Quantities are those first ordered; `f0` is what was filled at
once, quantity less the units that waited when the line was accepted. A share of nothing is None. Percentiles are by
nearest rank. Refused lines leave no row, so no measure here knows of them, except through `lost_demand_rate`.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, literal, select, true

from backorder.kernel.calendars import local_day, moment_number
from backorder.storage.db import Database, Tx
from backorder.storage.shipment_tables import shipment_lines, shipments
from backorder.storage.tables import cancellations, lines, orders, promises, sites, supplies
from backorder.storage.types import Moment

AGES = ((0, 7), (8, 14), (15, 30), (31, 60), (61, 90), (91, None))  # days, the last without an end


class Age(msgspec.Struct):
    """Backorders open for so many days (today less the day accepted): lines and units that still wait."""

    days: str
    lines: int
    units: int


class Kept(msgspec.Struct):
    """How dates were kept, over some lines. Lines cancelled whole are left out; a line is on time once all that was
    not cancelled has left by the end of the day.

    `accuracy_first`: lines that left by their first promise / lines whose first promise is past ("original commit
    date"). `accuracy_last`: the same with the last date told ("latest schedule date").
    `honesty_gap`: `accuracy_last` less `accuracy_first`, what re-promising hides.
    `slippage_days`: sum of (last less first promise) / lines that have both. `repromises`: revisions after the first
    / lines. `eta_bias`, `eta_mae`, `eta_p90`: mean, mean absolute and 90th percentile of (day left less first
    promise), in days, of the lines that have left.
    """

    due_first: int
    kept_first: int
    accuracy_first: float | None
    due_last: int
    kept_last: int
    accuracy_last: float | None
    honesty_gap: float | None
    slippage_days: float | None
    repromises: float | None
    eta_bias: float | None
    eta_mae: float | None
    eta_p90: int | None


class Measures(msgspec.Struct):
    """The measures of the orders accepted from `since` to `until`, days included, as they stand at a moment.

    `unit_fill_rate`: sum of f0 / sum of quantity. `line_fill_rate`: lines with f0 = quantity / lines.
    `order_fill_rate`: orders all of whose lines have f0 = quantity / orders. `value_fill_rate`: sum of f0 x price /
    sum of quantity x price of lines with a price, per currency; `value` is that last sum, in minor units.
    `order_backorder_rate`, `line_backorder_rate`, `unit_backorder_rate`: orders and lines with a backordered unit /
    all; units that waited / all. `ageing`: what waits now, by age; `waiting_value` its sum of units x price.
    `lead_time_p50`, `lead_time_p90`: of days from acceptance until all had left, over backordered lines that are
    through.
    `backorder_cancellation_rate`: cancelled units of backordered lines / their closed (shipped or cancelled) units,
    by who cancelled. `slips`: lines by the cause of their first slip; `pulled_in_lines`: lines that were once told an
    earlier day.
    """

    since: date | None
    until: date | None
    zone: str
    orders: int
    lines: int
    units: int
    shipped_units: int
    cancelled_units: int
    value: dict[str, int]
    unit_fill_rate: float | None
    line_fill_rate: float | None
    order_fill_rate: float | None
    value_fill_rate: dict[str, float]
    backordered_orders: int
    backordered_lines: int
    backordered_units: int
    order_backorder_rate: float | None
    line_backorder_rate: float | None
    unit_backorder_rate: float | None
    ageing: list[Age]
    waiting_value: dict[str, int]
    lead_time_p50: int | None
    lead_time_p90: int | None
    all_lines: Kept
    backordered: Kept
    backorder_cancellation_rate: dict[str, float]
    slips: dict[str, int]
    pulled_in_lines: int

    def lost_demand_rate(self, refused_units: int) -> float | None:
        """Refused units / (refused and ordered units); who places the orders knows what was refused."""
        return share(refused_units, refused_units + self.units)


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def measure(db: Database, now: int, since: date | None = None, until: date | None = None) -> Measures:
    """Measure the orders accepted between two days; `now` (microseconds) says which promises are past.

    Six statements, whatever the number of lines.
    """
    with db.read() as tx:
        zones = [zone for (zone,) in tx.fetch(select(sites.c.zone).distinct())]
        zone = zones[0] if len(zones) == 1 else "UTC"
        window = _window(since, until, zone)
        count = _Count(local_day(now, zone), zone, _left(tx, window))
        for row in tx.fetch(_LINES.where(window)):
            count.add(*row)
        cancelled = {who: int(units) for who, units in tx.fetch(_CANCELLED.where(window))}
        slips: dict[str, int] = dict(tx.fetch(_slips(window)))
        pulled_in = tx.fetch(_pulled_in(window))[0][0]
    return count.measures(since, until, cancelled, slips, pulled_in)


def _window(since: date | None, until: date | None, zone: str) -> ColumnElement[bool]:
    """Orders placed from the start of one local day to the end of another."""
    bounds = []
    if since is not None:
        bounds.append(orders.c.placed_at >= _begins(since, zone))
    if until is not None:
        bounds.append(orders.c.placed_at < _begins(until + timedelta(days=1), zone))
    return and_(true(), *bounds)


def _begins(day: date, zone: str) -> ColumnElement[int]:
    return literal(moment_number(datetime.combine(day, time(), ZoneInfo(zone))), type_=Moment())


_first = promises.alias("first")
# Lines that were imported are not measured: what was promised before the shop went live was not promised here.
_FIRST = and_(
    _first.c.order_id == lines.c.order_id, _first.c.line == lines.c.line, _first.c.n == 1, _first.c.cause == "placed"
)
_LINES = (
    select(
        lines.c.order_id,
        lines.c.line,
        orders.c.placed_at,
        orders.c.currency,
        lines.c.unit_price,
        lines.c.quantity,
        lines.c.backordered,
        lines.c.waiting,
        lines.c.allocated,
        lines.c.shipped,
        lines.c.cancelled,
        _first.c.to_day,
        lines.c.promise,
        lines.c.revisions,
    )
    .join(orders, orders.c.order_id == lines.c.order_id)
    .join(_first, _FIRST)
)
_LEFT = (
    select(
        shipment_lines.c.order_id,
        shipment_lines.c.line,
        sites.c.zone,
        func.max(shipments.c.at, type_=shipments.c.at.type),
    )
    .join(shipments, shipments.c.shipment == shipment_lines.c.shipment)
    .join(supplies, supplies.c.supply == shipment_lines.c.supply)
    .join(sites, sites.c.site == supplies.c.site)
    .join(orders, orders.c.order_id == shipment_lines.c.order_id)
    .where(shipments.c.reversed_at.is_(None))
    .group_by(shipment_lines.c.order_id, shipment_lines.c.line, sites.c.zone)
)
_CANCELLED = (
    select(cancellations.c.by_whom, func.sum(cancellations.c.quantity))
    .join(lines, and_(lines.c.order_id == cancellations.c.order_id, lines.c.line == cancellations.c.line))
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(lines.c.backordered > 0)
    .group_by(cancellations.c.by_whom)
    .order_by(cancellations.c.by_whom)
)


def _pulled_in(window: ColumnElement[bool]) -> Select[Any]:
    """The number of lines that were once told an earlier day."""
    sooner = (
        select(promises.c.order_id, promises.c.line)
        .join(orders, orders.c.order_id == promises.c.order_id)
        .where(promises.c.n > 1, promises.c.to_day < promises.c.from_day, window)
        .distinct()
        .subquery()
    )
    return select(func.count()).select_from(sooner)


def _slips(window: ColumnElement[bool]) -> Select[Any]:
    """Lines by the cause of their first move to a later day."""
    first = (
        select(promises.c.order_id, promises.c.line, func.min(promises.c.n).label("n"))
        .join(orders, orders.c.order_id == promises.c.order_id)
        .where(promises.c.n > 1, promises.c.to_day > promises.c.from_day, window)
        .group_by(promises.c.order_id, promises.c.line)
        .subquery()
    )
    same = (promises.c.order_id == first.c.order_id, promises.c.line == first.c.line, promises.c.n == first.c.n)
    count = func.count()
    return (
        select(promises.c.cause, count)
        .join(first, and_(*same))
        .group_by(promises.c.cause)
        .order_by(count.desc(), promises.c.cause)
    )


def _left(tx: Tx, window: ColumnElement[bool]) -> dict[tuple[str, str], int]:
    """The local day on which the last shipment of each line left."""
    found: dict[tuple[str, str], int] = {}
    for order, line, zone, at in tx.fetch(_LEFT.where(window)):
        found[order, line] = max(found.get((order, line), 0), local_day(at, zone))
    return found


@dataclass(slots=True)
class _Dates:
    """The counts behind `Kept`."""

    lines: int = 0
    due_first: int = 0
    kept_first: int = 0
    due_last: int = 0
    kept_last: int = 0
    dated: int = 0
    slipped: int = 0
    revised: int = 0
    errors: Counter[int] = field(default_factory=Counter)

    def add(self, today: int, first: int, last: int | None, left: int | None, revisions: int) -> None:
        """A line that was not cancelled whole; `left` is None while units of it are still here."""
        self.lines += 1
        self.revised += revisions - 1
        if first < today:
            self.due_first += 1
            self.kept_first += left is not None and left <= first
        if last is not None:
            self.dated += 1
            self.slipped += last - first
            if last < today:
                self.due_last += 1
                self.kept_last += left is not None and left <= last
        if left is not None:
            self.errors[left - first] += 1

    def kept(self) -> Kept:
        """The shares of the counts."""
        gone = self.errors.total()
        first, last = share(self.kept_first, self.due_first), share(self.kept_last, self.due_last)
        return Kept(
            self.due_first,
            self.kept_first,
            first,
            self.due_last,
            self.kept_last,
            last,
            None if first is None or last is None else last - first,
            share(self.slipped, self.dated),
            share(self.revised, self.lines),
            share(sum(error * n for error, n in self.errors.items()), gone),
            share(sum(abs(error) * n for error, n in self.errors.items()), gone),
            percentile(self.errors, 90),
        )


@dataclass(slots=True)
class _Count:
    """The counts behind `Measures`, line by line."""

    today: int
    zone: str
    left: dict[tuple[str, str], int]
    orders: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    lines: int = 0
    units: int = 0
    shipped: int = 0
    cancelled: int = 0
    short_lines: int = 0
    short_units: int = 0
    closed: int = 0
    value: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    waiting_value: Counter[str] = field(default_factory=Counter)
    ages: Counter[int] = field(default_factory=Counter)
    aged_units: Counter[int] = field(default_factory=Counter)
    waits: Counter[int] = field(default_factory=Counter)
    every: _Dates = field(default_factory=_Dates)
    late: _Dates = field(default_factory=_Dates)

    def add(self, order: str, line: str, placed_at: int, currency: str | None, price: int | None, *row: Any) -> None:
        """Count a line."""
        quantity, backordered, waiting, allocated, shipped, cancelled, first, last, revisions = row
        self.orders.add(order)
        self.lines += 1
        self.units += quantity
        self.shipped += shipped
        self.cancelled += cancelled
        if price is not None and currency is not None:
            self.value[currency] += quantity * price
            self.filled[currency] += (quantity - backordered) * price
            self.waiting_value[currency] += waiting * price
        if waiting:
            age = self.today - local_day(placed_at, self.zone)
            self.ages[age] += 1
            self.aged_units[age] += waiting
        left = self.left.get((order, line)) if not waiting and not allocated else None
        if cancelled < quantity:
            self.every.add(self.today, first, last, left, revisions)
        if backordered:
            self.short.add(order)
            self.short_lines += 1
            self.short_units += backordered
            self.closed += shipped + cancelled
            if left is not None:
                self.waits[left - local_day(placed_at, self.zone)] += 1
            if cancelled < quantity:
                self.late.add(self.today, first, last, left, revisions)

    def measures(
        self, since: date | None, until: date | None, cancelled: dict[str, int], slips: dict[str, int], pulled_in: int
    ) -> Measures:
        """The shares of the counts."""
        placed, short = len(self.orders), len(self.short)
        return Measures(
            since=since,
            until=until,
            zone=self.zone,
            orders=placed,
            lines=self.lines,
            units=self.units,
            shipped_units=self.shipped,
            cancelled_units=self.cancelled,
            value=dict(sorted(self.value.items())),
            unit_fill_rate=share(self.units - self.short_units, self.units),
            line_fill_rate=share(self.lines - self.short_lines, self.lines),
            order_fill_rate=share(placed - short, placed),
            value_fill_rate={each: self.filled[each] / total for each, total in sorted(self.value.items()) if total},
            backordered_orders=short,
            backordered_lines=self.short_lines,
            backordered_units=self.short_units,
            order_backorder_rate=share(short, placed),
            line_backorder_rate=share(self.short_lines, self.lines),
            unit_backorder_rate=share(self.short_units, self.units),
            ageing=[self._age(low, high) for low, high in AGES],
            waiting_value={each: value for each, value in sorted(self.waiting_value.items()) if value},
            lead_time_p50=percentile(self.waits, 50),
            lead_time_p90=percentile(self.waits, 90),
            all_lines=self.every.kept(),
            backordered=self.late.kept(),
            backorder_cancellation_rate={who: units / self.closed for who, units in cancelled.items()},
            slips=slips,
            pulled_in_lines=pulled_in,
        )

    def _age(self, low: int, high: int | None) -> Age:
        ages = [age for age in self.ages if age >= low and (high is None or age <= high)]
        name = f"{low}-{high}" if high is not None else f"{low - 1}+"
        return Age(name, sum(self.ages[age] for age in ages), sum(self.aged_units[age] for age in ages))


def percentile(counts: Counter[int], percent: int) -> int | None:
    """The smallest value that at least `percent` of a hundred do not exceed; None of nothing."""
    rank = -(-counts.total() * percent // 100)
    for value in sorted(counts):
        rank -= counts[value]
        if rank <= 0:
            return value
    return None
