"""The service over HTTP with clients in another process, against the databases' own clients writing the same rows."""

import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from backorder.commands import accounts
from backorder.commands.orders import place_orders
from backorder.storage.db import open_database
from backorder.writer import WAITING_MAX
from bench.figure import Figure
from bench.shops import NOW, Places, fill, orders, places

CLIENTS = 128
ROUNDS = 3  # one is enough to see whether it runs
LINES = 64  # of an order, where the service is asked for too much

BY_HAND = """
\\set i random(0, {last})
\\set o random(1, 1000000000000)
BEGIN;
SELECT sku FROM items WHERE sku = 'I' || lpad(:i || '', 6, '0') FOR UPDATE;
INSERT INTO orders (order_id, priority, placed_at, ship, accept, sites, shipping, tax, discount, paid, tags,
  fingerprint, held) VALUES ('H-' || :o, 0, now(), 'when_ready', 'order', '[]', 0, 0, 0, 0, '[]', 'x', 0);
INSERT INTO lines (order_id, line, position, sku, quantity, backordered, waiting, allocated, shipped, cancelled,
  covered, picked, promise, planned, revisions, tags, placed_at, shipped_before, firm_until, held)
VALUES ('H-' || :o, '1', 1, 'I' || lpad(:i || '', 6, '0'), 1, 1, 1, 0, 0, 0, 1, 0, '2030-12-07', '2030-12-07', 1,
  '[]', now(), 0, '2030-12-07', 0);
INSERT INTO pegs (order_id, line, supply, ships_on, quantity, pinned)
VALUES ('H-' || :o, '1', 'P0-I' || lpad(:i || '', 6, '0'), '2030-12-07', 1, 0);
INSERT INTO promises (order_id, line, n, at, to_day, cause, basis, supply)
VALUES ('H-' || :o, '1', 1, now(), '2030-12-07', 'placed', 'inbound', 'P0-I' || lpad(:i || '', 6, '0'));
UPDATE supplies SET pegged = pegged + 1 WHERE supply = 'P0-I' || lpad(:i || '', 6, '0');
COMMIT;
"""


