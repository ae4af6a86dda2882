"""The audit trail, newest first."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import select

from backorder.kernel.calendars import moment_datetime
from backorder.storage.access_tables import audit
from backorder.storage.audit import load_head
from backorder.storage.db import Database

LOOKED = 2_000  # entries from the end that are looked through for who just did something


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
        tx.plan_by_values()
        return [EntryView(n, moment_datetime(at), *said) for n, at, *said in tx.fetch(chosen)]


def actors(db: Database, subject: str, moments: Collection[int]) -> dict[int, str]:
    """Who did what happened to a subject at some moments (microseconds), as far as the newest entries tell.

    Of several requests that were applied at once, it is the one about the subject; none, if there is none such.
    """
    with db.read() as tx:
        newest = load_head(tx)[0] - LOOKED
        chosen = select(audit.c.at, audit.c.actor, audit.c.subject).where(audit.c.n > newest, audit.c.at.in_(moments))
        rows = tx.fetch(chosen.order_by(audit.c.n))
    found: dict[int, str] = {}
    for moment in moments:
        there = [(actor, about) for at, actor, about in rows if at == moment]
        mine = {actor for actor, about in there if about == subject} or {actor for actor, _ in there}
        if len(mine) == 1:
            found[moment] = mine.pop()
    return found


def end(db: Database) -> tuple[int, str]:
    """The number and the hash of the last entry, to be kept elsewhere; zeros where there is none."""
    with db.read() as tx:
        return load_head(tx)
