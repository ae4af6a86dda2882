"""What an order's customer sees of it: where each line is, what they may choose, what they chose."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import bindparam, case, func, literal_column, select

from backorder.kernel.calendars import day_date, local_day, moment_datetime
from backorder.kernel.outcomes import Word
from backorder.kernel.refunds import amount_due
from backorder.queries.evidence import Evidence, NoticeSent
from backorder.queries.evidence import of_order as evidence_of
from backorder.queries.quotes import Quote, quote
from backorder.storage import cases as case_storage
from backorder.storage import status as storage
from backorder.storage.communication import load_rules
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Database, Row, Tx
from backorder.storage.notice_tables import REFUND_TO_PAY, communication, refunds
from backorder.storage.shipment_tables import shipments
from backorder.storage.status import Choice
from backorder.storage.status_tables import status_links
from backorder.storage.tables import cancellations, customers, items, lines, orders
from backorder.storage.types import Moment

DAY = 86_400_000_000
SUBSTITUTES_MAX = 3  # offered at once: more would be a catalogue
_QUOTED_MAX = 30  # substitutes that are looked at
_ASKED = {"asked", "renewed"}

Where = Literal["waiting", "part_here", "here", "sent", "cancelled"]
Answer = Literal["wait", "cancel", "substitute", "ship_available"]


class Opened(NamedTuple):
    """A link that opens a page: of which order, which link, for what; and how its customer is spoken to."""

    order: str
    link: int
    purpose: str
    language: str | None
    country: str | None


class LineStatus(msgspec.Struct):
    """A line as its customer sees it: units by where they are, the first day that was promised and the present one.

    `late`: it should have left before today. `basis` is what the day stands on.
    """

    line: str
    goods: str
    quantity: int
    where: Where
    waiting: int
    here: int
    sent: int
    cancelled: int
    first_promise: date | None
    promise: date | None
    late: bool
    basis: str | None
    told_on: date | None = None


class Option(msgspec.Struct):
    """Something that the customer may choose now, for these lines; a substitute with its day."""

    answer: Answer
    lines: list[str]
    sku: str | None = None
    goods: str | None = None
    promise: date | None = None


class LinkView(msgspec.Struct):
    """A link to a status page: what it lets people do, and until how many days after the order's end."""

    link: int
    purpose: str
    days: int
    made_at: datetime
    revoked_at: datetime | None


class ChoiceView(msgspec.Struct):
    """What a customer chose on the status page, and what became of it; `said` are the words that they confirmed."""

    choice: int
    answer: str
    lines: list[str]
    at: datetime
    effective_at: datetime
    state: str
    outcome: str | None
    message: str | None
    said: str


class Links(msgspec.Struct):
    """The links to an order's status page, and all that was chosen there."""

    links: list[LinkView]
    choices: list[ChoiceView]


class Status(NamedTuple):
    """All that the page is made from. `asking` is the notice that waits for an answer; `today` a day number there."""

    evidence: Evidence
    lines: list[LineStatus]
    options: list[Option]
    choices: list[Choice]
    pending: Choice | None
    asking: NoticeSent | None
    contact: str | None
    answers: str | None
    today: int


def _newest(column: Any) -> Any:
    """The newest moment of a column among the rows of the link's order."""
    table = column.table
    return select(func.max(column, type_=Moment())).where(table.c.order_id == status_links.c.order_id).scalar_subquery()


def _there(table: Any, condition: Any) -> Any:
    found = select(literal_column("1")).where(table.c.order_id == status_links.c.order_id, condition).exists()
    return case((found, 1), else_=0)


