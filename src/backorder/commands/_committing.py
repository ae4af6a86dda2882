"""A plan put into effect, and undone: in short transactions, each of parts that share no item, so that others go on.

Lines are marked in the transaction that changes them. Who is killed in between goes on where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from backorder.commands._batch import Command, Key, Steps, perform
from backorder.commands._planning import counts_of, tell, within
from backorder.kernel.applying import Applied, Change, apply
from backorder.kernel.columns import Book
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.planned import Totals
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import reallocation as storage
from backorder.storage.db import Database, Row, Tx
from backorder.storage.reallocation import Part, Run

TOGETHER = 500  # lines of one transaction, where their parts are not larger
ON_SQLITE = 100  # the same where nobody else writes meanwhile
HOUR = 3_600 * 10**6


class _Chunk(Command, tag="chunk_of_run"):
    """Some parts of a plan. No command of the vocabulary."""

    run: Key
    low: int
    high: int
    undo: bool


@dataclass(slots=True)
class _Work:
    changes: list[Change]
    loaded: books.Loaded
    started: int
    result: Applied
    command: _Chunk


class _Way(msgspec.Struct, frozen=True):
    """There or back: from which state through which to which, and the lines that it is about."""

    begin: str
    through: str
    end: str
    applied: str
    event: str


_COMMIT = _Way("simulated", "committing", "committed", "pending", "plan_committed")
_UNDO = _Way("committed", "undoing", "undone", "applied", "plan_undone")


def commit_run(db: Database, now: int, run: str) -> Outcome:
    """Put the plan of a run into effect, line by line: what changed since is refused and keeps what it has."""
    return _go(db, now, run, _COMMIT)


def undo_run(db: Database, now: int, run: str) -> Outcome:
    """Give lines back what they had before a run, as far as they have not changed since."""
    return _go(db, now, run, _UNDO)


def _go(db: Database, now: int, run: str, way: _Way) -> Outcome:
    begun = within(db, now, lambda tx: _begin(tx, now, run, way))
    if begun.outcome is not Word.CHANGED:
        return begun
    with db.read() as tx:
        most = ON_SQLITE if db.dialect == "sqlite" else TOGETHER
        chunks = storage.parts(tx, run, way.applied, most)
    steps = Steps(lambda _: None, _load, _decide, _save)
    for part in chunks:
        perform(db, now, [_Chunk(run=run, low=part.low, high=part.high, undo=way is _UNDO)], steps)
    return within(db, now, lambda tx: _end(tx, now, run, way))


def _begin(tx: Tx, now: int, run: str, way: _Way) -> Outcome:
    there = storage.load_run(tx, run, lock=tx.dialect == "postgresql")
    if there is None:
        return refused(Word.UNKNOWN_RUN, run)
    if there.state == way.end:
        return _outcome(tx, there, Word.EXISTS, way)
    if there.state == way.through:
        return Outcome(Word.CHANGED)
    trouble = _trouble(tx, there, now, way)
    if trouble is not None:
        return refused(Word.NOT_ALLOWED, run, trouble)
    storage.set_state(tx, run, way.through, progress=0, size=storage.counted(tx, run).get(way.applied, 0))
    return Outcome(Word.CHANGED)


def _trouble(tx: Tx, there: Run, now: int, way: _Way) -> str | None:
    """Why a run cannot be committed or undone."""
    if there.state != way.begin:
        return _STATES[there.state]
    if way is _COMMIT:
        if not _is_same_day(books.load(tx, [], waiting=False, lock=False).book, there.at, now):
            return "the plan was made on another day, on which other supply shipped: simulate again"
        return None
    hours = storage.load_version(tx, there.policy, there.policy_n).undo_hours
    if there.committed_at is None or now > there.committed_at + hours * HOUR:
        return f"the policy lets runs be undone for {hours} hours: that is over"
    return None


_STATES = {
    "planning": "it is still being planned, or that was broken off: ask for the same run again with reallocate",
    "simulated": "it was never committed, so that there is nothing to undo",
    "committing": "its commit was broken off, or still goes on: ask for commit_plan again first",
    "committed": "it was committed",
    "undoing": "undoing it was broken off, or still goes on: ask for undo_plan again",
    "undone": "it was undone: run the policy again",
    "failed": "it has no plan: see why, put the policy anew and run it again",
}


def _is_same_day(book: Book, one: int, other: int) -> bool:
    """Whether two moments are of the same day at every site."""
    return all(site.today(one) == site.today(other) for site in book.sites.values())


def _load(tx: Tx, batch: Sequence[_Chunk]) -> _Work:
    """The lines of a chunk, their items locked; what somebody else saw to until they were is not among them."""
    command = batch[0]
    way = _UNDO if command.undo else _COMMIT
    part = Part(command.low, command.high, 0)
    only, skus = storage.concerned(tx, command.run, part, way.applied)
    loaded = books.load(tx, skus, waiting=False, orders=sorted({order for order, _ in only}), only=only)
    changes = storage.load_changes(tx, command.run, part, way.applied, undo=command.undo)
    there = storage.load_run(tx, command.run)
    assert there is not None
    return _Work(changes, loaded, there.at, Applied(), command)


def _decide(work: _Work, command: _Chunk, now: int) -> Outcome:
    book = work.loaded.book
    book.set_clock(now)
    if not command.undo and not _is_same_day(book, work.started, now):
        work.result = Applied({}, {change.n: "another day began before its turn came" for change in work.changes})
    else:
        work.result = apply(book, work.changes, Why("undone" if command.undo else "reallocated", run=command.run))
    return Outcome(Word.CHANGED)


def _save(tx: Tx, work: _Work) -> None:
    run, lines, supplies = work.command.run, work.loaded.book.lines, work.loaded.book.supplies
    books.save(tx, work.loaded)
    dates: dict[int, Row] = {}
    for change in work.changes:
        if change.n in work.result.done:
            i = lines.index[change.order, change.line]
            dates[change.n] = lines.promise[i], lines.planned[i]
    storage.save_applied(tx, run, work.result, dates, undo=work.command.undo)
    if work.result.done:
        idle = {sku for sku, free in zip(supplies.sku, supplies.free, strict=True) if free}
        storage.leave_idle(tx, run, idle & {lines.sku[lines.index[c.order, c.line]] for c in work.changes
                                            if (c.order, c.line) in lines.index})  # fmt: skip
    storage.add_progress(tx, run, len(work.changes))


def _end(tx: Tx, now: int, run: str, way: _Way) -> Outcome:
    there = storage.load_run(tx, run, lock=tx.dialect == "postgresql")
    assert there is not None
    if there.state != way.through:  # somebody else who did the same was first
        return _outcome(tx, there, Word.EXISTS, way)
    moment = "committed_at" if way is _COMMIT else "undone_at"
    outcome = _outcome(tx, there, Word.CHANGED, way)
    counts = msgspec.json.decode(there.counts, type=Totals)
    counts.applied, counts.refused = outcome.counts["applied"], outcome.counts["refused"]
    text = msgspec.json.encode(counts).decode()
    storage.set_state(tx, run, way.end, **{moment: now, "progress": there.size, "counts": text})
    tell(tx, now, way.event, run, outcome)
    return outcome


def _outcome(tx: Tx, there: Run, word: Word, way: _Way) -> Outcome:
    """How a run stands: how many lines were changed, and how many refused it."""
    stand = storage.counted(tx, there.run)
    if way is _UNDO:
        counts = {"undone": stand.get("undone", 0), "refused": stand.get("undo_refused", 0)}
        return Outcome(word, subject=there.run, counts=counts | {"applied": counts["undone"]})
    applied = sum(stand.get(name, 0) for name in ("applied", "undone", "undo_refused"))
    counts = {"applied": applied, "refused": stand.get("changed", 0)}
    totals = counts_of(msgspec.json.decode(there.counts, type=Totals))
    return Outcome(word, subject=there.run, counts=totals | counts)
