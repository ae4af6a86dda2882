"""One receipt served to many waiting lines, against the same rows through the same bulk path."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from backorder.commands.orders import place_orders
from backorder.commands.receipts import ReceiveSupply, receive_supplies
from backorder.commands.stock import CountStock, count_stock
from backorder.storage.db import Tx, open_database
from bench.figure import Figure
from bench.shops import NOW, fill, orders, places, recorded, settle

ROUNDS = 3
STATEMENTS_MAX = 12


def measure(scale: float) -> Iterator[Figure]:
    """Both databases."""
    lines = max(100, int(10_000 * scale))
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            place = where.new(kind)
            fill(place, 1, 2, 10 * lines)
            db = open_database(place)
            count_stock(db, NOW, [CountStock(sku="I000000", site="MAIN", quantity=1)])
            names = [f"SO-{n:06d}" for n in range(lines + 1)]
            for start in range(0, len(names), 5_000):
                place_orders(db, NOW, orders(names[start : start + 5_000], 1, lambda: ("I000000", 1)))
            settle(db, "orders", "lines", "pegs", "promises", "supplies")
            db.close()
            yield from _kind(where, kind, place, lines)


def _kind(where: Any, kind: str, place: str, lines: int) -> Iterator[Figure]:
    ratios, times, statements = [], [], 0
    due = NOW + 6 * 86_400 * 10**6
    for _ in range(ROUNDS):
        db, twin = open_database(where.copy(place)), open_database(where.copy(place))
        with recorded() as calls, counted() as numbers:
            begin = time.perf_counter()
            receive_supplies(db, due, [ReceiveSupply(supply="P0-I000000", receipt="R", quantity=lines)])
            times.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        with twin.write() as tx:
            for method, arguments in calls:
                getattr(tx, method)(*arguments)
        ratios.append((time.perf_counter() - begin) / times[-1])
        statements = numbers[0]
        db.close()
        twin.close()
    ratio = statistics.median(ratios)
    result = f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {statistics.median(times):.2f} s"
    yield Figure(f"receipt served to {lines:,} lines, {kind}", result, ">= 0.5", ratio >= 0.5)
    few = statements <= STATEMENTS_MAX
    yield Figure(f"its SQL statements, {kind}", str(statements), f"<= {STATEMENTS_MAX}", few)


class counted:  # noqa: N801  # reads as the context it makes
    """Statements of each transaction, counted where the driver executes them."""

    def __enter__(self) -> list[int]:
        self.numbers: list[int] = []
        self._made: list[Tx] = []
        self._plain = Tx.__init__
        made, plain = self._made, self._plain

        def init(tx: Tx, connection: Any) -> None:
            plain(tx, connection)
            made.append(tx)

        setattr(Tx, "__init__", init)
        return self.numbers

    def __exit__(self, *_: object) -> None:
        setattr(Tx, "__init__", self._plain)
        self.numbers.extend(tx.statements for tx in self._made)
