"""Links to status pages, by the digests of their tokens; and what customers chose there, until it took effect."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select

from backorder.storage.db import Row, Tx, among
from backorder.storage.status_tables import status_choices, status_links
from backorder.storage.tables import orders
from backorder.storage.timers import move_timers

TIMER = "choice"  # goes off when what a customer chose takes effect; its subject is the order


class Link(NamedTuple):
    """A link to an order's page: opened to `answer` or only to `read`; it ends `days` after the order."""

    order: str
    n: int
    digest: str
    purpose: str
    days: int
    made_at: int
    revoked_at: int | None


class Choice(NamedTuple):
    """What a customer chose of lines, each with the day that was shown of it (None: no day); JSON as it is kept.

    `said` are the words that they confirmed, `note` is what the evidence says of how.
    """

    order: str
    n: int
    answer: str
    lines: str
    sku: str | None
    notice: int | None
    note: str
    said: str
    at: int
    effective_at: int
    state: str = "pending"
    outcome: str | None = None
    message: str | None = None
    ended_at: int | None = None

    @property
    def shown(self) -> list[tuple[str, int | None]]:
        """The lines, with the day number that was shown of each."""
        return [(line, day) for line, day in json.loads(self.lines)]


_LINK = ("order_id", *Link._fields[1:])
_CHOICE = ("order_id", *Choice._fields[1:])
_KEY = ("order_id", "n")
_LINKS = select(*(status_links.c[name] for name in _LINK)).order_by(status_links.c.order_id, status_links.c.n)
_OF_ORDERS = _LINKS.where(among(status_links.c.order_id, "orders"))
_TAKEN = select(status_links.c.digest, status_links.c.order_id).where(among(status_links.c.digest, "digests"))
_KNOWN = select(orders.c.order_id).where(among(orders.c.order_id, "orders"))
_OF_CUSTOMERS = (
    select(status_links.c.order_id, status_links.c.n)
    .join(orders, orders.c.order_id == status_links.c.order_id)
    .where(among(orders.c.customer, "customers"), status_links.c.revoked_at.is_(None))
)
_LAST = (
    select(status_choices.c.order_id, func.max(status_choices.c.n))
    .where(among(status_choices.c.order_id, "orders"))
    .group_by(status_choices.c.order_id)
)
_CHOICES = select(*(status_choices.c[name] for name in _CHOICE))
_PENDING: ColumnElement[str] = literal_column("'pending'")
_WAITING = _CHOICES.where(status_choices.c.state == _PENDING, among(status_choices.c.order_id, "orders"))
_OF_ORDER = _CHOICES.where(status_choices.c.order_id == bindparam("order")).order_by(status_choices.c.n)
_LEAVING = (
    select(status_choices.c.order_id, status_choices.c.lines)
    .where(status_choices.c.state == _PENDING, among(status_choices.c.order_id, "orders"))
    .where(status_choices.c.answer.in_([literal_column("'cancel'"), literal_column("'substitute'")]))
)


def load_links(tx: Tx, names: Sequence[str]) -> dict[str, list[Link]]:
    """The links of orders that there are, by order and number."""
    found: dict[str, list[Link]] = {row[0]: [] for row in tx.fetch(_KNOWN, orders=names)}
    for row in tx.fetch(_OF_ORDERS, orders=names):
        found[row[0]].append(Link(*row))
    return found


def load_taken(tx: Tx, digests: Sequence[str]) -> dict[str, str]:
    """The orders to whose pages these digests lead already."""
    return dict(tx.fetch(_TAKEN, digests=digests))


def save_links(tx: Tx, made: Sequence[Link], revoked: Sequence[Row]) -> None:
    """Add links, and revoke others, as (order, n, moment)."""
    tx.insert(status_links, _LINK, made)
    tx.update(status_links, _KEY, ("revoked_at",), revoked)


def revoke_of(tx: Tx, customers: Iterable[str], at: int) -> None:
    """Revoke every link to the pages of these customers' orders: who has one may be somebody else by now."""
    rows = tx.fetch(_OF_CUSTOMERS, customers=sorted(customers))
    tx.update(status_links, _KEY, ("revoked_at",), [(*row, at) for row in rows])


def load_choices(tx: Tx, order: str) -> list[Choice]:
    """All that was chosen on an order's page, in order."""
    return [Choice(*row) for row in tx.fetch(_OF_ORDER, order=order)]


def load_pending(tx: Tx, names: Sequence[str]) -> dict[str, Choice]:
    """What was chosen of these orders and has not taken effect."""
    return {row[0]: Choice(*row) for row in tx.fetch(_WAITING, orders=names)}


def load_last(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """The number of the last choice of each of these orders that has one."""
    return dict(tx.fetch(_LAST, orders=names))


def load_leaving(tx: Tx, names: Sequence[str]) -> dict[str, set[str]]:
    """The lines of these orders that their customers chose not to get: they must not leave before that takes effect."""
    return {order: {line for line, _ in json.loads(lines)} for order, lines in tx.fetch(_LEAVING, orders=names)}


def save_choices(tx: Tx, made: Sequence[Choice], ended: Sequence[Row]) -> None:
    """Add choices with the timers by which they take effect; end others, as (order, n, state, outcome, why, moment)."""
    tx.update(status_choices, _KEY, ("state", "outcome", "message", "ended_at"), ended)
    tx.insert(status_choices, _CHOICE, made)
    looks: dict[str, int | None] = {row[0]: None for row in ended}
    looks |= {choice.order: choice.effective_at for choice in made}
    move_timers(tx, TIMER, looks)


__all__ = [
    "TIMER",
    "Choice",
    "Link",
    "load_choices",
    "load_last",
    "load_leaving",
    "load_links",
    "load_pending",
    "load_taken",
    "revoke_of",
    "save_choices",
    "save_links",
]
