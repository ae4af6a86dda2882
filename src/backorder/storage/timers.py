"""Timers: when something is due. Claimed for a while by whoever sees to it, closed with its effect or not at all."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, update

from backorder.kernel.errors import Fenced
from backorder.storage.db import Row, Tx, among
from backorder.storage.event_tables import timers
from backorder.storage.types import Moment


class Timer(NamedTuple):
    """A timer as it was claimed: `claim` is the number of the claim, its fence."""

    kind: str
    subject: str
    due_at: int
    attempts: int
    claim: int


_TIMER = (timers.c.kind, timers.c.subject, timers.c.due_at, timers.c.attempts, timers.c.claim)
_KNOWN = select(*_TIMER).where(timers.c.kind == bindparam("kind"), among(timers.c.subject, "subjects"))
_LOCKED = _KNOWN.with_for_update()
_NOW = bindparam("now", type_=Moment())
# By the moment alone, which the index has in order: where thousands are due at the same one, all would be sorted.
_DUE = (
    select(timers.c.kind, timers.c.subject)
    .where(timers.c.dead_at.is_(None), timers.c.due_at <= _NOW)
    .where(or_(timers.c.leased_until.is_(None), timers.c.leased_until <= _NOW))
    .order_by(timers.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("mine")  # which PostgreSQL looks up once, because it locks
)
_CLAIM = (
    update(timers)
    .where(timers.c.kind == _DUE.c.kind, timers.c.subject == _DUE.c.subject)
    .values(claim=timers.c.claim + 1, leased_until=bindparam("until", type_=Moment()))
    .returning(*_TIMER)
)
_DUE_OF_KIND = (
    select(timers.c.subject)
    .where(timers.c.kind == bindparam("kind"), timers.c.dead_at.is_(None), timers.c.due_at <= _NOW)
    .order_by(timers.c.due_at, timers.c.subject)
    .limit(bindparam("most"))
)
_DEAD = (
    select(timers.c.kind, timers.c.subject, timers.c.dead_at)
    .where(among(timers.c.subject, "subjects"))
    .order_by(timers.c.kind, timers.c.subject)
    .with_for_update()
)
_KEY = ("kind", "subject")


def put_timers(tx: Tx, rows: Sequence[Row]) -> None:
    """Set timers, as (kind, subject, due moment); one that is there moves, and who had claimed it loses it."""
    tx.delete(timers, _KEY, [row[:2] for row in rows])
    columns = (*_KEY, "due_at", "attempts", "claim")
    tx.insert(timers, columns, [(*row, 0, 0) for row in rows])


def move_timers(tx: Tx, kind: str, looks: Mapping[str, int | None]) -> None:
    """Let the timers of a kind be due at these moments, by subject; None for never. Claims on them are over."""
    tx.delete(timers, _KEY, [(kind, name) for name, due_at in looks.items() if due_at is None])
    columns = ("due_at", "attempts", "leased_until", "dead_at", "error")
    rows = [(kind, name, due_at, 0, None, None, None) for name, due_at in looks.items() if due_at is not None]
    tx.put(timers, _KEY, columns, rows, zero=("claim",))


def due_subjects(tx: Tx, kind: str, now: int, most: int) -> list[str]:
    """Subjects of timers of a kind that are due, the longest overdue first."""
    return [row[0] for row in tx.fetch(_DUE_OF_KIND, kind=kind, now=now, most=most)]


def load_timers(tx: Tx, kind: str, subjects: Sequence[str]) -> list[Timer]:
    """The timers of a kind for these subjects."""
    return [Timer(*row) for row in tx.fetch(_KNOWN, kind=kind, subjects=subjects)]


def lock_dead(tx: Tx, subjects: Sequence[str]) -> dict[tuple[str, str], bool]:
    """Whether timers for these subjects were given up, by kind and subject; nobody changes them until commit."""
    rows = tx.fetch(_DEAD, subjects=subjects) if subjects else []
    return {(kind, subject): dead is not None for kind, subject, dead in rows}


def claim_timers(tx: Tx, now: int, until: int, most: int) -> list[Timer]:
    """Claim timers that are due, the longest overdue first, so that nobody else takes them before `until`."""
    claimed = [Timer(*row) for row in tx.fetch(_CLAIM, now=now, until=until, most=most)]
    claimed.sort(key=lambda timer: (timer.due_at, timer.kind, timer.subject))
    return claimed


def hold_timers(tx: Tx, claimed: Sequence[Timer]) -> None:
    """Hold claimed timers of one kind until commit: however long that takes, nobody claims them meanwhile.

    Raises Fenced where one was moved, or claimed by somebody else: then what is done for it must not stand.
    """
    subjects = [timer.subject for timer in claimed]
    rows = tx.fetch(_LOCKED, kind=claimed[0].kind, subjects=subjects)
    now = {timer.subject: timer for timer in map(Timer._make, rows)}
    for timer in claimed:
        there = now.get(timer.subject)
        if there is None or (there.claim, there.due_at) != (timer.claim, timer.due_at):
            raise Fenced(f"the timer {timer.kind} of {timer.subject} is somebody else's by now")


def close_timers(tx: Tx, claimed: Sequence[Timer], again: int | None) -> None:
    """Close claimed timers of one kind, or set them to `again`. Raises Fenced as `hold_timers` does."""
    hold_timers(tx, claimed)
    if again is None:
        tx.delete(timers, _KEY, [timer[:2] for timer in claimed])
    else:
        rows = [(*timer[:2], again, 0, None, None) for timer in claimed]
        tx.update(timers, _KEY, ("due_at", "attempts", "leased_until", "error"), rows)


def put_off(tx: Tx, timer: Timer, due_at: int, error: str) -> None:
    """Let a timer be tried again at a moment, if the claim still holds."""
    columns = ("due_at", "attempts", "leased_until", "error")
    tx.update(timers, (*_KEY, "claim"), columns, [(*timer[:2], timer.claim, due_at, timer.attempts + 1, None, error)])


def give_up(tx: Tx, timer: Timer, now: int, error: str) -> None:
    """Leave a timer to a person, if the claim still holds."""
    columns = ("attempts", "leased_until", "dead_at", "error")
    tx.update(timers, (*_KEY, "claim"), columns, [(*timer[:2], timer.claim, timer.attempts + 1, None, now, error)])


def let_go(tx: Tx, claimed: Sequence[Timer]) -> None:
    """Give claims back that nothing was done about."""
    rows = [(*timer[:2], timer.claim, None) for timer in claimed]
    tx.update(timers, (*_KEY, "claim"), ("leased_until",), rows)


def revive(tx: Tx, rows: Sequence[Row]) -> None:
    """Let timers that were given up be tried again, as (kind, subject, moment)."""
    tx.update(timers, _KEY, ("due_at", "dead_at", "attempts"), [(*row, None, 0) for row in rows])