_OPENED = (
    select(
        status_links.c.order_id,
        status_links.c.n,
        status_links.c.purpose,
        customers.c.language,
        func.coalesce(orders.c.country, customers.c.country),
        status_links.c.revoked_at,
        status_links.c.made_at,
        status_links.c.days,
        _there(lines, LINE_OPEN),
        _there(refunds, REFUND_TO_PAY),
        *map(_newest, (shipments.c.at, shipments.c.delivered_at, cancellations.c.at, refunds.c.ended_at)),
    )
    .select_from(status_links)
    .join(orders, orders.c.order_id == status_links.c.order_id)
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .where(status_links.c.digest == bindparam("digest"))
)
_UNLINKED = (
    select(customers.c.language, func.coalesce(orders.c.country, customers.c.country))
    .select_from(orders)
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .where(orders.c.order_id == bindparam("order"))
)
_STANDS = (
    select(lines.c.line, lines.c.sku, lines.c.waiting, lines.c.allocated, items.c.substitutes)
    .join(items, items.c.sku == lines.c.sku)
    .where(lines.c.order_id == bindparam("order"))
    .order_by(lines.c.position)
)
_TOLD = select(communication.c.rules, communication.c.contact, communication.c.answers)
_NAMES = select(items.c.sku, func.coalesce(items.c.name, items.c.sku))


def unlinked(db: Database, order: str) -> Opened | None:
    """The order's page as a link to read opens it, for people of the shop who need no link; None if there is none."""
    with db.read() as tx:
        rows = tx.fetch(_UNLINKED, order=order)
    return Opened(order, 0, "read", *rows[0]) if rows else None


def opened(db: Database, now: int, digest: str) -> Opened | None:
    """What the link with this digest opens; None where it is none, was revoked, or its order ended too long ago.

    The link ends `days` after everything was sent, delivered, cancelled and paid back, as far as that is known.
    """
    with db.read() as tx:
        rows = tx.fetch(_OPENED, digest=digest)
    if not rows:
        return None
    order, n, purpose, language, country, revoked, made, days, still, due, *ends = rows[0]
    ended = max([made, *(end for end in ends if end is not None)])
    if revoked is not None or (not still and not due and ended + days * DAY <= now):
        return None
    return Opened(order, n, purpose, language, country)


def links(db: Database, order: str) -> Links | None:
    """The links to an order's page and what was chosen there; None if there is no such order."""
    with db.read() as tx:
        found = storage.load_links(tx, [order]).get(order)
        chosen = storage.load_choices(tx, order)
    if found is None:
        return None
    return Links(
        [
            LinkView(link.n, link.purpose, link.days, moment_datetime(link.made_at), _when(link.revoked_at))
            for link in found
        ],
        [
            ChoiceView(
                one.n,
                one.answer,
                [line for line, _ in one.shown],
                moment_datetime(one.at),
                moment_datetime(one.effective_at),
                one.state,
                one.outcome,
                one.message,
                one.said,
            )
            for one in chosen
        ],
    )


def _when(moment: int | None) -> datetime | None:
    return None if moment is None else moment_datetime(moment)


def status(db: Database, now: int, found: Opened) -> Status | None:
    """All that the page of an opened link says; None where its order is gone."""
    evidence = evidence_of(db, found.order)
    if evidence is None:
        return None
    with db.read() as tx:
        stands = tx.fetch(_STANDS, order=found.order)
        told = tx.fetch(_TOLD)
        choices = storage.load_choices(tx, found.order)
    on, contact, answers = told[0] if told else (None, None, None)
    today = local_day(now, evidence.zone)
    seen = _lines(evidence, stands, day_date(today))
    pending = next((one for one in choices if one.state == "pending"), None)
    asking = next((one for one in reversed(evidence.notices) if one.state == "asking"), None)
    may = on is not None and pending is None and found.purpose == "answer"
    options = _options(db, now, evidence, seen, stands) if may else []
    return Status(evidence, seen, options, choices, pending, asking, contact, answers, today)


