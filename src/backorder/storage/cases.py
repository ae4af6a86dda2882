"""Loading what is owed on orders, and saving what changed of it, each with a fixed number of statements."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.sql.expression import literal_column

from backorder.kernel.calendars import NEVER, is_zone
from backorder.kernel.cases import Case, Evidence, Head, Line, Said, Wait
from backorder.kernel.notices import Clock, Completed, State
from backorder.kernel.rules import Pack, applying
from backorder.languages import tongue
from backorder.storage.communication import Rules, keep_packs, load_own, load_packs
from backorder.storage.db import Changed, Row, Tx, among
from backorder.storage.notice_tables import clocks, evidence, notices
from backorder.storage.notices import load_notices, save_notices, standing
from backorder.storage.refunds import load_refunds, refund_row, save_refunds
from backorder.storage.rules import bundled_texts
from backorder.storage.shipment_tables import shipment_lines, shipments
from backorder.storage.tables import cancellations, customers, items, lines, orders, people, promises, sites
from backorder.storage.timers import move_timers
from backorder.storage.types import Day

_CLOCKS = select(clocks).where(among(clocks.c.order_id, "orders")).order_by(*clocks.primary_key)
_LOCKED = _CLOCKS.with_for_update()
_HEADS = (
    select(
        orders.c.order_id,
        orders.c.placed_at,
        orders.c.authorised_at,
        orders.c.country,
        orders.c.region,
        orders.c.zone,
        orders.c.sites,
        orders.c.currency,
        orders.c.paid,
        orders.c.shipping,
        orders.c.tax,
        orders.c.discount,
        customers.c.kind,
        customers.c.country.label("customer_country"),
        customers.c.region.label("customer_region"),
        customers.c.zone.label("customer_zone"),
        people.c.email,
        customers.c.language,
    )
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .outerjoin(people, people.c.customer == orders.c.customer)
    .where(among(orders.c.order_id, "orders"))
)
_LINES = (
    select(
        lines.c.order_id,
        lines.c.line,
        lines.c.sku,
        items.c.name,
        lines.c.quantity,
        lines.c.waiting,
        lines.c.allocated,
        lines.c.shipped,
        lines.c.cancelled,
        lines.c.promise,
        lines.c.unit_price,
    )
    .join(items, items.c.sku == lines.c.sku)
    .where(among(lines.c.order_id, "orders"))
    .order_by(lines.c.order_id, lines.c.position)
)
_CANCELLED = (
    select(cancellations.c.order_id, cancellations.c.line, cancellations.c.by_whom)
    .where(among(cancellations.c.order_id, "orders"))
    .order_by(cancellations.c.order_id, cancellations.c.line, cancellations.c.n)
)
# Lines that the order was not placed with.
_JOINED = (
    select(lines.c.order_id, lines.c.line)
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(among(lines.c.order_id, "orders"), lines.c.placed_at != orders.c.placed_at)
    .order_by(lines.c.order_id, lines.c.position)
)
_CAUSED = _LINES.add_columns(promises.c.cause).outerjoin(
    promises,
    and_(promises.c.order_id == lines.c.order_id, promises.c.line == lines.c.line, promises.c.n == lines.c.revisions),
)
_ENTRY = ("at", "on_day", "line", "kind", "to_day", "quantity", "notice", "by_whom", "means", "note", "answer_by")
_HISTORY = (
    select(evidence.c.order_id, *(evidence.c[name] for name in _ENTRY))
    .where(among(evidence.c.order_id, "orders"))
    .order_by(evidence.c.order_id, evidence.c.n)
)
_LAST = (
    select(evidence.c.order_id, func.max(evidence.c.n))
    .where(among(evidence.c.order_id, "orders"))
    .group_by(evidence.c.order_id)
)
_away = shipments.alias("away")
# Lines of which nothing is still to be shipped, and whose every shipment was delivered.
_ARRIVED = (
    select(lines.c.order_id, lines.c.line)
    .where(
        among(lines.c.order_id, "orders"),
        lines.c.waiting + lines.c.allocated == literal_column("0"),
        lines.c.shipped > literal_column("0"),
        ~select(literal_column("1"))
        .select_from(shipment_lines.join(_away, _away.c.shipment == shipment_lines.c.shipment))
        .where(
            shipment_lines.c.order_id == lines.c.order_id,
            shipment_lines.c.line == lines.c.line,
            _away.c.reversed_at.is_(None),
            _away.c.delivered_at.is_(None),
        )
        .exists(),
    )
    .order_by(lines.c.order_id, lines.c.position)
)
_NEAR = (
    select(lines.c.order_id)
    .outerjoin(clocks, and_(clocks.c.order_id == lines.c.order_id, clocks.c.line == lines.c.line))
    .where(
        among(lines.c.order_id, "orders"),
        lines.c.waiting + lines.c.allocated > literal_column("0"),
        or_(
            lines.c.promise <= bindparam("today", type_=Day()),
            clocks.c.until_on <= bindparam("today", type_=Day()),
            clocks.c.vested_on.is_not(None),  # a shipment of a line that was cancelled came back
        ),
    )
    .distinct()
)
_ENDING = (
    select(clocks.c.order_id)
    .where(
        among(clocks.c.order_id, "orders"),
        clocks.c.until_on <= bindparam("today", type_=Day()),
        clocks.c.state != literal_column("'late'"),
    )
    .distinct()
)
_UNDER = (
    select(clocks.c.order_id, clocks.c.line, clocks.c.digest)
    .where(among(clocks.c.order_id, "orders"), clocks.c.vested_on.is_(None))
    .order_by(*clocks.primary_key)
)
_SITES = select(sites.c.site, sites.c.zone, sites.c.country, sites.c.transit_days).order_by(sites.c.site)
_TROUBLED = (
    select(notices.c.order_id)
    .join(orders, orders.c.order_id == notices.c.order_id)
    .where(
        among(orders.c.customer, "customers"),
        or_(
            and_(notices.c.state == literal_column("'due'"), notices.c.trouble.is_not(None)),
            notices.c.state == literal_column("'bounced'"),
        ),
    )
    .distinct()
)


@dataclass(slots=True)
class Loaded:
    """Cases with what the tables held when they were loaded, so that saving writes the difference alone."""

    rules: Rules
    cases: dict[str, Case] = field(default_factory=dict)
    stood: dict[Row, tuple[Clock, int, int]] = field(default_factory=dict)  # each clock, and its line's told and seen
    notices: dict[Row, Row] = field(default_factory=dict)
    refunds: dict[Row, Row] = field(default_factory=dict)


def load(tx: Tx, rules: Rules, said: Mapping[str, Sequence[Said]], *, telling: bool, lock: bool = True) -> Loaded:
    """The cases of orders, their clocks locked, with what is said of them; `telling` with why promises moved.

    Whoever locks has locked the items already, or asks for none after this.
    """
    names = sorted(said)
    loaded = Loaded(rules)
    locked = tx.fetch(_LOCKED if lock and tx.dialect == "postgresql" else _CLOCKS, orders=names)
    packs = load_packs(tx, {row[3] for row in locked})
    places = tx.fetch(_SITES)
    zones = {row[0]: row[4] for row in locked}
    transits = dict[str, int]()
    known: dict[Row, _Place] = {}
    for row in tx.fetch(_HEADS, orders=names):
        case, transits[row[0]] = _case(rules, row, places, zones.get(row[0]), known)
        loaded.cases[row[0]] = case
    for order, *fields in tx.fetch(_CAUSED if telling else _LINES, orders=names):
        case = loaded.cases[order]
        if telling and (cause := fields.pop()) is not None:
            case.causes[fields[0]] = cause
        case.lines.append(_line(fields, transits[order]))
    _wind(loaded, locked, packs)
    for order, notice in load_notices(tx, names):
        loaded.cases[order].notices.append(notice)
        loaded.notices[order, notice.n] = standing(notice)
    for order, refund in load_refunds(tx, names):
        loaded.cases[order].refunds.append(refund)
        loaded.refunds[order, refund.n] = refund_row(refund)
    _hear(tx, loaded, said)
    return loaded


def bound(tx: Tx, orders: Sequence[str]) -> dict[tuple[str, str], Pack]:
    """Lines of orders whose contract the seller cannot end, each with the pack that says so."""
    rows = tx.fetch(_UNDER, orders=orders) if orders else []
    packs = load_packs(tx, {digest for _, _, digest in rows})
    return {(order, line): packs[digest] for order, line, digest in rows if packs[digest].binding}


class _Place(NamedTuple):
    """What follows from where an order goes to and comes from."""

    zone: str
    packs: tuple[Pack, ...]
    transit: int  # days that goods are on their way


def _case(
    rules: Rules, row: Row, places: Sequence[Row], zone: str | None, known: dict[Row, _Place]
) -> tuple[Case, int]:
    """A case without its lines, and how many days goods are on their way; `known` remembers what was found out."""
    order, placed, authorised, country, region, own_zone, own_sites, currency, *money = row[:12]
    kind, customer_country, customer_region, customer_zone, email, wanted = row[12:]
    speak = partial(tongue, wanted, country or customer_country)  # as in every other letter
    told = country, region, own_zone, own_sites, kind, customer_country, customer_region, customer_zone
    place = known.get(told)
    if place is None:
        chosen = [site for site in places if site[0] in json.loads(own_sites)] or list(places)
        theirs = customer_country, customer_region, customer_zone
        country, region, first = destination((country, region, own_zone), theirs, chosen)
        transit = max(_transit(site[3], region, country) for site in chosen)
        place = known[told] = _Place(first, packs_for(rules, country, region, kind or "consumer"), transit)
    zone = zone or place.zone
    head = Head._make([order, zone, placed, authorised, email or None, currency, *money, place.packs, speak])
    return Case(head, []), place.transit


def destination(
    own: tuple[str | None, str | None, str | None],
    theirs: tuple[str | None, str | None, str | None],
    chosen: Sequence[Row],
) -> tuple[str | None, str | None, str]:
    """Country, region and zone of where goods go to: as the order says, else its customer, else the sites in order.

    Sites are (site, zone, country, ...). A zone that nobody knows does not count.
    """
    country, region = address(own, theirs)
    zones = own[2], theirs[2], chosen[0][1]
    there = country or next((site[2] for site in chosen if site[2]), None)
    return there, region, next(zone for zone in zones if zone and is_zone(zone))


def address(own: Sequence[str | None], theirs: Sequence[str | None]) -> tuple[str | None, str | None]:
    """Country and region where goods go to, as far as the order says it, or its customer."""
    region = own[1] or (theirs[1] if own[0] in (None, theirs[0]) else None)  # theirs is a part of their own country
    return own[0] or theirs[0], region


def packs_for(rules: Rules, country: str | None, region: str | None, buyer: str) -> tuple[Pack, ...]:
    """The packs that hold for an order that goes to a place; where nobody wrote one for it, the house's own."""
    packs = rules.packs.values()
    named = set(rules.policy.rules)
    if not applying(packs, country or "", region, buyer):
        named.add("b2b" if buyer == "business" else "elsewhere")
    return tuple(applying(packs, country or "", region, buyer, named))


