"""The supplies that pins name: which of them there are, of which item and where."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.storage.db import Tx, among
from backorder.storage.tables import supplies

_SUPPLIES = select(supplies.c.supply, supplies.c.sku, supplies.c.site).where(among(supplies.c.supply, "supplies"))


class Supply(NamedTuple):
    """A supply that exists, stock or inbound, open or not: its item and its site."""

    sku: str
    site: str


def load_supplies(tx: Tx, ids: Sequence[str]) -> dict[str, Supply]:
    """Which of these supplies exist."""
    return {row[0]: Supply(row[1], row[2]) for row in tx.fetch(_SUPPLIES, supplies=ids)}
