"""Events as lines of JSON at the end of a file: for whoever reads files better than addresses."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from backorder.kernel.errors import NotSent
from backorder.kernel.events import cloud
from backorder.storage.outbox import Message

AT_ONCE = 500  # one flush to the disk for so many


class Journal:
    """A sender that writes to a file. A line is an event in the form of CloudEvents 1.0 (JSON format).

    After a crash a line may stand twice, or its beginning alone; `id` tells a repeat.
    """

    name = "journal"
    at_once = AT_ONCE

    def __init__(self, path: Path) -> None:
        self._path = path

    def wants(self, _kind: str, _subject: str) -> bool:
        """It is told of everything."""
        return True

    def send(self, messages: Sequence[Message]) -> list[NotSent | None]:
        """Append the events and flush them to the disk; all of them, or none is counted as sent."""
        try:
            with self._path.open("ab") as file:
                file.write(_unless_ended(self._path) + b"".join(map(line, messages)))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return [NotSent(f"{self._path}: {error.strerror}", away=True) for _ in messages]
        return [None for _ in messages]


def _unless_ended(path: Path) -> bytes:
    """What ends a line that a crash left without its end."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return b""
        file.seek(-1, os.SEEK_END)
        return b"" if file.read(1) == b"\n" else b"\n"


def line(message: Message) -> bytes:
    """An event as a line."""
    said = cloud(message.event, message.at, message.kind, message.subject, message.data)
    return msgspec.json.encode(said) + b"\n"
