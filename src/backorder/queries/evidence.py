"""All that is kept of what the customer of an order was promised, told, answered and paid back: its evidence.

Moments and days are those of the place where the goods go to.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import BindParameter, Select, Table, and_, bindparam, func, select

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.kernel.money import text as amount_text
from backorder.kernel.private import only_with
from backorder.kernel.rules import read_pack
from backorder.kernel.sentences import digest as digest_of
from backorder.storage.cases import destination
from backorder.storage.db import Database, Row, Tx
from backorder.storage.notice_tables import clocks, evidence, notices, packs, refunds
from backorder.storage.shipment_tables import shipment_lines, shipments
from backorder.storage.tables import (
    cancellations,
    changes,
    customers,
    erasures,
    holds,
    items,
    lines,
    orders,
    people,
    promises,
    sites,
    supplies,
)
from backorder.storage.types import Day, Moment

T = TypeVar("T", bound=msgspec.Struct)
Personal = Annotated[str | None, only_with("customers.read")]


class Addressee(msgspec.Struct):
    """Who ordered. Name and address are those that are kept now; once a person is erased, `customer` is opaque."""

    customer: str
    kind: str
    erased_at: datetime | None
    name: Personal = None
    email: Personal = None


class GoodsLine(msgspec.Struct):
    """A line of the order: units, and where they are by now."""

    line: str
    sku: str
    goods: str
    quantity: int
    open: int
    shipped: int
    cancelled: int
    unit_price: str | None
    requested_on: date | None
    accept_by: date | None
    promise: date | None


class Promised(msgspec.Struct, rename={"from_day": "from", "to_day": "to"}):
    """An entry of the promise ledger: the first of a line is what was promised with the order. Days are ship days."""

    line: str
    n: int
    at: datetime
    from_day: date | None
    to_day: date | None
    basis: str | None
    cause: str
    supply: str | None


class Rule(msgspec.Struct):
    """A rule pack by which clocks of the order run, and whether its text still has the digest that names it."""

    pack: str
    title: str
    source: str
    digest: str
    digest_matches: bool


class ClockStands(msgspec.Struct):
    """How a line stands under a rule pack. `until_on` is the last day of the present right to wait."""

    line: str
    pack: str
    digest: str
    state: str
    began_on: date
    stated_on: date | None
    told_on: date | None
    limit_on: date
    until_on: date | None
    offered: bool
    offered_on: date | None
    silence: str
    leave_from: date | None
    vested_on: date | None
    refund_by: date | None
    cause: str | None


class Entry(msgspec.Struct):
    """An entry of the order's evidence. `quantity` are units; of a refund that was made, how many are still due.

    `answer_by` of what was told is the day with which it was said to end without an answer.
    """

    n: int
    at: datetime
    on_day: date
    line: str | None
    kind: str
    to_day: date | None
    quantity: int | None
    notice: int | None
    by: str | None
    means: str | None
    note: str | None
    answer_by: date | None = None


class NoticeSent(msgspec.Struct):
    """A notice as it went, or as it waits. `facts` is what it was made from; its digest is of subject and text."""

    notice: int
    kind: str
    state: str
    made_at: datetime
    sent_at: datetime | None
    deadline: datetime | None
    answer_by: date | None
    silence: str
    trouble: str | None
    by: str | None
    means: str | None
    reason: str | None
    facts: Any
    subject: str | None
    text: str | None
    version: str | None
    digest: str | None
    sent_to: Personal = None
    digest_matches: bool | None = None


class RefundOwed(msgspec.Struct):
    """Money that has to go back, and what was recorded of it."""

    refund: int
    made_at: datetime
    cause: str
    vested_on: date
    refund_by: date
    deadline: datetime
    amount: Any  # a decimal; null where a person has to say it
    lines: Any
    state: str
    ended_at: datetime | None
    refunded: Any
    form: str | None
    reference: str | None
    by: str | None


class Changed(msgspec.Struct):
    """A change of the order after it was placed."""

    n: int
    at: datetime
    line: str | None
    what: str
    before: str | None
    after: str | None
    reason: str | None
    by: str | None


class Cancelled(msgspec.Struct):
    """Units of a line that were cancelled, by the customer, the merchant or the law."""

    line: str
    n: int
    at: datetime
    quantity: int
    reason: str | None
    by: str


class Held(msgspec.Struct):
    """A hold on the order."""

    kind: str
    n: int
    at: datetime
    reason: str | None
    released_at: datetime | None
    release_reason: str | None


class PartLeft(msgspec.Struct):
    """Units of a line that left a site."""

    line: str
    site: str
    quantity: int


class Shipped(msgspec.Struct):
    """A shipment. `reversed_at` is when it was found never to have left."""

    shipment: str
    at: datetime
    carrier: str | None
    tracking: str | None
    delivered_at: datetime | None
    reversed_at: datetime | None
    reversal_reason: str | None
    lines: list[PartLeft] = []


class Evidence(msgspec.Struct):
    """An order's evidence. `latest` is the moment of the newest fact in it; without `rules` no clock ever ran."""

    order: str
    latest: datetime
    zone: str
    country: str | None
    region: str | None
    channel: str | None
    ships: str
    placed_at: datetime
    authorised_at: datetime | None
    currency: str | None
    paid: str
    shipping: str
    tax: str
    discount: str
    addressee: Addressee | None
    lines: list[GoodsLine]
    promises: list[Promised]
    rules: list[Rule]
    clocks: list[ClockStands]
    entries: list[Entry]
    notices: list[NoticeSent]
    refunds: list[RefundOwed]
    changes: list[Changed]
    cancellations: list[Cancelled]
    holds: list[Held]
    shipments: list[Shipped]


