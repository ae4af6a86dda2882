"""One run of a policy over a backlog: every segment in its turn, and again for those concerned until nobody moves."""

from itertools import pairwise
from typing import NamedTuple

from backorder.kernel.arrays import (
    chosen,
    column_of,
    copied,
    filled,
    gathered,
    joined,
    listed,
    numbers,
    sorted_by,
    turned,
)
from backorder.kernel.backlog import Backlog
from backorder.kernel.pegging import Column, Demand, Held, Out
from backorder.kernel.quotas import Shelf
from backorder.kernel.running import GIVING, Run, Team, begin, teams_of
from backorder.kernel.segments import Policy, Quota
from backorder.kernel.serving import Lenders
from backorder.kernel.sharing import RULES, Pot

# Each round but the last moves somebody to something better, so that they end by themselves.
ROUNDS_MAX = 100


class Turns(NamedTuple):
    """Rows in the order in which they take, and where each turn begins."""

    order: Column
    turn: Column


def run(backlog: Backlog, policy: Policy, label: Column, only: Column | None = None) -> Run:
    """Run a policy over a backlog, or over the rows flagged in `only`; neither is changed.

    `label` is the number of the group of items that each row belongs to: `only` flags groups as a whole.
    """
    work = begin(backlog, policy, label)
    teams = list(teams_of(work))
    active = only
    for n in range(ROUNDS_MAX):
        moved = filled(label, len(label))
        orders = _round(work, teams, active, moved)
        if n == 0:
            work.served = orders
        marks = filled(label, len(backlog.sku.words))
        if not work.loops.mark_groups(moved, label, marks):
            work.settled = True
            break
        active = filled(label, len(label))
        work.loops.flag_rows(label, marks, active)
    return work


def _round(work: Run, teams: list[Team], active: Column | None, moved: Column) -> Column:
    """Serve every team once, and flag `gain` and `improve` rows whose pegs are others now. The rows as served."""
    mine = [team if active is None else team._replace(rows=chosen(team.rows, active)) for team in teams]
    for team in mine:
        if team.strategy in GIVING:
            work.loops.release(team.rows, work.pool, work.supply.free)
    quotas = _Quotas(work, mine, active) if _has_quotas(work) else None
    served = column_of(work.need, [])
    for team in mine:
        if quotas is not None:
            quotas.open(team)
        served = joined(served, _serve(work, team, mine, moved))
        if quotas is not None:
            quotas.close()
    return served


def _serve(work: Run, team: Team, teams: list[Team], moved: Column) -> Column:
    """Let a team take what it gets; its rows in the order in which they took."""
    if team.strategy == "lose":
        return team.rows
    if team.strategy == "fill":
        _fill(work, team.rows)
        return team.rows
    if team.sharing != "strict":
        _share(work, team)
        return team.rows
    turns = _turns(work, team.rows)
    if team.strategy == "win":
        _win(work, team, turns, teams, moved)
    elif team.strategy == "redistribute":
        _take(work, turns, filled(moved, len(moved)))
    else:
        _take(work, turns, moved)
    return turns.order


def _turns(work: Run, rows: Column) -> Turns:
    order, turn = filled(rows, len(rows)), filled(rows, len(rows) + 1)
    seen = filled(rows, len(work.need))
    n, count = work.loops.turns(rows, work.backlog.together, seen, order, turn)
    assert n == len(rows), "a complete order takes part whole, and in one segment"
    return Turns(order, turn[: count + 1])


def _demand(work: Run, turns: Turns) -> Demand:
    """The engine's columns for rows in the order in which they are served."""
    backlog, order = work.backlog, turns.order
    columns = (work.group, work.need, backlog.late, work.floor, backlog.lead, work.promise, backlog.reserve)
    return Demand(turns.turn, *(gathered(column, order) for column in columns))


def _room(work: Run, turns: Turns, times: int = 1) -> Out:
    order, turn = turns
    room = times * work.loops.room_for(order, turn, len(turn) - 1, work.need, work.group, work.supply.first)
    rows = len(order)
    return Out(filled(order, rows + 1), filled(order, room), filled(order, room), filled(order, rows))


