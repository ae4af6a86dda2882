"""What a person decides on timers that were given up: try them again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backorder.commands._batch import Command, Key, Steps, perform
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.storage import timers as storage
from backorder.storage.db import Database, Row, Tx


class RetryTimer(Command, tag="retry_timer"):
    """Let what a timer stands for be tried again now, after it was given up."""

    kind: Key
    subject: Key


@dataclass(slots=True)
class _Work:
    dead: dict[tuple[str, str], bool]
    rows: list[Row] = field(default_factory=list)


def retry_timers(db: Database, now: int, batch: Sequence[RetryTimer]) -> list[Outcome]:
    """Let timers be tried again."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _retry, _save))


def _load(tx: Tx, batch: Sequence[RetryTimer]) -> _Work:
    return _Work(storage.lock_dead(tx, [command.subject for command in batch]))


def _retry(work: _Work, command: RetryTimer, now: int) -> Outcome:
    key = command.kind, command.subject
    if key not in work.dead:
        return refused(Word.UNKNOWN_TIMER, command.subject)
    if not work.dead[key]:
        return Outcome(Word.EXISTS, subject=command.subject)
    work.dead[key] = False
    work.rows.append((*key, now))
    return Outcome(Word.CHANGED, subject=command.subject)


def _save(tx: Tx, work: _Work) -> None:
    storage.revive(tx, work.rows)
