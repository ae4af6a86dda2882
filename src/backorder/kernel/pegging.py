"""Demand x supply -> pegs: the one engine.

Plain loops over columns. The same source runs interpreted on lists and compiled on arrays (`compiled.py`).
A supply column is read by supply index; `candidates` holds supply indexes, grouped: the candidates of group g are
`candidates[first[g]:first[g + 1]]`, by ship day, site order and supply id. Pegs are written to the columns
`out_supply` and `out_units` from position n on; every function returns the next free position.
"""

from typing import Any, NamedTuple

from backorder.kernel.calendars import NEVER

PARTS = ("take", "take_late", "give_back", "firm_day", "line_day", "serve_turn", "guarded_turn", "serve")

Column = Any  # a list of whole numbers, or an array of them: the engine only indexes


class Supply(NamedTuple):
    """Supply by index: `day` (ship day), `free` units (changed in place), `kept` (safety stock among them).

    `stock` is 1 for stock: units on it wait no more, so that no lead-time day speaks for them.
    """

    first: Column
    candidates: Column
    day: Column
    free: Column
    kept: Column
    stock: Column


class Demand(NamedTuple):
    """Lines in the order in which they are served.

    turn: first line of each turn, and the number of lines at the end (lines of a complete order share a turn)
    group: candidate group; need: units that wait; late: 1 if the turn is pegged as late as its day allows
    floor: day the line's day never falls below; lead: its active lead-time day, NEVER if it has none
    promise: the day it holds, 0 if none; reserve: 1 if it may use safety stock freely
    """

    turn: Column
    group: Column
    need: Column
    late: Column
    floor: Column
    lead: Column
    promise: Column
    reserve: Column


class Held(NamedTuple):
    """The waiting pegs that lines hold: line i has those from `first[i]` to `first[i + 1]`."""

    first: Column
    supply: Column
    units: Column


class Out(NamedTuple):
    """What the engine writes: pegs in line order, `first` as in Held, and the day of each line."""

    first: Column
    supply: Column
    units: Column
    day: Column


def take(
    candidates: Column,
    day: Column,
    free: Column,
    kept: Column,
    low: int,
    high: int,
    need: int,
    spare: int,
    out_supply: Column,
    out_units: Column,
    n: int,
) -> tuple[int, int, int]:
    """Serve `need` units from candidates low to high, in their order; `spare` is 1 to leave safety stock alone.

    Returns the next position, the units left unserved and the ship day of the last unit served (0 if none).
    The columns are passed one by one: compiled, a tuple of arrays costs a reference count at every call.
    """
    last = 0
    c = low
    while need > 0 and c < high:
        s = candidates[c]
        units = free[s]
        if spare:
            units -= kept[s]
        if units > 0:
            if units > need:
                units = need
            free[s] -= units
            need -= units
            out_supply[n] = s
            out_units[n] = units
            n += 1
            last = day[s]
        c += 1
    return n, need, last


def take_late(
    supply: Supply, group: int, need: int, spare: int, target: int, out_supply: Column, out_units: Column, n: int
) -> tuple[int, int]:
    """Serve `need` units from the latest ship days that still meet `target`; what is missing then, from the days after.

    Within one ship day the candidates keep their order. Returns the next position and the units left unserved.
    """
    candidates, day, free, kept = supply.candidates, supply.day, supply.free, supply.kept
    begin = supply.first[group]
    end = supply.first[group + 1]
    meets = end
    while meets > begin and day[candidates[meets - 1]] > target:
        meets -= 1
    high = meets
    while need > 0 and high > begin:
        low = high - 1
        while low > begin and day[candidates[low - 1]] == day[candidates[low]]:
            low -= 1
        n, need, _ = take(candidates, day, free, kept, low, high, need, spare, out_supply, out_units, n)
        high = low
    if need > 0:
        n, need, _ = take(candidates, day, free, kept, meets, end, need, spare, out_supply, out_units, n)
    return n, need


def give_back(free: Column, peg_supply: Column, peg_units: Column, low: int, high: int) -> None:
    """Free the units of pegs low to high."""
    for p in range(low, high):
        free[peg_supply[p]] += peg_units[p]


