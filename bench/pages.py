"""The console's lists in a large shop: how soon each page begins to come, whatever it is narrowed to and sorted by."""

import http.client
import re
import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from html import unescape
from itertools import product
from typing import NamedTuple
from urllib.parse import urlencode

from sqlalchemy import text

from backorder.adapters.console import reallocate, settings, waiting
from backorder.adapters.console.backlog import VIEWS
from backorder.adapters.console.columns import HEADINGS
from backorder.adapters.console.goods_lists import OF_ITEMS, OF_SUPPLIES, Goods
from backorder.adapters.http.callers import COOKIE
from backorder.commands import accounts
from backorder.kernel.calendars import day_date, local_day
from backorder.storage.db import open_database
from bench.crowd import DEALER, RARE, Size, fill
from bench.figure import Figure
from bench.service import Running, running
from bench.shops import places

MILLISECONDS = 100
PASSWORD = "a long pass phrase"
ROUNDS = 5  # of the same page, after it was asked for once
LINES = 100_000
SMALL = 50_000  # what SQLite is meant for
_NEXT = re.compile(rb'rel="next" href="([^"]+)"')


class Group(NamedTuple):
    """Pages that are told as one figure."""

    name: str
    addresses: list[str]


def measure(scale: float) -> Iterator[Figure]:
    """A hundred thousand lines on PostgreSQL, at ten times the size a million, and fifty thousand on SQLite."""
    with places() as where:
        for kind, lines in (("postgresql", int(LINES * scale)), ("sqlite", int(SMALL * min(1, scale)))):
            size = Size(max(500, lines), max(50, lines // 10))
            now = time.time_ns() // 1_000
            place = where.filled(kind, f"crowd{size.lines}", partial(fill, size=size, now=now))
            db = open_database(place)
            accounts.put_account(
                db, now, "looks", kind="person", role="admin", password="a long pass phrase", by="bench"
            )
            cookie = accounts.sign_in(db, now, "looks", "a long pass phrase")
            assert cookie is not None
            hot, busy = _most(place)
            db.close()
            with running(place, worker=False) as service:  # who looks alone, beside nothing else
                for group in groups(hot, busy, day_date(local_day(now, "UTC"))):
                    some = group._replace(addresses=group.addresses[:: 1 if scale >= 0.1 else 25])
                    with closing(Browser(service, cookie)) as browser:
                        yield _figure(browser, some, f"{size.lines:,} lines, {kind}")


def _most(place: str) -> tuple[str, str]:
    """The item and the supply that most lines wait for."""
    db = open_database(place)
    with db.read() as tx:
        sku, supply = (
            tx.fetch(text(f"SELECT {key} FROM {rows} GROUP BY {key} ORDER BY count(*) DESC, {key} LIMIT 1"))[0][0]
            for key, rows in (("sku", "lines"), ("supply", "pegs WHERE supply LIKE 'PO%'"))
        )
    db.close()
    return str(sku), str(supply)


class Browser:
    """Somebody who is signed in, and looks."""

    def __init__(self, service: Running, cookie: str) -> None:
        self._headers = {"Cookie": f"{COOKIE}={cookie}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def look(self, address: str) -> tuple[float, bytes]:
        """How many milliseconds a page takes to begin, and the page."""
        begin = time.perf_counter()
        self._connection.request("GET", address, headers=self._headers)
        answer = self._connection.getresponse()
        took = 1_000 * (time.perf_counter() - begin)
        page = answer.read()
        assert answer.status == 200, f"{answer.status} at {address}"
        return took, page


def _figure(browser: Browser, group: Group, of: str) -> Figure:
    """The pages of a group, and the pages behind them: the worst, by the median of each.

    Where pages are beyond the limit, how long the worst takes at its best as well: what others on the machine do tells
    in the median, and hardly in that.
    """
    found, best = dict[str, float](), dict[str, float]()
    for address in group.addresses:
        for _ in range(2):  # the page, and the one behind it
            page = browser.look(address)[1]
            looks = [browser.look(address)[0] for _ in range(ROUNDS)]
            found[address], best[address] = statistics.median(looks), min(looks)
            following = _NEXT.search(page)
            if following is None:
                break
            address = unescape(following[1].decode())  # noqa: PLW2901  # on to the next
    worst = max(found, key=lambda address: found[address])
    said = f"median {statistics.median(found.values()):.0f} ms, worst {found[worst]:.0f} ms: {worst}"
    slow = sum(took > MILLISECONDS for took in found.values())
    if slow:
        said += f" and {slow - 1} more beyond; at its best, the worst takes {max(best.values()):.0f} ms"
    return Figure(f"{group.name}, {len(found):,} pages, {of}", said, f"<= {MILLISECONDS} ms", not slow)


def groups(hot: str, busy: str, today: date) -> Iterator[Group]:
    """Every list of the console, narrowed and sorted in every way that is offered."""
    yield Group("today", ["/console/"])
    sorts = [(by, down) for by in (one.by for one in HEADINGS.values()) if by for down in ("", "yes")]
    for view in VIEWS:
        found = [
            _at("/console/lines", view=view.name, sort=by, down=down, **fields)
            for fields, (by, down) in product(_narrowed(hot, busy, today), sorts)
        ]
        yield Group(f"backlog, {view.name}", found)
    yield Group("supplies", list(_goods(OF_SUPPLIES, ({}, {"sku": hot}, {"supplier": "S1"}, {"site": "MAIN"}))))
    yield Group("items", list(_goods(OF_ITEMS, ({}, {"category": "none"}, {"supplier": "S1"}))))
    yield Group("notices", [_at("/console/notices", view=view.name) for view in waiting.VIEWS])
    some = "&".join(f"order=SO-{n:07d}" for n in range(40))
    leaving = [
        "/console/shipments",
        _at("/console/shipments", order="SO-0000001"),
        f"/console/shipments/pick-list?{some}",
    ]
    yield Group("shipments", leaving)
    since = (today - timedelta(days=2)).isoformat()
    trail = product(("", "person 3", "integration"), ("", "put_item", "ship", "cancel_line"),
                    ("", "SO-0000007", "nothing"), ("", since), ("", since))  # fmt: skip
    named = [dict(zip(("actor", "what", "subject", "since", "until"), one, strict=True)) for one in trail]
    yield Group("audit", [_at("/console/audit", **one) for one in named])
    texts = ("SO-00000", "I00", "PO-1", "chair", "Meyer", "zzz", "C0000", "Oak chair 7", "e")
    yield Group("search", [_at("/console/search", q=one) for one in texts])
    run = [reallocate.address("run 000", view.name) for view in reallocate.VIEWS]
    yield Group("reallocation", [reallocate.HERE, *run])
    yield Group("settings and imports", [settings.HERE, settings.USERS, settings.WEBHOOKS, "/console/imports"])


def _narrowed(hot: str, busy: str, today: date) -> Iterator[dict[str, str]]:
    """What is written into the fields of the backlog: what fits many lines, few, and none, alone and together."""
    yield {}
    soon, late = (today + timedelta(days=9)).isoformat(), (today + timedelta(days=25)).isoformat()
    yield from ({"until": soon}, {"since": soon, "until": soon}, {"since": late}, {"since": late, "channel": "phone"})
    yield from (
        {"sku": hot}, {"sku": "I000400"}, {"customer": DEALER}, {"customer": "C000040"}, {"supply": busy},
        {"channel": "web"}, {"channel": "phone"}, {"channel": RARE}, {"channel": "none"},
        {"sku": hot, "channel": "phone"}, {"customer": DEALER, "channel": RARE}, {"sku": hot, "customer": DEALER},
        {"supply": busy, "channel": "web"},
    )  # fmt: skip


def _goods(goods: Goods, narrowed: Iterable[dict[str, str]]) -> Iterator[str]:
    """A list of goods: each view, narrowed, and in each order both ways."""
    orders = [(one.by, down) for one in goods.columns if one.by for down in ("", "yes")]
    for view, fields, (by, down) in product(goods.views, narrowed, [("", ""), *orders]):
        yield _at(goods.path, view=view.name, sort=by, down=down, **fields)


def _at(path: str, **said: str) -> str:
    asked = urlencode({name: value for name, value in said.items() if value})
    return f"{path}?{asked}" if asked else path
