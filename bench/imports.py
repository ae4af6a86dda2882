"""Importing open orders from CSV, against placing orders of the same lines in batches."""

import csv
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backorder.adapters.imports import mapping as mappings
from backorder.adapters.imports import sheets
from backorder.adapters.imports.run import run
from backorder.commands.orders import place_orders
from backorder.storage.db import open_database
from bench.figure import Figure
from bench.orders import LINES
from bench.shops import NOW, Places, fill, orders, places

BATCH = 250  # orders of LINES lines: the batch of the figure for place_orders


def measure(scale: float) -> Iterator[Figure]:
    """Both databases."""
    with places() as where:
        for kind in ("sqlite", "postgresql"):
            yield _measure(where, kind, max(100, int(10_000 * scale)), max(1_000, int(100_000 * scale)))


def _measure(where: Places, kind: str, items: int, count: int) -> Figure:
    place = where.new(kind)
    fill(place, items, 2, 10**8)
    twin = where.copy(place)
    db = open_database(twin)
    rate = _batch_rate(db, items, max(4, count // 10_000), LINES)
    alike = _batch_rate(db, items, max(4, count // 10_000), 1)
    db.close()
    file = where.folder / f"{kind}.csv"
    _write(file, items, count)
    db = open_database(place)
    begin = time.perf_counter()
    sheet = sheets.read(file)
    result = run(db, NOW, sheet, mappings.fitted(mappings.guess("orders", sheet.headers), sheet.headers, {}))
    took = time.perf_counter() - begin
    db.close()
    assert result.words["accepted"] == count, result.words
    ratio = count / took / rate
    told = f"{ratio:.2f} ({count / took / alike:.2f} of one-line orders), {took:.1f} s"
    return Figure(f"import of {count:,} open orders, {kind}", told, ">= 0.5 of the batch rate", ratio >= 0.5)


def _batch_rate(db: Any, items: int, batches: int, lines: int) -> float:
    """Lines a second of placing orders of some lines each in batches of a thousand lines."""
    chance = random.Random(lines)
    count = BATCH * LINES // lines
    took = 0.0
    for n in range(batches):
        names = [f"B-{lines}-{n}-{o}" for o in range(count)]
        batch = orders(names, lines, lambda: (f"I{chance.randrange(items):06d}", chance.randrange(1, 5)))
        begin = time.perf_counter()
        place_orders(db, NOW, batch)
        took += time.perf_counter() - begin
    return batches * BATCH * LINES / took


def _write(file: Path, items: int, count: int) -> None:
    chance = random.Random(1)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["order", "sku", "quantity", "shipped", "placed at", "customer", "promise"])
        for n in range(count):
            sku, units = f"I{chance.randrange(items):06d}", chance.randrange(1, 9)
            day = f"2026-12-{chance.randrange(7, 29):02d}"
            placed = f"2026-11-{chance.randrange(1, 29):02d}T10:{n % 60:02d}:00Z"
            shipped = chance.choice((0, 0, 0, units // 2))
            writer.writerow([f"SO-{n}", sku, units, shipped, placed, f"C{chance.randrange(5_000)}", day])
