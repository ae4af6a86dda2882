"""A plan put into effect: each line gets exactly what the plan says, or keeps what it has and is told why.

Undoing is the same with the two sides changed over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import STOCK, Book, Pegs
from backorder.kernel.livepass import renew_lead_days, with_their_orders
from backorder.kernel.promises import Why, basis_of, line_dates, release_floor_of, reread, revise

Holding = Mapping[tuple[str, int], int]  # (supply, ship day) -> units


class Days(NamedTuple):
    """The days of a line that neither its pegs nor its promise say: its lead-time day, and a person's date."""

    lead_time: int | None
    person: int | None
    until: int | None


class Side(NamedTuple):
    """A line before or after: what it holds, how many of its units wait, its promise."""

    holds: Holding
    waiting: int
    promise: int | None


class Change(NamedTuple):
    """What a plan does to a line, the `n`-th served: from one side to the other.

    `days` are those that it must have, and `back` those that it gets: where it is undone, None where it is not.
    """

    n: int
    order: str
    line: str
    held: bool
    before: Side
    after: Side
    days: Days | None = None
    back: Days | None = None


@dataclass(slots=True)
class Applied:
    """What became of changes, by their n: the days that lines had and have, or why they were refused."""

    done: dict[int, tuple[Days, Days]] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def apply(book: Book, changes: Sequence[Change], why: Why) -> Applied:
    """Put changes into effect that share no supply and no complete order with others that the book does not hold.

    Lines that changed since are refused, and with them the rest of their complete orders; then, while a supply would
    be overdrawn, those served last who take from it. Nothing else is touched.
    """
    result = Applied()
    going: dict[int, Change] = {}
    for change in changes:
        reason = _trouble(book, change)
        if reason is None:
            going[change.n] = change
        else:
            result.refused[change.n] = reason
    _with_orders(book, changes, going, result.refused)
    _not_overdrawn(book, going, result.refused)
    had = {n: _days_of(book, _index(book, change)) for n, change in going.items()}
    for change in going.values():
        _move(book, change)
    _read(book, list(going.values()), why)
    for n, change in going.items():
        result.done[n] = had[n], _days_of(book, _index(book, change))
    return result


def _index(book: Book, change: Change) -> int:
    return book.lines.index[change.order, change.line]


def _days_of(book: Book, i: int) -> Days:
    lines = book.lines
    return Days(lines.lead_time_day[i], lines.person_day[i], lines.person_until[i])


def _trouble(book: Book, change: Change) -> str | None:
    """Why a change cannot be made as it was planned; None if it can."""
    lines, supplies = book.lines, book.supplies
    i = lines.index.get((change.order, change.line))
    if i is None or not lines.open(i):
        return "nothing of it is to be shipped any more"
    if lines.held[i] != change.held:
        return "its order was put on hold" if lines.held[i] else "its order was released"
    if lines.picked[i]:
        return "units of it were picked"
    holds = {(supplies.supply[s], day): units for (s, day), units in lines.pegs[i].items()}
    if holds != change.before.holds or lines.waiting[i] != change.before.waiting:
        return "its units, or what they stand on, changed"
    if lines.promise[i] != change.before.promise or change.days not in {None, _days_of(book, i)}:
        return "it was promised another day"
    if any(units > _held_of(change.after, supplies.supply[s]) for s, units in lines.pins.get(i, {}).items()):
        return "units of it were pinned"
    for supply, day in change.after.holds.keys() - change.before.holds.keys():
        s = supplies.index.get(supply)
        if s is None:
            return f"{supply} is not to come any more"
        if supplies.site[s] not in lines.route[i] or supplies.sku[s] != lines.sku[i]:
            return f"{supply} may not serve it any more"
        if change.back is not None and supplies.kind[s] == STOCK:
            continue  # allocated units keep the day that they had
        if max(supplies.day[s], release_floor_of(book, lines.sku[i], lines.route[i])) != day:
            return f"{supply} ships on another day by now"
    return None


def _held_of(side: Side, supply: str) -> int:
    return sum(units for (name, _), units in side.holds.items() if name == supply)


