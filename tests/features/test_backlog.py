"""The backlog: a page holds the lines that a plain reading of all gives, and reads no more of them in a larger shop."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import pytest
from conftest import new_database
from shop import NOW, do

from backorder.adapters.console.backlog import VIEWS, Asked, Days
from backorder.kernel.calendars import day_number, moment_datetime, moment_number
from backorder.queries import backlog, desk, passing
from backorder.queries.backlog import BacklogLine, Order, Sort
from backorder.queries.lines import Filters, list_lines
from backorder.storage.db import Database, Tx, open_database
from bench.crowd import Size, fill

DAYS = (
    Days(),
    Days(date(2026, 12, 10), date(2026, 12, 24)),
    Days(date(2026, 12, 12)),
    Days(None, date(2026, 12, 16)),
)
MOMENT = moment_number(NOW) + 9 * 86_400 * 10**6  # some supply is late by then, and some promises have passed
SORTS: tuple[Order, ...] = ("promise", "ordered", "order", "item", "units")
FIELDS = (
    {}, {"sku": "A"}, {"customer": "ada"}, {"supply": "PO-A1"}, {"channel": "web"}, {"channel": "fair"},
    {"sku": "B", "channel": "web"}, {"customer": "ada", "supply": "PO-A1"}, {"sku": "A", "customer": "bob"},
    {"channel": "nowhere"},
)  # fmt: skip


def _filled(db: Database, seed: int) -> None:
    """Lines of every kind: covered and not, late, ready, picked apart, on hold, gone in part and whole."""
    chance = random.Random(seed)
    do(db, "put_site", site="MAIN")
    for name in ("ada", "bob"):
        do(db, "put_customer", customer=name)
    for sku in "ABC":
        do(db, "put_item", sku=sku)
        do(db, "count_stock", sku=sku, site="MAIN", quantity=chance.randrange(9))
        for n, day in enumerate(("2026-12-04", "2026-12-14", "2026-12-30")):
            do(db, "announce_supply", supply=f"PO-{sku}{n}", sku=sku, site="MAIN", quantity=chance.randrange(1, 14),
               expected_on=day, confirmed=chance.random() < 0.7)  # fmt: skip
    for n in range(40):
        lines = [{"line": str(m), "sku": chance.choice("ABC"), "quantity": chance.randrange(1, 4)} for m in range(2)]
        do(db, "place_order", order=f"SO-{n * 7 % 40:02}", lines=lines[: chance.randrange(1, 3)],
           customer=chance.choice(("ada", "bob", None)), channel=chance.choice(("web", "web", "fair", None)),
           ship=chance.choice(("complete", "when_ready", "when_ready")))  # fmt: skip
        if n % 9 == 4:
            do(db, "hold_order", order=f"SO-{n * 7 % 40:02}", kind="payment")
    do(db, "put_item", sku="D")
    do(db, "announce_supply", supply="PO-D", sku="D", site="MAIN", quantity=99, expected_on="2026-12-11")
    placed = sorted({line.order for line in list_lines(db, moment_number(NOW), Filters(limit=1_000))})
    for name in placed[::4]:  # lines that come to their orders later, and are of their channel
        more = [{"line": "later", "sku": "D", "quantity": 1}]
        assert do(db, "add_lines", order=name, lines=more).outcome.value == "accepted"
        assert do(db, "change_line", order=name, line="later", quantity=3).outcome.value == "changed"
    for line in list_lines(db, moment_number(NOW), Filters(ready=True, limit=1_000))[::3]:
        lines = [{"line": line.line, "quantity": line.allocated}]
        do(db, "ship", shipment=f"S-{line.order}-{line.line}", order=line.order, lines=lines)
    do(db, "reschedule_supply", supply="PO-A1", expected_on="2027-01-20")
    do(db, "cancel_supply", supply="PO-B2", reason="no more")
    do(db, "receive_supply", supply="PO-C0", receipt="R", quantity=3)


@pytest.mark.parametrize("counted", [10_000, 15, 6])
def test_every_page_of_the_backlog_is_what_a_plain_reading_of_all_lines_gives(
    db: Database, monkeypatch: pytest.MonkeyPatch, counted: int
) -> None:
    monkeypatch.setattr(passing, "COUNTED_MAX", counted)
    monkeypatch.setattr(passing, "FEW_ORDERS", counted // 2)
    _filled(db, seed=counted)
    with db.read() as tx:
        every = backlog.named(tx, list_lines(db, MOMENT, Filters(limit=10_000)))
    due = day_number(desk.today(db, MOMENT)[0]) + desk.WEEK
    many, chance = 0, random.Random(counted)
    both_ways = list(product(SORTS, (False, True)))
    asked_for = [
        (*one, *sort) for one in product(VIEWS, FIELDS) for sort in chance.sample(both_ways, 1 if one[1] else 4)
    ]
    for view, fields, by, down in asked_for:
        asked = Asked(view.name, dict(fields), by, down)._replace(days=chance.choice(DAYS))
        wanted = [one for one in every if _passes(one, asked, due)]
        found, first = _all_pages(db, asked.filters(due), Sort(by, down))
        assert first.sort.by == by or by not in first.sorts, asked
        assert first.sort.down == down, asked
        by_key = sorted(
            wanted, key=lambda one, by=first.sort.by: backlog.place_of(one.line, by), reverse=first.sort.down
        )
        assert [(one.line.order, one.line.line) for one in found] == [(x.line.order, x.line.line) for x in by_key], (
            asked
        )
        many += first.sorts != SORTS
        if len(wanted) > counted:
            assert first.tally.lines > counted, asked
        else:
            units = sum(one.line.waiting + one.line.allocated for one in wanted)
            assert first.tally == (len(wanted), len({one.line.order for one in wanted}), units), asked
    assert bool(many) == (counted < 100)


def test_what_is_at_risk_goes_by_the_day_of_the_site(db: Database) -> None:
    for site, zone in (("EAST", "Asia/Tokyo"), ("WEST", "America/Los_Angeles")):
        do(db, "put_site", site=site, zone=zone)
        do(db, "put_item", sku=site)
        for name, day, sure in (("FIRST", "2026-12-10", True), ("SECOND", "2026-12-20", False)):
            do(db, "announce_supply", supply=f"{site}-{name}", sku=site, site=site, quantity=1, expected_on=day,
               confirmed=sure)  # fmt: skip
            do(db, "place_order", order=f"{site}-{name}", lines=[{"line": "1", "sku": site, "quantity": 1}])
    noon = moment_number(datetime(2026, 12, 10, 19, tzinfo=UTC))  # already the 11th in Tokyo
    for hours, first in ((-24, []), (0, ["EAST-FIRST"]), (24, ["EAST-FIRST", "WEST-FIRST"])):
        now = noon + hours * 3_600 * 10**6
        wanted = sorted([*first, "EAST-SECOND", "WEST-SECOND"])
        plain = [one.order for one in list_lines(db, now, Filters()) if one.at_risk]
        assert plain == [one.order for one in list_lines(db, now, Filters(at_risk=True))] == wanted
        found = backlog.page(db, now, Filters(at_risk=True), Sort("order"), 9)
        assert [one.line.order for one in found.rows] == wanted
        assert found.tally == (len(wanted), len(wanted), len(wanted))


def _passes(one: BacklogLine, asked: Asked, due: int) -> bool:
    line, today = one.line, moment_datetime(MOMENT).date()
    is_open = line.waiting + line.allocated > 0
    passed = line.promise is None or line.promise < today
    slipped = line.promise is not None and line.planned is not None and line.planned > line.promise
    views = {
        "waiting": line.waiting > 0,
        "risk": line.at_risk,
        "late": is_open and (passed or slipped),
        "week": is_open and line.promise is not None and day_number(line.promise) <= due,
        "uncovered": line.uncovered > 0,
        "ready": line.allocated > 0 and not line.held,
        "held": line.held and is_open,
        "all": True,
    }
    said = {"sku": line.sku, "customer": line.customer, "channel": one.channel}
    narrowed = all(said[name] == value for name, value in asked.fields.items() if name != "supply")
    if any(asked.days):
        since, until = asked.days.since or date.min, asked.days.until or date.max
        narrowed = narrowed and line.promise is not None and since <= line.promise <= until
    on = {peg.supply for peg in line.pegs}
    return views[asked.view] and narrowed and asked.fields.get("supply", next(iter(on), "")) in on | {""}


def _all_pages(db: Database, filters: Filters, sort: Sort) -> tuple[list[BacklogLine], backlog.Page]:
    found, first = [], None
    while True:
        page = backlog.page(db, MOMENT, filters, sort, 23)
        first = first or page
        found += page.rows
        if len(page.rows) < 23:
            return found, first
        sort = Sort(page.sort.by, page.sort.down, backlog.place_of(page.rows[-1].line, page.sort.by))


@contextmanager
def _reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The hundreds of steps that SQLite takes meanwhile."""
    done, plain = [0], Database.read

    def step() -> int:
        done[0] += 1
        return 0

    @contextmanager
    def read(self: Database) -> Iterator[Tx]:
        with plain(self) as tx:
            driver: Any = tx._connection.connection.dbapi_connection
            driver.set_progress_handler(step, 100)
            yield tx

    with monkeypatch.context() as patch:
        patch.setattr(Database, "read", read)
        yield done


