"""A plan in the terms of orders: what each line holds and is promised before and after, and what it comes to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from backorder.kernel.backlog import Backlog
from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.columns import Book, Pegs
from backorder.kernel.promises import PULL_IN_DAYS, release_floor_of
from backorder.kernel.reallocation import OUTCOMES, Plan, Violation, plan
from backorder.kernel.segments import Policy, Segment

Policies = tuple[Policy, Policy | None]  # the policy of a run, and the one it falls back to


@dataclass(slots=True)
class Snapshot:
    """A backlog as the database held it at a moment, with what is wanted of its rows besides.

    keys: their orders and lines; routes: the sites that may serve them, by group
    holding: what each holds; told: its promise, None if it has none; planned: its day by pegs alone
    person: a person's date, and until when it speaks; open_units: those that wait or are allocated
    """

    book: Book
    backlog: Backlog
    keys: list[tuple[str, str]] = field(default_factory=list)
    routes: list[tuple[str, ...]] = field(default_factory=list)
    holding: list[Pegs] = field(default_factory=list)
    told: Sequence[int | None] = ()
    planned: Sequence[int | None] = ()
    person: list[tuple[int | None, int | None]] = field(default_factory=list)
    open_units: list[int] = field(default_factory=list)


class PlannedLine(NamedTuple):
    """A line of a plan, in the order of the table's columns; what it holds is by supply index and ship day."""

    n: int
    row: int
    part: int
    segment: str | None
    outcome: str
    exception: str | None
    after_promise: int | None
    after_planned: int | None
    holds: Pegs
    applies: bool
    note: str | None


class BeforeAfter(msgspec.Struct, omit_defaults=True):
    """A number before the run and after it."""

    before: int = 0
    after: int = 0


class SegmentTotal(msgspec.Struct):
    """What became of the lines that a segment took: how many there are by outcome, and its exceptions."""

    segment: str
    strategy: str
    fallback: bool = False
    lines: int = 0
    outcomes: dict[str, int] = {}
    exceptions: int = 0


class Totals(msgspec.Struct):
    """What a plan comes to.

    lines: in the backlog; changed: those that hold or are promised something else; unmatched: those no segment took
    outcomes: lines by outcome; segments: the same of each segment; win, gain: exceptions
    later, sooner: promises that move; without_day: promises lost; with_day: promises got
    broken, mended: lines that keep their first promise before and not after, and the other way round
    on_time, units_on_time, value_on_time (minor units by currency): lines that keep their first promise, and their
    waiting units
    covered_orders: orders all of whose lines are covered; endangered: lines planned after a legal deadline
    notify: customers (orders, where there is none) whose promise becomes later or is lost
    """

    lines: int = 0
    changed: int = 0
    unmatched: int = 0
    outcomes: dict[str, int] = {}
    segments: list[SegmentTotal] = []
    win: int = 0
    gain: int = 0
    later: int = 0
    sooner: int = 0
    without_day: int = 0
    with_day: int = 0
    broken: int = 0
    mended: int = 0
    on_time: BeforeAfter = msgspec.field(default_factory=BeforeAfter)
    units_on_time: BeforeAfter = msgspec.field(default_factory=BeforeAfter)
    value_on_time: dict[str, BeforeAfter] = {}
    covered_orders: BeforeAfter = msgspec.field(default_factory=BeforeAfter)
    endangered: BeforeAfter = msgspec.field(default_factory=BeforeAfter)
    notify: int = 0
    stopped: bool = False
    applied: int = 0
    refused: int = 0


@dataclass(slots=True)
class Planned:
    """A plan with what it was made of, told line by line and in all."""

    snapshot: Snapshot
    policies: Policies
    plan: Plan
    lines: list[PlannedLine]
    totals: Totals


def plan_of(snapshot: Snapshot, policies: Policies) -> Planned:
    """The plan that a policy makes of a backlog."""
    made = plan(snapshot.backlog, *policies)
    lines = planned_lines(snapshot, policies, made)
    return Planned(snapshot, policies, made, lines, totals(snapshot, policies, made, lines))


def takes_allocated(policies: Policies) -> bool:
    """Whether lines of which nothing waits take part."""
    return any(policy.take_allocated for policy in policies if policy is not None)


def holds_after(snapshot: Snapshot, plan: Plan, row: int) -> Pegs:
    """What a row holds after the plan: units that it keeps of a supply keep their day, the others get the supply's."""
    backlog = snapshot.backlog
    before = snapshot.holding[row]
    units: dict[int, int] = {}
    for (s, _), held in before.items():
        units[s] = units.get(s, 0) + held
    held_before = dict(units)
    for pegs, sign in ((plan.before, -1), (plan.after, 1)):
        for p in range(pegs.first[row], pegs.first[row + 1]):
            s = int(pegs.supply[p])
            units[s] = units.get(s, 0) + sign * int(pegs.units[p])
    if units == held_before:  # of a held order even the days stay: it is not read again before it is released
        return before
    after: Pegs = {}
    for (s, day), held in sorted(before.items()):
        kept = min(held, units.get(s, 0))
        if kept and (backlog.supply.stock[s] or day == _ships(snapshot, row, s)):
            after[s, day] = kept
            units[s] -= kept
    for s, more in units.items():
        if more:
            key = s, _ships(snapshot, row, s)
            after[key] = after.get(key, 0) + more
    return after


