"""Selling policy by level: what an item leaves out it takes from its category, then the shop, then the default."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, literal_column, select

from backorder.kernel.policies import DEFAULTS, LEVELLED
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Tx, among
from backorder.storage.tables import categories, items, lines, shop

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


def load_levels(tx: Tx, names: Iterable[str]) -> dict[str | None, Mapping[str, Any]]:
    """What categories say, by name, and under None what the shop says."""
    found: dict[str | None, Mapping[str, Any]] = {
        row[0]: dict(zip(LEVELLED, row[1:], strict=True)) for row in tx.fetch(_CATEGORIES, names=sorted(set(names)))
    }
    rows = tx.fetch(_SHOP)
    found[None] = dict(zip(LEVELLED, rows[0], strict=True)) if rows else {}
    return found


def waiting_in(tx: Tx, names: Iterable[str]) -> list[str]:
    """The items of these categories that some line waits for."""
    return [row[0] for row in tx.fetch(_WAITING, names=sorted(set(names)))]
