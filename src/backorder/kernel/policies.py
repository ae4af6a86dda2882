"""How an item is sold, level by level: the item's own word, else its category's, else the shop's, else the default."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# The fields that categories and the shop can say too, in the order of the tables, and what holds if nobody says.
DEFAULTS: dict[str, Any] = {
    "selling": "backorder",
    "coverage": "inbound",
    "backorder_cap": None,
    "per_customer_cap": None,
    "max_wait_days": None,
    "lead_time_days": None,
    "safety_stock": 0,
}
LEVELLED = tuple(DEFAULTS)


class Told(NamedTuple):
    """A value and the level it comes from: `item`, `category NAME`, `shop` or `default`."""

    value: Any
    source: str


def resolve(name: str, levels: Sequence[tuple[str, Mapping[str, Any]]]) -> Told:
    """The first level, from the nearest, that says something on a field."""
    for source, row in levels:
        if row.get(name) is not None:
            return Told(row[name], source)
    return Told(DEFAULTS[name], "default")
