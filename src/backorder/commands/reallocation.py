"""Taking from one to give to another, on purpose: policies, runs that plan, plans that are committed and undone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from backorder.commands._batch import Command, Key, Note, Steps, invalid, perform, perform_each
from backorder.commands._committing import commit_run, undo_run
from backorder.commands._planning import make_plan
from backorder.kernel.calendars import local_day, moment_number
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.ranking import DEFAULT
from backorder.kernel.schedules import last_run, next_run
from backorder.kernel.segments import Choices, Policy, Schedule, Segment, Sharing, Violated, trouble
from backorder.storage import reallocation as storage
from backorder.storage.db import Database, Tx
from backorder.storage.reallocation import Version
from backorder.storage.replies import load_replies
from backorder.storage.timers import move_timers

C = TypeVar("C", bound=Command)
TIMER = "reallocate"  # the kind of the timers of scheduled policies; the subject is the policy


class PutPolicy(Command, tag="put_policy"):
    """Put a reallocation policy, as a whole: what is left out has its default.

    Runs that were made by an earlier version stay as they are. Without a schedule it runs when it is asked to.
    """

    policy: Key
    segments: Annotated[list[Segment], Meta(min_length=1, max_length=100)]
    ranking: list[Annotated[str, Meta(max_length=100)]] | None = None
    tiers: Choices = ()
    sharing: Sharing = "strict"
    freeze_days: Annotated[int, Meta(ge=0, le=3_650)] | None = None
    freeze_until: date | None = None
    take_allocated: bool = False
    take_held: bool = False
    changes_max: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    violated: Violated = "leave"
    fallback: Key | None = None
    keep_days: Annotated[int, Meta(ge=1, le=3_650)] = 30
    undo_hours: Annotated[int, Meta(ge=0, le=8_760)] = 24
    schedule: Schedule | None = None
    by: Note | None = None


class Reallocate(Command, tag="reallocate"):
    """Let a policy plan anew what lines that wait stand on. Nothing is changed, unless it is to `commit` at once."""

    run: Key
    policy: Key
    commit: bool = False
    by: Note | None = None


class CommitPlan(Command, tag="commit_plan"):
    """Put the plan of a run into effect, on the day it was made. Lines that changed since keep what they have."""

    run: Key


class UndoPlan(Command, tag="undo_plan"):
    """Take a committed plan back: lines that have not changed since hold, and are promised, what they were before."""

    run: Key


def commits(command: Command) -> bool:
    """Whether a command lets plans take effect, now or by a schedule, that nobody else is to commit."""
    if isinstance(command, PutPolicy):
        return command.schedule is not None and command.schedule.commit
    return isinstance(command, Reallocate) and command.commit


@dataclass(slots=True)
class _Work:
    known: dict[str, Version]
    rows: list[tuple[str, int, int, str | None, str]] = field(default_factory=list)
    timers: dict[str, int | None] = field(default_factory=dict)


def put_policies(db: Database, now: int, batch: Sequence[PutPolicy]) -> list[Outcome]:
    """Put reallocation policies."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _decide, _save))


def _load(tx: Tx, batch: Sequence[PutPolicy]) -> _Work:
    names = [command.policy for command in batch] + [command.fallback for command in batch if command.fallback]
    return _Work(storage.load_policies(tx, names))


def _decide(work: _Work, command: PutPolicy, now: int) -> Outcome:
    policy = policy_of(command)
    wrong = trouble(policy, local_day(now, "UTC"))
    if wrong is not None:
        return invalid(command, *wrong)
    if policy.fallback is not None and policy.fallback not in work.known:
        return invalid(command, "fallback", f"there is no policy {policy.fallback}: put it first, or leave it out")
    before = work.known.get(command.policy)
    body = msgspec.json.encode(policy).decode()
    if before is not None and before.body == body:
        return Outcome(Word.EXISTS, subject=command.policy)
    version = Version(policy, 1 if before is None else before.n + 1, body)
    work.known[command.policy] = version
    work.rows.append((command.policy, version.n, now, command.by, body))
    work.timers[command.policy] = None if policy.schedule is None else next_run(policy.schedule, now)
    return Outcome(Word.ACCEPTED if before is None else Word.CHANGED, subject=command.policy)


def policy_of(command: PutPolicy) -> Policy:
    """The policy that a command puts."""
    fields = {name: getattr(command, name) for name in Policy.__struct_fields__}
    fields["segments"] = tuple(command.segments)
    fields["ranking"] = DEFAULT if command.ranking is None else tuple(command.ranking)
    return Policy(**fields)


def _save(tx: Tx, work: _Work) -> None:
    storage.save_policies(tx, work.rows)
    if work.timers:
        move_timers(tx, TIMER, work.timers)


def reallocate(db: Database, now: int, batch: Sequence[Reallocate]) -> list[Outcome]:
    """Run policies, one after another. Each is planned without a lock; asked again, a run is not planned again."""

    def run(command: Reallocate, moment: int) -> Outcome:
        made = make_plan(db, moment, command.run, command.policy, command.by)
        if made.outcome not in {Word.ACCEPTED, Word.EXISTS} or not command.commit:
            return made
        return commit_run(db, moment, command.run)

    return _each(db, now, batch, run)


def commit_plans(db: Database, now: int, batch: Sequence[CommitPlan]) -> list[Outcome]:
    """Commit plans, one after another, each in many short transactions."""
    return _each(db, now, batch, lambda command, moment: commit_run(db, moment, command.run))


def undo_plans(db: Database, now: int, batch: Sequence[UndoPlan]) -> list[Outcome]:
    """Undo plans, one after another, each in many short transactions."""
    return _each(db, now, batch, lambda command, moment: undo_run(db, moment, command.run))


def _each(db: Database, now: int, batch: Sequence[C], do: Callable[[C, int], Outcome]) -> list[Outcome]:
    """Do what takes several transactions, then keep the answer under the command's id as any other is kept.

    Who breaks off in between left no answer: asked again it goes on where it stopped.
    """
    outcomes = []
    for command in batch:
        with db.read() as tx:
            told = command.id is not None and command.id in load_replies(tx, [command.id])
        moment = now if command.at is None else moment_number(command.at)
        done = None if told else do(command, moment)
        steps = Steps(
            lambda _: None, lambda *_: None, lambda *_, done=done: done or refused(Word.NOT_ALLOWED), _nothing
        )
        outcomes += perform_each(db, now, [command], steps)
    return outcomes


def _nothing(_tx: Tx, _work: None) -> None:
    pass


def run_scheduled(db: Database, now: int, policy: str) -> None:
    """Run a scheduled policy for the last time that was due, and set its timer to the next."""
    with db.read() as tx:
        version = storage.load_policies(tx, [policy]).get(policy)
    schedule = None if version is None else version.policy.schedule
    if schedule is not None:
        run = f"{policy[:150]} {last_run(schedule, now):%Y-%m-%d %H:%M}"
        made = make_plan(db, now, run, policy, keep_failure=True)
        if schedule.commit and made.outcome in {Word.ACCEPTED, Word.EXISTS}:
            commit_run(db, now, run)
    with db.write() as tx:
        move_timers(tx, TIMER, {policy: None if schedule is None else next_run(schedule, now)})
