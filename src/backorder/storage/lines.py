"""Orders that commands name: how they are served, and their lines; units that were cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, select

from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import cancellations, customers, lines, orders

_ORDERS = (
    select(
        orders.c.order_id,
        orders.c.customer,
        orders.c.priority,
        orders.c.ship,
        orders.c.accept,
        orders.c.country,
        orders.c.region,
        orders.c.zone,
        orders.c.sites,
        orders.c.currency,
        orders.c.held,
        orders.c.channel,
        customers.c.region.label("customer_region"),
        customers.c.country.label("customer_country"),
        lines.c.line,
        lines.c.sku,
        lines.c.position,
        lines.c.raised_from,
        lines.c.accept_by,
        lines.c.unit_price,
    )
    .join(lines, lines.c.order_id == orders.c.order_id)
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .where(among(orders.c.order_id, "orders"))
    .order_by(orders.c.order_id, lines.c.position)
)
_CANCELLATIONS = (
    select(cancellations.c.order_id, cancellations.c.line, func.max(cancellations.c.n))
    .where(among(cancellations.c.order_id, "orders"))
    .group_by(cancellations.c.order_id, cancellations.c.line)
)


class Line(NamedTuple):
    """A line of an order, beside what the working set holds of it."""

    sku: str
    position: int
    raised_from: str | None
    accept_by: int | None
    unit_price: int | None


class Head(NamedTuple):
    """What a command can change of an order as a whole; sites are JSON text, `ship` and `accept` its words."""

    priority: int
    ship: str
    accept: str
    country: str | None
    region: str | None
    zone: str | None
    sites: str


@dataclass(slots=True)
class Order:
    """An order that a command names."""

    customer: str | None
    head: Head
    currency: str | None
    held: bool
    channel: str | None
    customer_region: str | None
    customer_country: str | None
    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def skus(self) -> list[str]:
        """The items of its lines."""
        return [line.sku for line in self.lines.values()]


def load_orders(tx: Tx, order_ids: Sequence[str]) -> dict[str, Order]:
    """Which of these orders exist, with their lines."""
    found: dict[str, Order] = {}
    for row in tx.fetch(_ORDERS, orders=order_ids):
        order = found.get(row[0])
        if order is None:
            order = found[row[0]] = Order(row[1], Head(*row[2:9]), row[9], bool(row[10]), *row[11:14])
        order.lines[row[14]] = Line(*row[15:])
    return found


def load_cancellations(tx: Tx, order_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """How often each line of these orders was cancelled in part."""
    return {(row[0], row[1]): row[2] for row in tx.fetch(_CANCELLATIONS, orders=order_ids)}


def save_cancellations(tx: Tx, rows: Sequence[Row]) -> None:
    """Insert cancellations, as (order, line, n, moment, quantity, reason, by)."""
    tx.insert(cancellations, ("order_id", "line", "n", "at", "quantity", "reason", "by_whom"), rows)
