"""What is kept of changes to orders, and the orders and lines as changed."""

from collections.abc import Sequence

from sqlalchemy import func, select

from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import changes, lines, orders

_CHANGES = (
    select(changes.c.order_id, func.max(changes.c.n))
    .where(among(changes.c.order_id, "orders"))
    .group_by(changes.c.order_id)
)
_HEAD = ("priority", "ship", "accept", "country", "region", "zone", "sites")


def save_heads(tx: Tx, rows: Sequence[Row]) -> None:
    """Write what changed of orders, as (order, *Head)."""
    tx.update(orders, ("order_id",), _HEAD, rows)


def save_limits(tx: Tx, rows: Sequence[Row]) -> None:
    """Write the last days that customers accept, as (order, line, day)."""
    tx.update(lines, ("order_id", "line"), ("accept_by",), rows)


def load_changes(tx: Tx, order_ids: Sequence[str]) -> dict[str, int]:
    """How many changes of these orders were written down."""
    return dict(tx.fetch(_CHANGES, orders=order_ids))


def save_changes(tx: Tx, rows: Sequence[Row]) -> None:
    """Insert changes, as (order, n, moment, line, what, before, after, reason, by)."""
    columns = ("order_id", "n", "at", "line", "what", "before_value", "after_value", "reason", "by_whom")
    tx.insert(changes, columns, rows)
