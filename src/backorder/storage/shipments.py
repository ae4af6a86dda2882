"""Shipments and what left in them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.storage.db import Row, Tx, among
from backorder.storage.shipment_tables import shipment_lines, shipments

_SHIPMENTS = select(
    shipments.c.shipment,
    shipments.c.order_id,
    shipments.c.fingerprint,
    shipments.c.delivered_at,
    shipments.c.reversed_at,
).where(among(shipments.c.shipment, "shipments"))
_UNITS = (
    select(
        shipment_lines.c.shipment,
        shipment_lines.c.line,
        shipment_lines.c.supply,
        shipment_lines.c.quantity,
    )
    .where(among(shipment_lines.c.shipment, "shipments"))
    .order_by(shipment_lines.c.shipment, shipment_lines.c.line, shipment_lines.c.supply)
)


class Shipment(NamedTuple):
    """A shipment that exists: its order, the fingerprint of what made it, when it was delivered or reversed."""

    order: str
    fingerprint: str
    delivered_at: int | None
    reversed_at: int | None


def load_known(tx: Tx, ids: Sequence[str]) -> dict[str, Shipment]:
    """Which of these shipments exist."""
    return {row[0]: Shipment(*row[1:]) for row in tx.fetch(_SHIPMENTS, shipments=ids)}


def load_units(tx: Tx, ids: Sequence[str]) -> dict[str, list[tuple[str, str, int]]]:
    """What these shipments carry, as (line, stock supply, quantity)."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    for shipment, line, supply, quantity in tx.fetch(_UNITS, shipments=ids):
        found.setdefault(shipment, []).append((line, supply, quantity))
    return found


def save_reversals(tx: Tx, rows: Sequence[Row]) -> None:
    """Mark shipments as reversed, as (shipment, moment, reason)."""
    tx.update(shipments, ("shipment",), ("reversed_at", "reversal_reason"), rows)


def save_shipments(tx: Tx, rows: Sequence[Row], units: Sequence[Row]) -> None:
    """Insert shipments and their lines: (shipment, order, moment, carrier, tracking, fingerprint) and
    (shipment, order, line, stock supply, quantity).
    """
    tx.insert(shipments, ("shipment", "order_id", "at", "carrier", "tracking", "fingerprint"), rows)
    tx.insert(shipment_lines, ("shipment", "order_id", "line", "supply", "quantity"), units)


def save_deliveries(tx: Tx, rows: Sequence[Row]) -> None:
    """Record deliveries, as (shipment, moment)."""
    tx.update(shipments, ("shipment",), ("delivered_at",), rows)
