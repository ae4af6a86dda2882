"""Feeds of all items: how long they take, how many statements, and how much memory."""

import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from backorder.adapters.feeds import FORMS, encoded
from backorder.queries.feeds import PART, every
from backorder.storage.db import Database, Tx, open_database
from bench.figure import Figure
from bench.shops import NOW, fill, places

SECONDS, STATEMENTS, MEGABYTES = 20, 6, 64


def measure(scale: float) -> Iterator[Figure]:
    """Both databases: 100,000 items with two supplies each."""
    items = max(1_000, int(100_000 * scale))
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            place = where.new(kind)
            fill(place, items, 2, 10)
            db = open_database(place)
            for name, form in FORMS.items():
                begin = time.perf_counter()
                size = sum(map(len, encoded(form, every(db, NOW))))
                took = time.perf_counter() - begin
                result = f"{took:.1f} s, {size / 1e6:.1f} MB"
                yield Figure(f"feed {name} of {items:,} items, {kind}", result, f"<= {SECONDS} s", took <= SECONDS)
            statements = _statements(db)
            parts = -(-items // PART) + 1
            told = f"{statements / parts:.1f} for {PART:,} items"
            yield Figure(f"statements of a feed, {kind}", told, f"<= {STATEMENTS}", statements <= STATEMENTS * parts)
            tracemalloc.start()
            for _ in encoded(FORMS["google"], every(db, NOW)):
                pass
            most = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            db.close()
            yield Figure(f"memory of a feed, {kind}", f"{most:.0f} MB", f"<= {MEGABYTES} MB", most <= MEGABYTES)


def _statements(db: Database) -> int:
    """How many statements looking at every item takes."""
    count, plain = [0], Tx.fetch

    def counted(self: Tx, *arguments: Any, **more: Any) -> Any:
        count[0] += 1
        return plain(self, *arguments, **more)

    setattr(Tx, "fetch", counted)
    try:
        for _ in every(db, NOW):
            pass
    finally:
        setattr(Tx, "fetch", plain)
    return count[0]
