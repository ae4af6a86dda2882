"""What it would take to have a line sooner: the smallest changes, each tried on a copy of the book by a live pass.

The book may hold fewer lines than wait for the item: the line, those that a change takes from, and those before it in
the live order that would take what comes before the line does. Others keep what they hold, whatever is tried.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, Literal, NamedTuple

from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import STOCK, Book
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.promises import Why, active_lead_day, floor_of, line_dates, release_floor_of
from backorder.kernel.receiving import drop
from backorder.kernel.slips import expect

TRIALS = 3  # of one kind: pulled in, or moved from one line
Reason = Literal["done", "ready", "held", "complete", "too_early"]
Key = tuple[int, int]


class Wish(NamedTuple):
    """A line to be had by a day: `i` is asked about, `decides` the line that has to be sooner for it.

    `now` is its day as it stands (NEVER: none), `short` the units that do not make the day; `reason` says why nothing
    can be tried, `earliest` from which day on something could.
    """

    i: int
    day: int
    now: int
    earliest: int
    decides: int = -1
    short: int = 0
    reason: Reason | None = None


class Loss(NamedTuple):
    """Units that a line gives up, and its days before and after (NEVER: none)."""

    line: int
    units: int
    before: int
    after: int
    broken: bool


class Found(NamedTuple):
    """A change that brings the line by its day: units that come, are moved, or a supply pulled in by calendar days."""

    kind: Literal["pulled_in", "moved", "more"]
    units: int
    reached: int  # the line's day then
    supply: int | None = None
    days: int = 0
    available_on: int = 0
    site: str | None = None
    losses: tuple[Loss, ...] = ()


def wish(book: Book, i: int, wanted: int, days: int | None) -> Wish:
    """The line `days` earlier than it ships or is promised; without them by the `wanted` day.

    Where that is met, one working day earlier.
    """
    lines = book.lines
    mine = [j for j in with_their_orders(book, [i]) if lines.open(j)]
    now = max((line_dates(book, j)[0] for j in mine), default=NEVER)
    earliest = max((_earliest(book, j) for j in mine), default=0)
    told = lines.promise[i]
    day = max(wanted, earliest)
    if days is not None and now < NEVER:
        day = (now if told is None else min(now, told)) - days  # a person may have promised what the pegs do not give
    if days is None and now <= day:
        day = _working_day_before(book, i, now)
    found = Wish(i, day, now, earliest)
    if not lines.open(i):
        return found._replace(reason="done")
    if lines.held[i]:
        return found._replace(reason="held")
    if not any(lines.waiting[j] for j in mine):
        return found._replace(reason="ready")
    if day < earliest:
        return found._replace(reason="too_early")
    late = {j: units for j in mine if (units := sum(units for _, units in beyond(book, j, day)))}
    if len(late) != 1:
        return found._replace(reason="complete" if late else "too_early")
    decides, short = next(iter(late.items()))
    return found._replace(decides=decides, short=short)


def _earliest(book: Book, j: int) -> int:
    """The day that the line cannot be before: today's ship day, what it holds of stock, its floor."""
    lines, kinds = book.lines, book.supplies.kind
    soonest = min(book.ship_day(site, None) for site in lines.route[j]) if lines.waiting[j] else 0
    firm = max((day for s, day in lines.pegs[j] if kinds[s] == STOCK), default=0)
    return max(soonest, firm, floor_of(book, j))


def _working_day_before(book: Book, i: int, day: int) -> int:
    lines, supplies = book.lines, book.supplies
    last = max(((ships, supplies.site[s]) for s, ships in lines.pegs[i]), default=(0, lines.route[i][0]))[1]
    calendar = book.sites[last].calendar
    day -= 1
    while not calendar.is_working(day):
        day -= 1
    return day


def beyond(book: Book, j: int, day: int) -> Iterator[tuple[Key | None, int]]:
    """The waiting units of a line that do not make a day, by what they stand on: uncovered ones, then the latest."""
    lines, kinds = book.lines, book.supplies.kind
    lead = active_lead_day(book, j)
    covered = sum(units for (s, _), units in lines.pegs[j].items() if kinds[s] != STOCK)
    if lines.waiting[j] > covered and lead > day:
        yield None, lines.waiting[j] - covered
    for key in sorted(lines.pegs[j], key=lambda key: (-key[1], key[0])):
        if kinds[key[0]] != STOCK and min(key[1], lead) > day:
            yield key, lines.pegs[j][key]


def early_supplies(book: Book, asked: Wish) -> list[int]:
    """Inbound supplies whose units would make the day for the line that decides, those that ship last first."""
    lines, supplies, j = book.lines, book.supplies, asked.decides
    released = release_floor_of(book, lines.sku[j], lines.route[j])
    return [
        s
        for s in reversed(book.candidates_of(lines.sku[j], lines.route[j]))
        if supplies.kind[s] != STOCK and max(supplies.day[s], released) <= asked.day and supplies.pegged(s)
    ]


