"""Lines that commands name: which orders they are of and which items they need."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import cancellations, lines, orders

_ORDERS = (
    select(orders.c.order_id, orders.c.ship, lines.c.line, lines.c.sku)
    .join(lines, lines.c.order_id == orders.c.order_id)
    .where(among(orders.c.order_id, "orders"))
    .order_by(orders.c.order_id, lines.c.position)
)
_CANCELLATIONS = (
    select(cancellations.c.order_id, cancellations.c.line, func.max(cancellations.c.n))
    .where(among(cancellations.c.order_id, "orders"))
    .group_by(cancellations.c.order_id, cancellations.c.line)
)


@dataclass(slots=True)
class Order:
    """An order that a command names: how it ships, and its lines' items by line."""

    ship: str
    skus: dict[str, str] = field(default_factory=dict)


def load_orders(tx: Tx, order_ids: Sequence[str]) -> dict[str, Order]:
    """Which of these orders exist, with their lines."""
    found: dict[str, Order] = {}
    for order, ship, line, sku in tx.fetch(_ORDERS, orders=order_ids):
        found.setdefault(order, Order(ship)).skus[line] = sku
    return found


def load_cancellations(tx: Tx, order_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """How often each line of these orders was cancelled in part."""
    return {(row[0], row[1]): row[2] for row in tx.fetch(_CANCELLATIONS, orders=order_ids)}


def save_cancellations(tx: Tx, rows: Sequence[Row]) -> None:
    """Insert cancellations, as (order, line, n, moment, quantity, reason, by)."""
    tx.insert(cancellations, ("order_id", "line", "n", "at", "quantity", "reason", "by_whom"), rows)
