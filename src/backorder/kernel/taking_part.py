"""Who takes part in a run and with which units; the others keep what they have. Plain loops over columns."""

from backorder.kernel.backlog import Allocated, Pegs
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Column

PARTS = ("flag_untouched", "sort_out", "give_up", "segment_of_part", "weigh", "own_pegs", "count_own", "told_days")

# What becomes of a row, by its code. Those before FROZEN took part.
UNCHANGED, GAINED, LOST, MOVED, FROZEN, SKIPPED, UNMATCHED, HELD, LEFT = range(9)
OUTCOMES = ("unchanged", "gained", "lost", "moved", "frozen", "skipped", "unmatched", "held", "left")


def flag_untouched(frozen: Column, due: Column, fence: int, out: Column) -> None:
    """Flag rows that are frozen, or due before the fence."""
    for i in range(len(frozen)):
        if frozen[i] or due[i] < fence:
            out[i] = 1


def sort_out(segment: Column, skips: Column, frozen: Column, held: Column, take_held: int, outcome: Column) -> None:
    """Say of rows that take no part why; the others are UNCHANGED for the time being."""
    for i in range(len(segment)):
        if segment[i] < 0:
            outcome[i] = UNMATCHED
        elif skips[segment[i]]:
            outcome[i] = SKIPPED
        elif frozen[i]:
            outcome[i] = FROZEN
        elif held[i] and not take_held:
            outcome[i] = HELD
        else:
            outcome[i] = UNCHANGED


def give_up(outcome: Column, segment: Column, giving: Column, gives: Column) -> None:
    """Flag rows that take part in a segment that gives up allocated units."""
    for i in range(len(outcome)):
        if outcome[i] == UNCHANGED and giving[segment[i]]:
            gives[i] = 1


def segment_of_part(outcome: Column, segment: Column, out: Column) -> None:
    """The segment of rows that take part; the others stay as `out` has them."""
    for i in range(len(outcome)):
        if outcome[i] == UNCHANGED:
            out[i] = segment[i]


def weigh(
    allocated: Allocated,
    gives: Column,
    firm: Column,
    waiting: Column,
    free_need: Column,
    free_floor: Column,
    need: Column,
    floor: Column,
    firm_units: Column,
) -> None:
    """The units that rows want and the day theirs cannot fall below, with allocated units given up or kept.

    `firm_units` are those that are served whatever happens: pinned ones, and allocated ones that are kept.
    """
    for i in range(len(gives)):
        need[i] = free_need[i]
        floor[i] = free_floor[i]
        if firm[i] > floor[i]:
            floor[i] = firm[i]
        firm_units[i] = waiting[i] - free_need[i]
        for p in range(allocated.first[i], allocated.first[i + 1]):
            if gives[i]:
                need[i] += allocated.units[p]
            else:
                firm_units[i] += allocated.units[p]
                if allocated.day[p] > floor[i]:
                    floor[i] = allocated.day[p]


def count_own(pegs: Pegs, allocated: Allocated, gives: Column) -> int:
    """How many pegs `own_pegs` writes."""
    n = 0
    for i in range(len(gives)):
        n += pegs.first[i + 1] - pegs.first[i]
        if gives[i]:
            n += allocated.first[i + 1] - allocated.first[i]
    return n


def own_pegs(pegs: Pegs, allocated: Allocated, gives: Column, day: Column, out: Allocated) -> None:
    """What rows hold that could move: their waiting pegs and, where `gives` is 1, their allocated units."""
    n = 0
    for i in range(len(gives)):
        out.first[i] = n
        if gives[i]:
            for p in range(allocated.first[i], allocated.first[i + 1]):
                out.supply[n] = allocated.supply[p]
                out.units[n] = allocated.units[p]
                out.day[n] = allocated.day[p]
                n += 1
        for p in range(pegs.first[i], pegs.first[i + 1]):
            out.supply[n] = pegs.supply[p]
            out.units[n] = pegs.units[p]
            out.day[n] = day[pegs.supply[p]]
            n += 1
    out.first[len(gives)] = n


def told_days(promise: Column, out: Column) -> None:
    """The promise of each row as the engine has it: 0 where there is none."""
    for i in range(len(promise)):
        if promise[i] != NEVER:
            out[i] = promise[i]
