"""What items do differently at single sites."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from backorder.storage.db import Row, Tx, among
from backorder.storage.tables import item_sites

_ITEM_SITES = select(item_sites.c.sku, item_sites.c.site, item_sites.c.safety_stock, item_sites.c.backorder_cap).where(
    among(item_sites.c.sku, "skus")
)


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
