"""Which segment takes a line: filters on columns, word by word and number by number."""

from collections.abc import Iterator
from typing import Any

from backorder.kernel.arrays import column_of, filled
from backorder.kernel.backlog import STATES, Backlog
from backorder.kernel.calendars import NEVER
from backorder.kernel.money import minor_units
from backorder.kernel.pegging import Column
from backorder.kernel.segments import DAYS, NUMBERS, WORDS, Filter, Policy, day_of

PARTS = ("keep_words", "keep_tagged", "keep_range", "keep_worth", "claim", "whole_orders")

FAR = 2**62  # beyond every number of a column


def match(backlog: Backlog, policy: Policy, due: Column, loops: Any) -> Column:
    """The number of the segment that takes each row, -1 where none does; `due` is the row's due day.

    A complete order is taken whole, by the first segment that takes any of its lines.
    """
    rows = len(backlog.need)
    found = filled(backlog.need, rows, -1)
    for number, segment in enumerate(policy.segments):
        taken = taken_by(backlog, segment.filter, due, loops)
        without = filled(taken, 0) if segment.exclude is None else taken_by(backlog, segment.exclude, due, loops)
        loops.claim(found, taken, without, number)
    loops.whole_orders(found, backlog.together, len(policy.segments))
    return found


def taken_by(backlog: Backlog, lines: Filter, due: Column, loops: Any) -> Column:
    """1 for each row of which everything holds that a filter names."""
    kept = filled(backlog.need, len(backlog.need), 1)
    for name in WORDS:
        words = getattr(lines, name)
        if words is not None:
            column = getattr(backlog, name)
            loops.keep_words(kept, column.code, _flags(backlog, column.words, words))
    if lines.tags is not None:
        tags = backlog.tags
        flags = _flags(backlog, tags.words, lines.tags)
        loops.keep_tagged(kept, tags.first, tags.code, flags, int("" in lines.tags))
    if lines.state is not None:
        loops.keep_words(kept, backlog.state, _flags(backlog, STATES, lines.state))
    for column, low, high in _ranges(backlog, lines, due):
        loops.keep_range(kept, column, low, high)
    if lines.value is not None:
        _keep_worth(kept, backlog, lines, loops)
    return kept


def _flags(backlog: Backlog, words: Any, wanted: Any) -> Column:
    named = set(wanted)
    return column_of(backlog.need, [int(word in named) for word in words])


def _ranges(backlog: Backlog, lines: Filter, due: Column) -> Iterator[tuple[Column, int, int]]:
    """Each numeric condition as a column with its bounds. A missing day lies in no range of days."""
    today = backlog.today
    for name in NUMBERS:
        given = getattr(lines, name)
        if given is None:
            continue
        low = -FAR if given.at_least is None else given.at_least
        high = FAR if given.at_most is None else given.at_most
        if name == "age":
            yield backlog.placed_on, today - high, today - low
        elif name == "late":
            yield _days_late(backlog, due), low, high
        else:
            yield getattr(backlog, name), low, high
    for name in DAYS:
        given = getattr(lines, name)
        if given is not None:
            low = -FAR if given.at_least is None else day_of(given.at_least, today)
            high = NEVER - 1 if given.at_most is None else day_of(given.at_most, today)
            yield getattr(backlog, name), low, high


def _days_late(backlog: Backlog, due: Column) -> Column:
    """Days from the promise to the due day; 2 * FAR, which lies in no range, where there is no promise."""
    if isinstance(due, list):
        pairs = zip(due, backlog.promise, strict=True)
        return [2 * FAR - 1 if promise == NEVER else day - promise for day, promise in pairs]
    import numpy as np

    return np.where(backlog.promise == NEVER, 2 * FAR - 1, due - backlog.promise)


def _keep_worth(kept: Column, backlog: Backlog, lines: Filter, loops: Any) -> None:
    """Amounts are compared in their own currency; the filter names those that it has bounds in."""
    assert lines.value is not None
    lows, highs = [], []
    for word in backlog.currency.words:
        named = word in (lines.currency or ())
        low, high = lines.value.at_least, lines.value.at_most
        lows.append(FAR if not named else -FAR if low is None else minor_units(low, word))
        highs.append(-FAR if not named else FAR if high is None else minor_units(high, word))
    like = backlog.need
    loops.keep_worth(kept, backlog.value, backlog.currency.code, column_of(like, lows), column_of(like, highs))


def keep_words(kept: Column, code: Column, flags: Column) -> None:
    """Drop rows whose word is not flagged."""
    for i in range(len(kept)):
        if not flags[code[i]]:
            kept[i] = 0


def keep_tagged(kept: Column, first: Column, code: Column, flags: Column, none: int) -> None:
    """Drop rows without a flagged tag; those without any tag stay if `none` is 1."""
    for i in range(len(kept)):
        found = 0
        if none and first[i] == first[i + 1]:
            found = 1
        for p in range(first[i], first[i + 1]):
            if flags[code[p]]:
                found = 1
        if not found:
            kept[i] = 0


def keep_range(kept: Column, column: Column, low: int, high: int) -> None:
    """Drop rows whose number is below low or above high."""
    for i in range(len(kept)):
        if column[i] < low or column[i] > high:
            kept[i] = 0


def keep_worth(kept: Column, value: Column, currency: Column, low: Column, high: Column) -> None:
    """Drop rows whose amount is not within the bounds of its currency."""
    for i in range(len(kept)):
        if value[i] < low[currency[i]] or value[i] > high[currency[i]]:
            kept[i] = 0


def claim(found: Column, taken: Column, without: Column, number: int) -> None:
    """Give a segment the rows that its filter takes and that no segment before it has."""
    for i in range(len(found)):
        if found[i] < 0 and taken[i] and not (len(without) > 0 and without[i]):
            found[i] = number


def whole_orders(found: Column, together: Column, segments: int) -> None:
    """Let all lines of a complete order go where the first of the segments goes that takes one of them."""
    i = 0
    while i < len(found):
        end = i + 1
        if together[i] >= 0:
            least = segments
            while end < len(found) and together[end] == together[i]:
                end += 1
            for j in range(i, end):
                if 0 <= found[j] < least:
                    least = found[j]
            for j in range(i, end):
                found[j] = least if least < segments else -1
        i = end
