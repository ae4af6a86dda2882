"""What people have to see to of what customers are owed: notices and refunds by their deadlines, and one order's."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, Table, func, literal, select, tuple_

from backorder.kernel.calendars import day_date, moment_datetime, moment_number
from backorder.kernel.money import text
from backorder.kernel.private import only_with
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Database, Row, Tx, among
from backorder.storage.notice_tables import NOTICE_OPEN, NOTICE_OPEN_AS, REFUND_TO_PAY, notices, refunds
from backorder.storage.tables import lines, orders

What = Literal["notice", "refund"]
State = Literal["due", "asking", "bounced", "overdue"]
_LAST = 2**31 - 1  # beyond every number of a notice or a refund

_NOTICES = select(
    notices.c.deadline, notices.c.order_id, notices.c.n, notices.c.kind, notices.c.state, notices.c.trouble
).where(NOTICE_OPEN)
_REFUNDS = select(refunds.c.deadline, refunds.c.order_id, refunds.c.n, refunds.c.cause, refunds.c.amount).where(
    REFUND_TO_PAY
)
_MARKED = select(func.max(refunds.c.deadline, type_=refunds.c.deadline.type)).where(
    REFUND_TO_PAY, refunds.c.state == "overdue"
)
_OPEN_LINES = (
    select(
        orders.c.order_id, orders.c.customer, orders.c.currency, lines.c.waiting + lines.c.allocated, lines.c.unit_price
    )
    .select_from(orders.outerjoin(lines, (lines.c.order_id == orders.c.order_id) & LINE_OPEN))
    .where(among(orders.c.order_id, "orders"))
)
_OF_ORDER = select(
    notices.c.n,
    notices.c.kind,
    notices.c.state,
    notices.c.sent_at,
    notices.c.means,
    notices.c.answer_by,
    notices.c.subject,
    notices.c.text,
    notices.c.version,
    notices.c.digest,
    notices.c.made_at,
    notices.c.send_at,
    notices.c.deadline,
    notices.c.trouble,
    notices.c.silence,
    notices.c.by_whom,
    notices.c.reason,
).order_by(notices.c.n)


class Waiting(msgspec.Struct):
    """A notice or a refund that waits for somebody: `kind` of a refund is why the money goes back.

    `deadline` is the last moment: to send a notice that is due, of the answer to one that asks, to pay a refund.
    `units` of the order have not shipped yet; what they cost is `at_stake` while a notice waits, null where a price is
    not known. `amount` is what a refund has to be. Both are in the order's `currency`.
    """

    what: What
    order: str
    number: int
    kind: str
    state: str
    deadline: datetime | None
    trouble: str | None = None
    amount: str | None = None
    currency: str | None = None
    customer: str | None = None
    units: int = 0
    at_stake: Annotated[str | None, only_with("money.read")] = None


class Place(NamedTuple):
    """A place in the queue: that of what has this deadline (microseconds, None for none), order and number."""

    deadline: int | None
    order: str
    what: What
    number: int


class NoticeView(msgspec.Struct):
    """A notice of an order, with its text once it went.

    While it is due it goes by itself at `send_at`; where that is null, `trouble` says why it does not. `silence` is
    what no answer by `answer_by` means. `by` and `reason` are of a person who sent it or let it not go.
    """

    notice: int
    kind: str
    state: str
    sent_at: datetime | None
    means: str | None
    answer_by: date | None
    subject: str | None
    text: str | None
    version: str | None
    digest: str | None
    made_at: datetime | None = None
    send_at: datetime | None = None
    deadline: datetime | None = None
    trouble: str | None = None
    silence: str = "none"
    by: str | None = None
    reason: str | None = None


class _Asked(NamedTuple):
    """What narrows the queue."""

    what: What | None
    state: State | None
    trouble: bool
    order: str | None


class _Found(NamedTuple):
    """What waits, as it was read; an amount is minor units."""

    place: Place
    kind: str
    state: str
    trouble: str | None = None
    amount: int | None = None


def queue(
    db: Database,
    limit: int = 50,
    now: int | None = None,
    *,
    what: What | None = None,
    state: State | None = None,
    trouble: bool = False,
    order: str | None = None,
    after: Place | None = None,
) -> list[Waiting]:
    """What waits for people, behind `after`: refunds that are overdue, then all by deadline, what has none last.

    `now` (microseconds) is the moment by which refunds are overdue; without one it is the last at which one was found
    to be. `trouble` narrows it to notices that do not go by themselves or came back. The number of statements, and
    what they read, depend on the limit and not on how much waits.
    """
    asked = _Asked(what, state, trouble, order)
    with db.read() as tx:
        moment = (tx.fetch(_MARKED)[0][0] or 0) if now is None else now
        first = 0 if after is None else _part(after, moment)
        found: list[_Found] = []
        for n, read in enumerate(_PARTS[first:]):
            room = limit - len(found)
            if room:
                here = read(tx, asked, moment, after if n == 0 else None, room)
                found += sorted(here, key=lambda one: one.place)[:room]
        return _with_orders(tx, found)


class Counts(NamedTuple):
    """How many wait in each part of the queue: `troubled` are those of the due ones that do not go by themselves."""

    due: int
    asking: int
    bounced: int
    troubled: int
    refunds: int


_TROUBLED = NOTICE_OPEN_AS["due"] & notices.c.trouble.is_not(None)


def counts(db: Database, most: int) -> Counts:
    """How many wait in each part of the queue; nobody counts beyond one more than `most`."""
    parts = [(notices, is_so) for is_so in (*NOTICE_OPEN_AS.values(), _TROUBLED)] + [(refunds, REFUND_TO_PAY)]
    some = [select(table.c.n).where(is_so).limit(most + 1).subquery() for table, is_so in parts]
    with db.read() as tx:
        found = tx.fetch(select(*(select(func.count()).select_from(one).scalar_subquery() for one in some)))
    return Counts(*map(int, found[0]))


def place_of(one: Waiting) -> Place:
    """Where in the queue something stands."""
    deadline = None if one.deadline is None else moment_number(one.deadline)
    return Place(deadline, one.order, one.what, one.number)


def _part(place: Place, now: int) -> int:
    """Which part of the queue a place is in."""
    if place.deadline is None:
        return 2
    return 0 if place.what == "refund" and place.deadline <= now else 1


def _overdue(tx: Tx, asked: _Asked, now: int, behind: Place | None, limit: int) -> list[_Found]:
    if asked.what == "notice" or asked.state not in {None, "overdue"} or asked.trouble:
        return []
    chosen = _next(_REFUNDS.where(refunds.c.deadline <= _moment(now)), refunds, asked, behind, "refund")
    return [_refund(row, "overdue") for row in tx.fetch(chosen.limit(limit))]


def _with_deadline(tx: Tx, asked: _Asked, now: int, behind: Place | None, limit: int) -> list[_Found]:
    found = _notices(tx, asked, behind, limit, notices.c.deadline.is_not(None))
    if asked.what == "notice" or asked.state not in {None, "due"} or asked.trouble:
        return found
    chosen = _next(_REFUNDS.where(refunds.c.deadline > _moment(now)), refunds, asked, behind, "refund")
    return found + [_refund(row, "due") for row in tx.fetch(chosen.limit(limit))]


def _without_deadline(tx: Tx, asked: _Asked, _now: int, behind: Place | None, limit: int) -> list[_Found]:
    return _notices(tx, asked, behind, limit, notices.c.deadline.is_(None))


_PARTS = (_overdue, _with_deadline, _without_deadline)


def _notices(tx: Tx, asked: _Asked, behind: Place | None, limit: int, which: ColumnElement[bool]) -> list[_Found]:
    """The next of each state, because the index that keeps them in order does so state by state."""
    if asked.what == "refund" or asked.state == "overdue":
        return []
    found = []
    for state, is_so in NOTICE_OPEN_AS.items():
        if asked.state not in {None, state} or (asked.trouble and state == "asking"):
            continue
        chosen = _NOTICES.where(is_so, which)
        if asked.trouble and state == "due":
            chosen = chosen.where(notices.c.trouble.is_not(None))
        found += [_notice(row) for row in tx.fetch(_next(chosen, notices, asked, behind, "notice").limit(limit))]
    return found


def _next(chosen: Select[Any], table: Table, asked: _Asked, behind: Place | None, what: What) -> Select[Any]:
    """What of one table is next in the queue. At one deadline an order's notices come before its refunds."""
    if asked.order is not None:
        chosen = chosen.where(table.c.order_id == asked.order)
    if behind is not None:
        n = behind.number if behind.what == what else 0 if what == "refund" else _LAST
        key, place = [table.c.order_id, table.c.n], [literal(behind.order), literal(n)]
        if behind.deadline is not None:
            key, place = [table.c.deadline, *key], [_moment(behind.deadline), *place]
        chosen = chosen.where(tuple_(*key) > tuple_(*place))
    return chosen.order_by(table.c.deadline, table.c.order_id, table.c.n)


