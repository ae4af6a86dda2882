"""The rows of imports, and of mappings that are remembered."""

from typing import NamedTuple

from sqlalchemy import Integer, bindparam, exists, or_, select
from sqlalchemy.sql.expression import literal_column

from backorder.storage.db import Row, Tx
from backorder.storage.import_tables import imports, mappings
from backorder.storage.tables import items, orders

QUIET = 60 * 10**6  # an import that was not heard of for so long has nobody who goes on with it
_COLUMNS = tuple(column.name for column in imports.c)
_STOP = select(imports.c.stop).where(imports.c.run == bindparam("run"))
_SAME = select(imports.c.run, imports.c.seen_at).where(
    imports.c.state == "running",
    imports.c.kind == bindparam("kind"),
    imports.c.digest == bindparam("digest"),
)
_COUNTS = ("seen", "taken", "refused")
_ONE = literal_column("1", Integer)
_TAKEN = select(_ONE).where(
    or_(
        exists(select(_ONE).select_from(items)),
        exists(select(_ONE).select_from(orders)),
        exists(select(_ONE).select_from(imports).where(imports.c.kind == "demo")),
    )
)


class Progress(NamedTuple):
    """How far an import is: rows read, taken over, refused."""

    seen: int = 0
    taken: int = 0
    refused: int = 0


def load_running(tx: Tx, kind: str, digest: str) -> tuple[str, int] | None:
    """The run that takes this file over right now, and when it was heard of last; None if there is none."""
    found = tx.fetch(_SAME, kind=kind, digest=digest)
    return (found[0][0], found[0][1]) if found else None


def is_used(tx: Tx) -> bool:
    """Whether there are items or orders, or the demo was begun: then its data would get among others."""
    return bool(tx.fetch(_TAKEN))


def save_import(tx: Tx, run: str, kind: str, file: str | None, digest: str, by: str, size: int, now: int) -> None:
    """A new import, of which nothing was read yet."""
    row = (run, kind, file, digest, by, "running", size, 0, 0, 0, 0, None, None, now, now, None)
    tx.insert(imports, _COLUMNS, [row])


def save_progress(tx: Tx, run: str, so_far: Progress, now: int) -> bool:
    """Take down how far it is; whether somebody asked it to stop."""
    tx.update(imports, ("run",), (*_COUNTS, "seen_at"), [(run, *so_far, now)])
    found = tx.fetch(_STOP, run=run)
    return not found or bool(found[0][0])


def save_end(tx: Tx, run: str, state: str, so_far: Progress, counts: str | None, note: str | None, now: int) -> None:
    """It ended."""
    columns = ("state", *_COUNTS, "counts", "note", "seen_at", "ended_at")
    tx.update(imports, ("run",), columns, [(run, state, *so_far, counts, note, now, now)])


def close(tx: Tx, run: str, state: str, now: int) -> None:
    """It ended without saying so."""
    tx.update(imports, ("run",), ("state", "ended_at"), [(run, state, now)])


def ask_to_stop(tx: Tx, run: str) -> None:
    """Let it stop after what it is at."""
    tx.update(imports, ("run",), ("stop",), [(run, 1)])


def save_mapping(tx: Tx, row: Row) -> None:
    """A mapping, as (kind, name, body, by, at), in the place of the one that had its name."""
    tx.put(mappings, ("kind", "name"), ("body", "by_whom", "at"), [row], ())
