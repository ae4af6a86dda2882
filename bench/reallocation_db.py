"""A reallocation from and to PostgreSQL, a tenth of the lines changed, while somebody places orders."""

import multiprocessing
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from typing import Any

from backorder.commands.catalogue import PutCustomer, PutSite, put_customers, put_sites
from backorder.commands.items import PutItem, put_items
from backorder.commands.orders import place_orders
from backorder.commands.reallocation import (
    CommitPlan,
    PutPolicy,
    Reallocate,
    commit_plans,
    put_policies,
    reallocate,
)
from backorder.commands.supplies import AnnounceSupply, announce_supplies
from backorder.kernel.calendars import day_date, local_day
from backorder.kernel.segments import Filter, Segment
from backorder.storage.db import Database, open_database
from bench.figure import Figure
from bench.shops import BATCH, orders, places, settle

LINES_AN_ITEM = 10
TABLES = ("orders", "lines", "pegs", "promises", "supplies", "items", "customers")
LIMIT = 60.0  # seconds for a million lines


def measure(scale: float) -> Iterator[Figure]:
    """Lines per item as in the figure that is to be reached; `scale` 1 is a hundred thousand lines."""
    items = max(20, int(10_000 * scale))
    with places() as where:
        yield from run(where.new("postgresql"), items)


def fill(db: Database, items: int, now: int) -> None:
    """Items with two supplies each; ten customers wait on each, of whom one is to come first."""
    put_sites(db, now, [PutSite(site="MAIN")])
    put_customers(db, now, [PutCustomer(customer=name) for name in ("vip", "any")])
    due = day_date(local_day(now, "UTC"))
    skus = [f"I{n:06d}" for n in range(items)]
    for start in range(0, items, BATCH):
        part = skus[start : start + BATCH]
        put_items(db, now, [PutItem(sku=sku) for sku in part])
        for days, units in ((7, LINES_AN_ITEM // 2), (21, LINES_AN_ITEM)):
            day = due + timedelta(days=days)
            announce_supplies(
                db, now,
                [AnnounceSupply(supply=f"{sku}-{days}", sku=sku, site="MAIN", quantity=units, expected_on=day)
                 for sku in part],
            )  # fmt: skip
    each = BATCH // LINES_AN_ITEM
    for start in range(0, items, each):
        for n in range(LINES_AN_ITEM):
            part = skus[start : start + each]
            goods = iter(part)
            placed = orders([f"{sku}-{n}" for sku in part], 1, lambda goods=goods: (next(goods), 1))
            for order, sku in zip(placed, part, strict=True):
                moves = n == LINES_AN_ITEM - 1 and int(sku[1:]) % 2 == 0
                order.customer = "vip" if moves else "any"
            place_orders(db, now, placed)


def run(place: str, items: int) -> Iterator[Figure]:
    """Plan and commit, while another process places orders."""
    db = open_database(place)
    now = time.time_ns() // 1_000
    fill(db, items, now)
    settle(db, *TABLES)
    first = Segment(name="first", filter=Filter(customer=("vip",)), strategy="redistribute")
    rest = Segment(name="rest", strategy="redistribute")
    put_policies(db, now, [PutPolicy(policy="vips", segments=[first, rest], ranking=["placed_at"])])
    alone = _placing(place, now, "alone", 5.0, None)
    fresh = multiprocessing.get_context("spawn")
    with fresh.Manager() as manager, ProcessPoolExecutor(1, mp_context=fresh) as others:
        over = manager.Event()
        clients = others.submit(_placing, place, now, "meanwhile", LIMIT * 10, over)
        time.sleep(3)
        began = time.perf_counter()
        made = reallocate(db, now, [Reallocate(run="R", policy="vips")])[0]
        planned = time.perf_counter() - began
        done = commit_plans(db, now, [CommitPlan(run="R")])[0]
        whole = time.perf_counter() - began
        over.set()
        meanwhile = clients.result()
    lines, moved = made.counts["lines"], done.counts["applied"]
    limit = LIMIT * lines / 1_000_000
    yield Figure(f"{lines:,} lines on PostgreSQL: planned, and the plan kept", f"{planned:.1f} s", "-", True)
    said = f"{whole:.1f} s"
    yield Figure(f"the same and committed, {moved:,} lines changed", said, f"<= {limit:.1f} s", whole <= limit)
    times = _p99(meanwhile) / _p99(alone)
    said = f"{_p99(meanwhile) * 1_000:.0f} ms, {times:.1f} times"
    yield Figure("new orders' p99 meanwhile, of what it is alone", said, "<= 4 times", times <= 4)
    db.close()


def _placing(place: str, now: int, name: str, seconds: float, over: Any) -> list[float]:
    """Place one order after another; how long each took, in seconds."""
    db = open_database(place)
    took: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and not (over is not None and len(took) % 20 == 0 and over.is_set()):
        number = len(took)
        order = orders([f"new-{name}-{number}"], 1, lambda number=number: (f"I{number % 20:06d}", 1))
        began = time.perf_counter()
        place_orders(db, now, order)
        took.append(time.perf_counter() - began)
        time.sleep(0.005)
    db.close()
    return took


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]
