"""Money that has to go back to the customer of an order, or went back."""

import json
from datetime import date, datetime

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.kernel.money import text
from backorder.storage.db import Database, Row
from backorder.storage.notice_tables import refunds
from backorder.storage.tables import orders


class RefundView(msgspec.Struct):
    """A refund of an order: why, for which lines, how much by when; and what was recorded of it, once it was.

    The right to it came to be on `vested_on`, and `refund_by` is the last day on which it is in time. `amount` is null
    where prices are not known and a person has to say it. `deadline` is a moment, the days are those of where the goods
    go to. Amounts are in the order's `currency`.
    """

    refund: int
    cause: str
    state: str
    lines: list[str]
    amount: str | None
    currency: str | None
    vested_on: date
    refund_by: date
    deadline: datetime
    made_at: datetime
    ended_at: datetime | None
    refunded: str | None
    form: str | None
    reference: str | None
    by: str | None


_REFUNDS = (
    select(
        refunds.c.n,
        refunds.c.cause,
        refunds.c.state,
        refunds.c.lines,
        refunds.c.amount,
        orders.c.currency,
        refunds.c.vested_on,
        refunds.c.refund_by,
        refunds.c.deadline,
        refunds.c.made_at,
        refunds.c.ended_at,
        refunds.c.refunded,
        refunds.c.form,
        refunds.c.reference,
        refunds.c.by_whom,
    )
    .join(orders, orders.c.order_id == refunds.c.order_id)
    .order_by(refunds.c.n)
)


def of_order(db: Database, order: str, now: int, *, after: int = 0, limit: int | None = None) -> list[RefundView]:
    """The refunds of an order, in order, behind a number; at `now` (microseconds) they are overdue or not."""
    with db.read() as tx:
        rows = tx.fetch(_REFUNDS.where(refunds.c.order_id == order, refunds.c.n > after).limit(limit))
    return [_view(row, now) for row in rows]


def _view(row: Row, now: int) -> RefundView:
    n, cause, state, lines, amount, currency, vested_on, refund_by, deadline, made_at, ended_at, refunded, *how = row
    amounts = [None if money is None else text(money, currency or "") for money in (amount, refunded)]
    return RefundView(
        n,
        cause,
        "overdue" if state == "due" and deadline <= now else state,
        json.loads(lines),
        amounts[0],
        currency,
        day_date(vested_on),
        day_date(refund_by),
        moment_datetime(deadline),
        moment_datetime(made_at),
        None if ended_at is None else moment_datetime(ended_at),
        amounts[1],
        *how,
    )
