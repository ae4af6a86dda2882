"""What is told and what is due: events in their order, messages and timers with what became of them."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import and_, func, or_, select, tuple_

from backorder.kernel.calendars import moment_datetime
from backorder.kernel.webhooks import SENDER
from backorder.storage.db import Database
from backorder.storage.event_tables import events, outbox, timers
from backorder.storage.events import last_event
from backorder.storage.webhook_tables import webhooks

State = Literal["waiting", "sent", "dead", "discarded"]


class EventView(msgspec.Struct):
    """Something that happened to a subject. `n` orders all events: what has a lower one was committed before."""

    n: int
    at: datetime
    kind: str
    subject: str
    data: msgspec.Raw


class MessageView(msgspec.Struct):
    """An event on its way to a sender: tried so often, due again when, or ended, and why the last try failed.

    `due_at` is null where it waits behind another of its subject, or went right behind it.
    """

    event: int
    sender: str
    kind: str
    subject: str
    state: State
    due_at: datetime | None
    attempts: int
    ended_at: datetime | None
    error: str | None


class TimerView(msgspec.Struct):
    """Something that is due at a moment; `dead_at` says since when it is left to a person."""

    kind: str
    subject: str
    due_at: datetime
    attempts: int
    dead_at: datetime | None
    error: str | None


class Standing(msgspec.Struct):
    """How much waits: messages, and since when the oldest is due; messages and timers that were given up."""

    waiting: int
    oldest: datetime | None
    dead: int
    timers_due: int
    timers_dead: int


def list_events(
    db: Database, *, after: int = 0, limit: int = 50, subject: str | None = None, kind: str | None = None
) -> list[EventView]:
    """Events behind a number, in their order."""
    chosen = select(events).where(events.c.n > after).order_by(events.c.n).limit(limit)
    if subject is not None:
        chosen = chosen.where(events.c.subject == subject)
    if kind is not None:
        chosen = chosen.where(events.c.kind == kind)
    with db.read() as tx:
        rows = tx.fetch(chosen)
    return [
        EventView(n, moment_datetime(at), kind, subject, msgspec.Raw(data.encode()))
        for n, at, kind, subject, data in rows
    ]


def last_number(db: Database, subject: str | None = None) -> int:
    """The number of the last event, of all or of a subject; 0 where there is none."""
    with db.read() as tx:
        return last_event(tx, subject)


def list_messages(
    db: Database,
    *,
    state: State | None = None,
    sender: str | None = None,
    limit: int = 50,
    after: tuple[int, str] | None = None,
) -> list[MessageView]:
    """Messages by event and sender, behind `after`."""
    chosen = (
        select(
            outbox.c.event,
            outbox.c.sender,
            events.c.kind,
            outbox.c.subject,
            outbox.c.state,
            outbox.c.due_at,
            outbox.c.attempts,
            outbox.c.ended_at,
            outbox.c.error,
        )
        .join(events, events.c.n == outbox.c.event)
        .order_by(outbox.c.event, outbox.c.sender)
        .limit(limit)
    )
    if state is not None:
        chosen = chosen.where(outbox.c.state == state)
    if sender is not None:
        chosen = chosen.where(outbox.c.sender == sender)
    if after is not None:
        chosen = chosen.where(tuple_(outbox.c.event, outbox.c.sender) > tuple_(*after))
    with db.read() as tx:
        rows = tx.fetch(chosen)
    return [
        MessageView(event, sender, kind, subject, state, _moment(due), attempts, _moment(ended), error)
        for event, sender, kind, subject, state, due, attempts, ended, error in rows
    ]


def list_timers(
    db: Database, *, dead: bool = False, limit: int = 50, after: tuple[str, str] | None = None
) -> list[TimerView]:
    """Timers by kind and subject, behind `after`; with `dead` those that were given up."""
    columns = (
        timers.c.kind,
        timers.c.subject,
        timers.c.due_at,
        timers.c.attempts,
        timers.c.dead_at,
        timers.c.error,
    )
    chosen = select(*columns).order_by(timers.c.kind, timers.c.subject).limit(limit)
    if dead:
        chosen = chosen.where(timers.c.dead_at.is_not(None))
    if after is not None:
        chosen = chosen.where(tuple_(timers.c.kind, timers.c.subject) > tuple_(*after))
    with db.read() as tx:
        rows = tx.fetch(chosen)
    return [
        TimerView(kind, subject, moment_datetime(due), attempts, _moment(dead_at), error)
        for kind, subject, due, attempts, dead_at, error in rows
    ]


def standing(db: Database, now: int) -> Standing:
    """How much waits, and how much was given up, at a moment; what is for disabled endpoints waits for nobody."""
    off = select(SENDER + webhooks.c.webhook).where(webhooks.c.disabled_at.is_not(None))
    messages = select(outbox.c.state, func.count(), func.min(outbox.c.due_at, type_=outbox.c.due_at.type)).where(
        or_(outbox.c.state == "dead", and_(outbox.c.state == "waiting", outbox.c.sender.not_in(off)))
    )
    with db.read() as tx:
        found = {state: (count, oldest) for state, count, oldest in tx.fetch(messages.group_by(outbox.c.state))}
        due = tx.fetch(select(func.count()).where(timers.c.dead_at.is_(None), timers.c.due_at <= now))[0][0]
        dead = tx.fetch(select(func.count()).where(timers.c.dead_at.is_not(None)))[0][0]
    waiting, oldest = found.get("waiting", (0, None))
    return Standing(waiting, _moment(oldest), found.get("dead", (0, None))[0], due, dead)


def _moment(number: int | None) -> datetime | None:
    return None if number is None else moment_datetime(number)
