"""Order lines as they are read: with their pegs, and whether their promise is at risk."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, case, false, literal, or_, select, true

from backorder.kernel.calendars import day_date, local_day, moment_datetime
from backorder.kernel.columns import STOCK
from backorder.kernel.orders import State, state
from backorder.storage.clock import load_zones
from backorder.storage.conditions import (
    LINE_HELD,
    LINE_OPEN,
    LINE_SHIPPABLE,
    LINE_SLIPPED,
    LINE_UNCOVERED,
    LINE_WAITS,
    SUPPLY_TO_COME,
)
from backorder.storage.db import Database, Row, Tx, among
from backorder.storage.tables import lines, pegs, promises, sites, supplies
from backorder.storage.types import Day


class PegView(msgspec.Struct):
    """Units of a line that stand on a supply, and the day they can ship; `pinned` of them by a person."""

    supply: str
    site: str
    quantity: int
    ships_on: date
    pinned: int


class RevisionView(msgspec.Struct, rename={"from_day": "from", "to_day": "to"}):
    """An entry of the promise ledger."""

    at: datetime
    from_day: date | None
    to_day: date | None
    cause: str
    basis: str | None
    supply: str | None
    run: str | None = None


class LineView(msgspec.Struct):
    """An order line: where its units are, what was promised, what its pegs say today.

    `at_risk`: units are uncovered, planned after the promise, or stand on supply that is overdue or unconfirmed.
    """

    order: str
    line: str
    sku: str
    customer: str | None
    state: State
    quantity: int
    waiting: int
    allocated: int
    shipped: int
    cancelled: int
    uncovered: int
    picked: int
    placed_at: datetime
    requested_on: date | None
    first_promise: date
    promise: date | None
    planned: date | None
    at_risk: bool
    held: bool
    pegs: list[PegView] = []
    revisions: list[RevisionView] = []


_first = promises.alias("first")
LINES = select(
    lines.c.order_id,
    lines.c.line,
    lines.c.sku,
    lines.c.customer,
    lines.c.quantity,
    lines.c.waiting,
    lines.c.allocated,
    lines.c.shipped,
    lines.c.cancelled,
    lines.c.covered,
    lines.c.picked,
    lines.c.placed_at,
    lines.c.requested_on,
    _first.c.to_day,
    lines.c.promise,
    lines.c.planned,
    lines.c.held,
).join(_first, and_(_first.c.order_id == lines.c.order_id, _first.c.line == lines.c.line, _first.c.n == 1))

_PEGS = (
    select(
        pegs.c.order_id,
        pegs.c.line,
        pegs.c.supply,
        supplies.c.site,
        pegs.c.quantity,
        pegs.c.ships_on,
        supplies.c.kind,
        supplies.c.confirmed,
        supplies.c.expected_on,
        sites.c.zone,
        pegs.c.pinned,
    )
    .join(supplies, supplies.c.supply == pegs.c.supply)
    .join(sites, sites.c.site == supplies.c.site)
    .where(among(pegs.c.order_id, "orders"))
    .order_by(pegs.c.order_id, pegs.c.line, pegs.c.ships_on, pegs.c.supply)
)

_REVISIONS = (
    select(
        promises.c.order_id,
        promises.c.line,
        promises.c.at,
        promises.c.from_day,
        promises.c.to_day,
        promises.c.cause,
        promises.c.basis,
        promises.c.supply,
        promises.c.run,
    )
    .where(among(promises.c.order_id, "orders"))
    .order_by(promises.c.order_id, promises.c.line, promises.c.n)
)


def read_lines(tx: Tx, statement: Select[Any], now: int, revisions: bool = False, **parameters: Any) -> list[LineView]:
    """The lines that a statement built on LINES selects, in its order, with their pegs and if wanted their revisions.

    `now` (microseconds) tells which supply is overdue by its site's local date. Three statements at most.
    """
    rows = tx.fetch(statement, **parameters)
    named = sorted({row[0] for row in rows})
    held, shaky = _read_pegs(tx.fetch(_PEGS, orders=named) if named else (), now)
    told: dict[tuple[str, str], list[RevisionView]] = {}
    if revisions and named:
        for order, line, at, before, after, *why in tx.fetch(_REVISIONS, orders=named):
            entry = RevisionView(moment_datetime(at), as_date(before), as_date(after), *why)
            told.setdefault((order, line), []).append(entry)
    return [_view(row, held, shaky, told) for row in rows]


def _read_pegs(rows: Iterable[Row], now: int) -> tuple[dict[tuple[str, str], list[PegView]], set[tuple[str, str]]]:
    """Pegs by line, and the lines that stand on supply which is overdue or unconfirmed."""
    held: dict[tuple[str, str], list[PegView]] = {}
    shaky = set()
    for order, line, supply, site, units, ships_on, kind, confirmed, expected_on, zone, pinned in rows:
        held.setdefault((order, line), []).append(PegView(supply, site, units, day_date(ships_on), pinned))
        if kind != STOCK and (not confirmed or expected_on < local_day(now, zone)):
            shaky.add((order, line))
    return held, shaky


def _view(
    row: Row,
    held: dict[tuple[str, str], list[PegView]],
    shaky: set[tuple[str, str]],
    told: dict[tuple[str, str], list[RevisionView]],
) -> LineView:
    key = row[0], row[1]
    quantity, waiting, allocated, shipped, cancelled, covered, picked = row[4:11]
    promise, planned = row[14:16]
    late = planned is not None and promise is not None and planned > promise
    return LineView(
        order=row[0],
        line=row[1],
        sku=row[2],
        customer=row[3],
        state=state(waiting, allocated, shipped),
        quantity=quantity,
        waiting=waiting,
        allocated=allocated,
        shipped=shipped,
        cancelled=cancelled,
        uncovered=waiting - covered,
        picked=picked,
        placed_at=moment_datetime(row[11]),
        requested_on=as_date(row[12]),
        first_promise=day_date(row[13]),
        promise=as_date(promise),
        planned=as_date(planned),
        at_risk=bool(waiting) and (waiting > covered or late or key in shaky),
        held=bool(row[16]),
        pegs=held.get(key, []),
        revisions=told.get(key, []),
    )


def of_customer(table: Table, customer: str | None) -> ColumnElement[bool]:
    """The order is this customer's; for statements over orders, or over lines. None lets every order pass."""
    return true() if customer is None else table.c.customer == customer


