"""A whole year of a real shop replayed, against writing the same rows in the same transactions with the driver.

Needs UCI's Online Retail as Parquet or CSV: BACKORDER_YEAR says where it is. After each day a twin of the database gets
the day's rows, converted beforehand, so that both grow alike and a slow hour of the machine falls on both.
"""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from backorder.adapters.cli.invoices import read
from backorder.adapters.cli.sample import lateness
from backorder.adapters.cli.year import Year
from backorder.queries import check
from backorder.storage.db import Database, Tx, open_database
from backorder.storage.tables import metadata
from bench.figure import Figure
from bench.orders import _executemany
from bench.shops import places

MINUTES = {"sqlite": 5, "postgresql": 8}
TIMES_MAX = 4
CHECK_TIMES_MAX = 10
GIGABYTES_MAX = 1.5


def measure(scale: float) -> Iterator[Figure]:
    """Both databases; with a small scale the first days alone."""
    path = os.environ.get("BACKORDER_YEAR")
    if not path:
        print("year: left out, for BACKORDER_YEAR does not say where UCI's Online Retail is")
        return
    begin = time.perf_counter()
    past = read(path)
    reading = time.perf_counter() - begin
    days = sorted(past.days)[: max(3, int(len(past.days) * scale))]
    past = past._replace(days={day: past.days[day] for day in days})
    with places() as where:
        for kind in ("sqlite", "postgresql"):
            db, twin = open_database(where.new(kind)), open_database(where.new(kind))
            year = _Timed(db, twin, past)
            with _transactions() as year.written:
                year.run(lambda _: None)
            yield from _figures(kind, year, reading)
            yield from _check(kind, db)
            db.close()
            twin.close()


def _figures(kind: str, year: "_Timed", reading: float) -> Iterator[Figure]:
    took, limit = year.took + reading, MINUTES[kind] * 60
    yield Figure(f"a year replayed, {kind}", f"{took:.0f} s", f"<= {limit} s", took <= limit)
    ratio = year.took / year.by_driver
    result = f"{ratio:.1f} times ({year.by_driver:.0f} s)"
    yield Figure(f"beside the driver's writing, {kind}", result, f"<= {TIMES_MAX} times", ratio <= TIMES_MAX)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 10**6
    yield Figure(f"its memory, {kind}", f"{memory:.2f} GB", f"<= {GIGABYTES_MAX} GB", memory <= GIGABYTES_MAX)


def _check(kind: str, db: Database) -> Iterator[Figure]:
    """All rules, beside reading every table from the first row to the last."""
    rows = 0
    begin = time.perf_counter()
    connection = db.engine.raw_connection()
    for name in metadata.tables:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {name}")
        while some := cursor.fetchmany(10_000):
            rows += len(some)
    reading = time.perf_counter() - begin
    connection.close()
    begin = time.perf_counter()
    assert check.run(db) == []
    took = time.perf_counter() - begin
    result = f"{took / reading:.1f} times, {took:.1f} s for {rows:,} rows"
    reached = took <= CHECK_TIMES_MAX * reading and took <= 60
    yield Figure(f"check beside reading all rows, {kind}", result, f"<= {CHECK_TIMES_MAX} times, <= 60 s", reached)


class _Timed(Year):
    """A year that is timed day by day, and written again by the driver alone."""

    def __init__(self, db: Database, twin: Database, past: Any) -> None:
        super().__init__(db, past, 1, lateness())
        self._twin = twin
        self.written: list[list[Any]] = []
        self.took = self.by_driver = 0.0

    def _day(self, day: date) -> None:
        begin = time.perf_counter()
        super()._day(day)
        self.took += time.perf_counter() - begin
        for calls in list(self.written):
            if calls:
                self.by_driver += _write(self._twin, calls)
        self.written.clear()  # of what the twin's own transactions left there too


def _write(twin: Database, calls: list[Any]) -> float:
    """Seconds to write the rows of one transaction: executemany on SQLite, the bulk path on PostgreSQL."""
    if twin.dialect == "sqlite":
        return _executemany(twin, calls)
    begin = time.perf_counter()
    with twin.write() as tx:
        for method, arguments in calls:
            getattr(tx, method)(*arguments)
    return time.perf_counter() - begin


@contextmanager
def _transactions() -> Iterator[list[list[Any]]]:
    """The bulk writes that are made meanwhile, as (method, arguments), a list for each transaction."""
    made: list[list[Any]] = []
    names = ("__init__", "insert", "update", "delete")
    plain = {name: getattr(Tx, name) for name in names}

    def begins(self: Tx, connection: Any) -> None:
        plain["__init__"](self, connection)
        self.calls = []  # type: ignore[attr-defined]  # an attribute of these transactions alone
        made.append(self.calls)  # type: ignore[attr-defined]  # see above

    def recording(name: str) -> Any:
        def call(self: Any, *arguments: Any) -> None:
            plain[name](self, *arguments)
            if arguments[-1]:
                self.calls.append((name, arguments))

        return call

    setattr(Tx, "__init__", begins)
    for name in names[1:]:
        setattr(Tx, name, recording(name))
    try:
        yield made
    finally:
        for name, method in plain.items():
            setattr(Tx, name, method)
