"""Pegs -> dates, and what a changed date means: kept, pulled in, slipped, uncovered; and why."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import STOCK, Book, Revision


class Why(NamedTuple):
    """The event behind a revision: its cause, the supply it was about, and the lines that have a cause of their own.

    `run` is the reallocation that did it.
    """

    cause: str
    supply: str | None = None
    own: Mapping[int, str] = {}
    run: str | None = None


PULL_IN_DAYS = 2  # calendar days a promise must gain before the customer is told of an earlier one


def floor_of(book: Book, i: int) -> int:
    """The day that the line's dates never fall below: its requested day, or the release of a preorder; 0 if neither."""
    lines = book.lines
    return floor_for(book, lines.sku[i], lines.route[i], lines.requested_on[i])


def floor_for(book: Book, sku: str, route: tuple[str, ...], requested_on: int | None) -> int:
    """The later of a requested day and the release of a preorder, on a working day of the first site; 0 if neither."""
    released = release_floor_of(book, sku, route)
    if requested_on is None:
        return released
    return max(released, book.sites[route[0]].calendar.next_working(requested_on))


def release_floor_of(book: Book, sku: str, route: tuple[str, ...]) -> int:
    """The working day before which no unit of an unreleased preorder ships; 0 for everything else."""
    if book.items[sku].selling != "preorder":
        return 0
    first = book.sites[route[0]]
    released = book.items[sku].release_floor(book.today[first.site])
    return first.calendar.next_working(released) if released else 0


def peg_key(book: Book, i: int, s: int) -> tuple[int, int]:
    """Supply s with the day on which units of line i can ship from there, by which the line's pegs are known."""
    return s, max(book.supplies.day[s], release_floor_of(book, book.lines.sku[i], book.lines.route[i]))


def lead_time_day(book: Book, sku: str, route: tuple[str, ...]) -> int | None:
    """The ship day of goods ordered today with the item's lead time; None if the item has none."""
    first = route[0]
    available = book.items[sku].lead_day(book.today[first])
    return None if available is None else book.ship_day(first, available)


def active_lead_day(book: Book, i: int) -> int:
    """The line's lead-time day while it has not passed, else NEVER."""
    day = book.lines.lead_time_day[i]
    return day if day is not None and day >= book.today[book.lines.route[i][0]] else NEVER


def line_dates(book: Book, i: int) -> tuple[int, int]:
    """The line's due day (lead-time rule included) and its day by pegs alone; NEVER where a unit has no day."""
    lines, kinds = book.lines, book.supplies.kind
    lead = active_lead_day(book, i) if lines.waiting[i] else NEVER
    due = planned = floor_of(book, i)
    covered = 0
    for (s, day), units in lines.pegs[i].items():
        planned = max(planned, day)
        if kinds[s] == STOCK:
            due = max(due, day)
        else:
            covered += units
            due = max(due, min(day, lead))
    if covered < lines.waiting[i]:
        due, planned = max(due, lead), max(planned, lead)
    return due, planned


def basis_of(book: Book, i: int, due: int) -> tuple[str | None, str | None]:
    """What a line's date stands on: `stock`, `inbound` or `lead_time`, and the supply of its last unit."""
    if due == NEVER:
        return None, None
    lines, supplies = book.lines, book.supplies
    if lines.person_day[i] is not None:
        return "person", None
    pegs = lines.pegs[i]
    if lines.waiting[i] and lines.lead_time_day[i] is not None:
        lead = active_lead_day(book, i)
        covered = sum(units for (s, _), units in pegs.items() if supplies.kind[s] != STOCK)
        if covered < lines.waiting[i] or any(day > lead and supplies.kind[s] != STOCK for s, day in pegs):
            return "lead_time", None
    if not pegs:
        return None, None
    _, last = max((day, supplies.supply[s]) for s, day in pegs)
    return ("stock" if supplies.kind[supplies.index[last]] == STOCK else "inbound"), last


def reread(book: Book, which: Iterable[int], why: Why) -> None:
    """Re-read the dates of lines after an event: set `planned`, and write a revision where the promise moves.

    All open lines of a complete order hold the latest day among them, so they must be given together.
    """
    lines = book.lines
    latest: dict[str, tuple[int, int]] = {}  # of a complete order: its day, and the line that decides it
    told_together: dict[str, set[int | None]] = {}  # of a complete order: what its open lines were told
    dates: dict[int, tuple[int, int]] = {}
    for i in which:
        if not lines.waiting[i]:
            lines.lead_time_day[i] = None
        if not lines.open(i):
            continue
        due, planned = line_dates(book, i)
        dates[i] = _as_told(book, i, due), planned
        if lines.complete[i]:
            latest[lines.order[i]] = max(latest.get(lines.order[i], (0, 0)), (dates[i][0], -i))
            told_together.setdefault(lines.order[i], set()).add(lines.promise[i])
    for i, (due, planned) in dates.items():
        told = lines.promise[i]
        lines.planned[i] = None if planned == NEVER else planned
        target, decider = latest[lines.order[i]] if lines.complete[i] else (due, -i)
        moved = None if target == NEVER else target
        if moved == told:
            continue
        small = told is not None and moved is not None and told - PULL_IN_DAYS < moved < told
        apart = lines.complete[i] and len(told_together[lines.order[i]]) > 1  # they were not one order's until now
        if small and lines.person_day[i] != moved and not apart:
            continue  # sooner by too little to bother the customer: only `planned` moves
        revise(book, i, moved, why, basis_of(book, -decider, target))


def give_day(book: Book, i: int, day: int | None) -> None:
    """Let a person's date stand for line i, or with None no longer.

    It stands until the pegs give a day that is no later than it and better than what they give now.
    """
    lines = book.lines
    lines.person_day[i] = lines.person_until[i] = day
    if day is not None:
        lines.person_until[i] = min(day, line_dates(book, i)[0] - 1)


def _as_told(book: Book, i: int, due: int) -> int:
    """The line's due day, or the person's date that stands for it; pegs that do better end that date."""
    lines = book.lines
    day, until = lines.person_day[i], lines.person_until[i]
    if day is None or until is None:
        return due
    if due <= until:
        give_day(book, i, None)
        return due
    return day


def revise(book: Book, i: int, to_day: int | None, why: Why, basis: tuple[str | None, str | None]) -> None:
    """Move a line's promise and write the ledger entry; its supply is the event's, else the one it now stands on."""
    lines = book.lines
    lines.revisions[i] += 1
    cause = why.own.get(i, why.cause)
    supply = why.supply or basis[1]
    number, told = lines.revisions[i], lines.promise[i]
    book.revisions.append(Revision(i, number, book.now, told, to_day, cause, basis[0], supply, why.run))
    lines.promise[i] = to_day