def _take(work: Run, turns: Turns, moved: Column) -> Column:
    """Each turn gives back what it holds and takes the best it can; the days, in the order of the turns."""
    order = turns.order
    n = work.loops.count_held(order, work.pool.low, work.pool.high)
    held = Held(filled(order, len(order) + 1), filled(order, n), filled(order, n))
    work.loops.gather_held(order, work.pool, *held)
    out = _room(work, turns)
    n = work.loops.serve(work.supply, _demand(work, turns), held, work.guarded, out)
    _keep(work, order, out.first, out.supply, out.units, n, moved)
    return out.day


def _keep(work: Run, order: Column, first: Column, supply: Column, units: Column, n: int, moved: Column) -> None:
    """Let rows hold the first n pegs of a pass, and flag those whose pegs are others."""
    assert n >= 0, "there is room for what rows can take"
    pool, base = work.pool, len(work.pool.supply)
    work.loops.keep_pegs(order, first, base, pool, supply, units, moved)
    work.pool = pool._replace(supply=joined(pool.supply, supply[:n]), units=joined(pool.units, units[:n]))


def _win(work: Run, team: Team, turns: Turns, teams: list[Team], moved: Column) -> None:
    """Find out in rank order which turns can have their day, then serve them by that day, and the others after them.

    Among lines that may stand on the same supplies whoever must ship first can take the earliest units without harm
    to the others' days. Where lines may stand on different ones it may do harm: there each keeps what was secured for
    it until its turn.
    """
    loops, order, none = work.loops, turns.order, filled(moved, len(moved))
    secured, wanted = _room(work, turns, 2), gathered(work.backlog.wanted, order)
    lenders, demand = _lenders(work, team, turns, teams, moved), _demand(work, turns)
    n = loops.secure(work.supply, demand, wanted, work.guarded, secured, work.pool, lenders, team.segments[0])
    _keep(work, order, secured.first, secured.supply, secured.units, n, none)
    low, high = copied(work.pool.low), copied(work.pool.high)
    by_day = sorted_by([secured.day], numbers(order, len(order)))
    turns = _turns(work, gathered(order, by_day))
    loops.release(turns.order, work.pool, work.supply.free)
    days = _take(work, turns, none)
    marks = filled(moved, len(work.backlog.sku.words))
    if loops.mark_missed(turns.order, days, gathered(secured.day, by_day), work.label, marks):
        missed = filled(moved, len(moved))
        loops.flag_rows(work.label, marks, missed)
        rows = chosen(turns.order, missed)
        loops.hold_again(rows, low, high, work.pool, work.supply.free)
        _take(work, _turns(work, rows), none)


def _lenders(work: Run, team: Team, turns: Turns, teams: list[Team], moved: Column) -> Lenders:
    """The `gain` lines of the segments behind, the last ranked first."""
    lending = [one.rows for one in teams if one.strategy == "gain" and one.segments[0] > team.segments[0]]
    asked = column_of(moved, [])
    for rows in lending[::-1]:
        asked = joined(asked, _turns(work, rows).order[::-1])
    sku = work.backlog.sku
    first, row = filled(moved, len(sku.words) + 1), filled(moved, len(asked))
    work.loops.grouped(asked, sku.code, first, row)
    loans = len(work.pool.supply) + len(turns.order) + 1
    item, mark = gathered(sku.code, turns.order), filled(moved, len(work.supply.day))
    return Lenders(first, row, item, work.robbed, moved, mark, *(filled(moved, loans) for _ in range(3)))


def _fill(work: Run, rows: Column) -> None:
    """All rows retake what is free of their own; then they make good what they lost, on its day or later."""
    loops, own, pool, supply = work.loops, work.own, work.pool, work.supply
    loops.keep_own(rows, own, supply.free, pool)
    room = loops.count_lost(rows, own, work.group, supply.first, pool)
    first, taken, units = filled(rows, len(rows) + 1), filled(rows, room), filled(rows, room)
    reserve = work.backlog.reserve
    n = loops.replace_lost(rows, own, supply, work.group, reserve, work.guarded, pool, first, taken, units)
    _keep(work, rows, first, taken, units, n, filled(rows, len(work.need)))


