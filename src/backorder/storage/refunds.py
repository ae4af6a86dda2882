"""Refunds of orders: money that has to go back, and what was recorded of it."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from backorder.kernel.cases import Refund
from backorder.storage.db import Row, Tx, among
from backorder.storage.notice_tables import refunds

_REFUND = (
    "n",
    "made_at",
    "cause",
    "vested_on",
    "refund_by",
    "deadline",
    "amount",
    "lines",
    "state",
    "ended_at",
    "refunded",
    "form",
    "reference",
    "by_whom",
)
_REFUNDS = (
    select(refunds.c.order_id, *(refunds.c[name] for name in _REFUND))
    .where(among(refunds.c.order_id, "orders"))
    .order_by(refunds.c.order_id, refunds.c.n)
)


def load_refunds(tx: Tx, names: Sequence[str]) -> list[tuple[str, Refund]]:
    """The refunds of orders, in order."""
    found = []
    for order, *fields in tx.fetch(_REFUNDS, orders=names):
        refund = Refund(*fields)
        refund.lines = tuple(json.loads(fields[7]))
        found.append((order, refund))
    return found


def refund_row(refund: Refund) -> Row:
    """A refund in the order of its columns."""
    days = refund.vested_on, refund.refund_by, refund.deadline
    ended = refund.ended_at, refund.refunded, refund.form, refund.reference, refund.by
    lines = json.dumps(refund.lines)
    return (refund.n, refund.made_at, refund.cause, *days, refund.amount, lines, refund.state, *ended)


def save_refunds(tx: Tx, found: Sequence[tuple[str, Refund]], before: Mapping[Row, Row]) -> None:
    """Write refunds that are new or stand otherwise than before."""
    made, changed = list[Row](), list[Row]()
    for order, refund in found:
        row = refund_row(refund)
        was = before.get((order, refund.n))
        if was is None:
            made.append((order, *row))
        elif row != was:
            changed.append((order, *row))
    tx.insert(refunds, ("order_id", *_REFUND), made)
    tx.update(refunds, ("order_id", "n"), _REFUND[1:], changed)