def _moment(number: int) -> ColumnElement[Any]:
    return literal(number, notices.c.deadline.type)


def _notice(row: Row) -> _Found:
    deadline, order, n, kind, state, trouble = row
    return _Found(Place(deadline, order, "notice", n), kind, state, "bounced" if state == "bounced" else trouble)


def _refund(row: Row, state: str) -> _Found:
    deadline, order, n, cause, amount = row
    return _Found(Place(deadline, order, "refund", n), cause, state, amount=amount)


def _with_orders(tx: Tx, found: Sequence[_Found]) -> list[Waiting]:
    """What was found, with whose order it is, how much of it has not shipped, and what that costs."""
    of_order: dict[str, list[Row]] = {}
    for row in tx.fetch(_OPEN_LINES, orders=sorted({one.place.order for one in found})) if found else ():
        of_order.setdefault(row[0], []).append(row)
    return [_waiting(one, of_order[one.place.order]) for one in found]


def _waiting(one: _Found, rows: Sequence[Row]) -> Waiting:
    _, customer, currency, _, _ = rows[0]
    still_open = [(units, price) for *_, units, price in rows if units is not None]
    at_stake = None
    if one.place.what == "notice" and currency is not None and all(price is not None for _, price in still_open):
        at_stake = text(sum(units * price for units, price in still_open), currency)
    return Waiting(
        one.place.what,
        one.place.order,
        one.place.number,
        one.kind,
        one.state,
        _when(one.place.deadline),
        one.trouble,
        None if one.amount is None else text(one.amount, currency or ""),
        currency,
        customer,
        sum(units for units, _ in still_open),
        at_stake,
    )


