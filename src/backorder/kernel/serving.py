"""Turns of a reallocation: who takes together, release and retake, what a `win` borrows, what a `fill` keeps.

Plain loops over columns, like `pegging`: interpreted on lists, compiled on arrays. Row i holds the pegs from `low[i]`
to `high[i]` of the pool, which is a pair of columns (supply, units) that only grows; `free` is what nobody holds.
"""

from typing import NamedTuple

from backorder.kernel.backlog import Pegs
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Column, Demand, Out, Supply, give_back, meeting, take, take_by

PARTS = (
    "grouped",
    "turns",
    "room_for",
    "release",
    "count_held",
    "gather_held",
    "keep_pegs",
    "secure",
    "secure_turn",
    "borrow",
    "mark_missed",
    "hold_again",
    "keep_own",
    "count_lost",
    "replace_lost",
)


class Pool(NamedTuple):
    """The pegs of all rows: those of row i stand from `low[i]` to `high[i]`."""

    low: Column
    high: Column
    supply: Column
    units: Column


class Lenders(NamedTuple):
    """Whom a `win` may take from: the rows of item k, in the order in which they are asked, from `first[k]` on.

    item: the item of each line that is served
    robbed: by row, the number of the winning segment that took from it; moved: by row, 1 if its pegs are others now
    mark: by supply, zeros to work with; loan_row, loan_peg, loan_units: room for what a turn borrows
    """

    first: Column
    row: Column
    item: Column
    robbed: Column
    moved: Column
    mark: Column
    loan_row: Column
    loan_peg: Column
    loan_units: Column


def grouped(rows: Column, key: Column, first: Column, out: Column) -> None:
    """Sort rows by their key, those of one key as they stand: key k has `out[first[k]:first[k + 1]]`.

    Rows with a negative key are left out; `first` comes as zeros.
    """
    for i in rows:
        if key[i] >= 0:
            first[key[i] + 1] += 1
    for k in range(1, len(first)):
        first[k] += first[k - 1]
    for i in rows:
        if key[i] >= 0:
            out[first[key[i]]] = i
            first[key[i]] += 1
    for k in range(len(first) - 1, 0, -1):
        first[k] = first[k - 1]
    first[0] = 0


def turns(rows: Column, together: Column, seen: Column, order: Column, turn: Column) -> tuple[int, int]:
    """Ranked rows -> `order` with the lines of a complete order brought together where the first of them stands.

    The lines of an order are neighbours among the row numbers. `turn` gets where each turn begins, and the end.
    Returns the number of rows and of turns.
    """
    n = 0
    t = 0
    last = len(together) - 1
    for i in rows:
        if together[i] < 0:
            turn[t] = n
            t += 1
            order[n] = i
            n += 1
        elif not seen[i]:
            turn[t] = n
            t += 1
            j = i
            while j > 0 and together[j - 1] == together[i]:
                j -= 1
            while True:
                seen[j] = 1
                order[n] = j
                n += 1
                if j == last or together[j + 1] != together[i]:
                    break
                j += 1
    turn[t] = n
    return n, t


def room_for(order: Column, turn: Column, turns: int, need: Column, group: Column, first: Column) -> int:
    """How many pegs rows can take at most, and as many more as the engine asks for before the largest turn."""
    room = 0
    largest = 0
    for t in range(turns):
        candidates = 0
        for k in range(turn[t], turn[t + 1]):
            i = order[k]
            mine = first[group[i] + 1] - first[group[i]]
            candidates += mine
            room += min(mine, need[i])
        if candidates > largest:
            largest = candidates
    return room + 2 * largest


def release(rows: Column, pool: Pool, free: Column) -> None:
    """Let rows give back what they hold."""
    low, high, peg_supply, peg_units = pool
    for i in rows:
        for p in range(low[i], high[i]):
            free[peg_supply[p]] += peg_units[p]
        high[i] = low[i]


def count_held(order: Column, low: Column, high: Column) -> int:
    """How many pegs the rows hold."""
    n = 0
    for i in order:
        n += high[i] - low[i]
    return n


