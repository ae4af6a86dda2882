"""Minimum and maximum of a segment: units of each item in each period, counted from today by ship day.

Plain loops over columns, like `pegging`. A minimum is set aside from the segments before; a maximum is kept by
withholding, at the segment's turn, what lies beyond it. Both of the units of the latest days of the period.
"""

from typing import NamedTuple

from backorder.kernel.backlog import Allocated
from backorder.kernel.pegging import Column, Supply
from backorder.kernel.serving import Pool

PARTS = ("period_of", "mark_usable", "count_had", "count_unit", "set_aside", "withhold", "put_back")


class Shelf(NamedTuple):
    """The supplies of each item by ship day, then supply: item k has `supply[first[k]:first[k + 1]]`.

    usable: by supply, 1 if a line of the segment may stand on it; want: by item, units its lines could still use
    had: units that the segment's lines have in a period, at the first place of the period on the shelf
    """

    first: Column
    supply: Column
    usable: Column
    want: Column
    had: Column


def period_of(day: int, today: int, days: int) -> int:
    """The number of a day's period: 0 for the one that begins today, and for what lies before."""
    if day < today:
        return 0
    return (day - today) // days


def mark_usable(
    rows: Column, group: Column, item: Column, most: Column, pool: Pool, supply: Supply, shelf: Shelf
) -> None:
    """Set `usable` and `want` for rows that may come to hold as many units as `most` says."""
    for i in rows:
        units = most[i]
        for p in range(pool.low[i], pool.high[i]):
            units -= pool.units[p]
        if units > 0:
            shelf.want[item[i]] += units
        for c in range(supply.first[group[i]], supply.first[group[i] + 1]):
            shelf.usable[supply.candidates[c]] = 1


def count_had(
    rows: Column,
    item: Column,
    gives: Column,
    allocated: Allocated,
    pool: Pool,
    supply: Supply,
    shelf: Shelf,
    today: int,
    days: int,
) -> None:
    """Count in `had` what rows hold, the allocated units that stay with them included."""
    for i in rows:
        for p in range(pool.low[i], pool.high[i]):
            count_unit(shelf, supply.day, item[i], supply.day[pool.supply[p]], pool.units[p], today, days)
        if not gives[i]:
            for p in range(allocated.first[i], allocated.first[i + 1]):
                count_unit(shelf, supply.day, item[i], allocated.day[p], allocated.units[p], today, days)


def count_unit(shelf: Shelf, day: Column, item: int, when: int, units: int, today: int, days: int) -> None:
    """Count units of a day in `had`, if any supply lies in the same period."""
    period = period_of(when, today, days)
    for q in range(shelf.first[item], shelf.first[item + 1]):
        if period_of(day[shelf.supply[q]], today, days) == period:
            shelf.had[q] += units
            return


def set_aside(shelf: Shelf, supply: Supply, units: int, days: int, today: int, aside: Column) -> None:
    """Take from what is free the units that bring the segment to its minimum, as far as it can use them."""
    day, free, kept = supply.day, supply.free, supply.kept
    for item in range(len(shelf.first) - 1):
        want = shelf.want[item]
        begin = shelf.first[item]
        while want > 0 and begin < shelf.first[item + 1]:
            period = period_of(day[shelf.supply[begin]], today, days)
            end = begin
            while end < shelf.first[item + 1] and period_of(day[shelf.supply[end]], today, days) == period:
                end += 1
            left = units - shelf.had[begin]
            for q in range(end - 1, begin - 1, -1):
                s = shelf.supply[q]
                x = free[s] - kept[s]
                if x > left:
                    x = left
                if x > want:
                    x = want
                if x > 0 and shelf.usable[s]:
                    aside[s] += x
                    free[s] -= x
                    left -= x
                    want -= x
            begin = end


def withhold(shelf: Shelf, supply: Supply, units: int, days: int, today: int, withheld: Column) -> None:
    """Take from what is free what would bring the segment beyond its maximum."""
    day, free = supply.day, supply.free
    for item in range(len(shelf.first) - 1):
        begin = shelf.first[item]
        while begin < shelf.first[item + 1]:
            period = period_of(day[shelf.supply[begin]], today, days)
            end = begin
            allowed = units - shelf.had[begin]
            if allowed < 0:
                allowed = 0
            visible = 0
            while end < shelf.first[item + 1] and period_of(day[shelf.supply[end]], today, days) == period:
                if shelf.usable[shelf.supply[end]]:
                    visible += free[shelf.supply[end]]
                end += 1
            excess = visible - allowed
            for q in range(end - 1, begin - 1, -1):
                s = shelf.supply[q]
                x = free[s]
                if x > excess:
                    x = excess
                if x > 0 and shelf.usable[s]:
                    withheld[s] += x
                    free[s] -= x
                    excess -= x
            begin = end


def put_back(free: Column, column: Column) -> None:
    """Let units that were set aside or withheld be free again."""
    for s in range(len(free)):
        free[s] += column[s]
        column[s] = 0
