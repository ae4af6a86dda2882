"""Shipments and what left in them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import shipment_lines, shipments

_SHIPMENTS = select(
    shipments.c.shipment, shipments.c.order_id, shipments.c.fingerprint, shipments.c.delivered_at
).where(among(shipments.c.shipment, "shipments"))


class Shipment(NamedTuple):
    """A shipment that exists: its order, the fingerprint of what made it, and when it was delivered."""

    order: str
    fingerprint: str
    delivered_at: int | None


def load_known(tx: Tx, ids: Sequence[str]) -> dict[str, Shipment]:
    """Which of these shipments exist."""
    return {row[0]: Shipment(*row[1:]) for row in tx.fetch(_SHIPMENTS, shipments=ids)}


def save_shipments(tx: Tx, rows: Sequence[Row], units: Sequence[Row]) -> None:
    """Insert shipments and their lines: (shipment, order, moment, carrier, tracking, fingerprint) and
    (shipment, order, line, stock supply, quantity).
    """
    tx.insert(shipments, ("shipment", "order_id", "at", "carrier", "tracking", "fingerprint"), rows)
    tx.insert(shipment_lines, ("shipment", "order_id", "line", "supply", "quantity"), units)


def save_deliveries(tx: Tx, rows: Sequence[Row]) -> None:
    """Record deliveries, as (shipment, moment)."""
    tx.update(shipments, ("shipment",), ("delivered_at",), rows)