_THIS: BindParameter[str] = bindparam("order")
_HEAD = (
    select(
        *(orders.c[name] for name in ("country", "region", "zone", "sites", "channel", "ship")),
        *(orders.c[name] for name in ("placed_at", "authorised_at", "currency", "paid", "shipping", "tax", "discount")),
        *(customers.c[name] for name in ("country", "region", "zone", "customer", "kind")),
        *(erasures.c.at, people.c.name, people.c.email),
        select(func.min(clocks.c.zone)).where(clocks.c.order_id == orders.c.order_id).scalar_subquery(),
    )
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .outerjoin(people, people.c.customer == orders.c.customer)
    .outerjoin(erasures, erasures.c.erased == orders.c.customer)
    .where(orders.c.order_id == _THIS)
)
_SITES = select(sites.c.site, sites.c.zone, sites.c.country).order_by(sites.c.site)
_LINES = (
    select(
        *(lines.c.line, lines.c.sku, func.coalesce(items.c.name, lines.c.sku), lines.c.quantity),
        *(lines.c.waiting + lines.c.allocated, lines.c.shipped, lines.c.cancelled, lines.c.unit_price),
        *(lines.c.requested_on, lines.c.accept_by, lines.c.promise),
    )
    .join(items, items.c.sku == lines.c.sku)
    .where(lines.c.order_id == _THIS)
    .order_by(lines.c.position)
)
_PACKS = (
    select(packs.c.digest, packs.c.text)
    .where(packs.c.digest.in_(select(clocks.c.digest).where(clocks.c.order_id == _THIS)))
    .order_by(packs.c.pack, packs.c.digest)
)
_LEFT = (
    select(shipment_lines.c.shipment, shipment_lines.c.line, supplies.c.site, func.sum(shipment_lines.c.quantity))
    .join(lines, and_(lines.c.order_id == shipment_lines.c.order_id, lines.c.line == shipment_lines.c.line))
    .join(supplies, supplies.c.supply == shipment_lines.c.supply)
    .where(shipment_lines.c.order_id == _THIS)
    .group_by(shipment_lines.c.shipment, shipment_lines.c.line, lines.c.position, supplies.c.site)
    .order_by(shipment_lines.c.shipment, lines.c.position, supplies.c.site)
)
_COLUMNS = {"by": "by_whom", "before": "before_value", "after": "after_value"}  # where a field is named otherwise


def _of(table: Table, kind: type[msgspec.Struct], number: str = "n") -> Select[Any]:
    """The columns of an order's rows of a table that a view has fields for, in the order of the table's key."""
    named = (("n" if field == number else _COLUMNS.get(field, field)) for field in kind.__struct_fields__)
    chosen = select(*(table.c[name] for name in named if name in table.c))
    return chosen.where(table.c.order_id == _THIS).order_by(*table.primary_key.columns)


def _of_lines(table: Table, kind: type[msgspec.Struct], last: str) -> Select[Any]:
    """The same in the order of the lines."""
    ours = and_(lines.c.order_id == table.c.order_id, lines.c.line == table.c.line)
    return _of(table, kind).order_by(None).join(lines, ours).order_by(lines.c.position, table.c[last])


_PROMISES = _of_lines(promises, Promised, "n")
_CLOCKS = _of_lines(clocks, ClockStands, "pack")
_CANCELLATIONS = _of_lines(cancellations, Cancelled, "n")
_ENTRIES = _of(evidence, Entry)
_NOTICES = _of(notices, NoticeSent, "notice")
_REFUNDS = _of(refunds, RefundOwed, "refund")
_CHANGES = _of(changes, Changed)
_HOLDS = _of(holds, Held).order_by(None).order_by(holds.c.at, holds.c.kind, holds.c.n)
_SHIPMENTS = _of(shipments, Shipped).order_by(None).order_by(shipments.c.at, shipments.c.shipment)


