"""Old pegs against new: what a policy makes of a backlog. Pure: columns in, columns out; lists or arrays.

The units that the segments' lines give back and those that are free form one pool, from which the segments are served
in their order. What `gain` and `improve` lines hold is in no pool: each gives it back in its turn and retakes the best,
so that it never gets worse. Their moves free units that others may want: the run is repeated, for the items concerned,
until nobody moves.
"""

from typing import NamedTuple

from backorder.kernel import compiled
from backorder.kernel.arrays import chosen, column_of, copied, either, filled, gathered, joined, listed, numbers
from backorder.kernel.backlog import Backlog, Pegs, is_arrays
from backorder.kernel.pegging import Column
from backorder.kernel.rounds import run
from backorder.kernel.running import Run
from backorder.kernel.segments import Policy
from backorder.kernel.taking_part import OUTCOMES

RULES = ("", "win", "gain")  # strategies that can be violated, by the codes of `comparing.flag_violated`

__all__ = ["OUTCOMES", "Plan", "Violation", "plan"]


class Violation(NamedTuple):
    """A line that a `win` or `gain` was not kept for: the day it had to have, the day it got, and who took its units.

    For a `gain` the day it had to have is the one it had. `by` is the segment that took units from it, else -1.
    """

    row: int
    rule: str
    wanted: int
    got: int
    by: int


class Plan(NamedTuple):
    """What becomes of each row. Days are due days: the latest of the order's lines where it ships complete.

    segment: number of the segment that takes the row, -1 if none does; fallen: 1 where it is one of the fallback's
    day_before, day_after; units_before, units_after: units that pegs cover, of those the run may move
    before, after: the pegs that the run may move; those to stock are allocations
    outcome: code of OUTCOMES; served: the rows that took part, in the order in which they were served
    violations: those of the policy, then those of its fallback, whether the items concerned were left or not
    free: by supply, what nobody holds afterwards
    stopped: whether a violation stopped the run, so that nothing changes
    settled: whether the last round moved nobody, so that the same run again would change nothing
    """

    segment: Column
    fallen: Column
    day_before: Column
    day_after: Column
    units_before: Column
    units_after: Column
    before: Pegs
    after: Pegs
    outcome: Column
    served: Column
    violations: list[Violation]
    free: Column
    stopped: bool
    settled: bool


class _Groups(NamedTuple):
    """The group of items, joined by complete orders, that each row and each supply belongs to; `size` of them."""

    row: Column
    supply: Column
    size: int


def plan(backlog: Backlog, policy: Policy, fallback: Policy | None = None) -> Plan:
    """What a policy makes of a backlog; where it fails `win` or `gain` lines, what its fallback makes of their items.

    Nothing given is changed. The policies are free of `segments.trouble`.
    """
    groups = _groups(backlog)
    found = _drafted(backlog, policy, groups)
    violated = filled(backlog.need, groups.size)
    for violation in found.violations:
        violated[groups.row[violation.row]] = 1
    if found.violations and policy.violated == "stop":
        return _left(found, backlog, groups, filled(violated, groups.size, 1))._replace(stopped=True)
    if found.violations and policy.violated == "leave":
        if fallback is None:
            found = _left(found, backlog, groups, violated)
        else:
            found = _fallen(found, backlog, fallback, groups, violated)
    if policy.changes_max is not None:
        found = _left(found, backlog, groups, _beyond(found, groups, policy.changes_max))
    return found


def _groups(backlog: Backlog) -> _Groups:
    loops, like, items = compiled.loops(is_arrays(backlog)), backlog.need, len(backlog.sku.words)
    above = numbers(like, items)
    loops.join_items(backlog.sku.code, backlog.together, above)
    row, supply = filled(like, len(like)), filled(like, len(backlog.item))
    loops.label_rows(backlog.sku.code, above, row)
    loops.label_rows(backlog.item, above, supply)
    return _Groups(row, supply, items)


def _drafted(backlog: Backlog, policy: Policy, groups: _Groups, only: Column | None = None) -> Plan:
    """The plan as the run makes it, before violations and caps."""
    work = run(backlog, policy, groups.row, only)
    day_after, units_after = work.days()
    before = Pegs(work.own.first, work.own.supply, work.own.units)
    after = _compacted(work)
    outcome = copied(work.outcome)
    work.loops.compare(before, after, work.day_before, day_after, work.units_before, units_after, outcome)
    return Plan(
        segment=work.segment,
        fallen=filled(outcome, len(outcome)),
        day_before=work.day_before,
        day_after=day_after,
        units_before=work.units_before,
        units_after=units_after,
        before=before,
        after=after,
        outcome=outcome,
        served=work.served,
        violations=_violations(work, day_after, units_after, only),
        free=work.supply.free,
        stopped=False,
        settled=work.settled,
    )


