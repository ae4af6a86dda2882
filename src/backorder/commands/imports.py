"""Imports that go on beside requests: begun, followed, asked to stop, ended; mappings remembered by name.

These are no commands of the vocabulary: what a file says is applied by the ordinary ones, each batch with its entry in
the audit trail. Here is what a person sees of it.
"""

import hashlib
import secrets
from typing import NamedTuple

import msgspec

from backorder.kernel.composing import composed
from backorder.kernel.errors import BackorderError, Conflict
from backorder.storage import imports as storage
from backorder.storage.audit import Entry, save_entries
from backorder.storage.db import Database, Tx
from backorder.storage.imports import QUIET, Progress

DEMO = "demo"
_NAME_MAX = 80

__all__ = ["DEMO", "Progress", "Refused", "Work", "begin", "end", "go_on", "remember", "stop"]


class Refused(BackorderError):
    """It is not begun; the message says why. `run` is the import that goes on already, where that is the reason."""

    def __init__(self, message: str, run: str | None = None) -> None:
        super().__init__(message)
        self.run = run


class Work(NamedTuple):
    """What is to be taken over: which kind, the file by its name and digest, how many rows, and who asks."""

    kind: str
    file: str | None
    digest: str
    size: int
    by: str


def begin(db: Database, now: int, work: Work) -> str:
    """The id of an import that begins now. Raises Refused where the same file is being taken over.

    The demo's data begin only where there is nothing else.
    """
    run = secrets.token_hex(8)
    try:
        with db.write() as tx:
            running = storage.load_running(tx, work.kind, work.digest)
            if running is not None and running[1] > now - QUIET:
                raise Refused("this file is being taken over already", running[0])
            if running is not None:
                storage.close(tx, running[0], "interrupted", now)
            if work.kind == DEMO and storage.is_used(tx):
                raise Refused("the demo needs a new database, in which nothing is yet")
            storage.save_import(tx, run, work.kind, work.file, work.digest, work.by, work.size, now)
            _note(tx, now, work.by, "import", run, work.digest)
    except Conflict as error:
        raise Refused("this file is being taken over already: look again in a moment") from error
    return run


def go_on(db: Database, now: int, run: str, so_far: Progress) -> bool:
    """Take down how far an import is; whether it goes on."""
    with db.write() as tx:
        return not storage.save_progress(tx, run, so_far, now)


def end(
    db: Database,
    now: int,
    run: str,
    state: str,
    so_far: Progress,
    counts: dict[str, int] | None = None,
    note: str | None = None,
) -> None:
    """It is over: `done`, `stopped`, `interrupted` or `failed`."""
    said = None if counts is None else msgspec.json.encode(counts).decode()
    with db.write() as tx:
        storage.save_end(tx, run, state, so_far, said, note, now)


def stop(db: Database, now: int, run: str, by: str) -> None:
    """Ask an import to stop after the batch that it is at."""
    with db.write() as tx:
        storage.ask_to_stop(tx, run)
        _note(tx, now, by, "stop_import", run, run)


def remember(db: Database, now: int, kind: str, name: str, body: str, by: str) -> None:
    """Keep a mapping under a name, in the place of the one that had it. Raises Refused for what is no name."""
    name = composed(name.strip())
    if not 1 <= len(name) <= _NAME_MAX or not name.isprintable():
        raise Refused(f"a mapping's name has 1 to {_NAME_MAX} printable characters")
    with db.write() as tx:
        storage.save_mapping(tx, (kind, name, body, by, now))
        _note(tx, now, by, "put_mapping", name, body)


def _note(tx: Tx, now: int, by: str, what: str, subject: str, said: str) -> None:
    digest = hashlib.sha256(said.encode()).hexdigest()
    save_entries(tx, [Entry(by, "", "-", what, subject, 1, digest)], now)
