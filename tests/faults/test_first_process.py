"""The service as the first process of a container: it stops when told, and starts again what died."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from service import NOW, Client, free_port, wait_ready

from backorder.commands import accounts
from backorder.queries import check
from backorder.storage.db import open_database

# A process tree of its own, in which what it runs is number 1, as in a container.
APART = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def _first(process: "subprocess.Popen[bytes]") -> int:
    """The number that the first process of the tree has outside."""
    (first,) = _children(process.pid)
    inside = next(line for line in Path(f"/proc/{first}/status").read_text().splitlines() if "NSpid" in line)
    assert inside.split()[-1] == "1"
    return first


@contextmanager
def apart(*words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The command line as the first process of a tree of its own."""
    possible = shutil.which("unshare") and subprocess.run([*APART, "true"], capture_output=True, check=False)
    if not possible or possible.returncode:
        pytest.skip("this machine lets nobody but the superuser make process trees of their own")
    process = subprocess.Popen(
        [*APART, sys.executable, "-m", "backorder", *words],
        env=os.environ | {"BACKORDER_LOG": "none", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith((b"The console is at", b"Seeing to"))
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_service_stops_when_told_and_leaves_no_dead_children(sqlite_url: str) -> None:
    port = free_port()
    db = open_database(sqlite_url)
    accounts.put_account(db, NOW, "shop", kind="program", role="admin", by="test")
    client = Client(port, accounts.issue_token(db, NOW, "shop", by="test"))
    with apart("serve", "--port", str(port), "--database", sqlite_url) as process:
        wait_ready(port, process)
        assert client.ask("PUT", "/v1/sites/MAIN", {}).status == 201
        first = _first(process)
        (listening,) = _children(first)
        os.kill(listening, signal.SIGKILL)
        while listening in _children(first):  # until it was buried
            time.sleep(0.05)
        wait_ready(port, process)
        assert client.ask("PUT", "/v1/sites/OTHER", {}).status == 201
        assert [pid for pid in _children(first) if _state(pid) == "Z"] == []
        os.kill(first, signal.SIGTERM)
        assert process.wait(60) == 0
    client.close()
    assert check.run(db) == []
    db.close()


def test_the_worker_alone_stops_when_told(sqlite_url: str) -> None:
    with apart("work", "--database", sqlite_url) as process:
        os.kill(_first(process), signal.SIGTERM)
        assert process.wait(60) == 0
