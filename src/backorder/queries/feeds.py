"""What channels are told of every item, in the order of SKUs: read in parts, so that memory holds but one."""

from collections.abc import Iterator

from sqlalchemy import bindparam, select

from backorder.kernel.storefront import Shown, seen
from backorder.queries.storefront import look
from backorder.storage.db import Database
from backorder.storage.tables import items

PART = 2_000  # items that are looked at together
_SKUS = select(items.c.sku).where(items.c.sku > bindparam("after")).order_by(items.c.sku).limit(PART)


def every(db: Database, now: int) -> Iterator[Shown]:
    """What is to be said of one more unit of every item at a moment (microseconds).

    Each part is read from one state of the database, the parts one after another: nothing is held between them.
    """
    after = ""
    while True:
        with db.read() as tx:
            skus = [row[0] for row in tx.fetch(_SKUS, after=after)]
            if not skus:
                return
            book, caps = look(tx, now, skus)
        for sku in skus:
            yield seen(book, caps, sku, 1)
        after = skus[-1]
