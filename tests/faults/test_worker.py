"""The worker in trouble: killed, stopped and woken, two at once, beside the service and in it."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from load import arrived, end_leases, in_order, lines, wait_for
from service import NOW, running, stop

from backorder import worker as module
from backorder.commands import decode, run
from backorder.queries import check
from backorder.queries.outbox import list_events, list_messages
from backorder.storage import outbox
from backorder.storage.db import Database, open_database

EVENTS = 40
POINTS = Path(__file__).parent / "points"


@contextmanager
def working(url: str, journal: Path, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker in a process of its own."""
    environment = os.environ | {"BACKORDER_LOG": "none", "BACKORDER_JOURNAL": str(journal)} | more
    command = [sys.executable, "-m", "backorder", "work", "--database", url]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert b"Seeing to timers" in process.stdout.readline()
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            stop(process)
        process.stdout.close()


def cause_events(db: Database, count: int, name: str = "I") -> None:
    batch = [{"do": "put_item", "sku": f"{name}{n % 7}", "lead_time_days": n} for n in range(count)]
    run(db, NOW, [decode(command) for command in batch])


def feed(db: Database, name: str = "journal") -> None:
    with db.write() as tx:
        outbox.add_feed(tx, name, 0, NOW)


def test_the_service_sees_to_it_itself_and_leaves_it_to_another_when_told(
    db: Database, url: str, tmp_path: Path
) -> None:
    journal = tmp_path / "events.jsonl"
    with running(url, BACKORDER_JOURNAL=str(journal)) as service:
        client = service.client()
        assert client.ask("PUT", "/v1/items/CHAIR", {}).status == 201
        wait_for(lambda: any(line["subject"] == "items/CHAIR" for line in lines(journal)))
        client.close()
    with running(url, BACKORDER_JOURNAL=str(journal), BACKORDER_WORKER="no") as service:
        client = service.client()
        assert client.ask("PUT", "/v1/items/DESK", {}).status == 201
        time.sleep(2)
        assert not any(line["subject"] == "items/DESK" for line in lines(journal))
        with working(url, journal) as beside:
            wait_for(lambda: any(line["subject"] == "items/DESK" for line in lines(journal)))
            assert stop(beside) == 0
        client.close()


@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.long)])
def test_a_worker_that_is_killed_again_and_again_loses_nothing(
    db: Database, url: str, tmp_path: Path, rounds: int
) -> None:
    journal = tmp_path / "events.jsonl"
    feed(db)
    for n in range(rounds):
        with working(url, journal) as process:
            cause_events(db, EVENTS, f"K{n}-")
            time.sleep(0.05 * n)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
    end_leases(db)
    with working(url, journal):
        wait_for(arrived(db, journal))
    in_order(journal)
    assert check.run(db) == []


@pytest.mark.parametrize("point", ["worker: before sending", "worker: after sending"])
def test_a_worker_that_is_stopped_and_woken_sends_at_most_what_it_held_twice(
    db: Database, url: str, tmp_path: Path, point: str
) -> None:
    """Another takes over once the lease is over; what the first does when it is woken counts for nothing."""
    journal, marker = tmp_path / "events.jsonl", tmp_path / "stopped"
    feed(db)
    cause_events(db, EVENTS)
    fault = {"PYTHONPATH": str(POINTS), "BACKORDER_FAULT": f"{point}|{marker}|SIGSTOP"}
    with working(url, journal, **fault) as paused:
        wait_for(marker.exists)
        end_leases(db)
        with working(url, journal):
            wait_for(arrived(db, journal))
            paused.send_signal(signal.SIGCONT)
            cause_events(db, EVENTS, "later")
            wait_for(arrived(db, journal))
        assert stop(paused) == 0
    got = Counter(int(line["id"]) for line in lines(journal))
    assert set(got) == {event.n for event in list_events(db, limit=10_000)}
    assert max(got.values()) <= 2
    assert {message.state for message in list_messages(db, limit=10_000)} == {"sent"}
    in_order(journal)


def test_two_workers_at_once_send_each_message_once(db: Database, url: str, tmp_path: Path) -> None:
    journal = tmp_path / "events.jsonl"
    feed(db)
    with working(url, journal), working(url, journal):
        for n in range(5):
            cause_events(db, EVENTS, f"T{n}-")
        wait_for(arrived(db, journal))
        time.sleep(1.5)
    got = Counter(int(line["id"]) for line in lines(journal))
    assert set(got.values()) == {1}
    in_order(journal)


def test_a_worker_outlives_its_database_being_away(tmp_path: Path) -> None:
    from servers import durable_server

    journal = tmp_path / "events.jsonl"
    with durable_server() as server:
        db = open_database(server.place)
        feed(db)
        with working(server.place, journal) as process:
            cause_events(db, EVENTS, "A")
            server.crash()
            time.sleep(1.5)
            assert process.poll() is None
            server.start()
            db.engine.dispose()  # our own connections died with it
            cause_events(db, EVENTS, "B")
            wait_for(arrived(db, journal), seconds=60 + module.LEASE / 1_000_000)
            assert stop(process) == 0
        db.close()
    in_order(journal)
