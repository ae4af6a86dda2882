"""One box that finds an order, an item, a supply or a customer: by the beginning of its id, and some by their name."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, case, collate, func, literal_column, select

from backorder.kernel.columns import STOCK
from backorder.queries.lines import as_date
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Database, Tx, among
from backorder.storage.tables import customers, items, lines, orders, people, supplies
from backorder.storage.types import Day

SHOWN = 10  # of each kind
Kind = Literal["order", "item", "supply", "customer"]


class Progress(NamedTuple):
    """How far an order is: its lines, those still open, and the last day promised; None where one has none."""

    lines: int
    open: int
    promise: date | None


class Hit(NamedTuple):
    """Something that was found: its id, what else tells it, and whether the text is its whole id, in some case."""

    kind: Kind
    id: str
    name: str | None
    exact: bool
    progress: Progress | None = None


class Found(NamedTuple):
    """What was found of a kind, and whether there is more."""

    hits: list[Hit]
    more: bool


class _Among(NamedTuple):
    """Where a kind is looked for: id and what tells it, by which ids, by which names if by any."""

    kind: Kind
    chosen: Select[Any]
    key: ColumnElement[Any]
    name: ColumnElement[Any] | None = None


_PROGRESS = (
    select(
        lines.c.order_id,
        func.count(),
        func.count(case((LINE_OPEN, literal_column("1")))),
        func.count(case((LINE_OPEN, lines.c.promise))),
        func.max(case((LINE_OPEN, lines.c.promise)), type_=Day()),
    )
    .where(among(lines.c.order_id, "orders"))
    .group_by(lines.c.order_id)
)


def find(db: Database, text: str, kind: Kind, names: bool) -> Found:
    """What of a kind begins with a text, or has it in its name; a few, the whole id first.

    Ids are found as the text is typed, and in capitals and in small letters alone: each is a stretch of an index.
    `names` of customers are looked through, and told, for those who may know them.
    """
    with db.read() as tx:
        found = _found(tx, _kind(kind, names), text)
        return Found(_with_progress(tx, found[:SHOWN]), more=len(found) > SHOWN)


def _kind(kind: Kind, names: bool) -> _Among:
    if kind == "order":
        named = func.coalesce(people.c.name, orders.c.customer) if names else orders.c.customer
        chosen = select(orders.c.order_id, named).outerjoin(people, people.c.customer == orders.c.customer)
        return _Among(kind, chosen, orders.c.order_id)
    if kind == "item":
        return _Among(kind, select(items.c.sku, items.c.name), items.c.sku, items.c.name)
    if kind == "supply":
        chosen = select(supplies.c.supply, func.coalesce(items.c.name, supplies.c.sku))
        chosen = chosen.join(items, items.c.sku == supplies.c.sku).where(supplies.c.kind != STOCK)
        return _Among(kind, chosen, supplies.c.supply)
    chosen = select(customers.c.customer, people.c.name if names else customers.c.country)
    chosen = chosen.outerjoin(people, people.c.customer == customers.c.customer)
    return _Among(kind, chosen, customers.c.customer, people.c.name if names else None)


def _found(tx: Tx, one: _Among, text: str) -> list[Hit]:
    """The whole id; what begins with the text; and as long as there is room, what has it in its name."""
    key, room = one.key, SHOWN + 1
    cases = list(dict.fromkeys((text, text.upper(), text.lower())))
    whole: dict[str, str | None] = dict(tx.fetch(one.chosen.where(key.in_(cases))))
    rows: dict[str, str | None] = {each: whole[each] for each in cases if each in whole}
    for first, end in (stretch for each in cases for stretch in _stretches(one.kind, each)):
        if len(rows) < room:
            rows |= dict(tx.fetch(one.chosen.where(key >= first, key < end).order_by(key).limit(room)))
    if one.name is not None and len(rows) < room:
        plain = text.isascii() and tx.dialect == "postgresql"  # other letters mean nothing then, and take twice as long
        lowered = func.lower(collate(one.name, "C") if plain else one.name)
        within = lowered.contains(text.lower(), autoescape=True)
        rows |= dict(tx.fetch(one.chosen.where(within).order_by(key).limit(room)))
    return [Hit(one.kind, ident, said, ident in cases) for ident, said in list(rows.items())[:room]]


def _stretches(kind: Kind, text: str) -> Iterator[tuple[str, str]]:
    """Where ids begin with a text: they stand in order of their characters, on both databases.

    Stock is left out, of which there is as much as there are items.
    """
    end = f"{text}\U0010ffff"
    if kind == "supply" and (text.startswith(_STOCK) or _STOCK.startswith(text)):
        yield text, _STOCK
        yield _BEHIND_STOCK, end
    else:
        yield text, end


_STOCK, _BEHIND_STOCK = f"{STOCK}/", f"{STOCK}0"  # the character behind a slash


def _with_progress(tx: Tx, hits: list[Hit]) -> list[Hit]:
    """Orders with how far they are."""
    named = sorted(hit.id for hit in hits if hit.kind == "order")
    found = {
        order: Progress(many, still, as_date(last) if dated == still else None)
        for order, many, still, dated, last in (tx.fetch(_PROGRESS, orders=named) if named else ())
    }
    return [hit._replace(progress=found.get(hit.id)) if hit.kind == "order" else hit for hit in hits]
