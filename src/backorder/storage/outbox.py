"""The outbox: a message for each event and sender, sent in the order of its subject, or left to a person."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.sql.expression import literal_column

from backorder.kernel.retries import SECOND
from backorder.storage.db import Row, Tx
from backorder.storage.event_tables import events, feeds, outbox
from backorder.storage.types import Moment


class Message(NamedTuple):
    """An event on its way to a sender. `claim` is the number of the claim, its fence."""

    event: int
    sender: str
    at: int
    kind: str
    subject: str
    data: str
    attempts: int
    claim: int


BEHIND = 5 * SECOND  # after which a message is looked at again that is behind one which is being sent

_WAITING: ColumnElement[str] = literal_column("'waiting'")  # word for word as in the partial indexes
_NOW = bindparam("now", type_=Moment())
_DUE = (
    select(outbox.c.event)
    .where(outbox.c.sender == bindparam("sender"), outbox.c.state == _WAITING, outbox.c.due_at <= _NOW)
    .where(or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= _NOW))
    .order_by(outbox.c.due_at, outbox.c.event)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def _before(column: str) -> ColumnElement[Any]:
    """What the waiting message just before one, of its subject, has in a column."""
    earlier = outbox.alias()
    chosen = select(earlier.c[column]).where(
        earlier.c.sender == outbox.c.sender,
        earlier.c.subject == outbox.c.subject,
        earlier.c.event < outbox.c.event,
        earlier.c.state == _WAITING,
    )
    return chosen.order_by(earlier.c.event.desc()).limit(1).scalar_subquery()


# The index of the subjects is asked for these few messages only: to leave out all that are behind another, before
# taking the first, reads whatever waits.
_CHOSEN = (
    select(
        outbox.c.event,
        outbox.c.sender,
        events.c.at,
        events.c.kind,
        outbox.c.subject,
        events.c.data,
        outbox.c.attempts,
        outbox.c.claim,
        _before("event"),
        _before("due_at"),
    )
    .join(events, events.c.n == outbox.c.event)
    .where(outbox.c.sender == bindparam("sender"), outbox.c.event.in_(bindparam("events", expanding=True)))
    .order_by(outbox.c.event)
)
_FEED = select(feeds.c.after_n).where(feeds.c.sender == bindparam("sender"))
_NEW = (
    select(events.c.n, events.c.subject)
    .where(events.c.n > bindparam("after"))
    .order_by(events.c.n)
    .limit(bindparam("most"))
)
_STATES = (
    select(outbox.c.sender, outbox.c.event, outbox.c.state)
    .where(outbox.c.event.in_(bindparam("events", expanding=True)))
    .order_by(outbox.c.event, outbox.c.sender)
    .with_for_update()
)
_KEY = ("event", "sender")
_MINE = (*_KEY, "claim")


def add_feed(tx: Tx, sender: str, after: int, at: int) -> None:
    """Let a sender be told of the events behind `after`, unless it is told already."""
    if not tx.fetch(_FEED, sender=sender):
        tx.insert(feeds, ("sender", "after_n", "made_at"), [(sender, after, at)])


def told_until(tx: Tx, sender: str) -> int:
    """The last event of which there is a message for the sender."""
    return int(tx.fetch(_FEED, sender=sender)[0][0])


def spread(tx: Tx, sender: str, now: int, most: int) -> int:
    """Put messages for the sender's next events into the outbox; how many. Each is put there once."""
    after = tx.fetch(_FEED.with_for_update(), sender=sender)[0][0]
    new = tx.fetch(_NEW, after=after, most=most)
    if new:
        columns = ("event", "sender", "subject", "state", "due_at", "attempts", "claim")
        tx.insert(outbox, columns, [(n, sender, subject, "waiting", now, 0, 0) for n, subject in new])
        tx.update(feeds, ("sender",), ("after_n",), [(sender, new[-1][0])])
    return len(new)


def claim_messages(tx: Tx, sender: str, now: int, until: int, most: int) -> list[Message]:
    """Claim messages that are due, in the order of events: of a subject its first, and those that come right after.

    One that is behind another which cannot be claimed now is put off until that one is due, so that it is not in the
    way of those who look for what is.
    """
    due = [row[0] for row in tx.fetch(_DUE, sender=sender, now=now, most=most)]
    claimed: dict[int, Message] = {}
    behind: dict[int, int] = {}  # when they are looked at again
    for *said, before, before_due in tx.fetch(_CHOSEN, sender=sender, events=due) if due else ():
        message = Message(*said)
        if before is None or before in claimed:
            claimed[message.event] = message._replace(claim=message.claim + 1)
        else:
            behind[message.event] = max(behind.get(before) or before_due, now + BEHIND)
    tx.update(outbox, _KEY, ("due_at",), [(event, sender, at) for event, at in behind.items()])
    tx.update(outbox, _KEY, ("claim", "leased_until"), [(*m[:2], m.claim, until) for m in claimed.values()])
    return list(claimed.values())


def mark_sent(tx: Tx, sent: Sequence[Message], now: int) -> None:
    """Mark messages as sent, where the claim still holds."""
    columns = ("state", "ended_at", "leased_until", "error")
    tx.update(outbox, _MINE, columns, [(*m[:2], m.claim, "sent", now, None, None) for m in sent])


def put_off(tx: Tx, rows: Sequence[tuple[Message, int, str]]) -> None:
    """Let messages be tried again at a moment, where the claim still holds, as (message, moment, why)."""
    columns = ("due_at", "attempts", "leased_until", "error")
    tx.update(outbox, _MINE, columns, [(*m[:2], m.claim, at, m.attempts + 1, None, why) for m, at, why in rows])


def give_up(tx: Tx, rows: Sequence[tuple[Message, str]], now: int) -> None:
    """Leave messages to a person, where the claim still holds, as (message, why); those behind them go on."""
    columns = ("state", "ended_at", "attempts", "leased_until", "error")
    tx.update(outbox, _MINE, columns, [(*m[:2], m.claim, "dead", now, m.attempts + 1, None, why) for m, why in rows])


def let_go(tx: Tx, claimed: Sequence[Message]) -> None:
    """Give claims back that nothing was done about."""
    tx.update(outbox, _MINE, ("leased_until",), [(*m[:2], m.claim, None) for m in claimed])


def lock_states(tx: Tx, numbers: Sequence[int]) -> dict[tuple[str, int], str]:
    """The states of the messages of events, by sender and event; nobody else changes them until commit."""
    rows = tx.fetch(_STATES, events=sorted(set(numbers))) if numbers else []
    return {(sender, event): state for sender, event, state in rows}


def revive(tx: Tx, rows: Sequence[Row]) -> None:
    """Let messages that were given up be sent after all, as (event, sender, moment)."""
    columns = ("due_at", "state", "ended_at", "attempts")
    tx.update(outbox, _KEY, columns, [(*row, "waiting", None, 0) for row in rows])


def discard(tx: Tx, rows: Sequence[Row]) -> None:
    """Let messages never be sent, as (event, sender, moment)."""
    columns = ("ended_at", "state", "leased_until")
    tx.update(outbox, _KEY, columns, [(*row, "discarded", None) for row in rows])
