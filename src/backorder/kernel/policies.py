"""How an item is sold, level by level: the item's own word, else its category's, else the shop's, else the default."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from backorder.kernel.columns import Item

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

# The fields of an item on which promises depend: a change in one of them runs a live pass. Caps bind at acceptance.
MATTERS = frozenset(
    {"selling", "coverage", "lead_time_days", "released_on", "safety_stock", "supplier", "category"},
)


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


def item_of(
    row: Mapping[str, Any], levels: Mapping[str | None, Mapping[str, Any]], supplier: Mapping[str, Any]
) -> Item:
    """The policy as it holds for an item: its own row, with what its category, the shop (None) and its supplier say."""
    told = [("item", row), ("category", levels.get(row["category"], {})), ("shop", levels[None])]
    whole = {**row, **{name: resolve(name, told if row["category"] else told[::2]).value for name in LEVELLED}}
    theirs = (supplier.get(name) for name in ("lead_time_days", "working_days", "holidays"))
    return Item._make((*(whole[name] for name in Item._fields[:10]), *theirs, row["idle_by"]))
