"""A quote for a busy item, against one indexed read of its supplies."""

import statistics
import time
from collections.abc import Iterator

from backorder.commands.orders import place_orders
from backorder.queries.quotes import Quote, quote
from backorder.storage.book import SUPPLIES
from backorder.storage.db import open_database
from bench.figure import Figure
from bench.shops import NOW, fill, orders, places, settle

ROUNDS = 300


def measure(scale: float) -> Iterator[Figure]:
    """Both databases: 50 supplies, 10,000 waiting lines."""
    waiting = max(100, int(10_000 * scale))
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            place = where.new(kind)
            fill(place, 1, 50, waiting)
            db = open_database(place)
            names = [f"SO-{n:06d}" for n in range(waiting)]
            for start in range(0, waiting, 5_000):
                place_orders(db, NOW, orders(names[start : start + 5_000], 1, lambda: ("I000000", 1)))
            settle(db, "orders", "lines", "pegs", "supplies")
            reads, quotes = [], []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                with db.read() as tx:
                    assert len(tx.fetch(SUPPLIES, skus=["I000000"])) == 50
                reads.append(time.perf_counter() - begin)
                begin = time.perf_counter()
                quote(db, NOW, [Quote(sku="I000000", quantity=3)])
                quotes.append(time.perf_counter() - begin)
            db.close()
            ratio = statistics.median(quotes) / statistics.median(reads)
            result = f"{ratio:.1f} times, {statistics.median(quotes) * 1000:.2f} ms"
            yield Figure(f"quote beside one read, {kind}", result, "<= 5 times", ratio <= 5)
