"""Receivers of webhooks on the loopback address: plain sockets, so that they can be as wrong as a test wants."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple


class Got(NamedTuple):
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


Answer = Callable[[socket.socket, Got], None]


def status(code: int, *headers: str, body: bytes = b"") -> Answer:
    """Answer with a status."""

    def answer(line: socket.socket, _got: Got) -> None:
        head = [f"HTTP/1.1 {code} Said", f"Content-Length: {len(body)}", *headers]
        line.sendall("\r\n".join([*head, "", ""]).encode() + body)

    return answer


def hang(line: socket.socket, _got: Got) -> None:
    """Never answer."""
    with suppress(OSError):
        line.recv(1)


def drip(line: socket.socket, _got: Got) -> None:
    """Answer a byte at a time, for ever."""
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        line.sendall(b"x")
        time.sleep(0.05)


class Receiver:
    """A machine that listens, remembers what came, and answers as it is told; `url` is where."""

    def __init__(
        self, answer: Answer | None = None, trust: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.answer: Answer = answer or status(204)
        self.got: list[Got] = []
        self.connections = 0
        self._trust = trust
        self._listening = socket.create_server((host, 0), backlog=200)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http{'' if trust is None else 's'}://{host}:{self.port}/hooks"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with suppress(OSError, ValueError), line, self._over_tls(line) as spoken:
            while (got := _read(spoken)) is not None:
                self.got.append(got)
                self.answer(spoken, got)

    def _over_tls(self, line: socket.socket) -> socket.socket:
        return line if self._trust is None else self._trust.wrap_socket(line, server_side=True)

    def close(self) -> None:
        """Listen no more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # who waits for the next caller wakes up
        self._listening.close()


def _read(line: socket.socket) -> Got | None:
    text = b""
    while b"\r\n\r\n" not in text:
        found = line.recv(65_536)
        if not found:
            return None
        text += found
    head, _, body = text.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (part.partition(":") for part in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += line.recv(65_536)
    return Got(first, headers, body)
