"""What the product page says of an item: for as many units as somebody looks for, and for one more in the feeds."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.kernel.acceptance import Caps, NewLine, NewOrder, accept, withdraw
from backorder.kernel.calendars import local_day
from backorder.kernel.storefront import Shown, shown
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


class Looked(NamedTuple):
    """The working set that answers are made from."""

    loaded: books.Loaded
    caps: Caps


def look(tx: Tx, now: int, skus: Sequence[str]) -> Looked:
    """Load what answers about these items take, with a fixed number of statements. `now` is in microseconds."""
    loaded = books.load(tx, skus, waiting=False, lock=False)
    caps = load_caps(tx, [item.sku for item in loaded.book.items.values() if item.capped])
    loaded.book.set_clock(now)
    return Looked(loaded, caps)


def seen(looked: Looked, sku: str, quantity: int, region: str | None = None) -> Shown:
    """What is to be said of some units of an item, for somebody who is nobody yet: what a quote would answer them."""
    book, caps = looked.loaded.book, looked.caps
    route = book.route_of((), region)
    if not route:  # there is no site to ship from
        return Shown(sku, "out_of_stock", quantity, local_day(book.now, "UTC"), "UTC")
    line = NewLine("1", sku, quantity)
    order = NewOrder("", None, 0, book.now, complete=False, all_or_nothing=True, route=route, lines=(line,))
    stands, offers = accept(book, caps, order)
    found = shown(book, route, offers[0])
    if stands:
        withdraw(book, caps, order, offers[0])
    return found


def front(db: Database, now: int, sku: str, quantity: int, region: str | None = None) -> Front | None:
    """What the page of an item says at a moment (microseconds); None if there is no such item."""
    with db.read() as tx:
        looked = look(tx, now, [sku])
        named = tx.fetch(_ITEMS, skus=[sku])
    if not named:
        return None
    one = seen(looked, sku, 1, region)
    return Front(one if quantity == 1 else seen(looked, sku, quantity, region), one, *named[0][1:])
