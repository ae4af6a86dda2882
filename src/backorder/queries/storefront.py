"""What the product page says of an item: for as many units as somebody looks for, and for one more in the feeds."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.kernel.acceptance import Caps
from backorder.kernel.columns import Book
from backorder.kernel.storefront import Shown, seen
from backorder.storage import book as books
from backorder.storage.db import Database, Tx, among
from backorder.storage.orders import load_caps
from backorder.storage.tables import items

_ITEMS = select(items.c.sku, items.c.name, items.c.price, items.c.currency).where(among(items.c.sku, "skus"))


class Front(NamedTuple):
    """An item on its page: what is said of the units asked for and of one, its name and its price (minor units)."""

    asked: Shown
    one: Shown
    name: str | None
    price: int | None
    currency: str | None


def look(tx: Tx, now: int, skus: Sequence[str]) -> tuple[Book, Caps]:
    """Load what answers about these items take, with a fixed number of statements. `now` is in microseconds."""
    loaded = books.load(tx, skus, waiting=False, lock=False)
    caps = load_caps(tx, [item.sku for item in loaded.book.items.values() if item.capped])
    loaded.book.set_clock(now)
    return loaded.book, caps


def front(db: Database, now: int, sku: str, quantity: int, region: str | None = None) -> Front | None:
    """What the page of an item says at a moment (microseconds); None if there is no such item."""
    with db.read() as tx:
        book, caps = look(tx, now, [sku])
        named = tx.fetch(_ITEMS, skus=[sku])
    if not named:
        return None
    one = seen(book, caps, sku, 1, region)
    return Front(one if quantity == 1 else seen(book, caps, sku, quantity, region), one, *named[0][1:])
