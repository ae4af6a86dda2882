"""The audit trail: who asked for what, chained by hashes, so that nothing can be taken out or changed unseen."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import select

from backorder.storage.access_tables import audit, audit_head
from backorder.storage.db import Row, Tx

_HEAD = select(audit_head.c.n, audit_head.c.hash).with_for_update()
_TRAIL = select(audit).order_by(audit.c.n)
_COLUMNS = tuple(column.name for column in audit.c)


class Entry(NamedTuple):
    """What one request asked for. `digest` (hex) covers the content of its commands, `subject` names the first."""

    actor: str
    role: str
    request: str
    what: str
    subject: str | None
    commands: int
    digest: str


def save_entries(tx: Tx, entries: Sequence[Entry], at: int) -> None:
    """Add entries to the end of the chain. Holds its head until commit: call it last in a transaction."""
    heads = tx.fetch(_HEAD)
    n, last = heads[0] if heads else (0, "0" * 64)
    rows: list[Row] = []
    for entry in entries:
        n += 1
        last = chained(last, n, at, entry)
        rows.append((n, at, *entry, last))
    tx.insert(audit, _COLUMNS, rows)
    if heads:
        tx.update(audit_head, ("one",), ("n", "hash"), [(1, n, last)])
    else:
        tx.insert(audit_head, ("one", "n", "hash"), [(1, n, last)])


def load_head(tx: Tx) -> tuple[int, str]:
    """The number and the hash of the last entry; zeros where there is none."""
    rows = tx.fetch(select(audit_head.c.n, audit_head.c.hash))
    return (rows[0][0], rows[0][1]) if rows else (0, "0" * 64)


def load_hash(tx: Tx, number: int) -> str | None:
    """The hash of an entry; None where there is none. Before the first there are zeros."""
    rows = tx.fetch(select(audit.c.hash).where(audit.c.n == number))
    return str(rows[0][0]) if rows else ("0" * 64 if number == 0 else None)


def chained(last: str, n: int, at: int, entry: Entry) -> str:
    """The hash of an entry: SHA-256 over the hash before it and all it says, each part with its length."""
    parts = [last, str(n), str(at), *["-" if part is None else f"+{part}" for part in entry]]
    return hashlib.sha256("".join([f"{len(part)}:{part}" for part in parts]).encode()).hexdigest()


def broken(tx: Tx) -> Iterator[str]:
    """Where the chain does not hold: an entry that is missing, was changed, or an end that was cut off."""
    last, before = "0" * 64, 0
    for n, at, *said, written in tx.fetch(_TRAIL):
        if n != before + 1:
            yield f"entry {before + 1} is missing"
        elif chained(last, n, at, Entry(*said)) != written:
            yield f"entry {n} is not what was written"
        last, before = written, n
    heads = tx.fetch(select(audit_head.c.n, audit_head.c.hash))
    if (heads[0] if heads else (0, "0" * 64)) != (before, last):
        yield f"the trail ends at entry {before}, its head says {heads[0][0] if heads else 0}"
