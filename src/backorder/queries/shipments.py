"""Shipments and what left in them, in the order of their ids."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select

from backorder.kernel.calendars import moment_datetime
from backorder.queries.lines import of_customer
from backorder.queries.moments import few
from backorder.storage.db import Database, Row, Tx, among
from backorder.storage.shipment_tables import shipment_lines, shipments
from backorder.storage.tables import lines, orders, supplies


class Left(msgspec.Struct):
    """Units of a line that left a site."""

    line: str
    sku: str
    site: str
    quantity: int


class ShipmentView(msgspec.Struct):
    """A shipment. `reversed_at` is when it was found never to have left."""

    shipment: str
    order: str
    customer: str | None
    at: datetime
    carrier: str | None
    tracking: str | None
    delivered_at: datetime | None
    reversed_at: datetime | None
    lines: list[Left]


_SHIPMENTS = select(
    shipments.c.shipment,
    shipments.c.order_id,
    orders.c.customer,
    shipments.c.at,
    shipments.c.carrier,
    shipments.c.tracking,
    shipments.c.delivered_at,
    shipments.c.reversed_at,
).join(orders, orders.c.order_id == shipments.c.order_id)
_LEFT = (
    select(shipment_lines.c.shipment, shipment_lines.c.line, lines.c.sku, supplies.c.site, shipment_lines.c.quantity)
    .join(lines, (lines.c.order_id == shipment_lines.c.order_id) & (lines.c.line == shipment_lines.c.line))
    .join(supplies, supplies.c.supply == shipment_lines.c.supply)
    .where(among(shipment_lines.c.shipment, "shipments"))
    .order_by(shipment_lines.c.shipment, lines.c.position, shipment_lines.c.supply)
)


def list_shipments(
    db: Database,
    *,
    order: str | None = None,
    customer: str | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int = 50,
    after: str = "",
    of: str | None = None,
) -> list[ShipmentView]:
    """Shipments of an order or a customer, booked from the moment `since` until before `until` (microseconds).

    `of` is the customer beside whose shipments there are none for whoever asks. At most three statements.
    """
    chosen = _SHIPMENTS.where(shipments.c.shipment > after, of_customer(orders, of))
    chosen = chosen.order_by(shipments.c.shipment).limit(limit)
    if order is not None:
        chosen = chosen.where(shipments.c.order_id == order)
    if customer is not None:
        chosen = chosen.where(orders.c.customer == customer)
    within: list[ColumnElement[bool]] = []
    if since is not None:
        within.append(shipments.c.at >= since)
    if until is not None:
        within.append(shipments.c.at < until)
    with db.read() as tx:
        booked = few(tx, shipments.c.shipment, shipments.c.at, within)
        if booked is not None:
            return _read(tx, chosen.where(among(shipments.c.shipment, "booked"), *within), booked=booked)
        return _read(tx, chosen.where(*within))


def shipment(db: Database, ref: str, of: str | None = None) -> ShipmentView | None:
    """A shipment by its id; None if there is none, or none `of` this customer."""
    with db.read() as tx:
        return next(iter(_read(tx, _SHIPMENTS.where(shipments.c.shipment == ref, of_customer(orders, of)))), None)


def of_order(db: Database, ref: str) -> list[ShipmentView]:
    """All shipments of an order, the newest first."""
    with db.read() as tx:
        newest = _SHIPMENTS.where(shipments.c.order_id == ref).order_by(shipments.c.at.desc(), shipments.c.shipment)
        return _read(tx, newest)


def read_latest(tx: Tx, limit: int) -> list[ShipmentView]:
    """The shipments that were booked last, the newest first."""
    return _read(tx, _SHIPMENTS.order_by(shipments.c.at.desc(), shipments.c.shipment).limit(limit))


def _read(tx: Tx, chosen: Select[Any], **parameters: Any) -> list[ShipmentView]:
    found = {row[0]: _view(row) for row in tx.fetch(chosen, **parameters)}
    for ident, *left in tx.fetch(_LEFT, shipments=list(found)) if found else ():
        found[ident].lines.append(Left(*left))
    return list(found.values())


def _view(row: Row) -> ShipmentView:
    ident, order, customer, at, carrier, tracking, delivered, undone = row
    delivered_at, reversed_at = (None if moment is None else moment_datetime(moment) for moment in (delivered, undone))
    return ShipmentView(ident, order, customer, moment_datetime(at), carrier, tracking, delivered_at, reversed_at, [])
