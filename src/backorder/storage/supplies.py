"""Supplies beside the working set: which item they are of, what they keep, the purchase orders they belong to."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from backorder.kernel.columns import STOCK
from backorder.storage.book import SUPPLY_DETAILS
from backorder.storage.conditions import SUPPLY_TO_COME
from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import suppliers, supplies

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
_CURRENCIES = (
    select(supplies.c.document, func.min(supplies.c.currency))
    .where(among(supplies.c.document, "documents"), supplies.c.currency.is_not(None))
    .group_by(supplies.c.document)
)
_DETAILS = select(supplies.c.supply, *(supplies.c[name] for name in SUPPLY_DETAILS)).where(
    among(supplies.c.supply, "supplies")
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


def load_currencies(tx: Tx, documents: Sequence[str]) -> dict[str, str]:
    """The currency of the costs in these purchase orders, where there are any."""
    return dict(tx.fetch(_CURRENCIES, documents=documents)) if documents else {}


def load_details(tx: Tx, ids: Sequence[str]) -> dict[str, Row]:
    """What these supplies keep that promising does not ask for, in the order of SUPPLY_DETAILS."""
    return {row[0]: row[1:] for row in tx.fetch(_DETAILS, supplies=ids)} if ids else {}
