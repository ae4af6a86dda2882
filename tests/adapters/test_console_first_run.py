"""The first run: an empty shop shows ways to begin, and the demo's data go into it beside the requests, once."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import new_database
from service import Reply, Service, running

from backorder.adapters.cli.demo import SEED, Shop
from backorder.adapters.cli.sample import load, until
from backorder.adapters.http.beside import Beside
from backorder.adapters.http.taking import _play
from backorder.adapters.imports.examples import EXAMPLES, example
from backorder.adapters.imports.fields import KINDS
from backorder.adapters.imports.mapping import guess
from backorder.adapters.imports.run import run
from backorder.adapters.imports.sheets import read
from backorder.commands import imports
from backorder.commands.imports import Progress, Work
from backorder.kernel.calendars import moment_number
from backorder.queries import check, trail
from backorder.queries.imports import is_new, list_imports, show_import
from backorder.queries.lists import list_orders
from backorder.storage.db import Database, open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
MOMENT = moment_number(NOW)
MINUTE = 60 * 10**6
DEMO = Work("demo", None, "demo", 3, "ada")


def give(service: Service, path: str, role: str = "admin", site: str = "same-origin") -> Reply:
    form = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": site}
    with closing(service.client(role)) as client:
        return client.ask("POST", path, b"do=load", **form)


def page(service: Service, path: str, role: str = "admin") -> str:
    with closing(service.client(role)) as client:
        return unescape(client.ask("GET", path).body.decode())


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[str, Service]]:
    with new_database("sqlite", tmp_path) as url, running(url, BACKORDER_NOW=NOW.isoformat()) as service:
        yield url, service


def test_the_demo_goes_into_a_new_shop_once_and_ends_yesterday(empty: tuple[str, Service]) -> None:
    url, service = empty
    assert "Load the demo" in page(service, "/console/")
    assert "Load the demo" not in page(service, "/console/", "planner"), "admins alone may"
    assert give(service, "/console/demo", "planner").status == 403
    assert give(service, "/console/demo", site="cross-site").status == 403
    begun = give(service, "/console/demo")
    assert begun.status == 303
    there = begun.headers["location"]
    assert give(service, "/console/demo").status in {303, 409}, "a second press leads there, or comes too late"
    for _ in range(300):
        text = page(service, there)
        if "data-again" not in text:
            break
        time.sleep(0.5)
    assert "It is taken over" in text, text
    assert give(service, "/console/demo").status == 409
    today = page(service, "/console/")
    assert "Needs you" in today
    assert "Load the demo" not in today
    db = open_database(url)
    try:
        assert check.run(db) == []
        placed = {one.placed_at.date() for one in list_orders(db, limit=5_000)}
        assert max(placed) == date(2026, 11, 19), "a Thursday, as the one that it was"
        assert list_imports(db, MOMENT)[0].state == "done"
        assert len(trail.entries(db, what="import")) == 1, "the trail says who asked for it"
    finally:
        db.close()


def test_a_few_days_of_the_demo_leave_a_sound_shop_on_either_database(db: Database) -> None:
    last = date(2026, 11, 19)
    shop = Shop(db, SEED, last)
    days = shop._replay._sample.days
    for day in [day for day in days if day < last - timedelta(days=4)]:
        del days[day]
    run_id = imports.begin(db, MOMENT, DEMO._replace(size=shop.days()))
    _play(SimpleNamespace(db=db, clock=lambda: MOMENT, beside=Beside()), run_id, shop)
    found = show_import(db, MOMENT, run_id)
    assert found is not None
    assert (found.state, found.seen, found.size) == ("done", 5, 5)
    assert check.run(db) == []


def test_the_sample_moves_by_whole_weeks_and_stops_at_the_day_that_is_asked_for() -> None:
    whole = load()
    for days in range(9):
        last = date(2026, 11, 20) + timedelta(days=days)
        moved = until(whole, last)
        assert last - timedelta(days=1) <= max(moved.days) <= last, "its Saturdays have no orders"
        assert {day.weekday() for day in moved.days} == {day.weekday() for day in whole.days}
        assert all(line.at.date() == day for day, found in moved.days.items() for lines in found for line in lines)
    assert until(whole, max(whole.days)) == whole, "on the demo's own clock nothing moves"


def test_an_import_begins_once_and_who_is_not_heard_of_was_interrupted(db: Database) -> None:
    work = Work("items", "a.csv", "d1", 10, "ada")
    first = imports.begin(db, MOMENT, work)
    with pytest.raises(imports.Refused) as refused:
        imports.begin(db, MOMENT + MINUTE - 1, work)
    assert refused.value.run == first
    assert imports.begin(db, MOMENT, work._replace(digest="d2")) != first, "another file may"
    assert imports.go_on(db, MOMENT, first, Progress(5, 4, 1))
    imports.stop(db, MOMENT, first, "ben")
    assert not imports.go_on(db, MOMENT, first, Progress(6, 5, 1))
    found = show_import(db, MOMENT + MINUTE, first)
    assert found is not None
    assert (found.state, found.seen, found.taken, found.refused) == ("interrupted", 6, 5, 1)
    again = imports.begin(db, MOMENT + MINUTE, work)
    imports.end(db, MOMENT + MINUTE, again, "done", Progress(10, 10), {"accepted": 10})
    states = {one.run: one.state for one in list_imports(db, MOMENT + MINUTE)}
    assert (states[first], states[again]) == ("interrupted", "done")
    assert show_import(db, MOMENT, "none") is None
    assert is_new(db)
    imports.begin(db, MOMENT, DEMO)
    assert not is_new(db)
    with pytest.raises(imports.Refused, match="new database"):
        imports.begin(db, MOMENT + MINUTE, DEMO)


class _Days:
    """A demo of three days that looks whether the worker rests."""

    def __init__(self, fails: bool) -> None:
        self.fails = fails
        self.told: list[int] = []

    def days(self) -> int:
        return 3

    def run(self, told) -> bool:
        for n in range(3):
            if self.fails and n == 2:
                raise OSError("the disk")
            if not told(date(2026, 11, 17 + n)):
                return False
            self.told.append(n)
        return True


def test_the_demo_lets_the_worker_rest_and_says_where_it_stopped(db: Database) -> None:
    rests: list[str] = []

    @contextmanager
    def resting() -> Iterator[None]:
        rests.append("begun")
        yield
        rests.append("ended")

    for over, fails, state, seen in (
        (False, False, "done", 3),
        (True, False, "interrupted", 0),
        (False, True, "failed", 1),
    ):
        run_id = imports.begin(db, MOMENT, DEMO._replace(kind="items"))
        beside = Beside(None, resting)
        if over:
            beside.end()
        house = SimpleNamespace(db=db, clock=lambda: MOMENT, beside=beside)
        try:
            _play(house, run_id, _Days(fails))
        except OSError:
            assert fails
        found = show_import(db, MOMENT, run_id)
        assert found is not None
        assert (found.state, found.seen) == (state, seen)
    assert rests[:4] == ["begun", "ended"] * 2


def test_every_example_is_taken_whole_one_after_the_other(db: Database, tmp_path: Path) -> None:
    assert list(EXAMPLES) == list(KINDS)
    for kind in EXAMPLES:
        file = tmp_path / f"{kind}.csv"
        file.write_text(example(kind, NOW.date()), encoding="utf-8", newline="")
        sheet = read(file)
        mapping = guess(kind, sheet.headers)
        assert sorted(mapping.columns) == sorted(sheet.headers), "each column is known"
        result = run(db, MOMENT, sheet, mapping)
        assert result.rejects == [], kind
    assert check.run(db) == []


def test_examples_can_be_had(empty: tuple[str, Service]) -> None:
    _, service = empty
    assert "sku,site,quantity\r\nEXAMPLE-1,MAIN,3\r\n" in page(service, "/console/imports/examples/stock")
    with closing(service.client()) as client:
        assert client.ask("GET", "/console/imports/examples/secrets").status == 404
        assert client.ask("GET", "/console/imports/runs/none").status == 404