@lru_cache(maxsize=1_024)
def _transit(days: str, region: str | None, country: str | None) -> int:
    told = json.loads(days)
    return int(next((told[place] for place in (region, country) if place in told), 0))


def _line(fields: Sequence[Any], transit: int) -> Line:
    name, sku, goods, *units = fields
    line = Line(name, goods or sku, *units)
    line.transit = transit
    return line


def _wind(loaded: Loaded, rows: Sequence[Row], packs: Mapping[str, Pack]) -> None:
    """Put the clocks on their lines."""
    by_line = {(order, line.line): line for order, case in loaded.cases.items() for line in case.lines}
    alike = dict[Row, tuple[Completed, Clock]]()  # those who wait for the same goods stand alike
    for row in rows:
        order, name, pack, digest, _zone, transit = row[:6]
        told, seen = row[8:10]
        line = by_line[order, name]
        line.transit, line.told, line.seen = transit, _day(told), seen
        stands = row[6:]
        if stands not in alike:
            alike[stands] = Completed(*row[6:8]), _clock(row[10:])
        completed, clock = alike[stands]
        line.waits.append(Wait(packs[digest], completed, clock))
        loaded.stood[order, name, pack] = clock, line.told, seen


def _clock(row: Row) -> Clock:
    state, limit, until, offered, offered_on, silence, leave, vested, refund_by, cause = row
    offer = _day(offered_on) if offered else None
    return Clock(State(state), limit, _day(until), offer, silence, _day(leave), vested, refund_by, cause)