def _share(work: Run, team: Team) -> None:
    """Divide each supply among the team's rows by its rule."""
    loops, backlog, supply, like = work.loops, work.backlog, work.supply, work.need
    items, supplies = len(backlog.sku.words), len(supply.day)
    row_first, row = filled(like, items + 1), filled(like, len(team.rows))
    loops.grouped(team.rows, backlog.sku.code, row_first, row)
    by_day = sorted_by([turned(supply.stock), supply.day], numbers(like, supplies))  # stock before what is to come
    supply_first, by_item = filled(like, items + 1), filled(like, supplies)
    loops.grouped(by_day, backlog.item, supply_first, by_item)
    groups_first, groups = filled(like, supplies + 1), filled(like, len(supply.candidates))
    loops.groups_of_supplies(supply.first, supply.candidates, groups_first, groups)
    bounds = listed(row_first)
    most = max((b - a for a, b in pairwise(bounds)), default=0)
    pot = Pot(
        row_first,
        row,
        supply_first,
        by_item,
        groups_first,
        groups,
        work.group,
        backlog.reserve,
        copied(work.need),
        copied(work.firm_units),
        filled(like, len(supply.first), -1),
        *(filled(like, most) for _ in range(4)),
    )
    room = loops.share_room(pot)
    entries = [filled(like, room) for _ in range(3)]
    n = loops.share_pot(pot, supply, RULES.index(team.sharing), *entries)
    first, taken, units = filled(like, len(team.rows) + 1), filled(like, n), filled(like, n)
    none = filled(like, len(like))
    loops.collect(team.rows, n, *entries, none, first, taken, units)
    _keep(work, team.rows, first, taken, units, n, filled(like, len(like)))


def _has_quotas(work: Run) -> bool:
    return any(one.minimum is not None or one.maximum is not None for one in work.policy.segments)


class _Quotas:
    """The minima set aside during a round, and the maxima withheld during a team's turn."""

    def __init__(self, work: Run, teams: list[Team], active: Column | None) -> None:
        self._work = work
        like, items, supplies = work.need, len(work.backlog.sku.words), len(work.supply.day)
        self._first, self._supply = filled(like, items + 1), filled(like, supplies)
        by_day = sorted_by([work.supply.day], numbers(like, supplies))
        work.loops.grouped(by_day, work.backlog.item, self._first, self._supply)
        rows = numbers(like, len(like))
        rows = rows if active is None else chosen(rows, active)
        self._row_first, self._rows = filled(like, len(work.policy.segments) + 1), filled(like, len(rows))
        work.loops.grouped(rows, work.segment, self._row_first, self._rows)
        self._withheld = filled(like, supplies)
        self._aside: dict[int, Column] = {}
        for team in teams:
            quota = work.policy.segments[team.segments[0]].minimum
            if quota is not None and team.strategy != "lose":
                column = self._aside[team.segments[0]] = filled(like, supplies)
                shelf = self._shelf(team, quota)
                work.loops.set_aside(shelf, work.supply, quota.units, quota.days, work.backlog.today, column)

    def open(self, team: Team) -> None:
        """Begin a team's turn: its minimum is free for it, and what lies beyond its maximum is not."""
        work, number = self._work, team.segments[0]
        if number in self._aside:
            work.loops.put_back(work.supply.free, self._aside.pop(number))
        quota = work.policy.segments[number].maximum
        if quota is not None and team.strategy != "lose":
            shelf = self._shelf(team, quota)
            work.loops.withhold(shelf, work.supply, quota.units, quota.days, work.backlog.today, self._withheld)

    def close(self) -> None:
        """End a team's turn: what was withheld is free again."""
        self._work.loops.put_back(self._work.supply.free, self._withheld)

    def _shelf(self, team: Team, quota: Quota) -> Shelf:
        work, like = self._work, self._work.need
        backlog, supply, loops = work.backlog, work.supply, work.loops
        item = backlog.sku.code
        shelf = Shelf(
            self._first,
            self._supply,
            filled(like, len(supply.day)),
            filled(like, len(backlog.sku.words)),
            filled(like, len(supply.day)),
        )
        most = work.units_before if team.strategy == "fill" else work.need
        loops.mark_usable(team.rows, work.group, item, most, work.pool, supply, shelf)
        number = team.segments[0]
        low, high = int(self._row_first[number]), int(self._row_first[number + 1])
        rows, today = self._rows[low:high], backlog.today
        loops.count_had(rows, item, work.gives, backlog.allocated, work.pool, supply, shelf, today, quota.days)
        return shelf
