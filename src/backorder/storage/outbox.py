"""The outbox: a message for each event and sender, sent in the order of its subject, or left to a person."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, bindparam, exists, or_, select
from sqlalchemy.sql.expression import literal_column

from backorder.kernel.retries import SECOND
from backorder.storage.db import Row, Tx, among
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


BEHIND = 5 * SECOND  # after which one that a person brought back is looked at again, if another is before it

_WAITING: ColumnElement[str] = literal_column("'waiting'")  # word for word as in the partial indexes
_NOW = bindparam("now", type_=Moment())
_SENDER: BindParameter[str] = bindparam("sender")
_EVENTS: BindParameter[int] = bindparam("events", expanding=True)
_FREE = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= _NOW)
_DUE = (
    select(outbox.c.event)
    .where(outbox.c.sender == _SENDER, outbox.c.state == _WAITING, outbox.c.due_at <= _NOW, _FREE)
    .order_by(outbox.c.due_at, outbox.c.event)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def _beside(of: FromClause, column: str, *place: Callable[[Any], ColumnElement[bool]], last: bool = False) -> Any:
    """What the first (or last) waiting message of a message's subject has in a column."""
    other = outbox.alias()
    chosen = select(other.c[column]).where(
        other.c.sender == _SENDER,
        other.c.subject == of.c.subject,
        other.c.state == _WAITING,
        *(where(other.c.event) for where in place),
    )
    chosen = chosen.order_by(other.c.event.desc() if last else other.c.event).limit(1)
    return chosen.correlate(of).scalar_subquery()


def _line() -> Select[tuple[int]]:
    """The messages right behind some of different subjects, `deep` of each: by as many looks into the index."""
    heads = select(outbox.c.event, outbox.c.subject, literal_column("1").label("place"))
    line = heads.where(outbox.c.sender == _SENDER, outbox.c.event.in_(_EVENTS)).cte("line", recursive=True)
    behind = select(_beside(line, "event", lambda event: event > line.c.event), line.c.subject, line.c.place + 1)
    line = line.union_all(behind.where(line.c.event.is_not(None), line.c.place < bindparam("deep")))
    return select(line.c.event).where(line.c.event.is_not(None), line.c.place > 1)


_LINE = _line()
_TAKEN = (
    select(outbox.c.event)
    .where(outbox.c.sender == _SENDER, outbox.c.event.in_(_EVENTS), outbox.c.state == _WAITING, _FREE)
    .with_for_update(skip_locked=True)
)
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
        _beside(outbox, "event", lambda event: event < outbox.c.event, last=True),
    )
    .join(events, events.c.n == outbox.c.event)
    .where(outbox.c.sender == _SENDER, outbox.c.event.in_(_EVENTS))
    .order_by(outbox.c.event)
)
_SUBJECTS = (  # one look for each: what has just ended still lies in PostgreSQL's index and is passed every time
    select(outbox.c.subject).where(outbox.c.sender == _SENDER, outbox.c.event.in_(_EVENTS)).distinct().cte("subjects")
)
_FIRST = select(_beside(_SUBJECTS, "event"), _beside(_SUBJECTS, "due_at")).select_from(_SUBJECTS)
_FEED = select(feeds.c.after_n).where(feeds.c.sender == _SENDER)
_FEEDS = (
    select(feeds.c.sender, feeds.c.after_n)
    .where(among(feeds.c.sender, "senders"))
    .order_by(feeds.c.sender)
    .with_for_update()
)
_BEHIND = select(feeds.c.sender).where(feeds.c.after_n < bindparam("last")).order_by(feeds.c.sender)
_SENDERS = (
    select(feeds.c.sender)
    .where(
        exists(
            select(literal_column("1"))
            .where(outbox.c.sender == feeds.c.sender, outbox.c.state == _WAITING)
            .where(outbox.c.due_at <= _NOW, _FREE)
            .correlate(feeds)
        )
    )
    .order_by(feeds.c.sender)
)
_NEW = (
    select(events.c.n, events.c.kind, events.c.subject)
    .where(events.c.n > bindparam("after"))
    .order_by(events.c.n)
    .limit(bindparam("most"))
)
_HELD = select(events.c.subject, _beside(events, "event", last=True)).where(events.c.n.in_(_EVENTS))
_STATES = (
    select(outbox.c.sender, outbox.c.event, outbox.c.state)
    .where(outbox.c.event.in_(_EVENTS))
    .order_by(outbox.c.event, outbox.c.sender)
    .with_for_update()
)
_KINDS = select(events.c.n, events.c.kind).where(events.c.n.in_(_EVENTS))
_KEY = ("event", "sender")
_MINE = (*_KEY, "claim")
_STILL = (*_MINE, "state")  # whoever discarded a message while it was being sent has decided


def add_feed(tx: Tx, sender: str, after: int, at: int) -> None:
    """Let a sender be told of the events behind `after`, unless it is told already."""
    if not tx.fetch(_FEED, sender=sender):
        tx.insert(feeds, ("sender", "after_n", "made_at"), [(sender, after, at)])


def behind(tx: Tx, last: int) -> list[str]:
    """The senders that are not told of all up to this event yet, in the order in which they are locked."""
    return [row[0] for row in tx.fetch(_BEHIND, last=last)]


def with_due(tx: Tx, now: int) -> set[str]:
    """The senders that have messages that are due: a look into the index for each."""
    return {row[0] for row in tx.fetch(_SENDERS, now=now)}


def lock_feeds(tx: Tx, senders: Iterable[str]) -> dict[str, int]:
    """Hold what the senders are told, until commit: who adds messages or ends some does it alone.

    Otherwise one could get its place behind another that ends at this very moment, and would wait for it without end.
    Answers until which event there are messages.
    """
    return {sender: int(after) for sender, after in tx.fetch(_FEEDS, senders=sorted(set(senders)))}