def of_order(db: Database, order: str) -> Evidence | None:
    """The evidence of an order; None if there is no such order. Fourteen statements, however much there is."""
    with db.read() as tx:
        heads = tx.fetch(_HEAD, order=order)
        if not heads:
            return None
        found = _head(order, heads[0], tx.fetch(_SITES))
        see = _Eyes(tx, order, ZoneInfo(found.zone))
        currency = found.currency or ""
        found.lines = see.rows(_LINES, GoodsLine)
        found.promises = see.rows(_PROMISES, Promised)
        found.rules = [_rule(*row) for row in tx.fetch(_PACKS, order=order)]
        found.clocks = see.rows(_CLOCKS, ClockStands)
        found.entries = see.rows(_ENTRIES, Entry)
        found.notices = see.rows(_NOTICES, NoticeSent)
        found.refunds = see.rows(_REFUNDS, RefundOwed)
        found.changes = see.rows(_CHANGES, Changed)
        found.cancellations = see.rows(_CANCELLATIONS, Cancelled)
        found.holds = see.rows(_HOLDS, Held)
        found.shipments = see.rows(_SHIPMENTS, Shipped)
        left = tx.fetch(_LEFT, order=order)
    for line in found.lines:
        line.unit_price = _amount(line.unit_price, currency)
    for clock in found.clocks:
        clock.offered = bool(clock.offered)
    for notice in found.notices:
        notice.facts = None if notice.facts is None else json.loads(notice.facts)
        if notice.text is not None:
            notice.digest_matches = digest_of(notice.subject or "", notice.text) == notice.digest
    for refund in found.refunds:
        refund.lines = json.loads(refund.lines)
        refund.amount, refund.refunded = _amount(refund.amount, currency), _amount(refund.refunded, currency)
    parts = {shipment.shipment: shipment.lines for shipment in found.shipments}
    for shipment, line, site, units in left:
        parts[shipment].append(PartLeft(line, site, int(units)))
    found.latest = max(_moments(found))
    return found


class _Eyes(NamedTuple):
    """How rows are read: of which order, and in which zone."""

    tx: Tx
    order: str
    zone: ZoneInfo

    def rows(self, statement: Select[Any], kind: type[T]) -> list[T]:
        """The rows of a statement as views, whose fields are its columns: days as dates, moments in the zone."""
        kinds = [column.type for column in statement.selected_columns]
        found = self.tx.fetch(statement, order=self.order)
        return [kind(*(_told(*both, self.zone) for both in zip(kinds, row, strict=True))) for row in found]


def _told(kind: object, value: Any, zone: ZoneInfo) -> Any:
    if value is None:
        return None
    if isinstance(kind, Day):
        return day_date(value)
    return moment_datetime(value).astimezone(zone) if isinstance(kind, Moment) else value


def _head(order: str, row: Row, places: Sequence[Row]) -> Evidence:
    """What stands at the order itself."""
    country, region, own_zone, own_sites, channel, ship, placed, authorised, currency, *money = row[:13]
    theirs, (customer, kind, erased, name, email, clocked) = row[13:16], row[16:]
    chosen = [site for site in places if site[0] in json.loads(own_sites)] or list(places)
    country, region, there = destination((country, region, own_zone), theirs, chosen)
    zone = clocked or there
    at, paid_at, gone = (_told(Moment(), value, ZoneInfo(zone)) for value in (placed, authorised, erased))
    addressee = None if customer is None else Addressee(customer, kind, gone, name, email)
    amounts = [amount_text(amount, currency or "") for amount in money]
    heads = order, at, zone, country, region, channel, ship, at, paid_at, currency, *amounts, addressee
    return Evidence(*heads, *([] for _ in range(11)))


def _amount(value: Any, currency: str) -> str | None:
    return None if value is None else amount_text(value, currency)


@lru_cache(maxsize=100)
def _rule(digest: str, text: str) -> Rule:
    pack = read_pack(text)
    return Rule(pack.pack, pack.title, pack.source, digest, pack.digest == digest)


def _moments(found: Evidence) -> Iterator[datetime]:
    """The moments at which something of it was written down."""
    yield found.placed_at
    if found.addressee is not None and found.addressee.erased_at is not None:
        yield found.addressee.erased_at
    ledgers = found.promises, found.entries, found.notices, found.refunds
    for one in chain(*ledgers, found.changes, found.cancellations, found.holds, found.shipments):
        for name in ("at", "made_at", "sent_at", "ended_at", "released_at", "delivered_at", "reversed_at"):
            moment = getattr(one, name, None)
            if moment is not None:
                yield moment
