"""Diagrams as shapes with places: the templates draw them as SVG with classes alone, and say the same in tables."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import accumulate, pairwise
from typing import NamedTuple
from urllib.parse import quote

from backorder.adapters.console import words
from backorder.kernel.phrases import Said, Value, phrase
from backorder.kernel.planned import SegmentTotal
from backorder.queries.pegboard import Board, End, Ribbon
from backorder.queries.show import SupplyView

_WIDTH, _LEFT, _RIGHT, _NODE = 1160, 200, 640, 10
_TALL, _GAP, _LABEL = 420, 14, 34  # height of all ribbons, least gap, and what a label takes
_UNIT, _FREE = 24, 56  # of one unit at most, and of units that nobody holds


class Node(NamedTuple):
    """An end of ribbons: its place and height, its words, and where it leads."""

    key: str
    y: str
    height: str
    free_y: str
    free: str  # height of what nobody holds
    label: str
    name: Value
    more: tuple[Value, ...]
    last: tuple[Value, ...]
    tone: str
    link: str
    note: Value = ""


class Strip(NamedTuple):
    """A ribbon as a path."""

    supply: str
    end: str
    path: str
    tone: str
    said: Said


class Pegs(NamedTuple):
    """The peg board with places."""

    width: int
    height: int
    left: list[Node]
    right: list[Node]
    strips: list[Strip]


def pegs(board: Board, today: date) -> Pegs:
    """Where everything on a peg board stands; thickness is units."""
    tall = min(_TALL, 70 * max(len(board.ends), len(board.supplies)))
    scale = min(tall / (sum(one.units for one in board.ribbons) or 1), _UNIT)
    left, starts, below = [], {}, 8.0
    for supply in board.supplies:
        held = sum(one.units for one in board.ribbons if one.supply == supply.supply) * scale
        free = min(max(_open(supply) * scale - held, 0.0), _FREE)
        room = max(held + free, _LABEL + 14)
        top = below + (room - held - free) / 2
        left.append(_supply(supply, top, held, free, today))
        starts[supply.supply] = top
        below += room + _GAP
    right, ends, lower, whole = [], {}, 8.0, {end.key: end for end in board.ends}
    for end in board.ends:
        thick = end.units * scale
        room = max(thick, _LABEL)
        top = lower + (room - thick) / 2
        right.append(_end(end, top, thick, today))
        ends[end.key] = top
        lower += room + _GAP / 2
    strips = []
    for one in board.ribbons:
        thick = one.units * scale
        path = _path(starts[one.supply], ends[one.end], thick)
        starts[one.supply] += thick
        ends[one.end] += thick
        strips.append(Strip(one.supply, one.end, path, "is-late" if one.late else "", holds(one, whole[one.end])))
    return Pegs(_WIDTH, int(max(below, lower)) + 4, left, right, strips)


def _open(supply: SupplyView) -> int:
    return supply.quantity - supply.received - supply.cancelled


def _path(start: float, end: float, thick: float) -> str:
    x1, x2 = _LEFT + _NODE, _RIGHT
    middle = (x1 + x2) // 2
    thick = max(thick, 1.0)
    return (
        f"M{x1} {start:.1f}C{middle} {start:.1f} {middle} {end:.1f} {x2} {end:.1f}"
        f"V{end + thick:.1f}C{middle} {end + thick:.1f} {middle} {start + thick:.1f} {x1} {start + thick:.1f}Z"
    )


_DUE, _UNHELD, _ALL_HELD = phrase("due {day}"), phrase("{number} free"), Said(phrase("all held"))
_UNCONFIRMED, _ALL_LATE = Said(phrase("unconfirmed")), Said(phrase("late"))
_PROMISED, _OF_THEM_LATE = phrase("{lines} promised for {day}"), phrase("{number} of them late")
_SOME_OF, _THEY_ARE_LATE = phrase("{number} of {units}"), phrase("{units}, late")


def holds(ribbon: Ribbon, end: End) -> Said:
    """The units of a ribbon: of how many, where the line has more than it holds there, and whether they are late.

    That they are says the supply that is overdue, or the day on which they can ship.
    """
    units = words.units(ribbon.units)
    if end.ordered > ribbon.units:
        units = Said(_SOME_OF, {"number": ribbon.units, "units": words.units(end.ordered)})
    return Said(_THEY_ARE_LATE, {"units": units}) if ribbon.late else units


def overdue(supply: SupplyView, today: date) -> Said | None:
    """How late a supply is; None for one that is not."""
    if supply.state != "overdue" or supply.expected_on is None:
        return None
    return words.late(max((today - supply.expected_on).days, 1))


def _supply(supply: SupplyView, top: float, held: float, free: float, today: date) -> Node:
    late = overdue(supply, today)
    units = words.units(_open(supply))
    day = words.weekday(supply.expected_on, today)
    when = Said(_DUE, {"day": day}) if late else day
    last = Said(_UNHELD, {"number": supply.free}) if supply.free > 0 else _ALL_HELD
    return Node(
        supply.supply,
        f"{top:.1f}",
        f"{max(held, 0.0):.1f}",
        f"{top + held:.1f}",
        f"{free:.1f}",
        f"{top + (held + free) / 2 - (16 if late else 8):.1f}",
        words.short(supply.supply),
        (units,) if supply.confirmed else (units, _UNCONFIRMED),
        (when, last),
        "is-late" if late else "",
        f"/console/supplies/{quote(supply.supply, safe='')}",
        late or "",
    )


def _end(end: End, top: float, thick: float, today: date) -> Node:
    day = words.weekday(end.promise, today)
    alone = end.order is not None
    name: Value = words.short(end.order or "")
    if not alone:
        name = Said(_PROMISED, {"lines": words.lines(end.lines), "day": day})
    units = words.units(end.units)
    more: tuple[Value, ...] = (units,)
    if end.ordered > end.units:
        more = (Said(_SOME_OF, {"number": end.units, "units": words.units(end.ordered)}),)
    if end.late:
        more += (_ALL_LATE if end.late == end.units else Said(_OF_THEM_LATE, {"number": end.late}),)
    link = f"/console/orders/{quote(end.order or '', safe='')}?line={quote(end.line or '', safe='')}" if alone else ""
    tone = "is-order is-bad" if end.late else "is-order"
    label, height = f"{top + thick / 2 - 2:.1f}", f"{max(thick, 2.0):.1f}"
    who, last = words.short(end.who or "", 36), (day,) if alone else ()
    return Node(end.key, f"{top:.1f}", height, "", "", label, name, more, last, tone, link, who)


class Label(NamedTuple):
    """Words above a chart, at a place or `to_left` of it."""

    said: Said
    x: float
    width: float
    y: int
    to_left: bool


class Step(NamedTuple):
    """Units on a day: what arrives, and what is left of it once everybody who waits has theirs.

    `late` says of a supply that is overdue how much; it was `expected` on another day. Its `label` stands above the
    chart, where there is room for it.
    """

    day: date
    name: str
    arrives: int
    units: int
    x: str
    y: str
    late: Said | None
    expected: date | None
    label: Label | None


class Projection(NamedTuple):
    """How many units there are less those who wait, as supply arrives."""

    width: int
    height: int
    line: str
    owed: str
    zero: str
    grid: list[tuple[str, int]]
    ticks: list[tuple[str, Value]]
    steps: list[Step]
    start: int
    start_y: str
    end: int
    end_y: str


_CHART, _HIGH, _FROM, _TO, _FOOT, _HEAD = 760, 260, 56, 660, 26, 26
_ROW, _ROWS_MAX, _LETTER = 15, 3, 6.6  # labels above it: height of a row, how many there are, width of a letter


def projection(start: int, coming: Sequence[SupplyView], today: date) -> Projection | None:
    """Stock less who waits, day by day as supply comes; None where nothing is to come."""
    arrivals = [one for one in coming if _open(one) and one.available_on is not None]
    if not arrivals:
        return None
    days = [max((one.available_on or today), today) for one in arrivals]
    span = max((max(days) - today).days, 7) + 2

    def across(day: date) -> float:
        return _FROM + (day - today).days * (_TO - _FROM) / span

    labels = [_label(one, across(day), today) for one, day in zip(arrivals, days, strict=True)]
    rows = _rows(labels)
    head = _HEAD + _ROW * max((row for row in rows if row is not None), default=0)
    totals = list(accumulate((_open(one) for one in arrivals), initial=start))[1:]
    low, high = min(start, 0, *totals), max(start, 0, *totals)
    step = _round((high - low) or 1)
    low, high = low // step * step, -(-high // step) * step

    def up(units: int) -> float:
        return head + (high - units) * (_HIGH - head - _FOOT) / (high - low)

    line, steps = f"M{_FROM} {up(start):.1f}", []
    for one, day, units, label, row in zip(arrivals, days, totals, labels, rows, strict=True):
        line += f"H{across(day):.1f}V{up(units):.1f}"
        place = label._replace(y=_ROW * row + 10) if row is not None else None
        x, y = f"{across(day):.1f}", f"{up(units):.1f}"
        steps.append(Step(day, one.supply, _open(one), units, x, y, overdue(one, today), one.expected_on, place))
    line += f"H{_TO}"
    grid = [(f"{up(units):.1f}", units) for units in range(low, high + 1, step)]
    every = -(-span // 5)
    ticks = [(f"{across(day):.1f}", words.day(day, today)) for day in _days(today, span, every)]
    owed = _owed([(across(today), start), *((across(step.day), step.units) for step in steps)], up)
    end, end_y = totals[-1], steps[-1].y
    return Projection(
        _CHART, _HIGH, line, owed, f"{up(0):.1f}", grid, ticks, steps, start, f"{up(start):.1f}", end, end_y
    )


_ARRIVES, _ARRIVES_LATE = phrase("+{number} {supply}"), phrase("+{number} {supply} late")


def _label(supply: SupplyView, x: float, today: date) -> Label:
    """What stands above an arrival: its units and the supply, and that it is late; to the left where the chart ends."""
    late = overdue(supply, today) is not None
    name = words.short(supply.supply, 20)
    said = Said(_ARRIVES_LATE if late else _ARRIVES, {"number": _open(supply), "supply": name})
    wide = (len(f"+{_open(supply):,} {name}") + (5 if late else 0)) * _LETTER
    return Label(said, x, wide, 0, x + wide > _CHART)


def _rows(labels: Sequence[Label]) -> list[int | None]:
    """On which row above the chart each label has room; None where it has none, and the table alone says it."""
    taken: list[float] = []  # by row, how far its last label reaches
    found: list[int | None] = []
    for one in labels:
        begins = one.x - one.width if one.to_left else one.x
        row = next((n for n, reach in enumerate(taken) if reach <= begins), len(taken))
        if row == _ROWS_MAX:
            found.append(None)
            continue
        taken[row : row + 1] = [begins + one.width + _LETTER]
        found.append(row)
    return found


class Part(NamedTuple):
    """A piece of a bar: where, how wide, what it stands for."""

    x: str
    width: str
    tone: str
    said: Said


class Bar(NamedTuple):
    """A bar with its words: a segment of a policy, what became of its lines."""

    name: str
    y: str
    middle: str
    parts: list[Part]
    after: str
    said: tuple[Said, ...]
    tone: str
    counts: dict[str, int]
    total: SegmentTotal


class Bars(NamedTuple):
    """What became of the lines of each segment."""

    width: int
    height: int
    bars: list[Bar]


FATES = {"lost": "is-bad", "gained": "is-ok", "moved": "", "else": "is-2"}  # the rest is as it was, and quiet
_BAR_FROM, _BAR_TO, _BAR_ROW = 190, 500, 34


def fates(segments: Sequence[SegmentTotal]) -> Bars:
    """A bar for each segment; those who lose stand first, so that no gain hides them."""
    scale = (_BAR_TO - _BAR_FROM) / (max((one.lines for one in segments), default=0) or 1)
    found = []
    for row, one in enumerate(segments):
        counts = {name: one.outcomes.get(name, 0) for name in FATES if name != "else"}
        counts["else"] = one.lines - sum(counts.values())
        parts: list[Part] = []
        x: float = _BAR_FROM
        for name, tone in FATES.items():
            if counts[name]:
                width = max(counts[name] * scale, 1.0)
                said = Said(_LINES_OF[name], {"lines": words.lines(counts[name])})
                parts.append(Part(f"{x:.1f}", f"{width:.1f}", tone, said))
                x += width
        tone = "t-bad" if counts["lost"] else "t-ok" if counts["gained"] else "t-ink"
        top = 4 + row * _BAR_ROW
        fate = _fate(one.lines, counts)
        after, called = f"{x + 10:.1f}", words.short(one.segment, 20)
        found.append(Bar(called, f"{top}", f"{top + 12}", parts, after, fate, tone, counts, one))
    return Bars(760, 4 + len(found) * _BAR_ROW, found)


_LINES_OF = {
    "lost": phrase("{lines} lost"),
    "gained": phrase("{lines} gained"),
    "moved": phrase("{lines} moved"),
    "else": phrase("{lines} as before"),
}
_OF = {
    "lost": (phrase("{number} lost"), phrase("{number} lost of {lines}")),
    "gained": (phrase("{number} gained"), phrase("{number} gained of {lines}")),
    "moved": (phrase("{number} moved"), phrase("{number} moved of {lines}")),
}
_AS_BEFORE = phrase("{lines} as before")


def _fate(lines: int, counts: Mapping[str, int]) -> tuple[Said, ...]:
    """What became of the lines of a segment; of how many stands at the last."""
    found = [name for name in _OF if counts[name]]
    if not found:
        return (Said(_AS_BEFORE, {"lines": lines}) if lines else Said(phrase("takes no line")),)
    said = [Said(_OF[name][name == found[-1]], {"number": counts[name], "lines": lines}) for name in found]
    return tuple(said)


def _owed(places: Sequence[tuple[float, int]], up: Callable[[int], float]) -> str:
    """The ground between the line and nothing, while customers wait; each place is where a level begins."""
    zero, found = up(0), ""
    for (x, level), (following, _) in pairwise([*places, (_TO, 0)]):
        if level < 0:
            found += f"M{x:.1f} {zero:.1f}H{following:.1f}V{up(level):.1f}H{x:.1f}Z"
    return found


def _days(today: date, span: int, every: int) -> list[date]:
    return [date.fromordinal(today.toordinal() + n) for n in range(0, span - 1, every)]


def _round(span: int) -> int:
    """A round distance of which four or five make a span."""
    step = 1
    while step * 5 < span:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    return step
