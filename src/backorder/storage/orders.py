"""Orders as they are placed: what is known of them and their customers, what counts against caps, the new rows."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from backorder.kernel.acceptance import Caps
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import customers, lines, orders

_ORDERS = select(orders.c.order_id, orders.c.fingerprint).where(among(orders.c.order_id, "orders"))
_OWNERS = select(orders.c.order_id, orders.c.customer).where(among(orders.c.order_id, "orders"))
_CUSTOMERS = select(customers.c.customer, customers.c.priority, customers.c.region, customers.c.country).where(
    among(customers.c.customer, "customers")
)
_CAPS = (
    select(
        lines.c.sku,
        lines.c.customer,
        func.sum(lines.c.waiting),
        func.sum(lines.c.waiting + lines.c.allocated),
    )
    .where(among(lines.c.sku, "skus"), LINE_OPEN)
    .group_by(lines.c.sku, lines.c.customer)
)

_COLUMNS = (
    "order_id",
    "customer",
    "channel",
    "priority",
    "placed_at",
    "authorised_at",
    "ship",
    "accept",
    "country",
    "region",
    "zone",
    "sites",
    "currency",
    "shipping",
    "tax",
    "discount",
    "paid",
    "tags",
    "fingerprint",
    "held",
)


class Customer(NamedTuple):
    """What an order takes from its customer where it says nothing itself."""

    priority: int
    region: str | None
    country: str | None


class Known(NamedTuple):
    """Orders that exist, with the fingerprint of what placed them, and customers."""

    orders: dict[str, str]
    customers: dict[str, Customer]


def load_known(tx: Tx, order_ids: Sequence[str], customer_ids: Sequence[str]) -> Known:
    """Which of these orders and customers exist."""
    known = {row[0]: row[1] for row in tx.fetch(_ORDERS, orders=order_ids)}
    return Known(known, load_customers(tx, customer_ids) if customer_ids else {})


def load_owners(tx: Tx, order_ids: Sequence[str]) -> dict[str, str | None]:
    """Whose these orders are, of those that exist."""
    return {row[0]: row[1] for row in tx.fetch(_OWNERS, orders=order_ids)}


def load_customers(tx: Tx, ids: Sequence[str]) -> dict[str, Customer]:
    """Which of these customers exist, with what their orders take from them."""
    return {row[0]: Customer(*row[1:]) for row in tx.fetch(_CUSTOMERS, customers=ids)}


def load_caps(tx: Tx, skus: Sequence[str]) -> Caps:
    """Units of these items that count against caps: those that wait, and those not yet shipped."""
    caps = Caps()
    for sku, customer, waiting, unshipped in tx.fetch(_CAPS, skus=skus) if skus else ():
        caps.add(sku, customer, int(waiting), int(unshipped))
    return caps


def save_orders(tx: Tx, rows: Sequence[Row]) -> None:
    """Insert new orders."""
    tx.insert(orders, _COLUMNS, rows)
