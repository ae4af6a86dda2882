"""A run of a policy over a backlog as it begins: who takes part, and in which order the segments are served."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from backorder.kernel import compiled
from backorder.kernel.arrays import (
    chosen,
    column_of,
    copied,
    filled,
    joined,
    listed,
    numbers,
    total,
)
from backorder.kernel.backlog import Allocated, Backlog, is_arrays
from backorder.kernel.calendars import day_number
from backorder.kernel.matching import match
from backorder.kernel.pegging import Column, Supply
from backorder.kernel.ranking import ranked
from backorder.kernel.segments import Policy
from backorder.kernel.serving import Pool
from backorder.kernel.taking_part import UNCHANGED

GIVING = ("win", "redistribute", "fill", "lose")  # they give up what they hold before anybody is served


class Team(NamedTuple):
    """Segments that are served together: one, or several that share as one pot. `rows` by their ranking."""

    segments: tuple[int, ...]
    strategy: str
    sharing: str
    rows: Column


@dataclass(slots=True)
class Run:
    """A backlog while a policy is run over it. Columns by row unless said otherwise.

    label: number of the group of items that the row belongs to
    outcome: UNCHANGED for rows that take part, else why they do not
    own: what rows had at first; pool: what they have now
    need, floor, group, supply: as in the backlog, with allocated units as the policy has it; `supply.free` changes
    gives: 1 where allocated units are given up; firm_units: units that are served whatever happens
    robbed: the `win` segment that took units from the row, -1 if none; served: rows in the order of the first round
    """

    backlog: Backlog
    policy: Policy
    loops: Any
    label: Column
    segment: Column
    outcome: Column
    day_before: Column
    units_before: Column
    own: Allocated
    pool: Pool
    need: Column
    floor: Column
    group: Column
    supply: Supply
    gives: Column
    firm_units: Column
    promise: Column
    robbed: Column
    guarded: int
    served: Column
    settled: bool = False

    def days(self) -> tuple[Column, Column]:
        """The due day of each row as it stands, and how many units its pegs cover."""
        return _days(self.backlog, self.loops, self.own, self.pool, self.need, self.floor, self.supply)


def begin(backlog: Backlog, policy: Policy, label: Column) -> Run:
    """Who takes part, and what each has at first."""
    rows, like = len(backlog.need), backlog.need
    loops = compiled.loops(is_arrays(backlog))
    gives = filled(like, rows)
    need, floor, firm_units, own = _weighed(backlog, loops, gives)
    day, units = _days(backlog, loops, own, _pool(own), need, floor, backlog.supply)
    segment = match(backlog, policy, day, loops)
    outcome = _taking_part(backlog, policy, loops, segment, day)
    if policy.take_allocated:
        giving = column_of(like, [int(one.strategy in GIVING) for one in policy.segments])
        loops.give_up(outcome, segment, giving, gives)
        need, floor, firm_units, own = _weighed(backlog, loops, gives)
        units = _days(backlog, loops, own, _pool(own), need, floor, backlog.supply)[1]
    promise = filled(like, rows)
    loops.told_days(backlog.promise, promise)
    group, supply = _without_stock(backlog, outcome)
    return Run(
        backlog=backlog,
        policy=policy,
        loops=loops,
        label=label,
        segment=segment,
        outcome=outcome,
        day_before=day,
        units_before=units,
        own=own,
        pool=_pool(own),
        need=need,
        floor=floor,
        group=group,
        supply=supply,
        gives=gives,
        firm_units=firm_units,
        promise=promise,
        robbed=filled(like, rows, -1),
        guarded=int(total(backlog.supply.kept) > 0),
        served=column_of(like, []),
    )


def _weighed(backlog: Backlog, loops: Any, gives: Column) -> tuple[Column, Column, Column, Allocated]:
    rows, like = len(backlog.need), backlog.need
    need, floor, firm_units = filled(like, rows), filled(like, rows), filled(like, rows)
    allocated, pegs = backlog.allocated, backlog.pegs
    loops.weigh(allocated, gives, backlog.firm, backlog.waiting, backlog.need, backlog.floor, need, floor, firm_units)
    n = loops.count_own(pegs, allocated, gives)
    own = Allocated(filled(like, rows + 1), filled(like, n), filled(like, n), filled(like, n))
    loops.own_pegs(pegs, allocated, gives, backlog.supply.day, own)
    return need, floor, firm_units, own


def _pool(own: Allocated) -> Pool:
    """The pool as it begins: the pegs of all rows, at the same places as in `own`."""
    rows = len(own.first) - 1
    first = own.first
    return Pool(*map(copied, (first[:rows], first[1:], own.supply, own.units)))


def _days(
    backlog: Backlog, loops: Any, own: Allocated, pool: Pool, need: Column, floor: Column, supply: Supply
) -> tuple[Column, Column]:
    days, units = filled(need, len(need)), filled(need, len(need))
    loops.read_days(own, pool, need, floor, backlog.lead, backlog.lead_anew, supply, days, units)
    loops.latest_of_orders(backlog.together, days)
    return days, units


def _taking_part(backlog: Backlog, policy: Policy, loops: Any, segment: Column, due: Column) -> Column:
    """The outcome of rows that take no part, UNCHANGED for the others. A complete order is frozen whole."""
    fence = 0
    if policy.freeze_days is not None:
        fence = backlog.today + policy.freeze_days
    elif policy.freeze_until is not None:
        fence = day_number(policy.freeze_until)
    frozen, outcome = filled(due, len(due)), filled(due, len(due))
    loops.flag_untouched(backlog.frozen, due, fence, frozen)
    loops.latest_of_orders(backlog.together, frozen)
    skips = column_of(due, [int(one.strategy == "skip") for one in policy.segments])
    loops.sort_out(segment, skips, frozen, backlog.held, int(policy.take_held), outcome)
    return outcome


def _without_stock(backlog: Backlog, outcome: Column) -> tuple[Column, Supply]:
    """The candidate groups and the supplies: lines of held orders that take part may stand on no stock."""
    supply = backlog.supply._replace(free=copied(backlog.supply.free))
    held = [i for i in listed(chosen(numbers(outcome, len(outcome)), backlog.held)) if outcome[i] == UNCHANGED]
    if not held:
        return backlog.group, supply
    first, candidates, group = listed(supply.first)[:], listed(supply.candidates)[:], listed(backlog.group)[:]
    stock, known = listed(supply.stock), dict[int, int]()
    for i in held:
        old = group[i]
        if old not in known:
            known[old] = len(first) - 1
            candidates += [s for s in candidates[first[old] : first[old + 1]] if not stock[s]]
            first.append(len(candidates))
        group[i] = known[old]
    like = backlog.need
    supply = supply._replace(first=column_of(like, first), candidates=column_of(like, candidates))
    return column_of(like, group), supply


def teams_of(work: Run) -> Iterator[Team]:
    """The segments in the order in which they are served, `improve` last; neighbours that share the same way as one."""
    policy, backlog, like = work.policy, work.backlog, work.segment
    segments = policy.segments
    rows = numbers(like, len(like))
    part, first = filled(like, len(like), -1), filled(like, len(segments) + 1)
    work.loops.segment_of_part(work.outcome, work.segment, part)
    sorted_rows = filled(like, len(like))
    work.loops.grouped(rows, part, first, sorted_rows)
    bounds = listed(first)
    order = sorted(range(len(segments)), key=lambda k: segments[k].strategy == "improve")
    n = 0
    while n < len(order):
        k = order[n]
        segment = segments[k]
        members = [k]
        if _pooled(policy, k):
            while n + 1 < len(order) and order[n + 1] == members[-1] + 1 and _pooled(policy, order[n + 1]):
                n += 1
                members.append(order[n])
        n += 1
        if segment.strategy == "skip":
            continue
        mine = column_of(like, [])
        for k in members:
            ranking = segments[k].ranking or policy.ranking
            mine = joined(mine, ranked(backlog, ranking, policy.tiers, sorted_rows[bounds[k] : bounds[k + 1]]))
        sharing = segment.sharing or policy.sharing
        yield Team(tuple(members), segment.strategy, sharing if segment.strategy == "redistribute" else "strict", mine)


def _pooled(policy: Policy, k: int) -> bool:
    """Whether a segment shares by the policy's rule, and so with its neighbours that do."""
    one = policy.segments[k]
    own = one.sharing is not None or one.minimum is not None or one.maximum is not None
    return one.strategy == "redistribute" and policy.sharing != "strict" and not own
