"""One box that finds an order, an item, a supply or a customer: by the beginning of its id, and some by their name."""

from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, collate, func, select

from backorder.kernel.columns import STOCK
from backorder.storage.db import Database, Tx
from backorder.storage.tables import customers, items, orders, people, supplies

SHOWN = 10  # of each kind
Kind = Literal["order", "item", "supply", "customer"]


class Hit(NamedTuple):
    """Something that was found: its id, what else tells it, and whether the text is its whole id."""

    kind: Kind
    id: str
    name: str | None
    exact: bool


class Reach(NamedTuple):
    """What may be looked for."""

    orders: bool
    items: bool
    supplies: bool
    names: bool  # those of customers


def find(db: Database, text: str, reach: Reach) -> list[Hit]:
    """What begins with a text, or has it in its name; a few of each kind, the whole id first."""
    found: list[Hit] = []
    with db.read() as tx:
        if reach.orders:
            named = people.c.name if reach.names else orders.c.customer
            chosen = select(orders.c.order_id, named).outerjoin(people, people.c.customer == orders.c.customer)
            found += _found(tx, "order", chosen, orders.c.order_id, text)
        if reach.items:
            chosen = select(items.c.sku, items.c.name)
            found += _found(tx, "item", chosen, items.c.sku, text, items.c.name)
        if reach.supplies:
            chosen = select(supplies.c.supply, supplies.c.sku).where(supplies.c.kind != STOCK)
            found += _found(tx, "supply", chosen, supplies.c.supply, text)
        if reach.orders:
            chosen = select(customers.c.customer, people.c.name if reach.names else customers.c.country)
            chosen = chosen.outerjoin(people, people.c.customer == customers.c.customer)
            names = people.c.name if reach.names else None
            found += _found(tx, "customer", chosen, customers.c.customer, text, names)
    return found


def _found(
    tx: Tx, kind: Kind, chosen: Select[Any], key: ColumnElement[Any], text: str, name: ColumnElement[Any] | None = None
) -> list[Hit]:
    """The whole id; what begins with the text; and as long as there is room, what has it in its name."""
    rows: dict[str, str | None] = dict(tx.fetch(chosen.where(key == text)))
    begins = key >= text, key < f"{text}\U0010ffff"  # ids stand in order of their characters, on both databases
    rows |= dict(tx.fetch(chosen.where(*begins).order_by(key).limit(SHOWN)))
    if name is not None and len(rows) < SHOWN:
        plain = text.isascii() and tx.dialect == "postgresql"  # other letters mean nothing then, and take twice as long
        lowered = func.lower(collate(name, "C") if plain else name)
        within = lowered.contains(text.lower(), autoescape=True)
        rows |= dict(tx.fetch(chosen.where(within).order_by(key).limit(SHOWN)))
    return [Hit(kind, ident, said, ident == text) for ident, said in list(rows.items())[:SHOWN]]