def gather_held(order: Column, pool: Pool, first: Column, supply: Column, units: Column) -> None:
    """The pegs of rows, one row after another, as `pegging.Held` has them."""
    low, high, peg_supply, peg_units = pool
    n = 0
    for k, i in enumerate(order):
        first[k] = n
        for p in range(low[i], high[i]):
            supply[n] = peg_supply[p]
            units[n] = peg_units[p]
            n += 1
    first[len(order)] = n


def keep_pegs(
    order: Column, first: Column, base: int, pool: Pool, supply: Column, units: Column, moved: Column
) -> None:
    """Let rows hold the pegs of a pass, which stand in the pool from `base` on; flag those whose pegs are others."""
    low, high, peg_supply, peg_units = pool
    for k, i in enumerate(order):
        begin = first[k]
        end = first[k + 1]
        if end - begin != high[i] - low[i]:
            moved[i] = 1
        else:
            for p in range(end - begin):
                if supply[begin + p] != peg_supply[low[i] + p] or units[begin + p] != peg_units[low[i] + p]:
                    moved[i] = 1
        low[i] = base + begin
        high[i] = base + end


def secure(
    supply: Supply, demand: Demand, wanted: Column, guarded: int, out: Out, pool: Pool, lenders: Lenders, segment: int
) -> int:
    """Give the turns that can have it what serves them whole by the day that all their lines must have; no other any.

    Each takes the latest units that meet the day, so that early ones stay for those who need them, and borrows what
    is lacking then. `out.day` gets the day, NEVER for turns that cannot have it. The number of pegs; `out` has room
    for every candidate of a line twice.
    """
    out.first[0] = 0
    n = 0
    for t in range(len(demand.turn) - 1):
        a = demand.turn[t]
        b = demand.turn[t + 1]
        target = NEVER
        for i in range(a, b):
            if wanted[i] < target:
                target = wanted[i]
        spare = guarded * (1 - demand.reserve[a])
        n, loans = secure_turn(supply, demand, a, b, target, spare, out, n, pool, lenders)
        for k in range(loans):
            lenders.robbed[lenders.loan_row[k]] = segment
            lenders.moved[lenders.loan_row[k]] = 1
    return n


def secure_turn(
    supply: Supply,
    demand: Demand,
    a: int,
    b: int,
    target: int,
    spare: int,
    out: Out,
    n: int,
    pool: Pool,
    lenders: Lenders,
) -> tuple[int, int]:
    """Let lines a to b take what serves them whole by `target`, or nothing. The next position and the loans.

    Safety stock is used before anything is borrowed, where the line would miss its promise otherwise.
    """
    start = n
    loans = 0
    whole = 1
    for i in range(a, b):
        begin = n
        group = demand.group[i]
        n, left = take_by(supply, group, demand.need[i], spare, target, out.supply, out.units, n)
        if left > 0 and spare and 0 < demand.promise[i] <= target:
            n, left = take_by(supply, group, left, 0, target, out.supply, out.units, n)
        if left > 0 and demand.lead[i] > target:
            n, left, loans = borrow(supply, group, target, left, lenders.item[i], out, begin, n, loans, pool, lenders)
            if left > 0:
                whole = 0
        if demand.floor[i] > target:
            whole = 0
        out.first[i + 1] = n
        out.day[i] = target
    if not whole:
        give_back(supply.free, out.supply, out.units, start, n)
        for k in range(loans):
            p = lenders.loan_peg[k]
            pool.units[p] += lenders.loan_units[k]
            supply.free[pool.supply[p]] -= lenders.loan_units[k]
        for i in range(a, b):
            out.first[i + 1] = start
            out.day[i] = NEVER
        return start, 0
    return n, loans