def _with_orders(book: Book, changes: Iterable[Change], going: dict[int, Change], refused: dict[int, str]) -> None:
    """An order that ships complete is changed as a whole or not at all."""
    stuck = {change.order for change in changes if change.n in refused and _is_complete(book, change)}
    for n, change in list(going.items()):
        if change.order in stuck:
            del going[n]
            refused[n] = "another line of its order, which ships complete, changed"


def _is_complete(book: Book, change: Change) -> bool:
    return any(book.lines.complete[i] for i in book.lines_of_order.get(change.order, ()))


def _not_overdrawn(book: Book, going: dict[int, Change], refused: dict[int, str]) -> None:
    """While more is taken from a supply than it has, refuse whoever takes from it and is served last."""
    index = book.supplies.index
    left: dict[str, int] = {}
    takers: dict[str, list[int]] = {}
    wanted = {n: _takes(change) for n, change in going.items()}
    for n, taken in sorted(wanted.items()):
        for supply, units in taken.items():
            left[supply] = left.get(supply, book.supplies.free[index[supply]]) - units
            if units > 0:
                takers.setdefault(supply, []).append(n)
    short = [supply for supply, units in left.items() if units < 0]
    while short:
        supply = short.pop()
        while left[supply] < 0:
            last = takers[supply].pop()
            if last not in going:
                continue
            mates = [n for n, other in going.items() if other.order == going[last].order]
            for n in mates if _is_complete(book, going[last]) else [last]:
                del going[n]
                refused[n] = f"{supply} has fewer units left than it was to get"
                for other, units in wanted[n].items():
                    left[other] += units
                    if left[other] < 0 and other != supply:
                        short.append(other)


def _takes(change: Change) -> dict[str, int]:
    """How many units more a change takes from each supply; fewer are negative."""
    taken: dict[str, int] = {}
    for (supply, _), units in change.after.holds.items():
        taken[supply] = taken.get(supply, 0) + units
    for (supply, _), units in change.before.holds.items():
        taken[supply] = taken.get(supply, 0) - units
    return {supply: units for supply, units in taken.items() if units}


def _move(book: Book, change: Change) -> None:
    """Let a line hold what the plan says."""
    lines, supplies = book.lines, book.supplies
    i = _index(book, change)
    for supply, units in _takes(change).items():
        supplies.free[supplies.index[supply]] -= units
    after: Pegs = {(supplies.index[supply], day): units for (supply, day), units in change.after.holds.items()}
    allocated = sum(units for (s, _), units in after.items() if supplies.kind[s] == STOCK)
    more = allocated - lines.allocated[i]
    if more > 0:
        lines.move(i, "allocate", more)
    elif more < 0:
        lines.move(i, "give_back", -more)
    lines.pegs[i] = after


def _read(book: Book, going: Sequence[Change], why: Why) -> None:
    """Re-read the dates; a line that goes back gets the very days that it had, where its pegs allow them."""
    lines = book.lines
    mine = [_index(book, change) for change in going]
    for i, change in zip(mine, going, strict=True):
        if change.back is not None:
            lines.lead_time_day[i], lines.person_day[i], lines.person_until[i] = change.back
            if not lines.waiting[i]:
                lines.lead_time_day[i] = None
    everyone = list(dict.fromkeys(with_their_orders(book, mine)))
    renew_lead_days(book, [i for i in everyone if lines.waiting[i]])
    for i, change in zip(mine, going, strict=True):
        promise = change.after.promise
        if change.back is None or not _stands(book, i, promise):
            continue
        if lines.promise[i] != promise:
            assert promise is not None
            revise(book, i, promise, why, basis_of(book, i, promise))
            everyone.remove(i)
            lines.planned[i] = _planned(book, i)
    reread(book, everyone, why)


def _stands(book: Book, i: int, promise: int | None) -> bool:
    """Whether the day that a line had can be promised again: what it, and its complete order, stand on keeps it."""
    if promise is None:
        return False
    lines = book.lines
    return all(
        lines.person_day[j] == promise or line_dates(book, j)[0] <= promise
        for j in with_their_orders(book, [i])
        if lines.open(j)
    )


def _planned(book: Book, i: int) -> int | None:
    day = line_dates(book, i)[1]
    return None if day == NEVER else day