def _day(value: int | None) -> int:
    return NEVER if value is None else value


def _null(day: int | None) -> int | None:
    return None if day == NEVER else day


def _hear(tx: Tx, loaded: Loaded, said: Mapping[str, Sequence[Said]]) -> None:
    """What is said of the cases, and what has to be looked up for some of them alone."""
    arrived, lost, back = list[str](), list[str](), list[str]()
    for order, case in loaded.cases.items():
        case.said = list(said[order])
        for line in case.lines:
            if line.cancelled > line.seen:
                lost.append(order)
            if line.came_back:
                back.append(order)
        if case.said and any(one.kind == "arrived" for one in case.said):
            arrived.append(order)
            case.said = [one for one in case.said if one.kind != "arrived"]
    for order, line in tx.fetch(_ARRIVED, orders=arrived) if arrived else ():
        case = loaded.cases[order]
        if any(wait.runs for wait in case.find(line).waits):
            case.said.append(Said("arrived", line))
    for order, line, by in tx.fetch(_CANCELLED, orders=lost) if lost else ():
        loaded.cases[order].cancelled_by[line] = by
    for order, line in tx.fetch(_JOINED, orders=lost) if lost else ():
        loaded.cases[order].joined.add(line)
    for order, entries in (load_history(tx, back) if back else {}).items():
        loaded.cases[order].history = entries


