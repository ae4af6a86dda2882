"""Reallocation policies in their versions, and the plans that runs made, line by line."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.sql.expression import bindparam, literal_column

from backorder.kernel.applying import Applied, Change, Days, Side
from backorder.kernel.planned import PlannedLine, Policies, Snapshot, Totals
from backorder.kernel.segments import Policy
from backorder.storage.conditions import LINE_OPEN
from backorder.storage.db import Row, Tx, among
from backorder.storage.reallocation_tables import plan_lines, plans, policies
from backorder.storage.tables import items, lines, orders

_later = policies.alias("later")
_LATEST = select(policies.c.policy, policies.c.n, policies.c.body).where(
    ~select(literal_column("1"))
    .select_from(_later)
    .where(_later.c.policy == policies.c.policy, _later.c.n > policies.c.n)
    .exists()
)
_NAMED = _LATEST.where(among(policies.c.policy, "names"))
_VERSION = select(policies.c.body).where(policies.c.policy == bindparam("policy"), policies.c.n == bindparam("n"))
_PLAN_COLUMNS = ("run", "policy", "policy_n", "at", "state", "counts", "committed_at", "progress", "size", "note")
_PLAN = select(*(plans.c[name] for name in _PLAN_COLUMNS)).where(plans.c.run == bindparam("run"))
_PLAN_LOCKED = _PLAN.with_for_update()
_PARTS = (
    select(plan_lines.c.part, func.count())
    .where(plan_lines.c.run == bindparam("run"), plan_lines.c.applied == bindparam("applied"))
    .group_by(plan_lines.c.part)
    .order_by(plan_lines.c.part)
)
_COUNTED = (
    select(plan_lines.c.applied, func.count())
    .where(plan_lines.c.run == bindparam("run"), plan_lines.c.applied.is_not(None))
    .group_by(plan_lines.c.applied)
    .order_by(plan_lines.c.applied)
)
_SIDES = ("n", "order_id", "line", "held", "waiting", "before_promise", "after_promise", "before_pegs", "after_pegs")
_OF_PARTS = (
    plan_lines.c.run == bindparam("run"),
    plan_lines.c.part.between(bindparam("low"), bindparam("high")),
    plan_lines.c.applied == bindparam("applied"),
)
_CHANGES = select(*(plan_lines.c[name] for name in (*_SIDES, "days"))).where(*_OF_PARTS).order_by(plan_lines.c.n)
_NAMES = (
    select(lines.c.order_id, lines.c.line, lines.c.sku)
    .join(plan_lines, and_(plan_lines.c.order_id == lines.c.order_id, plan_lines.c.line == lines.c.line))
    .where(*_OF_PARTS)
)
_WHOLE_SKUS = (
    select(lines.c.sku)
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(among(lines.c.order_id, "orders"), LINE_OPEN, orders.c.ship == literal_column("'complete'"))
    .distinct()
)


class Version(NamedTuple):
    """A policy as it was put."""

    policy: Policy
    n: int
    body: str


class Run(NamedTuple):
    """A run and its plan. Moments are microseconds; `counts` are JSON."""

    run: str
    policy: str
    policy_n: int
    at: int
    state: str
    counts: str
    committed_at: int | None
    progress: int
    size: int
    note: str | None


class Part(NamedTuple):
    """Parts of a plan, from one number to another, that one transaction sees to; `applied` is how their lines stand."""

    low: int
    high: int
    lines: int


def load_policies(tx: Tx, names: Iterable[str]) -> dict[str, Version]:
    """The latest versions of policies, by name."""
    wanted = sorted(set(names))
    rows = tx.fetch(_NAMED, names=wanted) if wanted else []
    return {name: Version(_read(body), n, body) for name, n, body in rows}


def load_version(tx: Tx, policy: str, n: int) -> Policy:
    """A policy as it was when its version was put."""
    return _read(tx.fetch(_VERSION, policy=policy, n=n)[0][0])


def _read(body: str) -> Policy:
    return msgspec.json.decode(body, type=Policy)


def with_fallback(tx: Tx, policy: Policy) -> Policies:
    """A policy, and the latest version of the one it falls back to."""
    if policy.fallback is None:
        return policy, None
    found = load_policies(tx, [policy.fallback]).get(policy.fallback)
    return policy, None if found is None else found.policy


def save_policies(tx: Tx, rows: Sequence[Row]) -> None:
    """Add versions, as (policy, n, moment, who, body)."""
    tx.insert(policies, ("policy", "n", "at", "by_whom", "body"), rows)


def load_run(tx: Tx, run: str, *, lock: bool = False) -> Run | None:
    """A run by its id, perhaps locked; None if there is none."""
    rows = tx.fetch(_PLAN_LOCKED if lock else _PLAN, run=run)
    return Run._make(rows[0]) if rows else None


def open_run(tx: Tx, run: str, version: Version, now: int, today: int, by: str | None) -> None:
    """Begin a run, which is being planned from now on."""
    forget_at = now + version.policy.keep_days * 24 * 3_600 * 10**6
    columns = ("run", "policy", "policy_n", "at", "today", "state", "progress", "size", "lines", "counts", "forget_at")
    row = (run, version.policy.policy, version.n, now, today, "planning", 0, 0, 0, "{}", forget_at, by)
    tx.insert(plans, (*columns, "by_whom"), [row])


def fail_run(tx: Tx, run: str, note: str) -> None:
    """Say why a run plans nothing."""
    tx.update(plans, ("run",), ("state", "note"), [(run, "failed", note)])


def reopen_run(tx: Tx, run: str, now: int, today: int, version: Version) -> None:
    """Let a run that broke off be planned from the start."""
    tx.update(plans, ("run",), ("at", "today", "policy_n"), [(run, now, today, version.n)])


def mark_progress(tx: Tx, run: str, progress: int, size: int) -> None:
    """Say how many lines of how many were seen to."""
    tx.update(plans, ("run",), ("progress", "size"), [(run, progress, size)])


def save_plan(tx: Tx, run: str, snapshot: Snapshot, found: Sequence[PlannedLine], totals: Totals) -> None:
    """Write the plan of a run: from now on it can be committed."""
    backlog, name = snapshot.backlog, snapshot.book.supplies.supply
    rows = []
    for one in found:
        order, line = snapshot.keys[one.row]
        told, planned = snapshot.told[one.row], snapshot.planned[one.row]
        named = run, one.n, order, line, one.part, one.segment, one.outcome, one.exception
        units = int(backlog.waiting[one.row]), int(backlog.held[one.row])
        days = told, one.after_promise, planned, one.after_planned
        holds = _pegs(snapshot.holding[one.row], name), _pegs(one.holds, name)
        rows.append((*named, *units, *days, *holds, "pending" if one.applies else None, one.note))
    columns = ("run", "n", "order_id", "line", "part", "segment", "outcome", "exception", "waiting", "held")
    dates = ("before_promise", "after_promise", "before_planned", "after_planned")
    tx.insert(plan_lines, (*columns, *dates, "before_pegs", "after_pegs", "applied", "note"), rows)
    counts = msgspec.json.encode(totals).decode()
    changed = ("state", "progress", "size", "lines", "counts", "at", "today")
    state = "simulated", totals.lines, totals.lines, len(rows), counts, snapshot.book.now, backlog.today
    tx.update(plans, ("run",), changed, [(run, *state)])


def _pegs(holds: Mapping[tuple[int, int], int], name: Sequence[str]) -> str:
    """What a line holds as JSON, by day and supply."""
    held = [(name[s], day, units) for (s, day), units in holds.items()]
    if len(held) > 1:
        held.sort(key=lambda p: (p[1], p[0]))
    return msgspec.json.encode(held).decode()


def parts(tx: Tx, run: str, applied: str, most: int) -> list[Part]:
    """The parts of a plan whose lines stand like this, brought together up to so many lines."""
    found: list[Part] = []
    for number, count in tx.fetch(_PARTS, run=run, applied=applied):
        if found and found[-1].lines + count <= most:
            found[-1] = Part(found[-1].low, number, found[-1].lines + count)
        else:
            found.append(Part(number, number, count))
    return found


def concerned(tx: Tx, run: str, part: Part, applied: str) -> tuple[set[tuple[str, str]], list[str]]:
    """The lines of parts, as order and line; and their items, with those of all open lines of complete orders."""
    own = tx.fetch(_NAMES, run=run, low=part.low, high=part.high, applied=applied)
    whole = tx.fetch(_WHOLE_SKUS, orders=sorted({row[0] for row in own}))
    return {row[:2] for row in own}, sorted({row[-1] for row in (*own, *whole)})


def load_changes(tx: Tx, run: str, part: Part, applied: str, *, undo: bool = False) -> list[Change]:
    """What is to be done to lines of parts, in serving order; to `undo`, with the two sides changed over."""
    return [_change(row, undo) for row in tx.fetch(_CHANGES, run=run, low=part.low, high=part.high, applied=applied)]


def _change(row: Row, undo: bool) -> Change:
    n, order, line, held, waiting, before_promise, after_promise, before_pegs, after_pegs, days = row
    before, after = _holding(before_pegs), _holding(after_pegs)
    still = waiting + _ready(before) - _ready(after)
    sides = Side(before, waiting, before_promise), Side(after, still, after_promise)
    if not undo:
        return Change(n, order, line, bool(held), *sides)
    had, has = (Days(*side) for side in json.loads(days))
    return Change(n, order, line, bool(held), *sides[::-1], days=has, back=had)


def _holding(text: str) -> dict[tuple[str, int], int]:
    return {(supply, day): units for supply, day, units in _HOLDING.decode(text)}


_HOLDING = msgspec.json.Decoder(list[tuple[str, int, int]])


def _ready(holds: Mapping[tuple[str, int], int]) -> int:
    """Units that are allocated: those on stock."""
    return sum(units for (supply, _), units in holds.items() if supply.startswith("stock/"))


def save_applied(tx: Tx, run: str, result: Applied, dates: Mapping[int, Row], *, undo: bool = False) -> None:
    """Write what became of lines, by their n: the days that they have now, or why they were refused."""
    done = [
        (run, n, "undone" if undo else "applied", *(() if undo else (json.dumps(days), *dates[n])))
        for n, days in result.done.items()
    ]
    tx.update(plan_lines, ("run", "n"), ("applied",) if undo else _APPLIED, done)
    word = "undo_refused" if undo else "changed"
    refused = [(run, n, word, note) for n, note in result.refused.items()]
    tx.update(plan_lines, ("run", "n"), ("applied", "note"), refused)


_APPLIED = ("applied", "days", "after_promise", "after_planned")


def add_progress(tx: Tx, run: str, count: int) -> None:
    """Say that so many lines more were seen to. The run is locked until the transaction ends."""
    row = load_run(tx, run, lock=tx.dialect == "postgresql")
    assert row is not None
    tx.update(plans, ("run",), ("progress",), [(run, min(row.size, row.progress + count))])


def set_state(tx: Tx, run: str, state: str, **values: Any) -> None:
    """Let a run be in a state, with other values besides."""
    tx.update(plans, ("run",), ("state", *values), [(run, state, *values.values())])


def counted(tx: Tx, run: str) -> dict[str, int]:
    """How many lines of a plan stand how."""
    return dict(tx.fetch(_COUNTED, run=run))


def leave_idle(tx: Tx, run: str, skus: Iterable[str]) -> None:
    """Remember that a run left units of items free, until the next live pass over them."""
    tx.update(items, ("sku",), ("idle_by",), [(sku, run) for sku in sorted(skus)])
