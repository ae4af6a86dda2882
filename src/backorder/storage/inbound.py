"""The sources of what shops send, and what came of it."""

from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, literal_column, select

from backorder.storage.db import Tx
from backorder.storage.inbound_tables import inbound_deliveries, inbound_sources


class Source(NamedTuple):
    """A source as its row has it."""

    source: str
    form: str
    account: str
    secret: str | None
    old_secret: str | None
    old_until: int | None
    made_at: int


class Delivery(NamedTuple):
    """What came of a delivery. `early`: it cancelled an order that was not there yet."""

    source: str
    delivery: str
    at: int
    topic: str
    given: str
    state: str
    order_id: str | None
    message: str | None


_SOURCE = select(inbound_sources).where(inbound_sources.c.source == bindparam("source"))
_DELIVERY = select(inbound_deliveries).where(
    inbound_deliveries.c.source == bindparam("source"), inbound_deliveries.c.delivery == bindparam("delivery")
)
_EARLY: Select[Any] = (
    select(literal_column("1"))
    .select_from(inbound_deliveries)
    .where(
        inbound_deliveries.c.source == bindparam("source"),
        inbound_deliveries.c.order_id == bindparam("order"),
        inbound_deliveries.c.state == "early",
    )
    .limit(1)
)


def load_source(tx: Tx, source: str) -> Source | None:
    """A source by its name."""
    rows = tx.fetch(_SOURCE, source=source)
    return Source(*rows[0]) if rows else None


def lock_source(tx: Tx, source: str) -> Source | None:
    """A source, which nobody else changes until commit."""
    rows = tx.fetch(_SOURCE.with_for_update(), source=source)
    return Source(*rows[0]) if rows else None


def save_source(tx: Tx, source: Source, *, new: bool) -> None:
    """Write a source."""
    if new:
        tx.insert(inbound_sources, Source._fields, [source])
    else:
        tx.update(inbound_sources, ("source",), Source._fields[1:], [source])


def delete_source(tx: Tx, source: str) -> None:
    """Take a source away."""
    tx.delete(inbound_sources, ("source",), [(source,)])


def load_delivery(tx: Tx, source: str, delivery: str) -> Delivery | None:
    """What came of a delivery; None where it never came."""
    rows = tx.fetch(_DELIVERY, source=source, delivery=delivery)
    return Delivery(*rows[0]) if rows else None


def save_delivery(tx: Tx, delivery: Delivery) -> None:
    """Write down what came of a delivery, this time."""
    tx.delete(inbound_deliveries, ("source", "delivery"), [delivery[:2]])
    tx.insert(inbound_deliveries, Delivery._fields, [delivery])


def ended_early(tx: Tx, source: str, order: str) -> bool:
    """Whether an order was cancelled by the source before it came."""
    return bool(tx.fetch(_EARLY, source=source, order=order))
