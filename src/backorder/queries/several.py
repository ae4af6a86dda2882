"""Lines that somebody picked from the backlog, and what of their orders is needed to change them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.queries.backlog import BacklogLine, named
from backorder.queries.lines import LINES, read_lines
from backorder.storage.db import Database, among
from backorder.storage.tables import lines, orders

_LINES = LINES.where(among(lines.c.order_id, "orders"))
_ORDERS = select(orders.c.order_id, orders.c.priority).where(among(orders.c.order_id, "orders"))


class Several(NamedTuple):
    """Lines in the order in which they were named, as far as they are there, and the priorities of their orders."""

    rows: list[BacklogLine]
    priority: dict[str, int]


def several(db: Database, now: int, wanted: Sequence[tuple[str, str]]) -> Several:
    """Lines by the ids of their orders and their own."""
    asked = {key: n for n, key in enumerate(wanted)}
    of = sorted({order for order, _ in wanted})
    with db.read() as tx:
        found = [one for one in read_lines(tx, _LINES, now, orders=of) if (one.order, one.line) in asked]
        found.sort(key=lambda one: asked[one.order, one.line])
        return Several(named(tx, found), {row[0]: int(row[1]) for row in tx.fetch(_ORDERS, orders=of)})