def firm_day(stock: Column, day: Column, out_supply: Column, low: int, high: int) -> int:
    """The latest ship day of stock among pegs low to high; 0 if there is none."""
    firm = 0
    for p in range(low, high):
        s = out_supply[p]
        if stock[s] and day[s] > firm:
            firm = day[s]
    return firm


def line_day(last: int, left: int, lead: int, floor: int, firm: int) -> int:
    """A line's day: of its last unit, at most the lead-time day where units wait, at least `firm` and the floor."""
    day = last
    if left > 0 or lead < last:
        day = lead
    if day < firm:
        day = firm
    if day < floor:
        day = floor
    return day


def serve_turn(supply: Supply, demand: Demand, a: int, b: int, spare: int, out: Out, n: int) -> tuple[int, int]:
    """Let lines a to b take together: each finds its earliest day, the latest of these is the turn's day.

    A late turn then gives back what it found and pegs as late as that day allows; one that has no day keeps what
    it found. Returns the next position and the turn's day.
    """
    first, candidates, days, free, kept, stock = supply
    group, need, lead, floor = demand.group, demand.need, demand.lead, demand.floor
    start = n
    target = 0
    for i in range(a, b):
        g = group[i]
        low = n
        n, left, last = take(
            candidates, days, free, kept, first[g], first[g + 1], need[i], spare, out.supply, out.units, n
        )
        out.first[i + 1] = n
        firm = firm_day(stock, days, out.supply, low, n) if lead[i] < NEVER else 0
        day = line_day(last, left, lead[i], floor[i], firm)
        if day > target:
            target = day
    if demand.late[a] and target < NEVER:
        give_back(free, out.supply, out.units, start, n)
        n = start
        for i in range(a, b):
            n, left = take_late(supply, group[i], need[i], spare, target, out.supply, out.units, n)
            out.first[i + 1] = n
    for i in range(a, b):
        out.day[i] = target
    return n, target


def guarded_turn(supply: Supply, demand: Demand, a: int, b: int, spare: int, out: Out, n: int) -> tuple[int, int]:
    """`serve_turn`, where `spare` safety stock is used only if the turn misses its promise without and not with it."""
    end, day = serve_turn(supply, demand, a, b, spare, out, n)
    if spare and day > demand.promise[a] > 0:
        give_back(supply.free, out.supply, out.units, n, end)
        end, sooner = serve_turn(supply, demand, a, b, 0, out, n)
        if sooner < day:
            return end, sooner
        give_back(supply.free, out.supply, out.units, n, end)
        end, day = serve_turn(supply, demand, a, b, 1, out, n)
    return end, day


def serve(supply: Supply, demand: Demand, held: Held, guarded: int, out: Out) -> int:
    """One pass of release and retake: each turn gives back its pegs and takes the best it can from what is free.

    No turn takes another's pegs. `guarded` is 0 if no candidate keeps safety stock; else a turn without `reserve`
    may use it only where it would miss its promise without and has an earlier day with it.
    Returns the number of pegs, or -1 if `out` is too small (then `free` is spoilt: start again with more room).
    """
    first, candidates, days, free, kept, stock = supply
    turn, group, need, late, floor, lead, _, reserve = demand
    held_first, held_supply, held_units = held
    out_first, out_supply, out_units, out_day = out
    out_first[0] = 0
    n = 0
    for t in range(len(turn) - 1):
        a = turn[t]
        b = turn[t + 1]
        if held_first[a] < held_first[b]:
            give_back(free, held_supply, held_units, held_first[a], held_first[b])
        room = n
        for i in range(a, b):
            room += first[group[i] + 1] - first[group[i]]
        if room > len(out_supply):
            return -1
        spare = guarded * (1 - reserve[a])
        if b - a == 1 and not late[a] and not spare:  # nearly every turn: the same as serve_turn, without its tuples
            g = group[a]
            low = n
            n, left, last = take(
                candidates, days, free, kept, first[g], first[g + 1], need[a], 0, out_supply, out_units, n
            )
            out_first[b] = n
            firm = firm_day(stock, days, out_supply, low, n) if lead[a] < NEVER else 0
            out_day[a] = line_day(last, left, lead[a], floor[a], firm)
            continue
        n, _ = guarded_turn(supply, demand, a, b, spare, out, n)
    return n
