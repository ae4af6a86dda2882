"""What a person decides on messages that were given up: send them after all, or never."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from backorder.commands._batch import Command, Key, Note, Steps, perform
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.storage import outbox as storage
from backorder.storage.db import Database, Row, Tx

_MAIL, _NOTICE = "mail", "notice_sent"  # whoever is told of a notice by that is told by the letter alone
EventNumber = Annotated[int, Meta(ge=1, le=2**62)]


class RetryMessage(Command, tag="retry_message"):
    """Send a message that was given up after all. It goes now, behind later ones of its subject that went before."""

    sender: Key
    event: EventNumber


class DiscardMessage(Command, tag="discard_message"):
    """Never send a message that was given up, or that waits; later ones of its subject go on.

    A letter that waits and tells what the law asks cannot be discarded: its customer counts as told.
    """

    sender: Key
    event: EventNumber
    reason: Note | None = None


@dataclass(slots=True)
class _Work:
    states: dict[tuple[str, int], str]
    kinds: dict[int, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


def retry_messages(db: Database, now: int, batch: Sequence[RetryMessage]) -> list[Outcome]:
    """Let messages be sent after all."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _retry, _save(storage.revive)))


def discard_messages(db: Database, now: int, batch: Sequence[DiscardMessage]) -> list[Outcome]:
    """Let messages never be sent."""
    return perform(db, now, batch, Steps(lambda _: None, _load_kinds, _discard, _save(storage.discard)))


def _load(tx: Tx, batch: Sequence[RetryMessage | DiscardMessage]) -> _Work:
    return _Work(storage.lock_states(tx, [(command.sender, command.event) for command in batch]))


def _load_kinds(tx: Tx, batch: Sequence[DiscardMessage]) -> _Work:
    work = _load(tx, batch)
    work.kinds = storage.kinds(tx, [command.event for command in batch if command.sender == _MAIL])
    return work


def _retry(work: _Work, command: RetryMessage, now: int) -> Outcome:
    subject, state = _found(work, command)
    if state is None:
        return refused(Word.UNKNOWN_MESSAGE, subject)
    if state == "waiting":
        return Outcome(Word.EXISTS, subject=subject)
    if state == "sent":
        return refused(Word.NOT_ALLOWED, subject, "it was sent")
    return _become(work, command, "waiting", now)


def _discard(work: _Work, command: DiscardMessage, now: int) -> Outcome:
    subject, state = _found(work, command)
    if state is None:
        return refused(Word.UNKNOWN_MESSAGE, subject)
    if state == "discarded":
        return Outcome(Word.EXISTS, subject=subject)
    if state == "sent":
        return refused(Word.NOT_ALLOWED, subject, "it was sent already")
    if state == "waiting" and work.kinds.get(command.event) == _NOTICE:
        why = "it tells what the law asks, and counts as told: let it go, or wait until it is given up"
        return refused(Word.NOT_ALLOWED, subject, why)
    return _become(work, command, "discarded", now)


def _found(work: _Work, command: RetryMessage | DiscardMessage) -> tuple[str, str | None]:
    return f"{command.sender}/{command.event}", work.states.get((command.sender, command.event))


def _become(work: _Work, command: RetryMessage | DiscardMessage, state: str, now: int) -> Outcome:
    work.states[command.sender, command.event] = state
    work.rows.append((command.event, command.sender, now))
    return Outcome(Word.CHANGED, subject=f"{command.sender}/{command.event}")


def _save(write: Callable[[Tx, Sequence[Row]], None]) -> Callable[[Tx, _Work], None]:
    return lambda tx, work: write(tx, work.rows)