def of_order(db: Database, order: str, *, after: int = 0, limit: int | None = None) -> list[NoticeView]:
    """The notices of an order, in order, behind a number."""
    with db.read() as tx:
        rows = tx.fetch(_OF_ORDER.where(notices.c.order_id == order, notices.c.n > after).limit(limit))
    return [_view(row) for row in rows]


def notice(db: Database, order: str, number: int) -> NoticeView | None:
    """A notice of an order by its number; None if there is none."""
    with db.read() as tx:
        rows = tx.fetch(_OF_ORDER.where(notices.c.order_id == order, notices.c.n == number))
    return _view(rows[0]) if rows else None


def is_order(db: Database, order: str) -> bool:
    """Whether there is such an order: one without notices is another thing than none."""
    with db.read() as tx:
        return bool(tx.fetch(select(orders.c.order_id).where(orders.c.order_id == order)))


def _view(row: Row) -> NoticeView:
    n, kind, state, sent_at, means, answer_by, *letter, made_at, send_at, deadline, trouble, silence, by, why = row
    subject, content, version, digest = letter
    return NoticeView(
        notice=n,
        kind=kind,
        state=state,
        sent_at=_when(sent_at),
        means=means,
        answer_by=None if answer_by is None else day_date(answer_by),
        subject=subject,
        text=content,
        version=version,
        digest=digest,
        made_at=_when(made_at),
        send_at=_when(send_at),
        deadline=_when(deadline),
        trouble=trouble,
        silence=silence,
        by=by,
        reason=why,
    )


def _when(value: Any) -> datetime | None:
    return None if value is None else moment_datetime(value)
