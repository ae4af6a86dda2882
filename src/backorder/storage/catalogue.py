"""Items, sites, suppliers and customers: reading whole rows, writing the ones that changed."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, select

from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Tx, among
from backorder.storage.tables import categories, customers, items, lines, people, shop, sites, suppliers

Rows = dict[str, dict[str, Any]]

TABLES: dict[str, Table] = {
    "items": items,
    "sites": sites,
    "suppliers": suppliers,
    "customers": customers,
    "categories": categories,
    "shop": shop,
}
KEYS = {
    "items": "sku",
    "sites": "site",
    "suppliers": "supplier",
    "customers": "customer",
    "categories": "category",
    "shop": "shop",
}

_ROWS = {name: select(table).where(among(table.c[KEYS[name]], "keys")) for name, table in TABLES.items()}
_LOCKED = {name: statement.order_by(TABLES[name].c[KEYS[name]]).with_for_update() for name, statement in _ROWS.items()}
_PEOPLE = select(people.c.customer, people.c.name, people.c.email).where(among(people.c.customer, "keys"))
_WAITING = select(lines.c.sku).where(lines.c.waiting > 0, LINE_OPEN).distinct()
_SUPPLIED = select(items.c.sku).where(among(items.c.supplier, "suppliers"))


def load_rows(tx: Tx, name: str, keys: Iterable[str], *, lock: bool = True) -> Rows:
    """The rows of a catalogue table by key, locked where the database locks rows; who only asks does not `lock`."""
    statements = _LOCKED if lock and tx.dialect == "postgresql" else _ROWS
    columns = [column.name for column in TABLES[name].c]
    rows = tx.fetch(statements[name], keys=sorted(set(keys)))
    return {row[columns.index(KEYS[name])]: dict(zip(columns, row, strict=True)) for row in rows}


def save_rows(tx: Tx, name: str, before: Rows, after: Rows) -> None:
    """Insert the rows that are new and update those that differ."""
    table, key = TABLES[name], KEYS[name]
    columns = [column.name for column in table.c if column.name != key]
    added = [(k, *(row[c] for c in columns)) for k, row in after.items() if k not in before]
    changed = [(k, *(row[c] for c in columns)) for k, row in after.items() if k in before and before[k] != row]
    tx.insert(table, (key, *columns), added)
    tx.update(table, (key,), columns, changed)


def load_people(tx: Tx, keys: Sequence[str]) -> Rows:
    """Names and addresses of customers."""
    return {row[0]: {"name": row[1], "email": row[2]} for row in tx.fetch(_PEOPLE, keys=keys)}


def save_people(tx: Tx, before: Rows, after: Rows) -> None:
    """Insert or update names and addresses."""
    added = [(k, row["name"], row["email"]) for k, row in after.items() if k not in before]
    changed = [(k, row["name"], row["email"]) for k, row in after.items() if k in before and before[k] != row]
    tx.insert(people, ("customer", "name", "email"), added)
    tx.update(people, ("customer",), ("name", "email"), changed)


def waiting_skus(tx: Tx) -> list[str]:
    """Every item that some line waits for."""
    return [row[0] for row in tx.fetch(_WAITING)]


def supplied_skus(tx: Tx, supplier_ids: Sequence[str]) -> list[str]:
    """The items that come from these suppliers."""
    return [row[0] for row in tx.fetch(_SUPPLIED, suppliers=supplier_ids)]
