"""The status page of a late order, as the service answers it: how long it takes, and how large it is."""

import hashlib
import http.client
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta

from backorder.commands.communication import PutCommunication, put_communications
from backorder.commands.notices import SendNotice, send_notices
from backorder.commands.status import PutStatusLink, put_status_links
from backorder.commands.supplies import RescheduleSupply, reschedule_supplies
from backorder.kernel.calendars import day_date, local_day
from backorder.storage.db import open_database
from bench.figure import Figure
from bench.owed import fill
from bench.service import running
from bench.shops import Places, places

MILLISECONDS, KILOBYTES = 15, 30
LINK = 100  # looks that one link allows at once
NAME = "I000000-000000"


def measure(scale: float) -> Iterator[Figure]:
    """Both databases: one of many orders that wait for the same late supply."""
    count, links = max(100, int(10_000 * scale)), max(1, int(5 * scale))
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            yield from _page(where, kind, count, links)


def _page(where: Places, kind: str, count: int, links: int) -> Iterator[Figure]:
    now = time.time_ns() // 1_000  # what is due later disturbs nobody
    place = where.new(kind)
    fill(place, 1, count, now)
    db = open_database(place)
    told = PutCommunication(rules=[], answers="0800 123", contact="help@example.com", charging="You were charged.")
    put_communications(db, now, [told])
    late = day_date(local_day(now, "UTC")) + timedelta(days=28)
    reschedule_supplies(db, now, [RescheduleSupply(supply="PO-0", expected_on=late)])
    send_notices(db, now, [SendNotice(order=NAME)])
    tokens = [f"{n:043d}" for n in range(links)]
    digests = [hashlib.sha256(token.encode()).hexdigest() for token in tokens]
    put_status_links(db, now, [PutStatusLink(order=NAME, digest=digest) for digest in digests])
    db.close()
    with running(place) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        times, page = [], b""
        for token in tokens:
            for _ in range(LINK):
                begin = time.perf_counter()
                connection.request("GET", f"/s/{token}")
                answer = connection.getresponse()
                page = answer.read()
                times.append(1_000 * (time.perf_counter() - begin))
                assert answer.status == 200, answer.status
        connection.request("GET", "/s/style.css")
        size = (len(page) + len(connection.getresponse().read())) / 1_000
        connection.close()
    times = sorted(times[LINK // 5 :])
    middle, slow = statistics.median(times), times[int(len(times) * 0.99)]
    said = f"{middle:.1f} ms, p99 {slow:.1f} ms"
    yield Figure(f"status page, one of {count:,}, {kind}", said, f"<= {MILLISECONDS} ms", middle <= MILLISECONDS)
    yield Figure(f"its size with its style, {kind}", f"{size:.1f} KB", f"<= {KILOBYTES} KB", size <= KILOBYTES)
