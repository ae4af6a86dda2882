"""What customers are owed: a slip under many waiting lines, the queue with many notices, many timers due at once."""

import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import text

from backorder.commands._settling import settle_all
from backorder.commands.catalogue import PutCustomer, PutSite, put_customers, put_sites
from backorder.commands.communication import PutCommunication, put_communications
from backorder.commands.items import PutItem, put_items
from backorder.commands.orders import place_orders
from backorder.commands.receipts import ReceiveSupply, receive_supplies
from backorder.commands.supplies import AnnounceSupply, RescheduleSupply, announce_supplies, reschedule_supplies
from backorder.kernel.calendars import day_date, local_day
from backorder.queries.notices import queue
from backorder.storage.db import Database, open_database
from backorder.worker import Worker
from bench.figure import Figure
from bench.receipts import counted
from bench.service import running
from bench.shops import BATCH, Places, orders, places, settle

ROUNDS = 7
STATEMENTS_MAX = 40
ITEMS = 10  # on whose lines many timers wait; a slip of one of them touches a tenth of the orders
CLIENTS = 16
HOUR = 3_600 * 10**6
DAY = 24 * HOUR
TABLES = ("orders", "lines", "pegs", "promises", "supplies", "customers", "people")
OWED = ("clocks", "evidence", "notices", "timers")
LOOKS = 20


def measure(scale: float) -> Iterator[Figure]:
    """Both databases."""
    count, seconds = max(100, int(10_000 * scale)), max(1.0, 8 * scale)
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            yield from _slip(where, kind, count)
        for kind in ("postgresql", "sqlite"):
            yield from _many(where, kind, count, seconds)


def fill(place: str, items: int, count: int, now: int) -> None:
    """Items for each of which many customers wait with an order of one line, all on one supply that comes in a week."""
    db = open_database(place)
    put_sites(db, now, [PutSite(site="MAIN", country="US", zone="America/New_York")])
    skus = [f"I{n:06d}" for n in range(items)]
    put_items(db, now, [PutItem(sku=sku, name="Oak chair") for sku in skus])
    for n, sku in enumerate(skus):
        units, due = 10**7, _day(now) + timedelta(days=7)
        supply = AnnounceSupply(supply=f"PO-{n}", sku=sku, site="MAIN", quantity=units, expected_on=due)
        announce_supplies(db, now, [supply])
        for start in range(0, count, BATCH):
            _wait(db, now, sku, [f"{sku}-{m:06d}" for m in range(start, min(start + BATCH, count))])
    settle(db, *TABLES)
    db.close()


def _wait(db: Database, now: int, sku: str, names: list[str]) -> None:
    """Customers with an address, and the order of each."""
    put_customers(db, now, [PutCustomer(customer=name, email=f"{name}@example.com", country="US") for name in names])
    placed = orders(names, 1, lambda: (sku, 1))
    for order, name in zip(placed, names, strict=True):
        order.customer, order.currency, order.paid = name, "USD", "50.00"
        order.lines[0].unit_price = "50.00"
    place_orders(db, now, placed)


def _day(now: int) -> date:
    return day_date(local_day(now, "UTC"))


def turn_on(db: Database, now: int) -> None:
    """Let clocks run for every order that is open."""
    told = PutCommunication(rules=[], answers="0800 123", contact="help@example.com", charging="You were charged.")
    put_communications(db, now, [told])
    settle_all(db, now)
    settle(db, *OWED)


def let_slip(db: Database, now: int, n: int, days: int = 28) -> None:
    """A supply slips, to so many days from now: its customers have to be told within half an hour."""
    slipped = RescheduleSupply(supply=f"PO-{n}", expected_on=_day(now) + timedelta(days=days))
    reschedule_supplies(db, now, [slipped])


