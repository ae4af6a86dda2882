"""What tests of faults share: a load that remembers what was acknowledged, and what has to be there afterwards."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from service import Service
from sqlalchemy import select

from backorder.queries.outbox import list_events, list_messages
from backorder.storage import outbox
from backorder.storage.db import Database, open_database
from backorder.storage.tables import orders


def order(name: str, sku: str, units: int = 1) -> dict:
    return {"order": name, "lines": [{"line": "1", "sku": sku, "quantity": units}]}


class Load:
    """Orders placed by several clients, who remember what was acknowledged, until they are told to stop."""

    def __init__(self, service: Service, sku: str, clients: int = 8) -> None:
        self.asked: set[str] = set()
        self.acknowledged: set[str] = set()
        self.statuses: set[int] = set()
        self._over = threading.Event()
        self._service, self._sku = service, sku
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, me: int) -> None:
        n = 0
        while not self._over.is_set():
            client = self._service.client("integration")
            try:
                while not self._over.is_set():
                    n += 1
                    self.asked.add(f"L{me}-{n}")
                    reply = client.ask("POST", "/v1/orders", order(f"L{me}-{n}", self._sku))
                    self.statuses.add(reply.status)
                    if reply.status in {200, 201}:
                        self.acknowledged.add(f"L{me}-{n}")
                    else:
                        time.sleep(0.05)
            except OSError:
                time.sleep(0.05)
            finally:
                client.close()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def backorderable(service: Service, sku: str) -> None:
    admin = service.client()
    assert admin.ask("PUT", f"/v1/items/{sku}", {"coverage": "lead_time", "lead_time_days": 30}).status == 201
    admin.close()


def kept(url: str, acknowledged: set[str]) -> None:
    """Every order that was acknowledged is there."""
    db = open_database(url)
    with db.read() as tx:
        there = {row[0] for row in tx.fetch(select(orders.c.order_id))}
    db.close()
    assert acknowledged - there == set()


def lines(journal: Path) -> list[dict]:
    """What stands in the journal, whole lines only."""
    if not journal.exists():
        return []
    found = []
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # a crash left the beginning of one
    return found


def wait_for(what: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def arrived(db: Database, journal: Path) -> Callable[[], bool]:
    return lambda: {event.n for event in list_events(db, limit=10_000)} <= {int(line["id"]) for line in lines(journal)}


def in_order(journal: Path) -> None:
    """The first time that each event arrived, those of a subject are in their order."""
    subjects = defaultdict(list)
    for ident in dict.fromkeys((int(line["id"]), line["subject"]) for line in lines(journal)):
        subjects[ident[1]].append(ident[0])
    assert all(numbers == sorted(numbers) for numbers in subjects.values())


def end_leases(db: Database) -> None:
    """As if their time had passed: who held them is dead."""
    held = list_messages(db, state="waiting", limit=10_000)
    with db.write() as tx:
        keys = [(message.event, message.sender, None) for message in held]
        tx.update(outbox.outbox, ("event", "sender"), ("leased_until",), keys)