def borrow(
    supply: Supply,
    group: int,
    target: int,
    left: int,
    item: int,
    out: Out,
    begin: int,
    n: int,
    loans: int,
    pool: Pool,
    lenders: Lenders,
) -> tuple[int, int, int]:
    """Take `left` units that ship by `target` from the item's lenders, of each first what it took last.

    The line's pegs stand in `out` from `begin` on. Returns the next position, the units lacking still and the loans.
    """
    mark = lenders.mark
    low = supply.first[group]
    high = meeting(supply, group, target)
    for c in range(low, high):
        mark[supply.candidates[c]] = 1
    v = lenders.first[item]
    while left > 0 and v < lenders.first[item + 1]:
        row = lenders.row[v]
        p = pool.high[row] - 1
        while left > 0 and p >= pool.low[row]:
            units = pool.units[p]
            if units > 0 and mark[pool.supply[p]]:
                if units > left:
                    units = left
                pool.units[p] -= units
                left -= units
                lenders.loan_row[loans] = row
                lenders.loan_peg[loans] = p
                lenders.loan_units[loans] = units
                loans += 1
                place = begin
                while place < n and out.supply[place] != pool.supply[p]:
                    place += 1
                if place == n:
                    out.supply[n] = pool.supply[p]
                    out.units[n] = 0
                    n += 1
                out.units[place] += units
            p -= 1
        v += 1
    for c in range(low, high):
        mark[supply.candidates[c]] = 0
    return n, left, loans


def mark_missed(order: Column, day: Column, secured: Column, label: Column, marks: Column) -> int:
    """Mark the groups of rows that came out later than what was secured for them. The number of such rows."""
    n = 0
    for k, i in enumerate(order):
        if day[k] > secured[k]:
            marks[label[i]] = 1
            n += 1
    return n


def hold_again(rows: Column, low: Column, high: Column, pool: Pool, free: Column) -> None:
    """Let rows give back what they hold, and take again the pegs that stand from `low` to `high` in the pool."""
    release(rows, pool, free)
    for i in rows:
        pool.low[i] = low[i]
        pool.high[i] = high[i]
        for p in range(low[i], high[i]):
            free[pool.supply[p]] -= pool.units[p]


def keep_own(order: Column, own: Pegs, free: Column, pool: Pool) -> None:
    """First half of a `fill`: rows retake of the units they had what is still free, each in its rank.

    The pool begins with the pegs that rows had, so that a row's own stand at the same places in both.
    """
    for i in order:
        pool.low[i] = own.first[i]
        pool.high[i] = own.first[i + 1]
        for p in range(own.first[i], own.first[i + 1]):
            units = own.units[p]
            if units > free[own.supply[p]]:
                units = free[own.supply[p]]
            pool.units[p] = units
            free[own.supply[p]] -= units


def count_lost(order: Column, own: Pegs, group: Column, first: Column, pool: Pool) -> int:
    """How many pegs `replace_lost` may write."""
    n = 0
    for i in order:
        pegs = own.first[i + 1] - own.first[i]
        lost = 0
        for p in range(own.first[i], own.first[i + 1]):
            if pool.units[p] < own.units[p]:
                lost += 1
        n += pegs + lost * (first[group[i] + 1] - first[group[i]])
    return n


def replace_lost(
    order: Column,
    own: Pegs,
    supply: Supply,
    group: Column,
    reserve: Column,
    guarded: int,
    pool: Pool,
    out_first: Column,
    out_supply: Column,
    out_units: Column,
) -> int:
    """Second half of a `fill`: what a row lost it takes from the day of the lost unit on; the number of pegs.

    A row may come to hold one supply by several pegs.
    """
    first, candidates, day, free, kept, _ = supply
    n = 0
    for k, i in enumerate(order):
        out_first[k] = n
        low = first[group[i]]
        high = first[group[i] + 1]
        for p in range(own.first[i], own.first[i + 1]):
            s = own.supply[p]
            if pool.units[p] > 0:
                out_supply[n] = s
                out_units[n] = pool.units[p]
                n += 1
            lost = own.units[p] - pool.units[p]
            if lost > 0:
                c = low
                while c < high and day[candidates[c]] < day[s]:
                    c += 1
                spare = guarded * (1 - reserve[i])
                n, _, _ = take(candidates, day, free, kept, c, high, lost, spare, out_supply, out_units, n)
    out_first[len(order)] = n
    return n
