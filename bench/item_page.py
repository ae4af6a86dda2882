"""The console's page of an item that very many wait for: how soon it begins to come, and how large it is."""

import http.client
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta

from backorder.adapters.http.callers import COOKIE
from backorder.commands import accounts
from backorder.commands.catalogue import PutSite, put_sites
from backorder.commands.items import PutItem, put_items
from backorder.commands.orders import place_orders
from backorder.commands.supplies import AnnounceSupply, announce_supplies
from backorder.kernel.calendars import day_date, local_day
from backorder.storage.db import open_database
from bench.figure import Figure
from bench.service import running
from bench.shops import BATCH, Places, orders, places, settle

MILLISECONDS, KILOBYTES = 200, 300
SUPPLIES = 40  # more than a board shows, on days of their own
LOOKS = 20
SIZES = (10_000, 50_000)
PASSWORD = "a long pass phrase"
TABLES = ("orders", "lines", "pegs", "promises", "supplies")


def measure(scale: float) -> Iterator[Figure]:
    """Both databases, with ten and fifty thousand lines."""
    with places() as where:
        for kind in ("sqlite", "postgresql"):
            for lines in SIZES:
                yield from _page(where, kind, max(100, int(lines * scale)))


def fill(place: str, lines: int, now: int) -> None:
    """An item for which so many orders of a line each wait, on supplies that come week after week."""
    db = open_database(place)
    put_sites(db, now, [PutSite(site="MAIN", country="US", zone="America/New_York")])
    put_items(db, now, [PutItem(sku="CHAIR", name="Oak chair")])
    today, units = day_date(local_day(now, "UTC")), -(-lines // (SUPPLIES - 1))
    coming = [
        AnnounceSupply(
            supply=f"PO-{n:02}", sku="CHAIR", site="MAIN", quantity=units, expected_on=today + timedelta(7 * n)
        )
        for n in range(1, SUPPLIES + 1)
    ]
    announce_supplies(db, now, coming)
    names = [f"O-{n:06}" for n in range(lines)]
    for start in range(0, lines, BATCH):
        place_orders(db, now, orders(names[start : start + BATCH], 1, lambda: ("CHAIR", 1)))
    settle(db, *TABLES)
    db.close()


def _page(where: Places, kind: str, lines: int) -> Iterator[Figure]:
    now = time.time_ns() // 1_000
    place = where.new(kind)
    fill(place, lines, now)
    db = open_database(place)
    accounts.put_account(db, now, "looks", kind="person", role="admin", password=PASSWORD, by="bench")
    cookie = accounts.sign_in(db, now, "looks", PASSWORD)
    db.close()
    times, page = [], b""
    with running(place) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        for _ in range(LOOKS):
            begin = time.perf_counter()
            connection.request("GET", "/console/items/CHAIR", headers={"Cookie": f"{COOKIE}={cookie}"})
            answer = connection.getresponse()
            times.append(1_000 * (time.perf_counter() - begin))
            page = answer.read()
            assert answer.status == 200, answer.status
        connection.close()
    middle, slow, size = statistics.median(times[LOOKS // 5 :]), max(times[LOOKS // 5 :]), len(page) / 1_000
    said = f"{middle:.0f} ms, at most {slow:.0f} ms"
    yield Figure(f"page of an item, {lines:,} wait, {kind}", said, f"<= {MILLISECONDS} ms", middle <= MILLISECONDS)
    yield Figure(f"its size, {lines:,} wait, {kind}", f"{size:.0f} KB", f"<= {KILOBYTES} KB", size <= KILOBYTES)
