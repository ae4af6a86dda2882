"""What needs somebody today: promises in danger, supply that is late or arrives, lines that can ship."""

from datetime import date, timedelta

import msgspec
from sqlalchemy import ColumnElement, func, literal_column, select, union_all

from backorder.kernel.calendars import day_date, day_number, local_day, moment_datetime
from backorder.queries.backlog import BacklogLine, Tally, first
from backorder.queries.leaving import Leaving, next_to_leave
from backorder.queries.lines import Filters, RevisionView, as_date, overdue
from backorder.queries.passing import COUNTED_MAX, passing, tally
from backorder.queries.show import SUPPLIES, SupplyView, supply_view
from backorder.queries.views import SavedView, list_views
from backorder.storage.clock import load_zones
from backorder.storage.conditions import LINE_OPEN, SUPPLY_TO_COME
from backorder.storage.db import Database, Tx, among
from backorder.storage.notice_tables import NOTICE_OPEN_AS, REFUND_TO_PAY, notices, refunds
from backorder.storage.tables import items, lines, pegs, promises, supplies

SHOWN = 8  # of each kind
VIEWS_SHOWN = 5
VIEWS_READ = 100
WAITING_MAX = 99
DANGER_READ = 60  # lines in danger, which are told together where they wait for one thing
WEEK = 7  # days


class Coming(msgspec.Struct):
    """A supply that is late or arrives, the name of its item, and who stands on it."""

    supply: SupplyView
    item: str | None
    lines: int
    units: int


class Rail(msgspec.Struct):
    """What stands beside every page: views that an account may use, its own first; notices and refunds that wait.

    Beyond `WAITING_MAX` these are not counted; None where nobody asked for them.
    """

    views: list[SavedView]
    waiting: int | None


class Desk(msgspec.Struct):
    """What needs somebody. `day` is today in `zone`: that of the sites where they have one, else UTC.

    `more_late`: there is more late supply than `late` has. Of more than are counted no units are added up.
    """

    zone: str
    day: date
    items: bool
    waiting: Tally
    at_risk: Tally
    ready: Tally
    in_danger: list[BacklogLine]
    to_ship: list[Leaving]
    late: list[Coming]
    more_late: bool
    arriving: list[Coming]
    arriving_units: int
    arriving_supplies: int


_WAITS = select(pegs.c.supply, func.count()).where(among(pegs.c.supply, "supplies")).group_by(pegs.c.supply)
_MOST: ColumnElement[int] = literal_column(str(WAITING_MAX + 1))
_OPEN = (*((notices, is_so) for is_so in NOTICE_OPEN_AS.values()), (refunds, REFUND_TO_PAY))
_EACH = [select(select(table.c.n).where(which).limit(_MOST).subquery()) for table, which in _OPEN]
_WAITING = select(func.count()).select_from(union_all(*_EACH).subquery())
_NAMES = select(items.c.sku, items.c.name).where(among(items.c.sku, "skus"))
_MOVED = (  # why open lines have another promise than their first: the last entry of the ledger of each
    select(
        promises.c.order_id,
        promises.c.at,
        promises.c.from_day,
        promises.c.to_day,
        promises.c.cause,
        promises.c.basis,
        promises.c.supply,
        promises.c.run,
    )
    .join(lines, (lines.c.order_id == promises.c.order_id) & (lines.c.line == promises.c.line))
    .where(promises.c.n == lines.c.revisions, promises.c.n > 1, LINE_OPEN, among(promises.c.order_id, "orders"))
    .order_by(promises.c.at, promises.c.line)
)


def today(db: Database, now: int) -> tuple[date, str]:
    """The day that it is where the goods are, and in which zone: that of all sites, else UTC."""
    with db.read() as tx:
        return _today(tx, now)


def _today(tx: Tx, now: int) -> tuple[date, str]:
    zones = load_zones(tx)
    zone = zones[0] if len(zones) == 1 else "UTC"
    return day_date(local_day(now, zone)), zone


def rail(db: Database, account: str, *, waiting: bool) -> Rail:
    """What stands beside the pages that an account looks at: read with each of them, so it reads but little."""
    found = list_views(db, account, limit=VIEWS_READ)
    found.sort(key=lambda one: (one.owner != account, one.name.casefold(), one.view))
    number = None
    if waiting:
        with db.read() as tx:
            number = int(tx.fetch(_WAITING)[0][0])
    return Rail(found[:VIEWS_SHOWN], number)


def desk(db: Database, now: int) -> Desk:
    """What needs somebody at a moment (microseconds), a few of each kind, the most urgent first."""
    with db.read() as tx:
        tx.plan_by_values()
        day, zone = _today(tx, now)
        until = day_number(day + timedelta(days=WEEK))
        coming = SUPPLIES.where(SUPPLY_TO_COME).order_by(supplies.c.expected_on, supplies.c.supply)
        week = (supplies.c.expected_on >= day_number(day)) & (supplies.c.expected_on < until)
        these = select(supplies.c.supply).where(SUPPLY_TO_COME, week)
        counted = these.limit(literal_column(str(COUNTED_MAX + 1))).subquery()
        count = int(tx.fetch(select(func.count()).select_from(counted))[0][0])
        left = func.sum(supplies.c.quantity - supplies.c.received - supplies.c.cancelled)
        units = tx.fetch(these.with_only_columns(left))[0][0] if count <= COUNTED_MAX else None
        in_danger, at_risk = first(tx, now, Filters(at_risk=True), DANGER_READ)
        late = tx.fetch(coming.where(overdue(tx, now)).limit(SHOWN + 1))
        return Desk(
            zone=zone,
            day=day,
            items=bool(tx.fetch(select(items.c.sku).limit(1))),
            waiting=tally(tx, passing(tx, Filters(waiting=True), now)),
            at_risk=at_risk,
            ready=tally(tx, passing(tx, Filters(shippable=True), now)),
            in_danger=in_danger,
            to_ship=next_to_leave(tx, now, SHOWN),
            late=_coming(tx, [supply_view(row, now) for row in late[:SHOWN]]),
            more_late=len(late) > SHOWN,
            arriving=_coming(tx, [supply_view(row, now) for row in tx.fetch(coming.where(week).limit(SHOWN))]),
            arriving_units=int(units or 0),
            arriving_supplies=count,
        )


def _coming(tx: Tx, found: list[SupplyView]) -> list[Coming]:
    if not found:
        return []
    waits: dict[str, int] = dict(tx.fetch(_WAITS, supplies=[one.supply for one in found]))
    names: dict[str, str | None] = dict(tx.fetch(_NAMES, skus=sorted({one.sku for one in found})))
    return [Coming(one, names.get(one.sku), waits.get(one.supply, 0), one.pegged) for one in found]


def moved(db: Database, orders: list[str]) -> dict[str, RevisionView]:
    """Of some orders, what moved a promise of theirs last; without those whose open lines have their first promise."""
    if not orders:
        return {}
    with db.read() as tx:
        rows = tx.fetch(_MOVED, orders=orders)
    return {
        order: RevisionView(moment_datetime(at), as_date(before), as_date(after), *why)
        for order, at, before, after, *why in rows
    }
