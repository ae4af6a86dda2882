"""Processes killed with SIGKILL at random moments: nothing that was acknowledged is lost, and every invariant holds.

The suite kills a few; `pytest -m long tests/faults` kills as many as docs/benchmarks.md tells of.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from servers import Server, durable_server
from sqlalchemy import select

from backorder.queries import check
from backorder.storage.db import open_database
from backorder.storage.migrate import upgrade
from backorder.storage.tables import ERASED, replies

WRITER = Path(__file__).with_name("writer.py")
KILLS = [pytest.param(8, id="some"), pytest.param(100, id="many", marks=pytest.mark.long)]
CRASHES = [pytest.param(2, id="some"), pytest.param(20, id="many", marks=pytest.mark.long)]


@contextmanager
def writing(place: str, seed: int, turn: int, *room: str) -> Iterator[subprocess.Popen]:
    """A writer at work, in so much room if that is given."""
    command = [sys.executable, str(WRITER), place, str(seed), str(turn), *room]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def acknowledged(process: subprocess.Popen) -> dict[str, str]:
    """The ids and answers that the writer wrote down; a last line that was torn does not count."""
    text = process.stdout.read().decode()
    whole = text[: text.rfind("\n") + 1]
    return dict(line.split(" ", 1) for line in whole.splitlines())


def verify(place: str, acked: dict[str, str]) -> None:
    """Every acknowledged command is there with the answer that was given, and every invariant holds."""
    db = open_database(place)
    try:
        with db.read() as tx:
            rows = tx.fetch(_REPLIES)
            kept = {row[0]: msgspec.json.decode(row[1])["outcome"] for row in rows}
            erased = {row[0] for row in rows if row[2] == ERASED}  # what it was told of somebody who was erased since
        # What cannot be meant is refused before any transaction and is not remembered.
        wanted = {name: word for name, word in acked.items() if word != "invalid" and name not in erased}
        lost = {name: word for name, word in wanted.items() if kept.get(name) != word}
        assert not lost, f"{len(lost)} of {len(acked)} acknowledged commands are lost"
        assert check.run(db) == []
    finally:
        db.close()


_REPLIES = select(replies.c.command_id, replies.c.outcome, replies.c.fingerprint)


@pytest.mark.parametrize("kills", KILLS)
def test_a_writer_killed_at_random_loses_nothing_on_sqlite(kills: int, tmp_path: Path) -> None:
    place, chance, acked = str(tmp_path / "killed.db"), random.Random(kills), {}
    upgrade(place)
    for turn in range(kills):
        with writing(place, kills, turn) as process:
            started = process.stdout.readline()  # it is up, and its first commands are acknowledged
            time.sleep(chance.random() * 0.4)
            process.send_signal(signal.SIGKILL)
            process.wait()
            acked |= acknowledged(process) | dict([started.decode().split()])
        if turn % 10 == 9 or turn == kills - 1:
            verify(place, acked)
    assert len(acked) > kills
    print(f"\n{kills} kills of a writer on SQLite: {len(acked)} acknowledged, 0 lost")  # noqa: T201  # the figure


def test_a_full_disk_is_said_and_work_goes_on_when_there_is_room(tmp_path: Path) -> None:
    place = str(tmp_path / "full.db")
    upgrade(place)
    room = Path(place).stat().st_size + 200_000
    with writing(place, 7, 0, str(room)) as process:
        told, said = process.communicate(timeout=120)
    assert b"the database failed, nothing was written" in said
    acked = dict(line.split(" ", 1) for line in told.decode().splitlines())
    assert acked
    verify(place, acked)
    with writing(place, 7, 1) as process:
        more = dict([process.stdout.readline().decode().split()])
        process.send_signal(signal.SIGKILL)
        process.wait()
        more |= acknowledged(process)
    verify(place, acked | more)


@pytest.fixture
def server() -> Iterator[Server]:
    with durable_server() as found:
        yield found


@pytest.mark.parametrize("crashes", CRASHES)
def test_a_server_killed_under_load_loses_nothing(crashes: int, server: Server) -> None:
    chance, acked = random.Random(crashes), {}
    for turn in range(crashes):
        with writing(server.place, 500 + crashes, turn) as process:
            started = process.stdout.readline()
            time.sleep(0.2 + chance.random())
            server.crash()
            process.wait(timeout=60)  # it ends by itself when the database is gone
            acked |= acknowledged(process) | dict([started.decode().split()])
        server.start()
        verify(server.place, acked)
    assert len(acked) > crashes
    print(f"\n{crashes} kills of PostgreSQL: {len(acked)} acknowledged, 0 lost")  # noqa: T201  # the figure
