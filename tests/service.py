"""A running service for tests: a process of its own on a loopback port, and a plain client.

Most tests want a service that runs: `running`, which takes a tenth of a second. Those that are about starting, dying or
what is there before the program is loaded begin with the command line: `started`, or `start`, which take two.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from warm import Forked

from backorder.commands import accounts
from backorder.kernel.access import ROLES
from backorder.storage.db import open_database

NOW = 1_790_000_000_000_000


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Client:
    """A keep-alive connection that shows a token."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.port, self.token = port, token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request; `body` becomes JSON unless it is bytes."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            said.setdefault("Authorization", f"Bearer {self.token}")
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if raw is not None:
            said.setdefault("Content-Type", "application/json")
        for attempt in (1, 2):
            try:
                self._connection.request(method, path, raw, said)
                answer = self._connection.getresponse()
                found = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(answer.status, found, answer.read())
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()  # the service may close a connection that idles
                if attempt == 2:
                    raise
        raise AssertionError("the loop returns or raises")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


Process = subprocess.Popen[bytes] | Forked


class Service(NamedTuple):
    """A service that runs: where, with which process, and a token for each role."""

    url: str
    port: int
    process: Process
    tokens: dict[str, str]

    def client(self, role: str | None = "admin") -> Client:
        """A connection as a program of this role; as nobody for None."""
        return Client(self.port, None if role is None else self.tokens[role])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(url: str, port: int, **settings: str) -> "subprocess.Popen[bytes]":
    """Start the service by the command line, as a machine that comes up does, and wait until it is ready."""
    command = [sys.executable, "-m", "backorder", *_words(url, port)]
    process = subprocess.Popen(command, env=_environment(settings), stdout=subprocess.DEVNULL, start_new_session=True)
    wait_ready(port, process)
    return process


def fork(url: str, port: int, **settings: str) -> Forked:
    """The same without the time that loading the program takes."""
    process = Forked(_words(url, port), _environment(settings))
    process.start()
    wait_ready(port, process)
    return process


def _words(url: str, port: int) -> list[str]:
    return ["serve", "--port", str(port), "--database", url]


def _environment(settings: dict[str, str]) -> dict[str, str]:
    return os.environ | {"BACKORDER_LOG": "none"} | settings


def wait_ready(port: int, process: Process, seconds: float = 60) -> None:
    """Wait until the service says that it is ready."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, f"the service ended with {process.returncode}"
        client = Client(port)
        try:
            if client.ask("GET", "/readyz").status == 200:
                return
        except OSError:
            time.sleep(0.005)
        finally:
            client.close()
    raise AssertionError("the service did not become ready")


def stop(process: Process) -> int:
    """Stop the service as an operator does; its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(60)


@contextmanager
def running(url: str, **settings: str) -> Iterator[Service]:
    """A service on this database, with a program and a token of each role."""
    with _run(fork, url, settings) as service:
        yield service


@contextmanager
def started(url: str, **settings: str) -> Iterator[Service]:
    """The same, started by the command line."""
    with _run(start, url, settings) as service:
        yield service


@contextmanager
def speaking(url: str, **settings: str) -> Iterator[Service]:
    """The same with a console that speaks every language that there is, whether it offers them yet or not."""
    with _run(_speak, url, settings) as service:
        yield service


def _speak(url: str, port: int, **settings: str) -> "subprocess.Popen[bytes]":
    text = (
        "from backorder import languages; from backorder.adapters import console; from backorder.app import main; "
        "console.SPOKEN = languages.known(); main()"
    )
    command = [sys.executable, "-c", text, *_words(url, port)]
    process = subprocess.Popen(command, env=_environment(settings), stdout=subprocess.DEVNULL, start_new_session=True)
    wait_ready(port, process)
    return process


@contextmanager
def _run(begin: Callable[..., Process], url: str, settings: dict[str, str]) -> Iterator[Service]:
    port = free_port()
    db = open_database(url)
    tokens = {}
    for role in ROLES:
        accounts.put_account(db, NOW, role, kind="program", role=role, by="test")
        tokens[role] = accounts.issue_token(db, NOW, role, by="test")
    db.close()
    process = begin(url, port, **settings)
    try:
        yield Service(url, port, process, tokens)
    finally:
        stop(process)
