"""Holds on orders: those that stand, and how many there were."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import holds, orders

_HOLDS = (
    select(holds.c.order_id, holds.c.kind, holds.c.n, holds.c.released_at)
    .where(among(holds.c.order_id, "orders"))
    .order_by(holds.c.order_id, holds.c.kind, holds.c.n)
)


class Hold(NamedTuple):
    """The last hold of a kind on an order: its number, and whether it stands."""

    n: int
    stands: bool


def load_holds(tx: Tx, order_ids: Sequence[str]) -> dict[tuple[str, str], Hold]:
    """The last hold of each kind on these orders, by (order, kind)."""
    return {(row[0], row[1]): Hold(row[2], row[3] is None) for row in tx.fetch(_HOLDS, orders=order_ids)}


def save_holds(tx: Tx, placed: Sequence[Row], released: Sequence[Row], held: Sequence[Row]) -> None:
    """Insert holds and release others, both as (order, kind, n, moment, reason); flag orders, as (order, held).

    The lines of these are flagged as their book is saved.
    """
    key = ("order_id", "kind", "n")
    tx.insert(holds, (*key, "at", "reason"), placed)
    tx.update(holds, key, ("released_at", "release_reason"), released)
    tx.update(orders, ("order_id",), ("held",), held)