def save(tx: Tx, loaded: Loaded, now: int, looks: Mapping[str, int | None]) -> None:
    """Write what changed of the cases, and set each order's timer to its next look."""
    _save_clocks(tx, loaded, now)
    cases = loaded.cases.items()
    save_notices(tx, [(order, notice) for order, case in cases for notice in case.notices], loaded.notices)
    save_refunds(tx, [(order, refund) for order, case in cases for refund in case.refunds], loaded.refunds)
    _add_evidence(tx, {order: case.evidence for order, case in cases if case.evidence})
    move_timers(tx, "settle", looks)


def _add_evidence(tx: Tx, found: Mapping[str, Sequence[Evidence]]) -> None:
    """Write entries, numbered on from the last of each order."""
    last: dict[str, int] = dict(tx.fetch(_LAST, orders=list(found))) if found else {}
    rows = [
        (order, n, *entry[:4], _null(entry.to_day), *entry[5:])
        for order, entries in found.items()
        for n, entry in enumerate(entries, last.get(order, 0) + 1)
    ]
    tx.insert(evidence, ("order_id", "n", *_ENTRY), rows)


_CHANGING = (
    "told_on",
    "cancelled",
    "state",
    "limit_on",
    "until_on",
    "offered",
    "offered_on",
    "silence",
    "leave_from",
    "vested_on",
    "refund_by",
    "cause",
)


def _clock_row(clock: Clock, told: int, seen: int) -> Row:
    """What can change of a clock, in the order of _CHANGING."""
    return (
        _null(told),
        seen,
        clock.state.value,
        clock.limit,
        _null(clock.until),
        int(clock.offered is not None),
        _null(clock.offered),
        clock.silence,
        _null(clock.leave_from),
        clock.vested,
        clock.refund_by,
        clock.cause,
    )


def _save_clocks(tx: Tx, loaded: Loaded, now: int) -> None:
    fresh, changed, used = list[Row](), list[Changed](), dict[str, Pack]()
    for order, case in loaded.cases.items():
        for line in case.lines:
            for wait in line.waits:
                key = order, line.line, wait.pack.pack
                now_stands = wait.clock, line.told, line.seen
                if not wait.fresh and loaded.stood[key] == now_stands:
                    continue
                row = _clock_row(*now_stands)
                if wait.fresh:
                    used[wait.pack.digest] = wait.pack
                    began = wait.completed.day, wait.completed.stated
                    fresh.append((*key, wait.pack.digest, case.head.zone, line.transit, *began, *row))
                else:
                    changed.append((key, _clock_row(*loaded.stood[key]), row))
    if used:
        keep_packs(tx, used.values(), _texts(tx, used), now)
    fixed = ("order_id", "line", "pack", "digest", "zone", "transit_days", "began_on", "stated_on")
    tx.insert(clocks, (*fixed, *_CHANGING), fresh)
    tx.change(clocks, ("order_id", "line", "pack"), _CHANGING, changed)


def _texts(tx: Tx, used: Iterable[str]) -> dict[str, str]:
    """The texts of packs by digest; those of the merchant's own are kept already."""
    texts = bundled_texts()
    if set(used) <= texts.keys():
        return texts
    return {**texts, **dict(load_own(tx).values())}


def load_history(tx: Tx, names: Sequence[str]) -> dict[str, list[Evidence]]:
    """The evidence of orders, in order."""
    found: dict[str, list[Evidence]] = {}
    for order, *entry in tx.fetch(_HISTORY, orders=sorted(names)):
        found.setdefault(order, []).append(Evidence(*entry))
    return found


def near(tx: Tx, names: Sequence[str], today: int) -> list[str]:
    """The orders among these on which a clock, or a promised day, may end about a day (as UTC has it), or has ended."""
    return [row[0] for row in tx.fetch(_NEAR, orders=names, today=today + 1)]


def ending(tx: Tx, names: Sequence[str], today: int) -> list[str]:
    """The orders among these of which the last day of a clock is a day (as UTC has it), or was before it."""
    return [row[0] for row in tx.fetch(_ENDING, orders=names, today=today)]


def troubled(tx: Tx, customer_ids: Sequence[str]) -> list[str]:
    """Orders of these customers with a notice that could not go, or came back."""
    return [row[0] for row in tx.fetch(_TROUBLED, customers=customer_ids)]


__all__ = ["Loaded", "destination", "ending", "load", "load_history", "near", "save", "troubled"]