def as_date(day: int | None) -> date | None:
    """A day number as a date."""
    return None if day is None else day_date(day)


class Filters(msgspec.Struct, frozen=True):
    """Which lines are wanted; what is left out does not narrow.

    `ready`: with units to ship; `shippable`: and of an order that is not on hold. `uncovered`: no supply holds some of
    what waits. `due_by`: open and promised by this day (a day number). `since`, `until`: promised on this day or later,
    on this day or before. `late`: past their promise, planned after it, or without one. `held`: open, of held orders.
    `site`: with units that stand on supply there. `after` is the (order, line) at which the page before ended. `of` is
    the customer beside whose lines there are none for whoever asks.
    """

    waiting: bool = False
    ready: bool = False
    late: bool = False
    at_risk: bool = False
    held: bool = False
    sku: str | None = None
    customer: str | None = None
    order: str | None = None
    supply: str | None = None
    site: str | None = None
    channel: str | None = None
    shippable: bool = False
    uncovered: bool = False
    due_by: int | None = None
    since: int | None = None
    until: int | None = None
    of: str | None = None
    after: tuple[str, str] | None = None
    limit: int = 50


def list_lines(db: Database, now: int, filters: Filters) -> list[LineView]:
    """Open and closed lines that pass the filters, by order and line."""
    chosen = LINES.order_by(lines.c.order_id, lines.c.position).limit(filters.limit)
    with db.read() as tx:
        return read_lines(tx, chosen.where(*conditions(tx, filters, now)), now)


def overdue(tx: Tx, now: int) -> ColumnElement[bool]:
    """The supply's day has passed where it is expected; for statements over supplies."""
    zones: dict[int, list[str]] = {}
    for zone in load_zones(tx):
        zones.setdefault(local_day(now, zone), []).append(zone)
    latest = literal(max(zones, default=0), type_=Day())  # said apart, for the index
    passed = and_(SUPPLY_TO_COME, supplies.c.expected_on < latest)
    if len(zones) == 1:  # it is the same day everywhere
        return passed
    each = [
        and_(
            supplies.c.site.in_(select(sites.c.site).where(sites.c.zone.in_(here))),
            supplies.c.expected_on < literal(today, type_=Day()),
        )
        for today, here in sorted(zones.items())
    ]
    return and_(passed, or_(false(), *each))


