"""Before and after: the day and the pegs of each row, and what became of it. Plain loops over columns."""

from backorder.kernel.backlog import Allocated, Pegs
from backorder.kernel.calendars import NEVER
from backorder.kernel.pegging import Column, Supply, line_day
from backorder.kernel.serving import Pool
from backorder.kernel.taking_part import FROZEN, GAINED, LEFT, LOST, MOVED, UNCHANGED

PARTS = (
    "read_days",
    "latest_of_orders",
    "compact",
    "choose",
    "join_items",
    "root_of",
    "label_rows",
    "compare",
    "same_pegs",
    "mark_groups",
    "flag_rows",
    "count_pegs",
    "flag_violated",
    "leave",
)


def read_days(
    own: Allocated,
    pool: Pool,
    need: Column,
    floor: Column,
    lead: Column,
    lead_anew: Column,
    supply: Supply,
    days: Column,
    units: Column,
) -> None:
    """The due day of each row by its pegs, and how many units these cover.

    Units that were allocated to the row before keep the day of then. A row without a day gets its new lead-time day.
    """
    for i in range(len(need)):
        last = 0
        firm = 0
        covered = 0
        for p in range(pool.low[i], pool.high[i]):
            if pool.units[p] > 0:
                s = pool.supply[p]
                day = supply.day[s]
                if supply.stock[s]:
                    for q in range(own.first[i], own.first[i + 1]):
                        if own.supply[q] == s and (pool.units[p] <= own.units[q] or own.day[q] > day):
                            day = own.day[q]
                    if day > firm:
                        firm = day
                if day > last:
                    last = day
                covered += pool.units[p]
        day = line_day(last, need[i] - covered, lead[i], floor[i], firm)
        if day == NEVER and lead_anew[i] < NEVER:
            day = line_day(last, 1, lead_anew[i], floor[i], firm)
        days[i] = day
        units[i] = covered


def latest_of_orders(together: Column, days: Column) -> None:
    """All lines of a complete order have the latest day among them."""
    i = 0
    while i < len(days):
        end = i + 1
        if together[i] >= 0:
            latest = days[i]
            while end < len(days) and together[end] == together[i]:
                if days[end] > latest:
                    latest = days[end]
                end += 1
            for j in range(i, end):
                days[j] = latest
        i = end


def count_pegs(pool: Pool) -> int:
    """How many pegs the rows hold."""
    n = 0
    for i in range(len(pool.low)):
        n += pool.high[i] - pool.low[i]
    return n


def compact(pool: Pool, out: Pegs) -> int:
    """The pegs of all rows, one row after another, no supply twice and none without units. The number of them."""
    n = 0
    for i in range(len(pool.low)):
        begin = n
        out.first[i] = n
        for p in range(pool.low[i], pool.high[i]):
            if pool.units[p] > 0:
                k = begin
                while k < n and out.supply[k] != pool.supply[p]:
                    k += 1
                if k == n:
                    out.supply[n] = pool.supply[p]
                    out.units[n] = 0
                    n += 1
                out.units[k] += pool.units[p]
    out.first[len(pool.low)] = n
    return n


def choose(flags: Column, one: Pegs, other: Pegs, out: Pegs) -> int:
    """The pegs of `one` for rows that are flagged, of `other` for the rest. The number of them."""
    n = 0
    for i in range(len(flags)):
        out.first[i] = n
        source = one if flags[i] else other
        for p in range(source.first[i], source.first[i + 1]):
            out.supply[n] = source.supply[p]
            out.units[n] = source.units[p]
            n += 1
    out.first[len(flags)] = n
    return n


def join_items(item: Column, together: Column, above: Column) -> None:
    """Join the items of complete orders: `above` leads from each item to another of its group, at last to its root."""
    for i in range(1, len(item)):
        if together[i] >= 0 and together[i] == together[i - 1]:
            one = root_of(above, item[i])
            other = root_of(above, item[i - 1])
            if one < other:
                above[other] = one
            else:
                above[one] = other


def root_of(above: Column, item: int) -> int:
    """The root of an item's group; the way to it gets shorter."""
    while above[item] != item:
        above[item] = above[above[item]]
        item = above[item]
    return item


def label_rows(item: Column, above: Column, label: Column) -> None:
    """Give each row or supply the number of the group of items that its item belongs to."""
    for i in range(len(item)):
        label[i] = root_of(above, item[i])


def mark_groups(moved: Column, label: Column, marks: Column) -> int:
    """Mark the groups of rows that are flagged. The number of flagged rows."""
    n = 0
    for i in range(len(moved)):
        if moved[i]:
            marks[label[i]] = 1
            n += 1
    return n


def flag_rows(label: Column, marks: Column, flags: Column) -> None:
    """Flag the rows whose group is marked, and no others."""
    for i in range(len(label)):
        flags[i] = marks[label[i]]


def same_pegs(before: Pegs, after: Pegs, i: int) -> int:
    """1 if row i holds the same units of the same supplies; neither names a supply twice."""
    if before.first[i + 1] - before.first[i] != after.first[i + 1] - after.first[i]:
        return 0
    for p in range(before.first[i], before.first[i + 1]):
        found = 0
        for q in range(after.first[i], after.first[i + 1]):
            if after.supply[q] == before.supply[p] and after.units[q] == before.units[p]:
                found = 1
        if not found:
            return 0
    return 1


def compare(
    before: Pegs,
    after: Pegs,
    day_before: Column,
    day_after: Column,
    units_before: Column,
    units_after: Column,
    outcome: Column,
) -> None:
    """Say of rows that took part whether they gained, lost, moved or did not change: by day, then by units covered."""
    for i in range(len(outcome)):
        if outcome[i] == UNCHANGED:
            if day_after[i] != day_before[i]:
                outcome[i] = GAINED if day_after[i] < day_before[i] else LOST
            elif units_after[i] != units_before[i]:
                outcome[i] = GAINED if units_after[i] > units_before[i] else LOST
            elif not same_pegs(before, after, i):
                outcome[i] = MOVED


def flag_violated(
    outcome: Column,
    segment: Column,
    rules: Column,
    day: Column,
    wanted: Column,
    day_before: Column,
    units: Column,
    units_before: Column,
    flags: Column,
) -> None:
    """Flag rows that took part and got no wanted day (rule 1, `win`) or came out worse (rule 2, `gain`)."""
    for i in range(len(flags)):
        if outcome[i] == UNCHANGED:
            rule = rules[segment[i]]
            late = rule == 1 and day[i] > wanted[i]
            if late or (rule == 2 and (day[i] > day_before[i] or units[i] < units_before[i])):
                flags[i] = 1


def leave(flags: Column, outcome: Column) -> None:
    """Say of flagged rows that would have changed that they were left."""
    for i in range(len(flags)):
        if flags[i] and UNCHANGED < outcome[i] < FROZEN:
            outcome[i] = LEFT