def _ships(snapshot: Snapshot, row: int, s: int) -> int:
    """The day on which a supply's units ship for a row: no unit of a preorder ships before its release."""
    backlog, book = snapshot.backlog, snapshot.book
    sku = backlog.sku.words[backlog.sku.code[row]]
    return max(int(backlog.supply.day[s]), release_floor_of(book, sku, snapshot.routes[backlog.group[row]]))


def planned_lines(snapshot: Snapshot, policies: Policies, plan: Plan) -> list[PlannedLine]:
    """The lines that a plan changes, its exceptions and those no segment took, in the order they were served."""
    violations = {one.row: one for one in plan.violations}
    chosen = [row for row in _served(plan) if _is_told(plan, row) or row in violations]
    holds = {row: holds_after(snapshot, plan, row) for row in chosen if plan.segment[row] >= 0}
    changing = [row for row in holds if _changes(snapshot, plan, row, holds[row])]
    parts = _parts(snapshot.backlog, changing)
    found = []
    for n, row in enumerate(chosen, 1):
        segment, one = segment_of(policies, plan, row), violations.get(row)
        line = PlannedLine(
            n,
            row,
            parts.get(row, 0),
            None if segment is None else segment.name,
            OUTCOMES[plan.outcome[row]],
            None if one is None else one.rule,
            snapshot.told[row],
            snapshot.planned[row],
            snapshot.holding[row],
            row in parts,
            None if one is None else _told(policies[0], one),
        )
        if line.applies:
            after, day = holds[row], int(plan.day_after[row])
            promise, planned = _promised(snapshot, row, day), _planned(snapshot, row, day, after)
            line = line._replace(after_promise=promise, after_planned=planned, holds=after)
        found.append(line)
    return found


def segment_of(policies: Policies, plan: Plan, row: int) -> Segment | None:
    """The segment that took a row, of the policy by which it was planned; None if none did."""
    policy = policies[1] if plan.fallen[row] else policies[0]
    assert policy is not None
    return policy.segments[plan.segment[row]] if plan.segment[row] >= 0 else None


def _told(policy: Policy, one: Violation) -> str:
    """What went wrong for a line, in words."""
    wanted = "its day" if one.wanted == NEVER else f"{day_date(one.wanted)}"
    got = "no day" if one.got == NEVER else f"{day_date(one.got)}"
    taker = f": segment {policy.segments[one.by].name!r} took its units" if one.by >= 0 else ""
    return f"it had to have {wanted} and gets {got}{taker}"


def _served(plan: Plan) -> Iterator[int]:
    """Every row, those that were served first and in their order."""
    seen = set()
    for row in plan.served:
        seen.add(int(row))
        yield int(row)
    yield from (row for row in range(len(plan.segment)) if row not in seen)


_TOLD = [OUTCOMES.index(word) for word in ("gained", "lost", "moved", "left", "held")]


def _is_told(plan: Plan, row: int) -> bool:
    """Whether a line is among those that a plan tells of, violations aside."""
    return plan.segment[row] < 0 or plan.outcome[row] in _TOLD


def _changes(snapshot: Snapshot, plan: Plan, row: int, holds: Pegs) -> bool:
    """Whether a line gets other pegs or another promise."""
    if holds != snapshot.holding[row]:
        return True
    day = int(plan.day_after[row])
    return bool(day != plan.day_before[row]) and _promised(snapshot, row, day) != snapshot.told[row]


def _promised(snapshot: Snapshot, row: int, due: int) -> int | None:
    """What a line whose due day this is will be promised, as `promises.reread` moves promises."""
    told, (person, until) = snapshot.told[row], snapshot.person[row]
    if person is not None and until is not None and due > until:
        due = person
    elif due == NEVER:
        return None
    elif person is None and told is not None and told - PULL_IN_DAYS < due < told:
        return told
    return due


def _planned(snapshot: Snapshot, row: int, due: int, holds: Pegs) -> int | None:
    """A line's day by its pegs alone; where units are uncovered, its lead-time day."""
    backlog = snapshot.backlog
    day = max([int(backlog.floor[row]), *(day for _, day in holds)])
    if sum(holds.values()) < snapshot.open_units[row]:
        day = max(day, due)
    return None if day == NEVER else day


