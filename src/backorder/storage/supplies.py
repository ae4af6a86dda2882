"""Supplies beside the working set: which item they are of, what is known of their receipts, new rows."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import and_, select

from backorder.kernel.columns import STOCK
from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import SUPPLY_TO_COME, receipts, suppliers, supplies

_RECEIPT = ("receipt", "quantity", "final")
_SUPPLIES = select(supplies.c.supply, supplies.c.sku, supplies.c.fingerprint, supplies.c.kind).where(
    among(supplies.c.supply, "supplies")
)
_DOCUMENTS = (
    select(supplies.c.document, supplies.c.supply, supplies.c.sku)
    .where(
        among(supplies.c.document, "documents"),
        SUPPLY_TO_COME,
    )
    .order_by(supplies.c.document, supplies.c.supply)
)
_WITH_RECEIPTS = (
    select(supplies.c.supply, supplies.c.sku, supplies.c.fingerprint, *(receipts.c[n] for n in _RECEIPT))
    .outerjoin(receipts, and_(receipts.c.supply == supplies.c.supply, among(receipts.c.receipt, "receipts")))
    .where(among(supplies.c.supply, "supplies"), supplies.c.kind != STOCK)
)
_SUPPLIERS = select(suppliers.c.supplier).where(among(suppliers.c.supplier, "suppliers"))


class Supply(NamedTuple):
    """A supply that exists: its item, and the fingerprint of what announced it."""

    sku: str
    fingerprint: str | None


def load_known(tx: Tx, ids: Sequence[str]) -> dict[str, Supply]:
    """Which of these inbound supplies exist, open or not."""
    return {row[0]: Supply(row[1], row[2]) for row in tx.fetch(_SUPPLIES, supplies=ids) if row[3] != STOCK}


def load_documents(tx: Tx, documents: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """The open supplies of purchase orders, as (supply, sku) in order of supply."""
    found: dict[str, list[tuple[str, str]]] = {}
    if documents:
        for document, supply, sku in tx.fetch(_DOCUMENTS, documents=documents):
            found.setdefault(document, []).append((supply, sku))
    return found


def load_suppliers(tx: Tx, ids: Sequence[str]) -> set[str]:
    """Which of these suppliers exist."""
    return {row[0] for row in tx.fetch(_SUPPLIERS, suppliers=ids)}


def load_received(
    tx: Tx, pairs: Sequence[tuple[str, str]]
) -> tuple[dict[str, Supply], dict[tuple[str, str], tuple[int, bool]]]:
    """Which of these (supply, receipt) exist: the supplies, and the receipts with quantity and whether final."""
    known: dict[str, Supply] = {}
    booked: dict[tuple[str, str], tuple[int, bool]] = {}
    rows = tx.fetch(_WITH_RECEIPTS, supplies=[s for s, _ in pairs], receipts=[r for _, r in pairs])
    for supply, sku, fingerprint, receipt, quantity, final in rows:
        known[supply] = Supply(sku, fingerprint)
        if receipt is not None:
            booked[supply, receipt] = quantity, bool(final)
    return known, booked


def save_receipts(tx: Tx, rows: Sequence[Row]) -> None:
    """Insert receipts, as (supply, receipt, moment, quantity, final, units beyond what was announced)."""
    tx.insert(receipts, ("supply", "receipt", "at", "quantity", "final", "surplus"), rows)
