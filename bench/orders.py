"""Placing orders durably, against the same rows written by hand."""

import random
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backorder.commands.orders import place_orders
from backorder.storage.db import _to_driver, open_database
from bench.figure import Figure
from bench.shops import NOW, Places, fill, orders, places, recorded

LINES = 4
ROUNDS = 7

# The same rows by one statement a table: 250 orders of 4 lines, each line pegged to its item's first supply.
BY_HAND = """
\\set r random(0, 9999)
\\set o random(1, 1000000000000)
BEGIN;
INSERT INTO orders (order_id, customer, channel, priority, placed_at, authorised_at, ship, accept, country, region,
  zone, sites, currency, shipping, tax, discount, paid, tags, fingerprint, held)
SELECT 'H-' || :o || '-' || g, NULL, NULL, 0, '2026-12-01 09:00+00', NULL, 'when_ready', 'order', NULL, NULL,
  NULL, '[]', NULL, 0, 0, 0, 0, '[]', md5(g::text), 0 FROM generate_series(1, {orders}) g;
INSERT INTO lines (order_id, line, position, sku, quantity, requested_on, backordered, waiting, allocated, shipped,
  cancelled, covered, picked, lead_time_day, promise, planned, revisions, unit_price, accept_by, tags,
  placed_at, shipped_before, firm_until, held)
SELECT 'H-' || :o || '-' || g, l::text, l, 'I' || lpad(((g * 4 + l) * 7919 + :r)::bigint % {items} || '', 6, '0'),
  1 + l, NULL, 1 + l, 1 + l, 0, 0, 0, 1 + l, 0, NULL, '2026-12-07', '2026-12-07', 1, NULL, NULL, '[]',
  '2026-12-01 09:00+00', 0, '2026-12-07', 0
FROM generate_series(1, {orders}) g, generate_series(0, 3) l;
INSERT INTO pegs (order_id, line, supply, ships_on, quantity, pinned)
SELECT 'H-' || :o || '-' || g, l::text, 'P0-I' || lpad(((g * 4 + l) * 7919 + :r)::bigint % {items} || '', 6, '0'),
  '2026-12-07', 1 + l, 0 FROM generate_series(1, {orders}) g, generate_series(0, 3) l;
INSERT INTO promises (order_id, line, n, at, from_day, to_day, cause, basis, supply)
SELECT 'H-' || :o || '-' || g, l::text, 1, '2026-12-01 09:00+00', NULL, '2026-12-07', 'placed', 'inbound',
  'P0-I' || lpad(((g * 4 + l) * 7919 + :r)::bigint % {items} || '', 6, '0')
FROM generate_series(1, {orders}) g, generate_series(0, 3) l;
UPDATE supplies SET pegged = pegged + new.units FROM (
  SELECT 'P0-I' || lpad(((g * 4 + l) * 7919 + :r)::bigint % {items} || '', 6, '0') AS supply, sum(1 + l) AS units
  FROM generate_series(1, {orders}) g, generate_series(0, 3) l GROUP BY 1) new
WHERE supplies.supply = new.supply;
COMMIT;
"""


def measure(scale: float) -> Iterator[Figure]:
    """Both databases."""
    items, count = max(100, int(10_000 * scale)), max(25, int(250 * scale))
    with places() as where:
        yield _postgresql(where, items, count)
        yield _sqlite(where, items, count)


def _batches(items: int, count: int) -> Iterator[list[Any]]:
    chance = random.Random(1)
    n = 0
    while True:
        n += 1
        names = [f"SO-{n}-{o}" for o in range(count)]
        yield orders(names, LINES, lambda: (f"I{chance.randrange(items):06d}", chance.randrange(1, 5)))


def _postgresql(where: Places, items: int, count: int) -> Figure:
    place = where.new("postgresql")
    fill(place, items, 2, 10**8)
    db = open_database(place)
    script = where.folder / "by_hand.sql"
    script.write_text(BY_HAND.format(orders=count, items=items))
    batches = _batches(items, count)
    for _ in range(3):
        place_orders(db, NOW, next(batches))
    ratios, ours = [], []
    for _ in range(ROUNDS):
        by_hand = _pgbench(where, place, script)
        times = [_timed(lambda batch: place_orders(db, NOW, batch), next(batches)) for _ in range(10)]
        ours.append(statistics.median(times))
        ratios.append(by_hand / ours[-1])
    db.close()
    return _figure("place_orders, PostgreSQL, against pgbench", ratios, ours, count, 0.7)


def _pgbench(where: Places, place: str, script: Path) -> float:
    """Seconds of one transaction, on average over ten."""
    command = [str(where.programs / "pgbench"), "-n", "-t", "10", "-f", str(script), place]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"latency average = ([\d.]+) ms", told)
    assert found is not None, told
    return float(found[1]) / 1000


def _timed(call: Any, *arguments: Any) -> float:
    begin = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - begin


def _sqlite(where: Places, items: int, count: int) -> Figure:
    place = where.new("sqlite")
    fill(place, items, 2, 10**8)
    twin = where.copy(place)
    db, other = open_database(place), open_database(twin)
    batches = _batches(items, count)
    ratios, ours = [], []
    for n in range(ROUNDS * 5):
        batch = next(batches)
        with recorded() as calls:
            took = _timed(lambda batch=batch: place_orders(db, NOW, batch))
        limit = _executemany(other, calls)
        if n >= 5:
            ours.append(took)
            ratios.append(limit / took)
    db.close()
    other.close()
    return _figure("place_orders, SQLite, against executemany", ratios, ours, count, 0.6)


def _executemany(db: Any, calls: list[Any]) -> float:
    """Seconds to write the same rows with the driver alone, converted beforehand, in one durable transaction."""
    ready = []
    for method, arguments in calls:
        table, rows = arguments[0], arguments[-1]
        names = tuple(name for part in arguments[1:-1] for name in part)
        rows = list(_to_driver(table, names, "sqlite", rows))
        marks = [f"{name} = ?{n + 1}" for n, name in enumerate(names)]
        keys = len(arguments[1]) if method != "insert" else 0
        sql = {
            "insert": f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            "update": f"UPDATE {table.name} SET {', '.join(marks[keys:])} WHERE {' AND '.join(marks[:keys])}",
            "delete": f"DELETE FROM {table.name} WHERE {' AND '.join(marks)}",
        }[method]
        ready.append((sql, rows))
    connection = db.engine.raw_connection()
    cursor = connection.cursor()
    begin = time.perf_counter()
    cursor.execute("BEGIN IMMEDIATE")
    for sql, rows in ready:
        cursor.executemany(sql, rows)
    cursor.execute("COMMIT")
    took = time.perf_counter() - begin
    connection.close()
    return took


def _figure(name: str, ratios: list[float], times: list[float], count: int, target: float) -> Figure:
    ratio = statistics.median(ratios)
    rate = count * LINES / statistics.median(times)
    result = f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {rate:,.0f} lines/s"
    return Figure(name, result, f">= {target}", ratio >= target)
