"""Lines that somebody picked from the backlog, and what of their orders is needed to change them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, select

from backorder.kernel.events import address
from backorder.queries.backlog import BacklogLine, named
from backorder.queries.lines import LINES, read_lines
from backorder.storage.db import Database, among
from backorder.storage.event_tables import events
from backorder.storage.tables import lines, orders

_LINES = LINES.where(among(lines.c.order_id, "orders"))
_ORDERS = select(orders.c.order_id, orders.c.priority).where(among(orders.c.order_id, "orders"))
_NEWS = (
    select(events.c.subject, events.c.kind)
    .where(among(events.c.subject, "subjects"), events.c.n > bindparam("seen"))
    .distinct()
)


class Several(NamedTuple):
    """Lines in the order in which they were named, as far as they are there, and the priorities of their orders.

    `news` are the kinds of events that there were of an order meanwhile.
    """

    rows: list[BacklogLine]
    priority: dict[str, int]
    news: dict[str, set[str]]


def several(db: Database, now: int, wanted: Sequence[tuple[str, str]], seen: int) -> Several:
    """Lines by the ids of their orders and their own; `seen` is the last event that whoever named them knew of."""
    asked = {key: n for n, key in enumerate(wanted)}
    of = sorted({order for order, _ in wanted})
    with db.read() as tx:
        found = [one for one in read_lines(tx, _LINES, now, orders=of) if (one.order, one.line) in asked]
        found.sort(key=lambda one: asked[one.order, one.line])
        subjects = {address("orders", order): order for order in of}
        news: dict[str, set[str]] = {}
        for subject, kind in tx.fetch(_NEWS, subjects=sorted(subjects), seen=seen):
            news.setdefault(subjects[subject], set()).add(kind)
        return Several(named(tx, found), {row[0]: int(row[1]) for row in tx.fetch(_ORDERS, orders=of)}, news)
