"""Selling policy by level: what an item leaves out it takes from its category, then the shop, then the default."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, literal_column, select

from backorder.kernel.policies import DEFAULTS, LEVELLED
from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import LINE_OPEN, categories, item_sites, items, lines, shop

THE_SHOP = "shop"  # the one row of its table

# Items with the rows of their levels beside them; whoever selects `effective` values selects from here.
LEVELS: FromClause = items.outerjoin(categories, categories.c.category == items.c.category).outerjoin(
    shop, shop.c.shop == literal_column("'shop'")
)


def effective(name: str) -> ColumnElement[Any]:
    """A field of the policy as it holds for an item of LEVELS."""
    levels: list[ColumnElement[Any]] = [table.c[name] for table in (items, categories, shop)]
    if DEFAULTS[name] is not None:
        default = repr(DEFAULTS[name]) if isinstance(DEFAULTS[name], str) else str(DEFAULTS[name])
        levels.append(literal_column(default, items.c[name].type))
    return func.coalesce(*levels, type_=items.c[name].type).label(name)


_FIELDS = [categories.c[name] for name in LEVELLED]
_CATEGORIES = select(categories.c.category, *_FIELDS).where(among(categories.c.category, "names"))
_SHOP = select(*(shop.c[name] for name in LEVELLED))
_WAITING = (
    select(lines.c.sku)
    .join(items, items.c.sku == lines.c.sku)
    .where(lines.c.waiting > 0, LINE_OPEN, among(items.c.category, "names"))
    .distinct()
)
_ITEM_SITES = select(item_sites.c.sku, item_sites.c.site, item_sites.c.safety_stock, item_sites.c.backorder_cap).where(
    among(item_sites.c.sku, "skus")
)


def load_levels(tx: Tx, names: Iterable[str]) -> dict[str | None, Mapping[str, Any]]:
    """What categories say, by name, and under None what the shop says."""
    found: dict[str | None, Mapping[str, Any]] = {
        row[0]: dict(zip(LEVELLED, row[1:], strict=True)) for row in tx.fetch(_CATEGORIES, names=sorted(set(names)))
    }
    rows = tx.fetch(_SHOP)
    found[None] = dict(zip(LEVELLED, rows[0], strict=True)) if rows else {}
    return found


def load_item_sites(tx: Tx, skus: Iterable[str]) -> dict[tuple[str, str], Row]:
    """What items do differently at sites, as (safety stock, cap)."""
    return {(row[0], row[1]): row[2:] for row in tx.fetch(_ITEM_SITES, skus=sorted(set(skus)))}


def save_item_sites(tx: Tx, before: Mapping[tuple[str, str], Row], after: Mapping[tuple[str, str], Row]) -> None:
    """Insert, update and delete what differs."""
    keys, values = ("sku", "site"), ("safety_stock", "backorder_cap")
    tx.delete(item_sites, keys, [key for key in before if key not in after])
    tx.insert(item_sites, (*keys, *values), [(*key, *row) for key, row in after.items() if key not in before])
    changed = [(*key, *row) for key, row in after.items() if key in before and before[key] != row]
    tx.update(item_sites, keys, values, changed)


def waiting_in(tx: Tx, names: Iterable[str]) -> list[str]:
    """The items of these categories that some line waits for."""
    return [row[0] for row in tx.fetch(_WAITING, names=sorted(set(names)))]
