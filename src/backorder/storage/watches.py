"""Who wants to be told when an item is back: their rows, and which items may be."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, or_, select

from backorder.kernel.columns import STOCK
from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import people, supplies
from backorder.storage.types import Moment
from backorder.storage.watch_tables import watches

_KEY = ("sku", "n")
_WAITS = watches.c.state == "waiting"
_THEIRS = func.lower(people.c.email)
_WATCHES = select(
    watches.c.sku, watches.c.n, watches.c.customer, watches.c.email, _THEIRS, watches.c.language, watches.c.until_at
).outerjoin(people, people.c.customer == watches.c.customer)
_OF_PEOPLE = _WATCHES.where(
    _WAITS,
    or_(
        among(watches.c.customer, "customers"),
        among(watches.c.email, "emails"),
        among(_THEIRS, "emails"),
    ),
)
_OF_ITEMS = (
    _WATCHES.where(_WAITS, among(watches.c.sku, "skus"), watches.c.until_at >= bindparam("now", type_=Moment()))
    .order_by(watches.c.sku, watches.c.n)
    .limit(bindparam("most"))
    .with_for_update(of=watches)
)
_LAST = select(watches.c.sku, func.max(watches.c.n)).where(among(watches.c.sku, "skus")).group_by(watches.c.sku)
_ADDRESSES = select(people.c.customer, _THEIRS).where(
    among(people.c.customer, "customers"), people.c.email.is_not(None)
)
_MAY_BE_BACK = (
    select(watches.c.sku)
    .join(supplies, supplies.c.sku == watches.c.sku)
    .where(_WAITS, watches.c.sku > bindparam("after"))
    .where(supplies.c.kind == STOCK, supplies.c.quantity > supplies.c.pegged)
    .distinct()
    .order_by(watches.c.sku)
    .limit(bindparam("most"))
)
_EXPIRED = select(*(watches.c[name] for name in _KEY)).where(
    _WAITS, watches.c.until_at < bindparam("before", type_=Moment())
)
_NAMED = select(*(watches.c[name] for name in _KEY)).where(
    watches.c.state == "told",
    watches.c.ended_at < bindparam("before", type_=Moment()),
    or_(watches.c.customer.is_not(None), watches.c.email.is_not(None)),
)


class Watch(NamedTuple):
    """A watch that waits: of a customer, whose `address` is that of their person, or of an e-mail address."""

    sku: str
    n: int
    customer: str | None
    email: str | None
    address: str | None
    language: str | None
    until_at: int

    @property
    def whom(self) -> str:
        """Where they are told, by which it is known whether two are the same; else which customer it is."""
        return self.email or self.address or f"customer {self.customer}"


def load_of_people(tx: Tx, customers: Sequence[str], emails: Sequence[str]) -> list[Watch]:
    """What these customers and addresses (in small letters) wait for, however they said who they are."""
    found = tx.fetch(_OF_PEOPLE, customers=customers, emails=emails)
    return sorted({row[:2]: Watch(*row) for row in found}.values())


def load_of_items(tx: Tx, skus: Sequence[str], now: int, most: int) -> list[Watch]:
    """Who waits for these items, in the order in which they asked, held until commit."""
    return [Watch(*row) for row in tx.fetch(_OF_ITEMS, skus=skus, now=now, most=most)]


def load_last(tx: Tx, skus: Sequence[str]) -> dict[str, int]:
    """The number of the last watch of each item that has any."""
    return {row[0]: int(row[1]) for row in tx.fetch(_LAST, skus=skus)}


def load_addresses(tx: Tx, customers: Sequence[str]) -> dict[str, str]:
    """The addresses of customers, in small letters."""
    return dict(tx.fetch(_ADDRESSES, customers=customers)) if customers else {}


def may_be_back(tx: Tx, after: str, most: int) -> list[str]:
    """Items behind `after` that somebody waits for and that have units on hand which nobody holds."""
    return [row[0] for row in tx.fetch(_MAY_BE_BACK, after=after, most=most)]


def save_watches(tx: Tx, rows: Sequence[Row]) -> None:
    """New watches, as (sku, n, customer, email, language, asked, until)."""
    columns = (*_KEY, "customer", "email", "language", "asked_at", "until_at", "state")
    tx.insert(watches, columns, [(*row, "waiting") for row in rows])


def change_watches(tx: Tx, rows: Sequence[Row]) -> None:
    """Watches with another language or end, as (sku, n, language, until)."""
    tx.update(watches, _KEY, ("language", "until_at"), rows)


def mark_told(tx: Tx, keys: Sequence[Row], now: int) -> None:
    """They are being told: who they are stays until the message went."""
    tx.update(watches, _KEY, ("state", "ended_at"), [(*key, "told", now) for key in keys])


def end(tx: Tx, keys: Sequence[Row], state: str, now: int) -> None:
    """Let watches end, and who asked be gone."""
    columns = ("state", "ended_at", "customer", "email")
    tx.update(watches, _KEY, columns, [(*key, state, now, None, None) for key in keys])


def tidy(tx: Tx, now: int, told_before: int) -> int:
    """Let those end whose time has passed, and forget who was told before a moment; how many."""
    expired, named = tx.fetch(_EXPIRED, before=now), tx.fetch(_NAMED, before=told_before)
    end(tx, expired, "expired", now)
    tx.update(watches, _KEY, ("customer", "email"), [(*key, None, None) for key in named])
    return len(expired) + len(named)


def is_untidy(tx: Tx, now: int, told_before: int) -> bool:
    """Whether there is something to tidy."""
    return bool(tx.fetch(_EXPIRED.limit(1), before=now) or tx.fetch(_NAMED.limit(1), before=told_before))