def unfirm(tx: Tx, now: int) -> ColumnElement[bool]:
    """The line stands on supply that is overdue or unconfirmed; for statements over lines."""
    days = {local_day(now, zone) for zone in load_zones(tx)} or {0}
    passed = lines.c.firm_until < literal(max(days), type_=Day())
    if len(days) == 1:  # it is the same day everywhere
        return passed
    on = select(pegs.c.line).join(supplies, supplies.c.supply == pegs.c.supply)
    late = on.where(pegs.c.order_id == lines.c.order_id, pegs.c.line == lines.c.line, overdue(tx, now)).exists()
    return and_(passed, or_(lines.c.firm_until < literal(min(days), type_=Day()), late))


def _at_risk(tx: Tx, now: int) -> ColumnElement[bool]:
    """What `LineView.at_risk` says, as a condition."""
    return and_(LINE_WAITS, or_(LINE_UNCOVERED, LINE_SLIPPED, unfirm(tx, now)))


def is_late(today: int) -> ColumnElement[bool]:
    """The line is open and past its promise, planned after it, or without one."""
    day = literal(today, type_=Day())
    return and_(LINE_OPEN, or_(lines.c.promise < day, lines.c.promise.is_(None), lines.c.planned > lines.c.promise))


def conditions(tx: Tx, filters: Filters, now: int) -> list[ColumnElement[bool]]:
    """The filters as conditions, for statements over lines joined to their first promises."""
    risk = [_at_risk(tx, now)] if filters.at_risk else []
    return [*risk, *_of_desk(filters), *_conditions(filters, local_day(now, "UTC"))]


def _of_desk(filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.channel is not None:
        yield lines.c.channel == filters.channel
    if filters.shippable:
        yield and_(LINE_SHIPPABLE, LINE_OPEN)
    if filters.uncovered:
        yield and_(lines.c.waiting > lines.c.covered, LINE_OPEN)
    if filters.due_by is not None:
        yield and_(LINE_OPEN, lines.c.promise <= literal(filters.due_by, type_=Day()))
    if filters.since is not None:
        yield lines.c.promise >= literal(filters.since, type_=Day())
    if filters.until is not None:
        yield lines.c.promise <= literal(filters.until, type_=Day())


def _conditions(filters: Filters, today: int) -> Iterator[ColumnElement[bool]]:
    open_lines = LINE_OPEN
    if filters.waiting:
        yield and_(lines.c.waiting > 0, open_lines)
    if filters.ready:
        yield and_(lines.c.allocated > 0, open_lines)
    if filters.held:
        yield and_(LINE_HELD, open_lines)
    if filters.late:
        yield is_late(today)
    if filters.sku is not None:
        yield lines.c.sku == filters.sku
    if filters.customer is not None:
        yield lines.c.customer == filters.customer
    yield of_customer(lines, filters.of)
    if filters.order is not None:
        yield lines.c.order_id == filters.order
    if filters.supply is not None:
        held = select(pegs.c.line).where(
            pegs.c.order_id == lines.c.order_id, pegs.c.line == lines.c.line, pegs.c.supply == filters.supply
        )
        yield held.exists()
    if filters.site is not None:
        there = (
            select(pegs.c.line)
            .join(supplies, supplies.c.supply == pegs.c.supply)
            .where(pegs.c.order_id == lines.c.order_id, pegs.c.line == lines.c.line, supplies.c.site == filters.site)
        )
        yield there.exists()
    if filters.after is not None:
        order, line = filters.after
        place = select(lines.c.position).where(lines.c.order_id == order, lines.c.line == line).scalar_subquery()
        # Said apart, and of each table, so that its index is entered there and not walked up to it.
        yield and_(*(table.c.order_id >= order for table in (lines, _first)))
        yield or_(lines.c.order_id > order, lines.c.position > place)


_READY = (
    select(lines.c.order_id, lines.c.line, lines.c.allocated)
    .where(LINE_SHIPPABLE, LINE_OPEN)
    .order_by(lines.c.order_id, lines.c.position)
)


def ready_lines(db: Database) -> list[tuple[str, str, int]]:
    """Every line with units to ship and how many, by order and line: what a warehouse starts its day with.

    Orders on hold are not among them.
    """
    with db.read() as tx:
        return [(order, line, units) for order, line, units in tx.fetch(_READY)]


_MOST_REVISED = (
    select(lines.c.order_id, lines.c.line)
    .order_by(case((lines.c.waiting > 0, 0), else_=1), lines.c.revisions.desc(), lines.c.order_id, lines.c.position)
    .limit(1)
)


def most_revised(db: Database) -> tuple[str, str] | None:
    """The order and line with the most revisions among those that wait, else among all: worth a look."""
    with db.read() as tx:
        rows = tx.fetch(_MOST_REVISED)
    return (rows[0][0], rows[0][1]) if rows else None
