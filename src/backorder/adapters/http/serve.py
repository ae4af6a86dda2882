"""Running the service: a process that listens, another that watches it and starts it again should it die."""

import gc
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from backorder.adapters import leaked
from backorder.adapters.http import logs
from backorder.adapters.http.application import Application
from backorder.adapters.http.beside import Beside, Demo
from backorder.adapters.http.limits import Guard, Limits
from backorder.adapters.http.listeners import Listeners
from backorder.adapters.http.route import House
from backorder.adapters.openid import Provider
from backorder.commands import accounts
from backorder.kernel.calendars import holiday_days
from backorder.storage.db import Database, open_database
from backorder.storage.migrate import upgrade
from backorder.worker import Worker
from backorder.writer import Writer

READERS = 16  # threads that read: as many as there are pooled connections
HEADER_MILLISECONDS = 10_000
STOP_SECONDS = 30
ADMIN = "admin"
UNTRACED = r"^[a-z]+://[^/]*/+(s|sign-in|openid)/"  # what stands behind is a proof, and belongs into no trace
# How many new objects set off a search for reference cycles, and how many searches one that goes deeper. What is there
# when the service starts stays, so it is left out of them; requests make few cycles, and looking for them after every
# seven hundred objects made one answer in a hundred wait twice as long.
GARBAGE = (20_000, 20, 50)


class Options(NamedTuple):
    """How the service runs, as the settings say it."""

    database: str
    host: str
    port: int
    hosts: list[str]
    migrate: bool
    log: str
    traces: bool
    worker: Callable[[Database, Callable[[], int]], Worker] | None = None  # None: somebody else sees to what is due
    guard: Guard = Guard()
    openid: Callable[[], Provider] | None = None  # by whom people sign in besides
    demo: Callable[[Database, int], Demo] | None = None  # what fills a new database to look around in


def prepare(options: Options, now: int) -> tuple[str, str | None] | None:
    """Make or upgrade the database as the settings allow; while nobody administers, who could, by which one-time link.

    There is a name without a link where that account was disabled, or may less. Raises StorageError that says what to
    do where the database is not of this version and may not be upgraded, and Unreadable where the list of refused
    passwords cannot be read.
    """
    if options.guard.passwords_refused is not None:
        leaked.has(options.guard.passwords_refused, "")  # that it cannot be read is said now
    if options.migrate:
        upgrade(options.database)
    db = open_database(options.database)
    try:
        return accounts.first_way_in(db, now, ADMIN, by="serve")
    finally:
        db.close()


def house(db: Database, clock: Callable[[], int], guard: Guard) -> House:
    """What answering takes, for one process."""
    return House(
        db,
        Writer(db, clock),
        clock,
        ThreadPoolExecutor(READERS, "reader"),
        set(),
        {},
        {},
        Limits(guard),
        Listeners(),
        Beside(),
    )


def load(options: Options, clock: Callable[[], int]) -> Any:
    """The ASGI application, as the listening process loads it."""
    logs.begin(options.log)
    db = open_database(options.database)
    worker = None if options.worker is None else options.worker(db, clock)
    provider = None if options.openid is None else options.openid()
    beside = Beside(options.demo, nullcontext if worker is None else worker.resting)
    whole = house(db, clock, options.guard)._replace(openid=provider, beside=beside)
    made = Application(whole, options.hosts, worker)
    if not options.traces:
        return made
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.util.http import ExcludeList

    return OpenTelemetryMiddleware(made, excluded_urls=ExcludeList([UNTRACED]))


def run(options: Options, clock: Callable[[], int]) -> None:
    """Listen until told to stop. What is being applied then is finished; a process that died is started again."""
    server = Server(
        "backorder",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        workers=1,
        websockets=False,
        backlog=1024,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=64 * 1024),
    )
    server.serve(target_loader=partial(_load, options, clock), wrap_loader=False)


def _load(options: Options, clock: Callable[[], int]) -> Any:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    made = load(options, clock)
    holiday_days("US")  # of any country: it loads a library, for which the first order would wait a quarter of a second
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    return made