def spread_to(tx: Tx, wants: Mapping[str, Callable[[str, str], bool]], now: int, most: int) -> int:
    """Put messages for the next events into the outbox, of those that each sender wants by kind and subject.

    Answers at how many events it looked. Each message is put there once.
    A message is due now if no other of its subject waits; else when all before it have ended (`let_follow`), and until
    then nobody who looks for what is due comes across it.
    """
    told = lock_feeds(tx, wants)
    new = tx.fetch(_NEW, after=min(told.values()), most=most) if told else []
    rows: list[Row] = []
    for sender, after in told.items():
        mine = [event for event in new if event[0] > after and wants[sender](event[1], event[2])]
        held = tx.fetch(_HELD, sender=sender, events=[event[0] for event in mine]) if mine else []
        seen = {subject for subject, waits in held if waits is not None}
        for n, _, subject in mine:
            rows.append((n, sender, subject, "waiting", None if subject in seen else now, 0, 0))
            seen.add(subject)
    tx.insert(outbox, ("event", "sender", "subject", "state", "due_at", "attempts", "claim"), rows)
    if new:
        behind_them = [(sender, new[-1][0]) for sender, after in told.items() if after < new[-1][0]]
        tx.update(feeds, ("sender",), ("after_n",), behind_them)
    return len(new)


def claim_messages(tx: Tx, sender: str, now: int, until: int, most: int) -> list[Message]:
    """Claim messages that are due, in the order of events: of a subject its first, and those that come right after."""
    due = [row[0] for row in tx.fetch(_DUE, sender=sender, now=now, most=most)]
    if not due:
        return []
    deep = most // len(due)
    line = [row[0] for row in tx.fetch(_LINE, sender=sender, events=due, deep=deep)] if deep > 1 else []
    more = [row[0] for row in tx.fetch(_TAKEN, sender=sender, now=now, events=line)] if line else []
    claimed: dict[int, Message] = {}
    early: list[Row] = []
    for *said, before in tx.fetch(_CHOSEN, sender=sender, events=[*due, *more]):
        message = Message(*said)
        if before is None or before in claimed:
            claimed[message.event] = message._replace(claim=message.claim + 1)
        elif message.event in due:  # a person brought it back, or the one before it
            early.append((message.event, sender, now + BEHIND))
    tx.update(outbox, _KEY, ("due_at",), early)
    tx.update(outbox, _KEY, ("claim", "leased_until"), [(*m[:2], m.claim, until) for m in claimed.values()])
    return list(claimed.values())


def let_follow(tx: Tx, sender: str, ended: Sequence[int], now: int) -> None:
    """Let the first that waits of each subject be due, where messages have ended: these, by event."""
    if ended:
        first = tx.fetch(_FIRST, sender=sender, events=ended)
        rows = [(event, sender, now) for event, due_at in first if event is not None and due_at is None]
        tx.update(outbox, _KEY, ("due_at",), rows)


def mark_sent(tx: Tx, sent: Sequence[Message], now: int) -> None:
    """Mark messages as sent, where the claim still holds."""
    columns = ("state", "ended_at", "leased_until", "error")
    tx.update(outbox, _MINE, columns, [(*m[:2], m.claim, "sent", now, None, None) for m in sent])


def put_off(tx: Tx, rows: Sequence[tuple[Message, int, str]]) -> None:
    """Let messages be tried again at a moment, where the claim still holds, as (message, moment, why)."""
    columns = ("due_at", "attempts", "leased_until", "error")
    named = [(*m[:2], m.claim, "waiting", at, m.attempts + 1, None, why) for m, at, why in rows]
    tx.update(outbox, _STILL, columns, named)


def give_up(tx: Tx, rows: Sequence[tuple[Message, str]], now: int) -> None:
    """Leave messages to a person, where the claim still holds, as (message, why); those behind them go on."""
    columns = ("state", "ended_at", "attempts", "leased_until", "error")
    named = [(*m[:2], m.claim, "waiting", "dead", now, m.attempts + 1, None, why) for m, why in rows]
    tx.update(outbox, _STILL, columns, named)


def let_go(tx: Tx, claimed: Sequence[Message]) -> None:
    """Give claims back that nothing was done about."""
    tx.update(outbox, _MINE, ("leased_until",), [(*m[:2], m.claim, None) for m in claimed])


def lock_states(tx: Tx, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The states of messages, by sender and event; nobody else changes them until commit."""
    if not keys:
        return {}
    lock_feeds(tx, (sender for sender, _ in keys))
    rows = tx.fetch(_STATES, events=sorted({event for _, event in keys}))
    return {(sender, event): state for sender, event, state in rows}


def kinds(tx: Tx, numbers: Sequence[int]) -> dict[int, str]:
    """The kinds of events by their numbers, as far as they are kept."""
    return dict(tx.fetch(_KINDS, events=sorted(set(numbers)))) if numbers else {}


def revive(tx: Tx, rows: Sequence[Row]) -> None:
    """Let messages that were given up be sent after all, as (event, sender, moment)."""
    columns = ("due_at", "state", "ended_at", "attempts")
    tx.update(outbox, _KEY, columns, [(*row, "waiting", None, 0) for row in rows])


def discard(tx: Tx, rows: Sequence[Row]) -> None:
    """Let messages never be sent, as (event, sender, moment); those behind them go on."""
    columns = ("ended_at", "state", "leased_until")
    tx.update(outbox, _KEY, columns, [(*row, "discarded", None) for row in rows])
    for sender in sorted({row[1] for row in rows}):
        ended = [row for row in rows if row[1] == sender]
        let_follow(tx, sender, [row[0] for row in ended], max(row[2] for row in ended))