def smallest(book: Book, asked: Wish, donors: Sequence[int], before: Collection[int] | None) -> list[Found]:
    """The smallest change of each kind that brings the line by its day, each carried out on a copy of the book.

    `donors` are lines to take units from, those who lose least first. `before` are the lines that would take first what
    comes by the day; None where they are not all known: then nothing is tried that they might take. The other lines of
    the book, like those that are not in it, keep what they hold.
    """
    found = [_moved(book, asked, donors), _pulled_in(book, asked, before)]
    if before is not None:
        found.append(_more(book, asked, before))
    return [one for one in found if one is not None]


def _copy(book: Book) -> Book:
    """A book that can be tried on."""
    supplies = replace(book.supplies, **_columns(book.supplies))
    held = book.lines
    pins = {i: dict(mine) for i, mine in held.pins.items()}
    lines = replace(held, **_columns(held), pegs=[dict(pegs) for pegs in held.pegs], pins=pins)
    return replace(
        book, supplies=supplies, lines=lines, revisions=[], moves=[], candidates={}, passed=set(), ship_days={}
    )


def _columns(part: Any) -> dict[str, Any]:
    found = {}
    for field in fields(part):
        column = getattr(part, field.name)
        if field.name == "by_item":
            found[field.name] = {sku: list(which) for sku, which in column.items()}
        elif field.name not in {"pegs", "pins"}:
            found[field.name] = column.copy()
    return found


def _reached(book: Book, asked: Wish) -> int:
    """The line's day now."""
    mine = [j for j in with_their_orders(book, [asked.i]) if book.lines.open(j)]
    return max(line_dates(book, j)[0] for j in mine)


def _pass(book: Book, asked: Wish, moving: Iterable[int], also: Iterable[int] = ()) -> int:
    """Let the line's order and those who are `moving` take their turns, as a pass would; the line's day then.

    Once: what later rounds may bring hangs on lines that are not in the book, and makes nobody worse.
    """
    taking = {*with_their_orders(book, [asked.i]), *moving}
    for i in range(len(book.lines.order)):
        book.lines.held[i] = book.lines.held[i] or i not in taking
    live_pass(book, [book.lines.sku[asked.decides]], Why("reallocated"), also=also, rounds=1)
    return _reached(book, asked)


def _latest_available(book: Book, site: str, day: int) -> int | None:
    """The latest day, from today on, that goods can become available at a site to ship by a day."""
    today = book.today[site]
    available = day
    while available >= today and book.ship_day(site, available) > day:
        available -= 1
    return available if available >= today else None


def _pulled_in(book: Book, asked: Wish, before: Collection[int] | None) -> Found | None:
    """One supply that comes earlier: one that all the late units could stand on, by as few days as will do."""
    lines, supplies, j = book.lines, book.supplies, asked.decides
    held: dict[int, int] = {}
    for (s, _), units in lines.pegs[j].items():
        held[s] = held.get(s, 0) + units
    ways = []
    for s in book.candidates_of(lines.sku[j], lines.route[j]):
        usable = held.get(s, 0) + (0 if before is None else supplies.free[s])
        planned = supplies.available_on[s]
        if supplies.kind[s] == STOCK or supplies.day[s] <= asked.day or usable < asked.short or planned is None:
            continue
        available = _latest_available(book, supplies.site[s], asked.day)
        if available is not None:
            ways.append((planned - available, s not in held, supplies.supply[s], s, available))
    for days, _, _, s, available in sorted(ways)[:TRIALS]:
        trial = _copy(book)
        expect(trial, [s], available)
        reached = _pass(trial, asked, before or ())
        if reached <= asked.day:
            return Found("pulled_in", supplies.to_come(s), reached, s, days, available)
    return None


def _more(book: Book, asked: Wish, before: Collection[int]) -> Found | None:
    """Units that come besides: as many as the line is short of, and those before it take first."""
    lines, j = book.lines, asked.decides
    enough = asked.short + sum(_contested(book, i, asked.day) for i in before)
    for site in lines.route[j]:
        available = _latest_available(book, site, asked.day)
        tried = None if available is None else _with_more(book, asked, before, site, available, enough)
        if available is None or tried is None:
            continue
        trial, s, reached = tried
        units = enough
        used = sum(units for i in (*before, j) for (t, _), units in trial.lines.pegs[i].items() if t == s)
        fewer = _with_more(book, asked, before, site, available, used) if 0 < used < units else None
        if fewer is not None:
            units, reached = used, fewer[2]
        low, between = 0, units - 1  # nearly always those are the fewest, so that one less is tried first
        while between > low:
            fewer = _with_more(book, asked, before, site, available, between)
            if fewer is None:
                low = between
            else:
                units, reached = between, fewer[2]
            between = (low + units) // 2
        return Found("more", units, reached, None, 0, available, site)
    return None