def _lines(evidence: Evidence, stands: Sequence[Row], today: date) -> list[LineStatus]:
    first = {one.line: one.to_day for one in evidence.promises if one.n == 1}
    basis = {one.line: one.basis for one in evidence.promises}  # the last of each is the one that holds
    told = {one.line: one.told_on for one in evidence.clocks}
    places = {line: (waiting, allocated) for line, _, waiting, allocated, _ in stands}
    found = []
    for line in evidence.lines:
        waiting, here = places[line.line]
        late = bool(line.open) and line.promise is not None and line.promise < today
        found.append(
            LineStatus(
                line=line.line,
                goods=line.goods,
                quantity=line.quantity,
                where=_where(waiting, here, line.shipped),
                waiting=waiting,
                here=here,
                sent=line.shipped,
                cancelled=line.cancelled,
                first_promise=first.get(line.line),
                promise=line.promise,
                late=late,
                basis=basis.get(line.line),
                told_on=told.get(line.line),
            )
        )
    return found


def _where(waiting: int, here: int, sent: int) -> Where:
    if waiting:
        return "part_here" if here else "waiting"
    if here:
        return "here"
    return "sent" if sent else "cancelled"


def _options(
    db: Database, now: int, evidence: Evidence, seen: Sequence[LineStatus], stands: Sequence[Row]
) -> list[Option]:
    """What applies now, in the order in which it is offered."""
    still = [line for line in seen if line.waiting or line.here]
    if not still:
        return []
    asked = {one.line for one in evidence.clocks if one.state in _ASKED}
    wait = [line.line for line in still if _may_agree(line, asked)]
    found = [Option("wait", wait)] if wait else []
    if evidence.ships == "complete" and any(line.here for line in still) and any(line.waiting for line in still):
        found.append(Option("ship_available", [line.line for line in still]))
    if evidence.ships != "complete" or len(still) == 1:  # what leaves together has no day of its own to be named
        found += _substitutes(db, now, {line.line: line for line in still}, stands)
    return [*found, Option("cancel", [line.line for line in still])]


def _may_agree(line: LineStatus, asked: set[str]) -> bool:
    """Whether there is a day to agree to, or an answer is awaited: not where a day that was told is gone untold."""
    if line.promise is None:
        return line.line in asked and line.told_on is None
    return line.line in asked or (line.told_on is not None and line.promise > line.told_on)


def _substitutes(db: Database, now: int, still: dict[str, LineStatus], stands: Sequence[Row]) -> list[Option]:
    """Items that can stand in for what waits, and would ship sooner."""
    wanted = [
        (still[line], sku)
        for line, _, waiting, _, listed in stands
        if waiting and line in still and listed != "[]"
        for sku in json.loads(listed)
    ][:_QUOTED_MAX]
    if not wanted:
        return []
    asked = [Quote(sku=sku, quantity=line.waiting + line.here) for line, sku in wanted]
    found = []
    for (line, sku), answer in zip(wanted, quote(db, now, asked), strict=True):
        day = answer.lines[0].promise if answer.lines else None
        if answer.outcome is Word.ANSWERED and day is not None and (line.promise is None or day < line.promise):
            found.append(Option("substitute", [line.line], sku, sku, day))
    found = found[:SUBSTITUTES_MAX]
    with db.read() as tx:
        names = _named(tx, [one.sku for one in found if one.sku is not None])
    for one in found:
        one.goods = names.get(one.sku or "", one.sku)
    return found


def _named(tx: Tx, skus: Sequence[str]) -> dict[str, str]:
    return dict(tx.fetch(_NAMES.where(items.c.sku.in_(skus)))) if skus else {}


def refund_of(db: Database, order: str, chosen: Sequence[str]) -> tuple[int, str] | None:
    """What would go back if these lines were cancelled now: minor units and their currency; None where not known."""
    with db.read() as tx:
        rules = load_rules(tx)
        if rules is None:
            return None
        found = case_storage.load(tx, rules, {order: []}, telling=False, lock=False).cases.get(order)
    if found is None or found.head.currency is None or not found.head.paid:
        return None
    for line in found.lines:
        if line.line in chosen:
            line.cancelled += line.open
    amount = amount_due(found)
    return None if amount is None else (amount, found.head.currency)