class Running:
    """A service in a process of its own."""

    def __init__(self, place: str, *, worker: bool = True) -> None:
        db = open_database(place)
        accounts.put_account(db, NOW, "bench", kind="program", role="integration", by="bench")
        self.token = accounts.issue_token(db, NOW, "bench", by="bench")
        db.close()
        self.port = _free_port()
        command = [sys.executable, "-m", "backorder", "serve", "--port", str(self.port), "--database", place]
        beside = {"BACKORDER_WORKER": "yes" if worker else "no"}
        quiet = os.environ | {"BACKORDER_LOG": "none", "BACKORDER_NOW": "", **beside}
        self.process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, start_new_session=True)
        self._wait()

    def _wait(self) -> None:
        for _ in range(600):
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the service did not become ready")

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def load(
        self,
        seconds: float,
        what: str = "order",
        items: int = 1,
        clients: int = CLIENTS,
        port: int = 0,
        *,
        full: bool = False,
    ) -> dict[str, Any]:
        """What clients in another process see, of the service or of what listens on another port.

        Refusals fail the measurement; where it may be `full`, those that say to come back do not.
        """
        command = [sys.executable, "-m", "bench.clients", port or self.port, self.token, clients, seconds, what, items]
        root = Path(__file__).parents[1]
        done = subprocess.run([*map(str, command)], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"the clients broke off, the service {self.process.poll()}: {done.stderr}"
        found: dict[str, Any] = json.loads(done.stdout)
        bad = {status: count for status, count in found["statuses"].items() if int(status) >= (500 if full else 400)}
        assert not bad, f"refused under load: {bad}"
        return found

    def stop(self) -> None:
        """End it as an operator does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


@contextmanager
def _framework() -> Iterator[int]:
    """The framework alone, under the same server, giving an empty JSON answer: the port it listens on."""
    port = _free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.empty", str(port)], start_new_session=True)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(place: str, *, worker: bool = True) -> Iterator[Running]:
    """A service on this database, with its worker or without."""
    service = Running(place, worker=worker)
    try:
        yield service
    finally:
        service.stop()


def measure(scale: float) -> Iterator[Figure]:
    """All figures of the service."""
    seconds, rounds = max(0.3, 8 * scale), ROUNDS if scale >= 0.1 else 1
    many = max(100, int(10_000 * scale))
    with places() as where:
        for items, target in ((1, 2.0), (many, 0.5)):
            yield from _orders(where, "postgresql", items, target, seconds, rounds)
        yield from _orders(where, "sqlite", many, 0.8, seconds, rounds)
        for kind in ("postgresql", "sqlite"):
            yield _batches(where, kind, many, max(2, int(10 * scale)))
        yield _availability(where, seconds, rounds)
        for kind in ("postgresql", "sqlite"):
            yield from _overload(where, kind, many, seconds)


def _orders(where: Places, kind: str, items: int, target: float, seconds: float, rounds: int) -> Iterator[Figure]:
    place = where.new(kind)
    fill(place, items, 2, 10**8)
    ratios, spreads, rates, hands = [], [], [], []
    with running(place) as service:
        service.load(min(2, seconds), items=items)
        for _ in range(rounds):
            hand = _pgbench(where, place, items, seconds) if kind == "postgresql" else _driver(where, seconds)
            found = service.load(seconds, items=items)
            ratios.append(found["rate"] / hand)
            spreads.append(found["p99"] / found["p50"])
            rates.append(found["rate"])
            hands.append(hand)
    said = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    name = f"single-line orders over HTTP, {kind}, {items:,} item{'s' if items > 1 else ''}"
    rate = f"{statistics.median(rates):,.0f} orders/s beside {statistics.median(hands):,.0f} by hand"
    yield Figure(name, f"{said}, {rate}", f">= {target} by hand", statistics.median(ratios) >= target)
    spread = statistics.median(spreads)
    yield Figure(f"their p99, {kind}, {items:,}", f"{spread:.1f} times their p50", "<= 4 times", spread <= 4)


def _pgbench(where: Places, place: str, items: int, seconds: float) -> float:
    """Transactions a second by hand, with the number of clients that does best."""
    script = where.folder / "single.sql"
    script.write_text(BY_HAND.format(last=items - 1))
    best = 0.0
    for clients in (8, 16, 32):
        command = [
            where.programs / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            clients,
            "-j",
            2,
            "-T",
            max(1, int(seconds)),
        ]
        dsn = place.replace("postgresql+psycopg", "postgresql")
        done = subprocess.run([*map(str, [*command, "-f", script, dsn])], capture_output=True, text=True, check=True)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        assert found is not None, done.stdout
        best = max(best, float(found[1]))
    return best


def _driver(where: Places, seconds: float) -> float:
    """One commit an order by SQLite's own driver, the same rows, flushed as fully."""
    from pysqlite3 import dbapi2

    copy = where.copy(where.new("sqlite"))
    fill(copy, 100, 2, 10**8)
    db = dbapi2.connect(copy, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        db.execute(f"PRAGMA {pragma}")
    at, started, n = "2026-12-01T09:00:00.000000Z", time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        n += 1
        sku, ident = f"I{n % 100:06d}", f"H-{n}"
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "INSERT INTO orders (order_id, priority, placed_at, ship, accept, sites, shipping, tax, discount, paid, "
            "tags, fingerprint, held) VALUES (?, 0, ?, 'when_ready', 'order', '[]', 0, 0, 0, 0, '[]', 'x', 0)",
            (ident, at),
        )
        db.execute(
            "INSERT INTO lines (order_id, line, position, sku, quantity, backordered, waiting, allocated, shipped, "
            "cancelled, covered, picked, promise, planned, revisions, tags, placed_at, shipped_before, "
            "firm_until, held) VALUES "
            "(?, '1', 1, ?, 1, 1, 1, 0, 0, 0, 1, 0, '2030-12-07', '2030-12-07', 1, '[]', ?, 0, '2030-12-07', 0)",
            (ident, sku, at),
        )
        db.execute(
            "INSERT INTO pegs (order_id, line, supply, ships_on, quantity, pinned) "
            "VALUES (?, '1', ?, '2030-12-07', 1, 0)",
            (ident, f"P0-{sku}"),
        )
        db.execute(
            "INSERT INTO promises (order_id, line, n, at, to_day, cause, basis, supply) "
            "VALUES (?, '1', 1, ?, '2030-12-07', 'placed', 'inbound', ?)",
            (ident, at, f"P0-{sku}"),
        )
        db.execute("UPDATE supplies SET pegged = pegged + 1 WHERE supply = ?", (f"P0-{sku}",))
        db.execute("COMMIT")
    took = time.perf_counter() - started
    db.close()
    return n / took


def _batches(where: Places, kind: str, items: int, rounds: int) -> Figure:
    """The batch door, 1,000 lines a request, beside the library called with the same commands."""
    place = where.new(kind)
    fill(place, items, 2, 10**8)
    db = open_database(place)
    chance = iter(range(10**9))
    names = (f"B-{n}" for n in range(10**9))

    def batch() -> list[Any]:
        return orders([next(names) for _ in range(250)], 4, lambda: (f"I{next(chance) * 7919 % items:06d}", 2))

    ratios = []
    with running(place) as service:
        for round_ in range(rounds + 1):
            mine, theirs = batch(), batch()
            body = msgspec.json.encode(theirs)
            started = time.perf_counter()
            place_orders(db, NOW, mine)
            middle = time.perf_counter()
            status, _ = service.ask("POST", "/v1/commands", body)
            assert status == 200
            if round_:
                ratios.append((middle - started) / (time.perf_counter() - middle))
    db.close()
    ratio = statistics.median(ratios)
    return Figure(f"batch door, 1,000 lines a request, {kind}", f"{ratio:.2f}", ">= 0.8 of the library", ratio >= 0.8)


def _availability(where: Places, seconds: float, rounds: int) -> Figure:
    """Warm availability of one SKU beside the cheapest answer that the framework gives."""
    place = where.new("sqlite")
    fill(place, 10, 2, 10**8)
    ratios, rates = [], []
    with running(place) as service, _framework() as bare:
        for _ in range(rounds):
            empty = service.load(seconds, "/empty", clients=16, port=bare)["rate"]
            ours = service.load(seconds, "/v1/availability?sku=I000001", clients=16)["rate"]
            ratios.append(ours / empty)
            rates.append(ours)
    ratio = statistics.median(ratios)
    said = f"{ratio:.2f}, {statistics.median(rates):,.0f}/s"
    return Figure("availability of one SKU, warm", said, ">= 0.5 of an empty answer", ratio >= 0.5)


def _overload(where: Places, kind: str, items: int, seconds: float) -> Iterator[Figure]:
    """Five times as many lines wanted at once as may wait, beside as many as keep it busy without a queue."""
    place = where.new(kind)
    fill(place, items, 2, 10**8)
    what = f"order:{LINES}"
    crowd = 5 * WAITING_MAX // LINES
    with running(place) as service:
        alone = statistics.median(service.load(min(1, seconds), items=items, clients=1)["p50"] for _ in range(3))
        service.load(min(2, seconds), what, items, 32)
        peak = service.load(seconds, what, items, 32)["good"]
        for told, end, least in (("come back when told", "", 0.8), ("come back at once", "!", 0.0)):
            found = service.load(2 * seconds, what + end, items, crowd, full=True)
            started = time.perf_counter()
            while service.load(0.2, items=items, clients=1)["p50"] > 4 * alone:
                assert time.perf_counter() - started < 60, "it does not recover"
            recovered = time.perf_counter() - started
            ratio, refused = found["good"] / peak, found["statuses"].get("429", 0)
            said = f"{ratio:.2f} of {peak * LINES:,.0f} lines/s, {refused:,} refused, {recovered:.1f} s to recover"
            name = f"five times too much, {kind}, {told}"
            target = f">= {least}, some refused, <= 30 s"
            yield Figure(name, said, target, ratio >= least and refused > 0 and recovered <= 30)