def several_sites(book: Book) -> int:
    """1 where there are several sites: then units of one day are not all the same to everybody, else 0."""
    return int(len(book.sites) > 1)


def _contested(book: Book, i: int, day: int) -> int:
    """Units of a line that may go to what comes by a day: those that stand on nothing, or on what ships later.

    Whether a lead-time day speaks for them does not matter here. Where there are several sites, units of the day itself
    may change places too, and what a line gives back for them may be of no use to another.
    """
    lines, kinds = book.lines, book.supplies.kind
    if several_sites(book) and lines.requested_on[i] is not None:
        return lines.waiting[i]
    last = day - several_sites(book)
    in_time = sum(units for (s, ships), units in lines.pegs[i].items() if kinds[s] != STOCK and ships <= last)
    return lines.waiting[i] - in_time


def _with_more(
    book: Book, asked: Wish, before: Collection[int], site: str, available: int, units: int
) -> tuple[Book, int, int] | None:
    """The book after so many more came, their supply and the line's day; None where that is too late."""
    trial = _copy(book)
    name = "more"
    while name in trial.supplies.index:
        name += "+"
    s = trial.add_supply(name, "purchase", trial.lines.sku[asked.decides], site, units, available, 1)
    reached = _pass(trial, asked, before)
    return (trial, s, reached) if reached <= asked.day else None


def _moved(book: Book, asked: Wish, donors: Sequence[int]) -> Found | None:
    """Units that others hold in time, from one line if one has enough; of several ways the one that harms least."""
    useful, lines = set(early_supplies(book, asked)), book.lines
    if any(
        key is not None and lines.pinned(asked.decides, key[0]) for key, _ in beyond(book, asked.decides, asked.day)
    ):
        return None  # a person holds late units where they are
    has = {i: sum(_loose(book, i, s) for s in {s for s, _ in lines.pegs[i]} & useful) for i in donors}
    alone = [[i] for i in donors if has[i] >= asked.short][:TRIALS]
    together = [i for i in donors if has[i]]
    ways: list[tuple[int, int, int, Found]] = []
    for givers in alone or [together]:
        if sum(has[i] for i in givers) >= asked.short:
            found = _taken(book, asked, givers, useful)
            if found is not None:
                lost = sum(min(loss.after, NEVER) - loss.before for loss in found.losses)
                ways.append((sum(loss.broken for loss in found.losses), lost, len(ways), found))
    return min(ways)[-1] if ways else None


def _loose(book: Book, i: int, s: int) -> int:
    """Units of line i on supply s that no person holds there."""
    return book.lines.pegged(i, s) - book.lines.pinned(i, s)


def _taken(book: Book, asked: Wish, givers: Sequence[int], useful: set[int]) -> Found | None:
    """Let the late units change places with those of others, then run a pass."""
    trial, j = _copy(book), asked.decides
    gaps = list(beyond(book, j, asked.day))
    given: dict[int, int] = {}
    for i in givers:
        own = book.lines.pegs[i]
        for key in sorted((key for key in own if key[0] in useful), key=lambda key: (-key[1], key[0])):
            left = min(own[key], _loose(trial, i, key[0]))
            while left and gaps:
                gap, wanted = gaps.pop(0)
                units = min(left, wanted)
                _swap(trial, j, i, key, gap, units)
                given[i] = given.get(i, 0) + units
                left -= units
                if units < wanted:
                    gaps.insert(0, (gap, wanted - units))
    before = {i: (line_dates(book, i)[0], book.lines.promise[i]) for i in given}
    reached = _pass(trial, asked, given, also=[j, *given])
    if gaps or reached > asked.day:
        return None
    losses = tuple(_loss(trial, i, units, *before[i]) for i, units in given.items())
    return Found("moved", sum(given.values()), reached, losses=losses)


def _loss(trial: Book, i: int, units: int, before: int, told: int | None) -> Loss:
    after, promise = line_dates(trial, i)[0], trial.lines.promise[i]
    broken = told is not None and (promise is None or promise > told)
    return Loss(i, units, before, after, broken)


def _swap(book: Book, j: int, i: int, gift: Key, gap: Key | None, units: int) -> None:
    """Line j takes units of a peg of line i, which gets those that j gives up for them, if it may stand on them."""
    lines, supplies = book.lines, book.supplies
    drop(lines.pegs[i], gift, units)
    _add(book, j, gift[0], units)
    if gap is None:
        return
    drop(lines.pegs[j], gap, units)
    if supplies.site[gap[0]] in lines.route[i]:
        _add(book, i, gap[0], units)
    else:
        supplies.free[gap[0]] += units


def _add(book: Book, i: int, s: int, units: int) -> None:
    lines = book.lines
    key = s, max(book.supplies.day[s], release_floor_of(book, lines.sku[i], lines.route[i]))
    lines.pegs[i][key] = lines.pegs[i].get(key, 0) + units
