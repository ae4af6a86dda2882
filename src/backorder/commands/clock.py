"""The passing of time as a command: overdue supply, lead-time days. Run daily; run twice, it changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from backorder.commands._batch import Command, Moment, Steps, invalid, perform_each
from backorder.commands._settling import settle_all
from backorder.kernel.calendars import FIRST_DAY, LAST_DAY, local_day, moment_number
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.slips import pass_time
from backorder.storage import book as books
from backorder.storage.clock import touched_skus
from backorder.storage.communication import is_on
from backorder.storage.db import Database, Tx

_EASTERNMOST = "Pacific/Kiritimati"  # where the day begins first: no site is ahead of it


class Advance(Command, tag="advance"):
    """Let the time be `to`: at every site, what its local day brings happens."""

    to: Moment


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded


def advance(db: Database, now: int, batch: Sequence[Advance]) -> list[Outcome]:
    """Advance the clock, a transaction for each given moment; then let what customers are owed by then come due.

    A worker sees to the latter by the orders' own timers; who replays has none.
    """
    outcomes = []
    for command in batch:
        with db.read() as tx:
            watched = is_on(tx)
        outcomes += pass_days(db, now, [command])
        if watched and outcomes[-1].outcome is not Word.INVALID:
            settle_all(db, moment_number(command.to))
    return outcomes


def pass_days(db: Database, now: int, batch: Sequence[Advance]) -> list[Outcome]:
    """What days alone change of supplies and promises."""
    return perform_each(db, now, batch, Steps(_check, _load, _decide, _save))


def _check(command: Advance) -> Outcome | None:
    if not FIRST_DAY <= command.to.date() <= LAST_DAY:
        return invalid(command, "to", "give a moment between 1970 and 2200")
    return None


def _load(tx: Tx, batch: Sequence[Advance]) -> _Work:
    latest = max((moment_number(command.to) for command in batch), default=0)
    return _Work(books.load(tx, touched_skus(tx, local_day(latest, _EASTERNMOST))))


def _decide(work: _Work, command: Advance, _now: int) -> Outcome:
    book = work.loaded.book
    book.set_clock(moment_number(command.to))
    moved = pass_time(book)
    changed = moved or book.revisions
    return Outcome(Word.CHANGED if changed else Word.EXISTS, quantity=moved)


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
