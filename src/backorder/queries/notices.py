"""What people have to see to of what customers are owed: notices and refunds by their deadlines, and one order's."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.kernel.money import text
from backorder.storage.db import Database, Row
from backorder.storage.notice_tables import NOTICE_OPEN, REFUND_TO_PAY, notices, refunds
from backorder.storage.tables import orders

_NOTICES = (
    select(notices.c.order_id, notices.c.n, notices.c.kind, notices.c.state, notices.c.deadline, notices.c.trouble)
    .where(NOTICE_OPEN)
    .order_by(notices.c.deadline.nulls_last(), notices.c.order_id, notices.c.n)
)
_REFUNDS = (
    select(
        refunds.c.order_id,
        refunds.c.n,
        refunds.c.cause,
        refunds.c.state,
        refunds.c.deadline,
        refunds.c.amount,
        orders.c.currency,
    )
    .join(orders, orders.c.order_id == refunds.c.order_id)
    .where(REFUND_TO_PAY)
    .order_by(refunds.c.deadline, refunds.c.order_id, refunds.c.n)
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
).order_by(notices.c.n)


class Waiting(msgspec.Struct):
    """A notice or a refund that waits for somebody: `kind` of a refund is why the money goes back.

    `deadline` is the last moment: to send a notice that is due, of the answer to one that asks, to pay a refund.
    """

    what: str
    order: str
    number: int
    kind: str
    state: str
    deadline: datetime | None
    trouble: str | None = None
    amount: str | None = None
    currency: str | None = None


class NoticeView(msgspec.Struct):
    """A notice of an order, with its text once it went."""

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


def queue(db: Database, limit: int = 50) -> list[Waiting]:
    """What waits for people, overdue refunds first, then by deadline; what has none last."""
    with db.read() as tx:
        found = [_refund(row) for row in tx.fetch(_REFUNDS.limit(limit))]
        found += [
            Waiting("notice", row[0], row[1], row[2], row[3], _moment(row[4]), row[5])
            for row in tx.fetch(_NOTICES.limit(limit))
        ]
    return sorted(found, key=_urgency)[:limit]


def _urgency(one: Waiting) -> tuple[bool, bool, float, str, int]:
    moment = one.deadline.timestamp() if one.deadline is not None else 0.0
    return (one.state != "overdue", one.deadline is None, moment, one.order, one.number)


def _refund(row: Row) -> Waiting:
    order, n, cause, state, deadline, amount, currency = row
    shown = None if amount is None else text(amount, currency or "")
    return Waiting("refund", order, n, cause, state, _moment(deadline), None, shown, currency)


def of_order(db: Database, order: str) -> list[NoticeView]:
    """The notices of an order, in order."""
    with db.read() as tx:
        rows = tx.fetch(_OF_ORDER.where(notices.c.order_id == order))
    return [_view(row) for row in rows]


def _view(row: Row) -> NoticeView:
    n, kind, state, sent_at, means, answer_by, subject, content, version, digest = row
    return NoticeView(n, kind, state, _moment(sent_at), means, _day(answer_by), subject, content, version, digest)


def _moment(value: Any) -> datetime | None:
    return None if value is None else moment_datetime(value)


def _day(value: Any) -> date | None:
    return None if value is None else day_date(value)