def _compacted(work: Run) -> Pegs:
    """What rows hold, one row after another."""
    pool, like = work.pool, work.need
    n = work.loops.count_pegs(pool)
    out = Pegs(filled(like, len(like) + 1), filled(like, n), filled(like, n))
    n = work.loops.compact(pool, out)
    return Pegs(out.first, out.supply[:n], out.units[:n])


def _violations(work: Run, day: Column, units: Column, only: Column | None) -> list[Violation]:
    """Rows of `win` segments without their day, and rows of `gain` segments that came out worse."""
    backlog, segments, like = work.backlog, work.policy.segments, work.need
    rules = column_of(like, [RULES.index(one.strategy) if one.strategy in RULES else 0 for one in segments])
    flags = filled(like, len(like))
    work.loops.flag_violated(
        work.outcome, work.segment, rules, day, backlog.wanted, work.day_before, units, work.units_before, flags
    )
    robbed = copied(work.robbed)
    work.loops.latest_of_orders(backlog.together, robbed)
    violations = []
    for row in listed(chosen(numbers(like, len(like)), flags)):
        if only is None or only[row]:
            rule = segments[work.segment[row]].strategy
            wanted = backlog.wanted[row] if rule == "win" else work.day_before[row]
            violations.append(Violation(row, rule, int(wanted), int(day[row]), int(robbed[row])))
    return violations


def _fallen(found: Plan, backlog: Backlog, fallback: Policy, groups: _Groups, violated: Column) -> Plan:
    """The plan with the groups concerned as the fallback has them; what that violates is treated as it says itself."""
    flags = gathered(violated, groups.row)
    other = _drafted(backlog, fallback, groups, flags)
    if other.violations and fallback.violated != "report":
        again = filled(violated, groups.size)
        for violation in other.violations:
            again[groups.row[violation.row]] = 1
        other = _left(other, backlog, groups, violated if fallback.violated == "stop" else again)
    names = ("segment", "day_before", "day_after", "units_before", "units_after", "outcome")
    columns = {name: either(flags, getattr(other, name), getattr(found, name)) for name in names}
    kept = either(flags, filled(flags, len(flags)), filled(flags, len(flags), 1))
    return found._replace(
        **columns,
        fallen=flags,
        before=_chosen_pegs(backlog, flags, other.before, found.before),
        after=_chosen_pegs(backlog, flags, other.after, found.after),
        served=joined(chosen(found.served, kept), other.served),
        violations=found.violations + other.violations,
        free=either(gathered(violated, groups.supply), other.free, found.free),
        settled=found.settled and other.settled,
    )


def _left(found: Plan, backlog: Backlog, groups: _Groups, marks: Column) -> Plan:
    """The plan with the marked groups as they were; rows of them that would have changed are LEFT."""
    flags = gathered(marks, groups.row)
    outcome = copied(found.outcome)
    compiled.loops(is_arrays(backlog)).leave(flags, outcome)
    return found._replace(
        day_after=either(flags, found.day_before, found.day_after),
        units_after=either(flags, found.units_before, found.units_after),
        after=_chosen_pegs(backlog, flags, found.before, found.after),
        outcome=outcome,
        free=either(gathered(marks, groups.supply), backlog.supply.free, found.free),
    )


def _chosen_pegs(backlog: Backlog, flags: Column, one: Pegs, other: Pegs) -> Pegs:
    """The pegs of `one` for flagged rows, of `other` for the rest."""
    most = len(one.supply) + len(other.supply)
    out = Pegs(filled(flags, len(flags) + 1), filled(flags, most), filled(flags, most))
    n = compiled.loops(is_arrays(backlog)).choose(flags, one, other, out)
    return Pegs(out.first, out.supply[:n], out.units[:n])


def _beyond(found: Plan, groups: _Groups, most: int) -> Column:
    """Mark the groups whose changed days do not fit into the most that may change.

    Groups are kept in the order of their best ranked changed row; one that does not fit is left, and the next is tried.
    """
    changes: dict[int, int] = {}
    label, before, after = listed(groups.row), listed(found.day_before), listed(found.day_after)
    for row in listed(found.served):
        if before[row] != after[row]:
            changes[label[row]] = changes.get(label[row], 0) + 1
    marks = filled(groups.row, groups.size)
    for group, count in changes.items():
        if count <= most:
            most -= count
        else:
            marks[group] = 1
    return marks
