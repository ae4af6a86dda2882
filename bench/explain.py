"""The explanation of one line among many that wait for its item."""

import statistics
import time
from collections.abc import Iterator
from datetime import date

from backorder.commands.orders import place_orders
from backorder.commands.supplies import RescheduleSupply, reschedule_supplies
from backorder.kernel.calendars import day_date, day_number
from backorder.queries import explain
from backorder.storage.db import Database, open_database
from bench.figure import Figure
from bench.shops import NOW, fill, orders, places, settle

ROUNDS = 60
LIMIT = 0.050


def measure(scale: float) -> Iterator[Figure]:
    """Both databases; all of them on one supply that slipped, and spread over fifty."""
    waiting = max(100, int(10_000 * scale))
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            for supplies, spread in ((2, "one supply"), (51, "fifty supplies")):
                place = where.new(kind)
                fill(place, 1, supplies, waiting // (supplies - 1))
                db = open_database(place)
                names = [f"SO-{n:06d}" for n in range(waiting)]
                for start in range(0, waiting, 5_000):
                    place_orders(db, NOW + start, orders(names[start : start + 5_000], 1, lambda: ("I000000", 1)))
                day = day_date(day_number(explain_day(db, names[waiting // 2])) + 3)
                supply = f"P{(waiting // 2) // (waiting // (supplies - 1))}-I000000"
                reschedule_supplies(db, NOW + 10**7, [RescheduleSupply(supply=supply, expected_on=day)])
                settle(db, "orders", "lines", "pegs", "promises", "supplies", "items")
                times = []
                for n in range(ROUNDS):
                    order = names[waiting // 2 + n % 50]
                    begin = time.perf_counter()
                    found = explain.line(db, order, "0", NOW + 10**8)
                    times.append(time.perf_counter() - begin)
                    assert found is not None
                    assert found.sooner is not None
                    assert found.sooner.changes
                db.close()
                took = statistics.median(times)
                result = f"{took * 1000:.0f} ms ({max(times) * 1000:.0f} at most)"
                name = f"explain one of {waiting:,} on {spread}, {kind}"
                yield Figure(name, result, "<= 50 ms", took <= LIMIT)


def explain_day(db: Database, order: str) -> date:
    found = explain.line(db, order, "0", NOW + 10**8)
    assert found is not None
    assert found.line.promise is not None
    return found.line.promise