def _parts(backlog: Backlog, rows: Sequence[int]) -> dict[int, int]:
    """The rows by parts that share no item and no complete order, numbered from 1 in the order of their items."""
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    codes = backlog.sku.code
    for row in rows:
        item = root(("item", int(codes[row])))
        if backlog.together[row] >= 0:
            parent[root(("order", int(backlog.together[row])))] = item
    by_name = sorted(rows, key=lambda row: (backlog.sku.words[codes[row]], row))
    number: dict[tuple[str, int], int] = {}
    return {row: number.setdefault(root(("item", int(codes[row]))), len(number) + 1) for row in by_name}


def totals(snapshot: Snapshot, policies: Policies, plan: Plan, lines: Sequence[PlannedLine]) -> Totals:
    """What a plan comes to, over the whole backlog."""
    found = Totals(lines=len(snapshot.keys), stopped=plan.stopped)
    _outcomes(found, policies, plan)
    moved = {line.row: line for line in lines if line.applies}
    found.changed = len(moved)
    found.unmatched = sum(line.segment is None for line in lines)
    found.win = sum(line.exception == "win" for line in lines)
    found.gain = sum(line.exception == "gain" for line in lines)
    told = set[str]()
    for row, line in moved.items():
        before, after = snapshot.told[row], line.after_promise
        if before == after:
            continue
        if after is None or (before is not None and after > before):
            told.add(_customer(snapshot, row))
        found.without_day += after is None
        found.with_day += before is None
        if before is not None and after is not None:
            found.later += after > before
            found.sooner += after < before
    found.notify = len(told)
    _on_time(found, snapshot, plan)
    return found


def _customer(snapshot: Snapshot, row: int) -> str:
    customer = snapshot.backlog.customer
    return customer.words[customer.code[row]] or f"order {snapshot.keys[row][0]}"


def _outcomes(found: Totals, policies: Policies, plan: Plan) -> None:
    """Count outcomes, in all and by segment."""
    places: dict[tuple[int, int], SegmentTotal] = {}
    for fallen, policy in enumerate(policies):
        for n, segment in enumerate(() if policy is None else policy.segments):
            places[fallen, n] = SegmentTotal(segment.name, segment.strategy, bool(fallen), 0, {})
    counted: dict[tuple[int, int, int], int] = {}
    for key in zip(plan.fallen, plan.segment, plan.outcome, strict=True):
        counted[key] = counted.get(key, 0) + 1
    for (fallen, number, code), count in sorted(counted.items()):
        word = OUTCOMES[code]
        found.outcomes[word] = found.outcomes.get(word, 0) + count
        if number >= 0:
            there = places[int(fallen), int(number)]
            there.lines += count
            there.outcomes[word] = there.outcomes.get(word, 0) + count
    for one in plan.violations:
        if plan.segment[one.row] >= 0:
            places[int(plan.fallen[one.row]), int(plan.segment[one.row])].exceptions += 1
    found.segments = [place for place in places.values() if place.lines or not place.fallback]


def _on_time(found: Totals, snapshot: Snapshot, plan: Plan) -> None:
    """Lines, units and value that keep their first promise, before and after; orders covered; deadlines missed."""
    backlog = snapshot.backlog
    names = backlog.currency.words
    units, worth = [0, 0], ([0] * len(names), [0] * len(names))
    kept, missed, both = [0, 0], [0, 0], 0
    columns = zip(
        plan.day_before, plan.day_after, backlog.first_promise, backlog.deadline, snapshot.open_units, backlog.value,
        backlog.currency.code, strict=True,
    )  # fmt: skip
    for before, after, first, deadline, count, value, currency in columns:
        if before <= first:
            kept[0] += 1
            units[0] += count
            worth[0][currency] += value
            both += after <= first
        if after <= first:
            kept[1] += 1
            units[1] += count
            worth[1][currency] += value
        if before > deadline:
            missed[0] += 1
        if after > deadline:
            missed[1] += 1
    found.broken, found.mended = int(kept[0] - both), int(kept[1] - both)
    found.on_time, found.units_on_time = BeforeAfter(*kept), BeforeAfter(*map(int, units))
    found.endangered = BeforeAfter(*missed)
    found.value_on_time = {
        name: BeforeAfter(int(before), int(after)) for name, before, after in zip(names, *worth, strict=True) if name
    }
    found.covered_orders = _covered(snapshot, plan)


def _covered(snapshot: Snapshot, plan: Plan) -> BeforeAfter:
    """Orders all of whose open units are covered."""
    order = snapshot.backlog.order
    short = ([0] * len(order.words), [0] * len(order.words))
    columns = zip(
        snapshot.open_units, snapshot.holding, plan.units_before, plan.units_after, order.code, strict=True
    )  # fmt: skip
    for units, holds, had, has, code in columns:
        lacks = units - sum(holds.values())
        if lacks or had != has:
            short[0][code] += lacks
            short[1][code] += lacks + int(had) - int(has)
    return BeforeAfter(*(sum(lacks <= 0 for lacks in one) for one in short))
