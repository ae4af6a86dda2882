"""A run from the backlog to its plan: it reads one state of the database without a lock, then writes the plan."""

from collections.abc import Callable

import msgspec

from backorder.commands._batch import Command, Steps, collector_paused, perform
from backorder.kernel.calendars import local_day
from backorder.kernel.events import Event, address
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.planned import Planned, Totals, plan_of, takes_allocated
from backorder.kernel.segments import trouble
from backorder.storage import reallocation as storage
from backorder.storage.backlog import load_backlog
from backorder.storage.db import Database, Tx
from backorder.storage.reallocation import Run


class _Step(Command, tag="step_of_run"):
    """A transaction of a run. No command of the vocabulary: those of the runs and the worker give it."""


def within(db: Database, now: int, do: Callable[[Tx], Outcome]) -> Outcome:
    """Do a step in a transaction of its own, tried again where another was in the way; what it tells is told."""
    return perform(
        db, now, [_Step()], Steps(lambda _: None, lambda tx, _: tx, lambda tx, _command, _now: do(tx), lambda *_: None)
    )[0]


def make_plan(
    db: Database, now: int, run: str, policy: str, by: str | None = None, *, keep_failure: bool = False
) -> Outcome:
    """Plan a run, once: `exists` where there is its plan already, a refusal where it cannot be.

    `keep_failure` leaves a run behind that says why it plans nothing, where nobody hears the refusal.
    """
    begun = within(db, now, lambda tx: _open(tx, now, (run, policy, by), keep_failure))
    if begun.outcome is not Word.ACCEPTED:
        return begun
    with collector_paused(), db.read() as tx:
        there = storage.load_run(tx, run)
        assert there is not None
        policies = storage.with_fallback(tx, storage.load_version(tx, policy, there.policy_n))
        made = plan_of(load_backlog(tx, now, allocated=takes_allocated(policies)), policies)
    return within(db, now, lambda tx: _keep(tx, now, run, made))


def _open(tx: Tx, now: int, asked: tuple[str, str, str | None], keep_failure: bool) -> Outcome:
    run, policy, by = asked
    there = storage.load_run(tx, run, lock=tx.dialect == "postgresql")
    if there is not None and there.policy != policy:
        return refused(Word.ID_REUSED, run, f"the run {run} is one of the policy {there.policy}: give another id")
    if there is not None and there.state != "planning":
        return _there(there)
    version = storage.load_policies(tx, [policy]).get(policy)
    if version is None:
        return refused(Word.UNKNOWN_POLICY, policy)
    today = local_day(now, "UTC")
    wrong = trouble(version.policy, today)
    if wrong is not None:
        field, message = f"policy.{wrong[0]}", f"put the policy anew: {wrong[1]}"
        if keep_failure and there is None:
            storage.open_run(tx, run, version, now, today, by)
            storage.fail_run(tx, run, f"{field}: {message}")
        return Outcome(Word.INVALID, subject=run, field=field, message=message)
    if there is None:
        storage.open_run(tx, run, version, now, today, by)
    else:  # whoever planned it broke off, or still does: the first to come to an end keeps its plan
        storage.reopen_run(tx, run, now, today, version)
    return Outcome(Word.ACCEPTED, subject=run)


def _keep(tx: Tx, now: int, run: str, made: Planned) -> Outcome:
    there = storage.load_run(tx, run, lock=tx.dialect == "postgresql")
    if there is None or there.state != "planning":
        return Outcome(Word.EXISTS, subject=run) if there is None else _there(there)
    storage.save_plan(tx, run, made.snapshot, made.lines, made.totals)
    outcome = Outcome(Word.ACCEPTED, subject=run, counts=counts_of(made.totals))
    tell(tx, now, "plan_made", run, outcome)
    return outcome


def _there(there: Run) -> Outcome:
    """The answer where a run was planned before."""
    counts = {} if there.state == "failed" else counts_of(msgspec.json.decode(there.counts, type=Totals))
    return Outcome(Word.EXISTS, subject=there.run, counts=counts, message=there.note)


def counts_of(found: Totals) -> dict[str, int]:
    """The numbers of a plan that an answer carries."""
    named = ("lines", "changed", "unmatched", "win", "gain", "later", "sooner", "without_day", "broken", "mended")
    return {name: getattr(found, name) for name in (*named, "notify")}


def tell(tx: Tx, now: int, kind: str, run: str, outcome: Outcome) -> None:
    """Tell what became of a run."""
    tx.events.append(Event(now, kind, address("runs", run), msgspec.json.encode(outcome).decode()))
