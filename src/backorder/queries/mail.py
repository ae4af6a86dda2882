"""What letters are made from: notices as they were sent, orders, and who wanted to be told that an item is back.

Everywhere `to` is the address, and `notify` the channel besides that the customer named.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, literal_column, select

from backorder.storage.db import Tx, among
from backorder.storage.event_tables import events
from backorder.storage.notice_tables import evidence, notices
from backorder.storage.shipment_tables import shipment_lines, shipments
from backorder.storage.tables import customers, items, lines, orders, people
from backorder.storage.watch_tables import watches


class Notice(NamedTuple):
    """A notice to mail. `to` is None where nobody may be written to any more, `text` where there is nothing to say.

    `version` is that of its sentences, which names their language.
    """

    order: str
    n: int
    kind: str
    means: str | None
    sent_at: int | None
    to: str | None
    subject: str | None
    text: str | None
    version: str | None
    name: str | None
    notify: str | None


class Line(NamedTuple):
    """Goods of an order: units that are not cancelled, that can be picked, that wait; and the day they are promised."""

    item: str
    quantity: int
    ready: int
    waiting: int
    day: int | None


class Left(NamedTuple):
    """A shipment that has left: units by item."""

    tracking: str | None
    units: dict[str, int]


class Order(NamedTuple):
    """An order as letters tell of it; `to` is None where nobody is to be written to."""

    order: str
    to: str | None
    name: str | None
    language: str | None
    country: str | None
    zone: str | None
    notify: str | None
    lines: list[Line]
    shipments: dict[str, Left]


class Watch(NamedTuple):
    """Somebody to be told that an item is back; `to` is None where nobody is to be told any more."""

    sku: str
    n: int
    item: str
    to: str | None
    name: str | None
    language: str | None
    country: str | None
    notify: str | None


def _said(address: ColumnElement[str | None]) -> ColumnElement[str | None]:
    """An address, where one is said: an empty one is none."""
    return func.nullif(address, literal_column("''"))


_NUMBERS: BindParameter[int] = bindparam("numbers", expanding=True)
_NOTICES = (
    select(
        notices.c.order_id,
        notices.c.n,
        notices.c.kind,
        notices.c.means,
        notices.c.sent_at,
        notices.c.sent_to,
        notices.c.subject,
        notices.c.text,
        notices.c.version,
        people.c.name,
        customers.c.notify,
    )
    .join(orders, orders.c.order_id == notices.c.order_id)
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .outerjoin(people, people.c.customer == orders.c.customer)
    .where(among(notices.c.order_id, "orders"))
)
_WATCHES = (
    select(
        watches.c.sku,
        watches.c.n,
        func.coalesce(items.c.name, items.c.sku),
        func.coalesce(_said(watches.c.email), _said(people.c.email)),
        people.c.name,
        func.coalesce(watches.c.language, customers.c.language),
        customers.c.country,
        customers.c.notify,
    )
    .join(items, items.c.sku == watches.c.sku)
    .outerjoin(customers, customers.c.customer == watches.c.customer)
    .outerjoin(people, people.c.customer == watches.c.customer)
    .where(among(watches.c.sku, "skus"), watches.c.n.in_(_NUMBERS))
)


_ORDERS = (
    select(
        orders.c.order_id,
        _said(people.c.email),
        people.c.name,
        customers.c.language,
        func.coalesce(orders.c.country, customers.c.country),
        func.coalesce(orders.c.zone, customers.c.zone),
        customers.c.notify,
    )
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .outerjoin(people, people.c.customer == orders.c.customer)
    .where(among(orders.c.order_id, "orders"))
)
_LINES = (
    select(
        lines.c.order_id,
        func.coalesce(items.c.name, items.c.sku),
        lines.c.quantity - lines.c.cancelled,
        lines.c.allocated,
        lines.c.waiting,
        lines.c.promise,
    )
    .join(items, items.c.sku == lines.c.sku)
    .where(among(lines.c.order_id, "orders"))
    .order_by(lines.c.order_id, lines.c.position)
)
_SHIPMENTS = (
    select(
        shipments.c.order_id,
        shipments.c.shipment,
        shipments.c.tracking,
        func.coalesce(items.c.name, items.c.sku),
        shipment_lines.c.quantity,
    )
    .join(shipment_lines, shipment_lines.c.shipment == shipments.c.shipment)
    .join(lines, and_(lines.c.order_id == shipment_lines.c.order_id, lines.c.line == shipment_lines.c.line))
    .join(items, items.c.sku == lines.c.sku)
    .where(among(shipments.c.order_id, "orders"), shipments.c.reversed_at.is_(None))
    .order_by(shipments.c.shipment, lines.c.position)
)
_LAST = (
    select(events.c.subject, func.max(events.c.n))
    .where(events.c.kind == bindparam("kind"), among(events.c.subject, "subjects"))
    .group_by(events.c.subject)
)


_BECAME = (
    select(evidence.c.kind)
    .where(
        evidence.c.order_id == bindparam("order"),
        evidence.c.notice == bindparam("n"),
        evidence.c.kind.in_(("delivered", "bounced")),
    )
    .order_by(evidence.c.n.desc())
    .limit(1)
)


def has_arrived(tx: Tx, order: str, n: int) -> bool:
    """Whether the last word on a notice is that its customer was reached."""
    return [row[0] for row in tx.fetch(_BECAME, order=order, n=n)] == ["delivered"]


def load_notices(tx: Tx, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Notice]:
    """Notices by order and number; what there is not is left out."""
    wanted = set(keys)
    rows = tx.fetch(_NOTICES, orders=sorted({order for order, _ in keys})) if keys else []
    found = (Notice(*row) for row in rows)
    return {(one.order, one.n): one for one in found if (one.order, one.n) in wanted}


def load_watches(tx: Tx, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Watch]:
    """Watches by item and number; what there is not is left out."""
    wanted = set(keys)
    skus, numbers = sorted({sku for sku, _ in keys}), sorted({n for _, n in keys})
    rows = tx.fetch(_WATCHES, skus=skus, numbers=numbers) if keys else []
    found = (Watch(*row) for row in rows)
    return {(one.sku, one.n): one for one in found if (one.sku, one.n) in wanted}


def load_orders(tx: Tx, names: Sequence[str]) -> dict[str, Order]:
    """Orders with their lines and what has left of them."""
    if not names:
        return {}
    found = {row[0]: Order._make((*row, [], {})) for row in tx.fetch(_ORDERS, orders=names)}
    for order, *line in tx.fetch(_LINES, orders=names):
        found[order].lines.append(Line(*line))
    for order, shipment, tracking, item, units in tx.fetch(_SHIPMENTS, orders=names):
        left = found[order].shipments.setdefault(shipment, Left(tracking, {}))
        left.units[item] = left.units.get(item, 0) + units
    return found


def load_last(tx: Tx, kind: str, subjects: Sequence[str]) -> dict[str, int]:
    """The last event of a kind about each subject."""
    return {row[0]: int(row[1]) for row in tx.fetch(_LAST, kind=kind, subjects=subjects)} if subjects else {}
