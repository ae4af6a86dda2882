"""How items are sold, level by level: what the shop, a category or an item says, and what holds where it is silent."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select

from backorder.kernel.policies import LEVELLED, Told, resolve
from backorder.queries.lines import as_date
from backorder.storage.db import Database, Row
from backorder.storage.items import load_item_sites
from backorder.storage.policies import load_levels
from backorder.storage.tables import items


class Level(NamedTuple):
    """One level: the fields that it says itself, None where it is silent, and what holds there then, and by whom."""

    own: Mapping[str, Any]
    left: Mapping[str, Told]


class ItemLevel(NamedTuple):
    """An item as a level, with what belongs to it alone; at `sites`, (safety stock, cap) where they are different."""

    name: str | None
    category: str | None
    released_on: date | None
    level: Level
    sites: Mapping[str, Row]


_ITEM = select(items.c.name, items.c.category, items.c.released_on, *(items.c[name] for name in LEVELLED)).where(
    items.c.sku == bindparam("sku")
)


def shop(db: Database) -> Level:
    """What the shop says."""
    with db.read() as tx:
        return _level(load_levels(tx, ())[None], [])


def category(db: Database, name: str) -> Level | None:
    """What a category says; None if there is none of this name."""
    with db.read() as tx:
        levels = load_levels(tx, (name,))
    return _level(levels[name], [("shop", levels[None])]) if name in levels else None


def item(db: Database, sku: str) -> ItemLevel | None:
    """What an item says; None if there is no such item."""
    with db.read() as tx:
        rows = tx.fetch(_ITEM, sku=sku)
        if not rows:
            return None
        name, filed, released, *said = rows[0]
        levels = load_levels(tx, () if filed is None else (filed,))
        sites = {site: row for (_, site), row in sorted(load_item_sites(tx, [sku]).items())}
    above = [(f"category {filed}", levels[filed])] if filed in levels and filed is not None else []
    level = _level(dict(zip(LEVELLED, said, strict=True)), [*above, ("shop", levels[None])])
    return ItemLevel(name, filed, as_date(released), level, sites)


def _level(said: Mapping[str, Any], above: list[tuple[str, Mapping[str, Any]]]) -> Level:
    return Level({name: said.get(name) for name in LEVELLED}, {name: resolve(name, above) for name in LEVELLED})
