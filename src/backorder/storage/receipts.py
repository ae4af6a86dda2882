"""Receipts: what is known of the supplies that they name, and of receipts booked before."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, select

from backorder.kernel.columns import STOCK
from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import receipts, supplies


def _with_receipts(named: Any) -> Any:
    """Inbound supplies, once for each of their receipts among those named."""
    booked = and_(receipts.c.supply == supplies.c.supply, among(receipts.c.receipt, "receipts"))
    return (
        select(
            supplies.c.supply,
            supplies.c.sku,
            supplies.c.document,
            supplies.c.document_line,
            receipts.c.receipt,
            receipts.c.quantity,
            receipts.c.final,
        )
        .outerjoin(receipts, booked)
        .where(named, supplies.c.kind != STOCK)
        .order_by(supplies.c.supply)
    )


_BY_SUPPLY = _with_receipts(among(supplies.c.supply, "names"))
_BY_DOCUMENT = _with_receipts(among(supplies.c.document, "names"))


class Supply(NamedTuple):
    """A supply that exists: its item, and where it stands in a purchase order."""

    sku: str
    document: str | None
    document_line: str | None


class Known(NamedTuple):
    """Supplies, and what was booked of (supply, receipt): quantity and whether final."""

    supplies: dict[str, Supply]
    booked: dict[tuple[str, str], tuple[int, bool]]


def load_known(tx: Tx, named: Sequence[str], documents: Sequence[str], ids: Sequence[str]) -> Known:
    """The supplies named, and those of purchase orders, open or not; their receipts by these ids."""
    known = Known({}, {})
    rows = tx.fetch(_BY_SUPPLY, names=named, receipts=ids) if named else []
    if documents:
        rows = [*rows, *tx.fetch(_BY_DOCUMENT, names=documents, receipts=ids)]
    for supply, sku, document, document_line, receipt, quantity, final in rows:
        known.supplies[supply] = Supply(sku, document, document_line)
        if receipt is not None:
            known.booked[supply, receipt] = quantity, bool(final)
    return known


def save_receipts(tx: Tx, rows: Sequence[Row]) -> None:
    """Insert receipts, as (supply, receipt, moment, quantity, final, units beyond what was announced)."""
    tx.insert(receipts, ("supply", "receipt", "at", "quantity", "final", "surplus"), rows)
