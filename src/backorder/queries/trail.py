"""The audit trail, newest first."""

from datetime import datetime

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import moment_datetime
from backorder.storage.access_tables import audit
from backorder.storage.audit import load_head
from backorder.storage.db import Database


class EntryView(msgspec.Struct):
    """Who asked for what in one request: `commands` of a kind, `subject` the first of them, `digest` of them all."""

    n: int
    at: datetime
    actor: str
    role: str
    request: str
    what: str
    subject: str | None
    commands: int
    digest: str
    hash: str


def entries(
    db: Database,
    *,
    before: int | None = None,
    actor: str | None = None,
    subject: str | None = None,
    what: str | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int = 50,
) -> list[EntryView]:
    """Entries of the trail, newest first, before the entry of that number.

    They were made from the moment `since` until before `until` (microseconds).
    """
    chosen = select(audit).order_by(audit.c.n.desc()).limit(limit)
    narrowed = {audit.c.actor: actor, audit.c.subject: subject, audit.c.what: what}
    chosen = chosen.where(*(column == value for column, value in narrowed.items() if value is not None))
    if since is not None:
        chosen = chosen.where(audit.c.at >= since)
    if until is not None:
        chosen = chosen.where(audit.c.at < until)
    if before is not None:
        chosen = chosen.where(audit.c.n < before)
    with db.read() as tx:
        return [EntryView(n, moment_datetime(at), *said) for n, at, *said in tx.fetch(chosen)]


def end(db: Database) -> tuple[int, str]:
    """The number and the hash of the last entry, to be kept elsewhere; zeros where there is none."""
    with db.read() as tx:
        return load_head(tx)
