"""Small shops for tests: commands given as words, moments as days."""

from collections.abc import Iterable
from datetime import UTC, datetime

from state import apply

from backorder.kernel.outcomes import Outcome
from backorder.storage.db import Database

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def do(db: Database, name: str, now: datetime = NOW, **fields: object) -> Outcome:
    """One command, by its name and fields."""
    return apply(db, now, [{"do": name, **fields}])[0]


def shop(db: Database, skus: Iterable[str] = ("CHAIR",), **policy: object) -> None:
    """A site and some items."""
    do(db, "put_site", site="MAIN")
    for sku in skus:
        do(db, "put_item", sku=sku, **policy)


def order(db: Database, name: str, units: int = 1, sku: str = "CHAIR", **fields: object) -> Outcome:
    """An order of one line."""
    return do(db, "place_order", order=name, lines=[{"line": "1", "sku": sku, "quantity": units}], **fields)


def announce(db: Database, supply: str, units: int, day: str, sku: str = "CHAIR") -> Outcome:
    """A supply at the site."""
    return do(db, "announce_supply", supply=supply, sku=sku, site="MAIN", quantity=units, expected_on=day)
