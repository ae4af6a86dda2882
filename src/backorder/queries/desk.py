"""What needs somebody today: promises in danger, supply that is late or arrives, lines that can ship."""

from datetime import date, timedelta

import msgspec
from sqlalchemy import func, literal_column, select

from backorder.kernel.calendars import day_date, day_number, local_day
from backorder.queries.backlog import BacklogLine, Tally, first
from backorder.queries.lines import Filters, overdue
from backorder.queries.passing import COUNTED_MAX, passing, tally
from backorder.queries.show import SUPPLIES, SupplyView, supply_view
from backorder.storage.conditions import SUPPLY_TO_COME
from backorder.storage.db import Database, Tx, among
from backorder.storage.tables import items, pegs, sites, supplies

SHOWN = 8  # of each kind
DANGER_READ = 60  # lines in danger, which are told together where they wait for one thing
WEEK = 7  # days


class Coming(msgspec.Struct):
    """A supply that is late or arrives, and who stands on it."""

    supply: SupplyView
    lines: int
    units: int


class Desk(msgspec.Struct):
    """What needs somebody. `day` is today in `zone`: that of the sites where they have one, else UTC."""

    zone: str
    day: date
    items: bool
    waiting: Tally
    at_risk: Tally
    ready: Tally
    in_danger: list[BacklogLine]
    to_ship: list[BacklogLine]
    late: list[Coming]
    arriving: list[Coming]
    arriving_units: int
    arriving_supplies: int


_WAITS = (
    select(pegs.c.supply, func.count(), func.sum(pegs.c.quantity))
    .where(among(pegs.c.supply, "supplies"))
    .group_by(pegs.c.supply)
)
_ZONES = select(sites.c.zone).distinct()


def today(db: Database, now: int) -> tuple[date, str]:
    """The day that it is where the goods are, and in which zone: that of all sites, else UTC."""
    with db.read() as tx:
        return _today(tx, now)


def _today(tx: Tx, now: int) -> tuple[date, str]:
    zones = [zone for (zone,) in tx.fetch(_ZONES)]
    zone = zones[0] if len(zones) == 1 else "UTC"
    return day_date(local_day(now, zone)), zone


def desk(db: Database, now: int) -> Desk:
    """What needs somebody at a moment (microseconds), a few of each kind, the most urgent first."""
    with db.read() as tx:
        day, zone = _today(tx, now)
        until = day_number(day + timedelta(days=WEEK))
        coming = SUPPLIES.where(SUPPLY_TO_COME).order_by(supplies.c.expected_on, supplies.c.supply)
        week = (supplies.c.expected_on >= day_number(day)) & (supplies.c.expected_on < until)
        left = supplies.c.quantity - supplies.c.received - supplies.c.cancelled
        these = select(left.label("left")).where(SUPPLY_TO_COME, week).limit(literal_column(str(COUNTED_MAX + 1)))
        counted = these.subquery()
        count, units = tx.fetch(select(func.count(), func.sum(counted.c.left)))[0]
        in_danger, at_risk = first(tx, now, Filters(at_risk=True), DANGER_READ)
        to_ship, ready = first(tx, now, Filters(shippable=True), SHOWN)
        return Desk(
            zone=zone,
            day=day,
            items=bool(tx.fetch(select(items.c.sku).limit(1))),
            waiting=tally(tx, passing(tx, Filters(waiting=True), now)),
            at_risk=at_risk,
            ready=ready,
            in_danger=in_danger,
            to_ship=to_ship,
            late=_coming(tx, [supply_view(row, now) for row in tx.fetch(coming.where(overdue(tx, now)).limit(SHOWN))]),
            arriving=_coming(tx, [supply_view(row, now) for row in tx.fetch(coming.where(week).limit(SHOWN))]),
            arriving_units=int(units or 0),
            arriving_supplies=int(count),
        )


def _coming(tx: Tx, found: list[SupplyView]) -> list[Coming]:
    names = [one.supply for one in found]
    waits = {name: (count, int(units)) for name, count, units in tx.fetch(_WAITS, supplies=names)} if names else {}
    return [Coming(one, *waits.get(one.supply, (0, 0))) for one in found]
