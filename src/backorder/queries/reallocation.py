"""Reallocation as it is read: policies, what they would take, runs and what they come to, plans line by line."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import Select, literal, literal_column, select

from backorder.kernel.calendars import day_date, moment_datetime
from backorder.kernel.money import text as money_text
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.planned import BeforeAfter, Planned, PlannedLine, SegmentTotal, Totals, plan_of, takes_allocated
from backorder.kernel.private import only_with
from backorder.kernel.segments import Policy
from backorder.queries.lines import as_date
from backorder.storage import reallocation as storage
from backorder.storage.backlog import load_backlog
from backorder.storage.db import Database, Row, Tx
from backorder.storage.event_tables import timers
from backorder.storage.reallocation_tables import plan_lines, plans, policies

DIFFERENCES_MAX = 100  # lines of which a comparison says how they come out


class PolicyView(msgspec.Struct):
    """A version of a reallocation policy; `next_run` where a schedule runs it."""

    policy: str
    version: int
    at: datetime
    by: str | None
    body: Policy
    next_run: datetime | None = None


class SegmentPreview(msgspec.Struct):
    """How many lines a segment takes now, of how many orders and units."""

    segment: str
    strategy: str
    lines: int = 0
    orders: int = 0
    units: int = 0


class Preview(msgspec.Struct):
    """What each segment of a policy takes now, before anything is planned, and the lines that none takes."""

    lines: int
    segments: list[SegmentPreview]
    unmatched: int


class Amounts(msgspec.Struct):
    """Amounts before the run and after it, as decimal text."""

    before: str
    after: str


class TotalsView(msgspec.Struct):
    """What a plan comes to. Promises are measured by the first one that was given for a line, unless it says else.

    broken, mended: lines that keep their first promise before and not after, and the other way round
    later, sooner, without_day, with_day: promises that move; notify: customers who have to hear of a later one
    endangered: lines planned after a legal deadline; applied, refused: lines of a commit
    """

    lines: int
    changed: int
    unmatched: int
    outcomes: dict[str, int]
    segments: list[SegmentTotal]
    win: int
    gain: int
    later: int
    sooner: int
    without_day: int
    with_day: int
    broken: int
    mended: int
    on_time: BeforeAfter
    units_on_time: BeforeAfter
    covered_orders: BeforeAfter
    endangered: BeforeAfter
    notify: int
    stopped: bool
    applied: int
    refused: int
    value_on_time: Annotated[dict[str, Amounts] | None, only_with("money.read")] = None


class RunView(msgspec.Struct):
    """A run: by which version of a policy, how far it is, and what its plan comes to.

    `progress` of `size` lines were seen to in its state. It can be committed on `today`; `note` says why it failed.
    """

    run: str
    policy: str
    version: int
    at: datetime
    today: date
    state: str
    progress: int
    size: int
    committed_at: datetime | None
    undone_at: datetime | None
    forget_at: datetime
    by: str | None
    note: str | None
    totals: TotalsView | None


class HeldView(msgspec.Struct):
    """Units that stand on a supply, and the day they can ship."""

    supply: str
    quantity: int
    ships_on: date


class PlanLineView(msgspec.Struct):
    """A line of a plan, the `n`-th served: what it holds and is promised before and after.

    `outcome` says what becomes of it, `exception` that a `win` or a `gain` was not kept for it. `applied`:
    `pending`, `applied`, `changed` (it changed since, and keeps what it has), `undone`, `undo_refused`; null where
    nothing changes.
    """

    n: int
    order: str
    line: str
    segment: str | None
    outcome: str
    exception: str | None
    before_promise: date | None
    after_promise: date | None
    before_planned: date | None
    after_planned: date | None
    before: list[HeldView]
    after: list[HeldView]
    applied: str | None
    note: str | None


class Side(msgspec.Struct):
    """One of the policies that are compared, and what its plan comes to."""

    policy: str
    totals: TotalsView


class Difference(msgspec.Struct):
    """A line that comes out differently: its promise now, and after each of the policies."""

    order: str
    line: str
    promise: date | None
    promises: list[date | None]


class Comparison(msgspec.Struct):
    """Policies side by side on one state of the database; `differing` lines get other days or units by them."""

    at: datetime
    sides: list[Side]
    differing: int
    differences: list[Difference]


_POLICIES = (
    select(policies.c.policy, policies.c.n, policies.c.at, policies.c.by_whom, policies.c.body, timers.c.due_at)
    .outerjoin(timers, (timers.c.kind == "reallocate") & (timers.c.subject == policies.c.policy))
    .order_by(policies.c.policy, policies.c.n.desc())
)
_RUN = ("run", "policy", "policy_n", "at", "today", "state", "progress", "size", "committed_at", "undone_at")
_RUNS = select(*(plans.c[name] for name in (*_RUN, "forget_at", "by_whom", "note", "counts")))
_REFUSALS = ("changed", "undo_refused")  # of lines that changed before the plan was applied, or taken back
_LINE = ("n", "order_id", "line", "segment", "outcome", "exception", "before_promise", "after_promise")
_LINES = select(
    *(plan_lines.c[name] for name in (*_LINE, "before_planned", "after_planned", "before_pegs", "after_pegs")),
    plan_lines.c.applied,
    plan_lines.c.note,
).order_by(plan_lines.c.n)
_REFUSED = plan_lines.c.applied.in_([literal_column(f"'{word}'") for word in _REFUSALS])  # as the index has it


def list_policies(db: Database) -> list[PolicyView]:
    """The latest version of each policy, by name."""
    with db.read() as tx:
        found = [_policy(row) for row in tx.fetch(_POLICIES)]
    return list({view.policy: view for view in reversed(found)}.values())[::-1]


def policy_versions(db: Database, policy: str) -> list[PolicyView]:
    """Every version of a policy, the latest first; none where there is no such policy."""
    with db.read() as tx:
        return [_policy(row) for row in tx.fetch(_POLICIES.where(policies.c.policy == policy))]


def show_policy(db: Database, policy: str, version: int | None = None) -> PolicyView | None:
    """A policy in its latest version, or in a given one; None if there is none."""
    found = policy_versions(db, policy)
    return next((view for view in found if version in (None, view.version)), None)


def _policy(row: Row) -> PolicyView:
    name, n, at, by, body, due = row
    return PolicyView(name, n, moment_datetime(at), by, msgspec.json.decode(body, type=Policy), _when(due))


def preview(db: Database, now: int, policy: Policy) -> Preview:
    """How many lines each segment of a policy takes at a moment (microseconds), whether it was put or not."""
    with db.read() as tx:
        snapshot = load_backlog(tx, now, allocated=policy.take_allocated)
    only = [msgspec.structs.replace(s, strategy="skip", sharing=None, minimum=None, maximum=None)
            for s in policy.segments]  # fmt: skip
    looked = msgspec.structs.replace(policy, segments=tuple(only), fallback=None)
    segment = plan_of(snapshot, (looked, None)).plan.segment
    found = [SegmentPreview(one.name, one.strategy) for one in policy.segments]
    orders: list[set[str]] = [set() for _ in found]
    unmatched = 0
    for number, (order, _), units in zip(segment, snapshot.keys, snapshot.open_units, strict=True):
        if number < 0:
            unmatched += 1
            continue
        found[number].lines += 1
        found[number].units += units
        orders[number].add(order)
    for one, names in zip(found, orders, strict=True):
        one.orders = len(names)
    return Preview(len(snapshot.keys), found, unmatched)


def list_runs(
    db: Database, *, policy: str | None = None, state: str | None = None, limit: int = 50, after: str | None = None
) -> list[RunView]:
    """Runs, the newest first, behind the run `after`."""
    chosen = _RUNS.order_by(plans.c.at.desc(), plans.c.run).limit(limit)
    for column, value in ((plans.c.policy, policy), (plans.c.state, state)):
        if value is not None:
            chosen = chosen.where(column == value)
    with db.read() as tx:
        if after is not None:
            there = storage.load_run(tx, after)
            if there is None:
                return []
            same = (plans.c.at == _moment(there.at)) & (plans.c.run > after)
            chosen = chosen.where((plans.c.at < _moment(there.at)) | same)
        return [_run(row) for row in tx.fetch(chosen)]


def _moment(number: int) -> Any:
    return literal(number, plans.c.at.type)


def show_run(db: Database, run: str) -> RunView | None:
    """A run by its id, with how far it is; None if there is none."""
    with db.read() as tx:
        rows = tx.fetch(_RUNS.where(plans.c.run == run))
    return _run(rows[0]) if rows else None


def _run(row: Row) -> RunView:
    name, policy, n, at, today, state, progress, size, committed, undone, forget, by, note, counts = row
    totals = None if counts == "{}" else _totals(msgspec.json.decode(counts, type=Totals))
    moments = _when(committed), _when(undone), moment_datetime(forget)
    return RunView(
        name, policy, n, moment_datetime(at), day_date(today), state, progress, size, *moments, by, note, totals
    )


def _totals(found: Totals) -> TotalsView:
    fields: dict[str, Any] = {name: getattr(found, name) for name in Totals.__struct_fields__}
    fields["value_on_time"] = {
        currency: Amounts(money_text(one.before, currency), money_text(one.after, currency))
        for currency, one in found.value_on_time.items()
    }
    return TotalsView(**fields)


def list_plan_lines(
    db: Database,
    run: str,
    *,
    after: int = 0,
    limit: int = 50,
    segment: str | None = None,
    outcome: str | None = None,
    applied: str | None = None,
    exception: str | None = None,
    order: str | None = None,
    unmatched: bool = False,
    changing: bool = False,
    violated: bool = False,
) -> list[PlanLineView]:
    """Lines of a plan in the order they were served, behind the `after`-th; `unmatched` are those no segment took.

    `changing` are those that get other units or another promise, `violated` the exceptions.
    """
    chosen: Select[Any] = _LINES.where(plan_lines.c.run == run, plan_lines.c.n > after).limit(limit)
    named = {"segment": segment, "outcome": outcome, "applied": applied, "exception": exception, "order_id": order}
    chosen = chosen.where(*(plan_lines.c[name] == value for name, value in named.items() if value is not None))
    if unmatched:
        chosen = chosen.where(plan_lines.c.segment.is_(None))
    if applied in _REFUSALS:
        chosen = chosen.where(_REFUSED)
    if changing:
        chosen = chosen.where(plan_lines.c.applied.is_not(None))
    if violated:
        chosen = chosen.where(plan_lines.c.exception.is_not(None))
    with db.read() as tx:
        tx.plan_by_values()
        return [_line(row) for row in tx.fetch(chosen)]


def _line(row: Row) -> PlanLineView:
    *first, before, after, applied, note = row
    n, order, line, segment, outcome, exception, *days = first
    told, tells, planned, plans_for = map(as_date, days)
    names = n, order, line, segment, outcome, exception
    return PlanLineView(*names, told, tells, planned, plans_for, _held(before), _held(after), applied, note)


def _held(text: str) -> list[HeldView]:
    return [HeldView(supply, units, day_date(day)) for supply, day, units in json.loads(text)]


def _when(value: int | None) -> datetime | None:
    return None if value is None else moment_datetime(value)


def compare(db: Database, now: int, wanted: Sequence[str | Policy]) -> Comparison | Outcome:
    """Policies side by side, by name or as they may be put, on the database as it is at a moment (microseconds).

    Nothing is kept of it. A name that no policy has is refused.
    """
    with db.read() as tx:
        names = [name for name in wanted if isinstance(name, str)]
        known = storage.load_policies(tx, names)
        for name in names:
            if name not in known:
                return refused(Word.UNKNOWN_POLICY, name)
        chosen = [known[one].policy if isinstance(one, str) else one for one in wanted]
        made = _made(tx, now, chosen)
    sides = [Side(one.policies[0].policy, _totals(one.totals)) for one in made]
    differing, found = _differences(made)
    return Comparison(moment_datetime(now), sides, differing, found)


def _made(tx: Tx, now: int, chosen: Sequence[Policy]) -> list[Planned]:
    """The plan of each policy, all of one state; lines of which nothing waits are seen by those that take them."""
    both = [storage.with_fallback(tx, policy) for policy in chosen]
    snapshots = {
        allocated: load_backlog(tx, now, allocated=allocated) for allocated in sorted(set(map(takes_allocated, both)))
    }
    return [plan_of(snapshots[takes_allocated(policies)], policies) for policies in both]


def _differences(made: Sequence[Planned]) -> tuple[int, list[Difference]]:
    """Lines that hold or are promised other things by one policy than by another."""
    ends: list[Mapping[tuple[str, str], Any]] = [
        {one.snapshot.keys[line.row]: (line.after_promise, _named(one, line)) for line in one.lines if line.applies}
        for one in made
    ]
    told = {key: day for one in made for key, day in zip(one.snapshot.keys, one.snapshot.told, strict=True)}
    keys = sorted({key for end in ends for key in end})
    differing = [key for key in keys if any(end.get(key) != ends[0].get(key) for end in ends[1:])]
    found = []
    for key in differing[:DIFFERENCES_MAX]:
        days = [as_date(end[key][0] if key in end else told[key]) for end in ends]
        found.append(Difference(*key, as_date(told[key]), days))
    return len(differing), found


def _named(made: Planned, line: PlannedLine) -> dict[tuple[str, int], int]:
    """What a line holds after a plan, by the names of supplies."""
    names = made.snapshot.book.supplies.supply
    return {(names[s], day): units for (s, day), units in line.holds.items()}
