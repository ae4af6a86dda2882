"""Imports as people see them: how far each is, and which mappings are remembered."""

from datetime import datetime

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import moment_datetime
from backorder.storage.db import Database, Row
from backorder.storage.import_tables import imports, mappings
from backorder.storage.imports import QUIET, is_used

_NAMES = (
    "run", "kind", "file", "digest", "by_whom", "state", "size", "seen", "taken", "refused", "stop", "counts", "note",
    "begun_at", "seen_at", "ended_at",
)  # fmt: skip
_IMPORTS = select(*(imports.c[name] for name in _NAMES))
_MAPPINGS = select(mappings.c.kind, mappings.c.name, mappings.c.body)


class ImportView(msgspec.Struct):
    """An import: what, by whom, how far, and what came of it. `left_seconds` is a guess, while it runs.

    `state` is running, done, stopped, interrupted or failed; whoever was not heard of for a minute is interrupted.
    """

    run: str
    kind: str
    file: str | None
    digest: str
    by: str
    state: str
    size: int
    seen: int
    taken: int
    refused: int
    stopping: bool
    counts: dict[str, int]
    note: str | None
    begun_at: datetime
    ended_at: datetime | None
    left_seconds: int | None


class MappingView(msgspec.Struct):
    """A mapping that is remembered, as JSON."""

    kind: str
    name: str
    body: str


def show_import(db: Database, now: int, run: str) -> ImportView | None:
    """An import; None if there is none of this id, or none any more."""
    with db.read() as tx:
        found = tx.fetch(_IMPORTS.where(imports.c.run == run))
    return _view(found[0], now) if found else None


def list_imports(db: Database, now: int, *, limit: int = 20) -> list[ImportView]:
    """Imports, the newest first."""
    with db.read() as tx:
        found = tx.fetch(_IMPORTS.order_by(imports.c.begun_at.desc(), imports.c.run).limit(limit))
    return [_view(row, now) for row in found]


def list_mappings(db: Database) -> list[MappingView]:
    """Mappings by kind and name."""
    with db.read() as tx:
        return [MappingView(*row) for row in tx.fetch(_MAPPINGS.order_by(mappings.c.kind, mappings.c.name).limit(500))]


def is_new(db: Database) -> bool:
    """Whether nothing was put in yet, so that the demo's data could be."""
    with db.read() as tx:
        return not is_used(tx)


def _view(row: Row, now: int) -> ImportView:
    state, size, seen = row[5:8]
    begun, heard, ended = row[13:]
    if state == "running" and heard <= now - QUIET:
        state, ended = "interrupted", heard
    left = None
    if state == "running" and seen and heard > begun:
        left = max(0, (size - seen) * (heard - begun) // seen - (now - heard)) // 10**6
    run, kind, file, digest, by = row[:5]
    return ImportView(
        run=run,
        kind=kind,
        file=file,
        digest=digest,
        by=by,
        state=state,
        size=size,
        seen=seen,
        taken=row[8],
        refused=row[9],
        stopping=bool(row[10]),
        counts={} if row[11] is None else msgspec.json.decode(row[11], type=dict[str, int]),
        note=row[12],
        begun_at=moment_datetime(begun),
        ended_at=None if ended is None else moment_datetime(ended),
        left_seconds=left,
    )