def _slip(where: Places, kind: str, count: int) -> Iterator[Figure]:
    """A supply slips, against the receipt of the same supply where no clock runs."""
    now = time.time_ns() // 1_000
    plain = where.new(kind)
    fill(plain, 1, count, now)
    owing = where.copy(plain)
    db = open_database(owing)
    turn_on(db, now)
    db.close()
    ratios, slips, statements = [], [], 0
    for _ in range(ROUNDS):
        received, db = open_database(where.copy(plain)), open_database(where.copy(owing))
        begin = time.perf_counter()
        receive_supplies(received, now + 7 * DAY, [ReceiveSupply(supply="PO-0", receipt="R", quantity=count)])
        limit = time.perf_counter() - begin
        with counted() as numbers:
            begin = time.perf_counter()
            let_slip(db, now, 0)
            slips.append(time.perf_counter() - begin)
        ratios.append(slips[-1] / limit)
        statements = sum(numbers)
        received.close()
        db.close()
    ratio = statistics.median(ratios)
    result = f"{ratio:.2f} times ({min(ratios):.2f} to {max(ratios):.2f}), {statistics.median(slips):.2f} s"
    yield Figure(f"slip told to {count:,} waiting lines, {kind}", result, "<= 3 times a receipt", ratio <= 3)
    few = statements <= STATEMENTS_MAX
    yield Figure(f"its SQL statements, {kind}", str(statements), f"<= {STATEMENTS_MAX}", few)


def _many(where: Places, kind: str, count: int, seconds: float) -> Iterator[Figure]:
    """Every customer has to be told at once, half an hour ago."""
    now = time.time_ns() // 1_000 - 2 * HOUR
    quiet = where.new(kind)
    fill(quiet, ITEMS, count, now)
    db = open_database(quiet)
    turn_on(db, now)
    db.close()
    late = where.copy(quiet)
    db = open_database(late)
    for n in range(ITEMS):
        let_slip(db, now + HOUR, n)
    settle(db, *TABLES, *OWED)
    yield _queue(db, kind, ITEMS * count)
    db.close()
    yield from _worked_off(kind, where.copy(late), ITEMS * count)
    before, meanwhile = _ordered(quiet, seconds), _ordered(late, seconds)
    ratio = meanwhile["p99"] / before["p99"]
    said = f"{ratio:.1f} times ({1_000 * before['p99']:.0f} ms), {meanwhile['rate']:,.0f} orders/s"
    yield Figure(f"p99 of orders meanwhile, {kind}", said, "<= 2 times", ratio <= 2)


def _ordered(place: str, seconds: float) -> dict[str, float]:
    """How orders fare at a service that was just begun, after its first few."""
    with running(place) as service:
        service.load(min(2, seconds), items=ITEMS, clients=CLIENTS)
        return service.load(seconds, items=ITEMS, clients=CLIENTS)


def _queue(db: Database, kind: str, count: int) -> Figure:
    times = []
    for _ in range(LOOKS):
        begin = time.perf_counter()
        assert len(queue(db, 50)) == 50
        times.append(1_000 * (time.perf_counter() - begin))
    middle = statistics.median(times)
    result = f"{middle:.1f} ms ({min(times):.1f} to {max(times):.1f})"
    return Figure(f"the next 50 of {count:,} notices, {kind}", result, "<= 20 ms", middle <= 20)


def _worked_off(kind: str, place: str, count: int) -> Iterator[Figure]:
    """The worker alone, without its rests."""
    db = open_database(place)
    present = time.time_ns() // 1_000
    worker = Worker(db, lambda: present)
    begin = time.perf_counter()
    while worker.run_once(present)["fired"]:
        pass
    took = time.perf_counter() - begin
    with db.engine.connect() as connection:
        told = connection.execute(text("SELECT count(*) FROM notices WHERE state = 'asking'")).scalar_one()
    assert told == count, f"{told:,} of {count:,} were told"
    db.close()
    rate = count / took
    yield Figure(f"{count:,} timers due at once, {kind}", f"{rate:,.0f} a second", ">= 5,000", rate >= 5_000)