@pytest.mark.parametrize("view", ["waiting", "week", "uncovered", "ready", "all"])
def test_the_backlog_reads_no_more_of_a_shop_that_is_six_times_as_large(
    view: str, shops: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL rightly reads tables of this size as a whole, so that it would show nothing here."""
    monkeypatch.setattr(passing, "COUNTED_MAX", 60)
    small, large = (_read(place, view, monkeypatch) for place in shops)
    assert {name: (small[name], large[name]) for name in small if large[name] > 1.6 * small[name] + 60} == {}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A shop, and one that is six times as large."""
    with ExitStack() as stack:
        places = []
        for size in (1_500, 9_000):
            place = stack.enter_context(new_database("sqlite", tmp_path_factory.mktemp(str(size))))
            fill(place, Size(size, size // 10), MOMENT)
            places.append(place)
        yield places


def _read(place: str, view: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many steps SQLite's machine takes for a page, sorted one way and another."""
    db, found = open_database(place), {}
    due = day_number(moment_datetime(MOMENT).date()) + desk.WEEK
    sorts: tuple[Order, ...] = "promise", "units"
    for by, down in product(sorts, (False, True)):
        filters = Asked(view, {}, by, down).filters(due)
        backlog.page(db, MOMENT, filters, Sort(by, down), 20)
        with _reading(monkeypatch) as done:
            backlog.page(db, MOMENT, filters, Sort(by, down), 20)
        found[f"{by} {down}"] = done[0]
    db.close()
    return found
