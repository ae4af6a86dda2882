"""Why a line has its date, as phrases: its state, and what would change it, for those who work here."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import reduce

from backorder.kernel.calendars import day_number
from backorder.kernel.columns import STOCK
from backorder.kernel.phrases import Phrase, Said, ShortDay, Value, phrase, phrases
from backorder.kernel.tongues import plain_day
from backorder.queries.lines import LineView, RevisionView
from backorder.queries.queue import LiveQueue, Stand
from backorder.queries.sooner import Change, Giver, Sooner

CAUSES = {
    "placed": phrase("the order was placed"),
    "announced": phrase("supply {supply} was announced"),
    "confirmed": phrase("supply {supply} was confirmed"),
    "rescheduled": phrase("supply {supply} was rescheduled"),
    "overdue": phrase("supply did not come on its day; the line then stood on {supply}"),
    "received": phrase("supply {supply} arrived"),
    "short": phrase("supply {supply} arrived short"),
    "cancelled_supply": phrase("supply {supply} was cancelled"),
    "counted": phrase("stock was counted"),
    "adjusted": phrase("stock was adjusted"),
    "stock_loss": phrase("stock that it held turned out to be missing"),
    "line_cancelled": phrase("units were cancelled, on this line or one beside it"),
    "lead_time": phrase("its lead-time day passed"),
    "policy": phrase("the item's policy changed"),
    "calendar": phrase("a site's calendar changed"),
    "line_changed": phrase("the line was changed, or one beside it"),
    "line_added": phrase("a line was added to its order"),
    "order_changed": phrase("an order was changed: its address, sites, priority or way of shipping"),
    "held": phrase("its order, or one beside it, was put on hold"),
    "released": phrase("a hold was lifted"),
    "reversed": phrase("a shipment turned out not to have left"),
    "person": phrase("a person gave the date, or took it back"),
    "imported": phrase("the promise was taken over when the shop went live"),
    "reallocated": phrase("reallocation {run} shared out anew what there is"),
    "undone": phrase("reallocation {run} was undone"),
    "pinned": phrase("a person pinned units, of this line or one beside it, on supply {supply}"),
    "unpinned": phrase("a person took back a pin, of this line or one beside it, on supply {supply}"),
}
_OF_NO_SUPPLY = {
    "announced": phrase("supply was announced"),
    "confirmed": phrase("supply was confirmed"),
    "rescheduled": phrase("supply was rescheduled"),
    "overdue": phrase("supply did not come on its day"),
    "received": phrase("supply arrived"),
    "short": phrase("supply arrived short"),
    "cancelled_supply": phrase("supply was cancelled"),
    "pinned": phrase("a person pinned units, of this line or one beside it, on supply"),
    "unpinned": phrase("a person took back a pin, of this line or one beside it, on supply"),
}
_UNITS = phrases("{count} unit", "{count} units")
_LINES = phrases("{count} line", "{count} lines")
_LISTED, _BOTH = phrase("{one}, {other}"), phrase("{one} and {other}")


def cause(revision: RevisionView) -> Said:
    """Why a promise moved, or was given."""
    if revision.supply is None:
        return Said(_OF_NO_SUPPLY.get(revision.cause, CAUSES[revision.cause]), {"run": revision.run or ""})
    return Said(CAUSES[revision.cause], {"supply": revision.supply, "run": revision.run or ""})


def standing(view: LineView, stands: Sequence[Stand], queue: LiveQueue) -> Iterator[Said]:
    """The state of a line: what it stands on, what comes before it, what is wrong."""
    yield _standing(view)
    yield from map(_stand, stands)
    yield from _about(view, stands)
    yield from _before(view, queue)
    yield from _wrong(view, stands)


def standing_alone(view: LineView, stands: Sequence[Stand]) -> Iterator[Said]:
    """The same of a line that is looked at beside its queue, which is not told again."""
    if not stands and not view.uncovered:
        yield _standing(view)
    yield from (_stand(stand, alone=True) for stand in stands)
    yield from _about(view, stands)
    yield from _wrong(view, stands)


def _about(view: LineView, stands: Sequence[Stand]) -> Iterator[Said]:
    for supply in dict.fromkeys(stand.supply for stand in stands if stand.pinned):
        pinned = sum(stand.pinned for stand in stands if stand.supply == supply)
        yield Said(phrase("{units} pinned on {supply} by a person."), {"units": _units(pinned), "supply": supply})
    if view.uncovered:
        yield Said(phrase("{units} uncovered: no supply holds them."), {"units": _units(view.uncovered)})


def _wrong(view: LineView, stands: Sequence[Stand]) -> Iterator[Said]:
    yield from _risk(view, stands)
    if view.held:
        yield Said(
            phrase("On hold: it keeps what it stands on, takes nothing else, and is not shipped until it is released.")
        )


_PLACES = (
    ("waiting", phrase("{number} waiting")),
    ("allocated", phrase("{number} allocated")),
    ("shipped", phrase("{number} shipped")),
    ("cancelled", phrase("{number} cancelled")),
)
_DONE = phrase("Line {line} of order {order}, {quantity} of {sku} ({units}), is done.")
_DONE_DAY = phrase("Line {line} of order {order}, {quantity} of {sku} ({units}), is done; it was promised for {day}.")
_NO_DATE = phrase("Line {line} of order {order}, {quantity} of {sku} ({units}), has no date.")
_PROMISED = phrase("Line {line} of order {order}, {quantity} of {sku} ({units}), is promised for {day}.")


def _standing(view: LineView) -> Said:
    found: list[Value] = [Said(said, {"number": number}) for name, said in _PLACES if (number := getattr(view, name))]
    values: dict[str, Value] = {
        "line": view.line,
        "order": view.order,
        "quantity": view.quantity,
        "sku": view.sku,
        "units": _joined(_LISTED, found),
    }
    over = not view.waiting and not view.allocated
    if view.promise is None:
        return Said(_DONE if over else _NO_DATE, values)
    return Said(_DONE_DAY if over else _PROMISED, values | {"day": _day(view.promise)})


_FROM_STOCK = phrase("{units} allocated from stock at {site}, could ship {day}.")
_ON_SUPPLY = phrase("{units} on {supply} at {site} ({due}), could ship {day}; {queue}, {behind} behind.")
_ON_SUPPLY_ALONE = phrase("{units} on {supply} at {site} ({due}), could ship {day}.")
_AHEAD = phrase("{lines} with {units} ahead")
_DUE = {
    (True, True): phrase("overdue since {day}"),
    (True, False): phrase("overdue since {day}, not confirmed"),
    (False, True): phrase("expected {day}"),
    (False, False): phrase("expected {day}, not confirmed"),
}


def _stand(stand: Stand, *, alone: bool = False) -> Said:
    values: dict[str, Value] = {"units": _units(stand.units), "site": stand.site, "day": _day(stand.ships_on)}
    if stand.kind == STOCK:
        return Said(_FROM_STOCK, values)
    assert stand.expected_on is not None
    due = Said(_DUE[stand.state == "overdue", stand.confirmed], {"day": _day(stand.expected_on)})
    if alone:
        return Said(_ON_SUPPLY_ALONE, values | {"supply": stand.supply, "due": due})
    queue = Said(phrase("nobody ahead"))
    if stand.ahead:
        queue = Said(_AHEAD, {"lines": _lines(stand.ahead), "units": _units(stand.units_ahead)})
    return Said(_ON_SUPPLY, values | {"supply": stand.supply, "due": due, "queue": queue, "behind": stand.behind})


def _risk(view: LineView, stands: Sequence[Stand]) -> Iterator[Said]:
    if not view.at_risk:
        return
    if view.uncovered:
        yield Said(phrase("At risk: units are uncovered."))
    if view.planned is not None and view.promise is not None and view.planned > view.promise:
        after = phrase("At risk: what it stands on says {day}, after the promise.")
        yield Said(after, {"day": _day(view.planned)})
    for stand in stands:
        if stand.kind != STOCK and stand.state == "overdue":
            yield Said(phrase("At risk: {supply} is overdue."), {"supply": stand.supply})
        elif stand.kind != STOCK and not stand.confirmed:
            yield Said(phrase("At risk: {supply} is not confirmed by its supplier."), {"supply": stand.supply})


_BY = {
    "promise": phrase("by promise"),
    "priority": phrase("by priority"),
    "placed_at": phrase("by when they were placed"),
    "order": phrase("by order id"),
    "line": phrase("by line"),
}
_SO_MANY_BY = phrase("{number} {by}")
_BEFORE = phrase("{lines} with {units} before it for {sku}: {by}.")
_NEAREST = phrase("The nearest is line {line} of order {order} ({units}), {by}.")


def _before(view: LineView, queue: LiveQueue) -> Iterator[Said]:
    """Who comes first, and by which key."""
    if not view.waiting or not queue.lines_before:
        return
    by: list[Value] = [Said(_SO_MANY_BY, {"number": by.lines, "by": Said(_BY[by.key])}) for by in queue.by]
    units, lines = _units(queue.units_before), _lines(queue.lines_before)
    yield Said(_BEFORE, {"lines": lines, "units": units, "sku": view.sku, "by": _joined(_LISTED, by)})
    for before in queue.nearest[:1]:
        of: dict[str, Value] = {"line": before.line, "order": before.order}
        yield Said(_NEAREST, of | {"units": _units(before.units), "by": Said(_BY[before.key])})


def changes(view: LineView, stands: Sequence[Stand], sooner: Sooner, *, complete: bool) -> Iterator[Said]:
    """What would move the date, the most telling first; `complete`: its order ships all at once."""
    if not view.waiting and not view.allocated:
        yield Said(phrase("Nothing: the line is done."))
        return
    if complete:
        yield Said(phrase("The order ships complete: its date is that of the last line to be ready."))
    yield from map(_sooner, sooner.changes)
    if view.uncovered:
        cover = phrase("Supply of {units} of {sku} or more would cover it.")
        yield Said(cover, {"units": _units(view.uncovered), "sku": view.sku})
    inbound = [stand for stand in stands if stand.kind != STOCK]
    if inbound:
        yield from _supply_changes(view, inbound[-1], sooner)
    elif not view.waiting:
        yield Said(
            phrase("All that is still wanted is allocated and can ship; only a count that finds less takes it away.")
        )
    if view.requested_on is not None:
        never = phrase("It is never promised before {day}, as the customer asked.")
        yield Said(never, {"day": _day(view.requested_on)})


_PULLED_IN = phrases(
    "Sooner, on {day}: {supply} pulled in by {count} day, to {to}.",
    "Sooner, on {day}: {supply} pulled in by {count} days, to {to}.",
)
_MORE = phrases(
    "Sooner, on {day}: {count} more unit at {site} by {by}.",
    "Sooner, on {day}: {count} more units at {site} by {by}.",
)
_MOVED = phrase("Sooner, on {day}: {moves}.")


def _sooner(change: Change) -> Said:
    """A change that was tried, and the day it brings."""
    on: dict[str, Value] = {"day": _day(change.ships_on)}
    if change.kind == "moved":
        return Said(_MOVED, on | {"moves": _joined(_BOTH, [_giver(giver) for giver in change.from_lines])})
    assert change.day is not None
    if change.kind == "pulled_in":
        moved: dict[str, Value] = {"supply": change.supply or "", "count": change.days or 0, "to": _day(change.day)}
        return Said(_PULLED_IN, on | moved)
    return Said(_MORE, on | {"count": change.units, "site": change.site or "", "by": _day(change.day)})


# By whether it has a day then, and whether its promise is broken by that.
_THEN = {
    (True, False): phrase("{units} moved from {whom}, which would then ship on {day}"),
    (True, True): phrase("{units} moved from {whom}, which would then ship on {day}, after its promise"),
    (False, False): phrase("{units} moved from {whom}, which would then have no day"),
    (False, True): phrase("{units} moved from {whom}, which would then have no day, after its promise"),
}


def _giver(giver: Giver) -> Said:
    whom = Said(phrase("another order"))
    if giver.order is not None:
        whom = Said(phrase("line {line} of order {order}"), {"line": giver.line or "", "order": giver.order})
    day = "" if giver.would_ship_on is None else _day(giver.would_ship_on)
    then = _THEN[giver.would_ship_on is not None, giver.breaks_promise]
    return Said(then, {"units": _units(giver.units), "whom": whom, "day": day})


_BEFORE_ITS_DAY = phrase("Sooner: {supply} coming before its day, or {units} of earlier supply or stock.")
_FREED = phrase("Sooner, where that frees earlier units: cancellations among the {lines} ahead.")
_ALL_NEED = phrase("Later: {supply} slipping, or bringing less than the {units} that those ahead and this line need.")
_IT_NEEDS = phrase("Later: {supply} slipping, or bringing less than the {units} that this line needs.")


def _supply_changes(view: LineView, last: Stand, sooner: Sooner) -> Iterator[Said]:
    assert last.expected_on is not None
    if last.ships_on == view.planned and not sooner.changes:
        yield Said(_BEFORE_ITS_DAY, {"supply": last.supply, "units": _units(last.units)})
        if last.ahead:
            yield Said(_FREED, {"lines": _lines(last.ahead)})
    needed = _units(last.units_ahead + last.units)
    yield Said(_ALL_NEED if last.ahead else _IT_NEEDS, {"supply": last.supply, "units": needed})


def _day(day: date) -> ShortDay:
    return ShortDay(day, None, weekday=True)


def _units(number: int) -> Said:
    return Said(_UNITS, {"count": number})


def _lines(number: int) -> Said:
    return Said(_LINES, {"count": number})


def _joined(by: Phrase, found: Sequence[Value]) -> Value:
    return reduce(lambda one, other: Said(by, {"one": one, "other": other}), found) if found else ""


def plain(value: Value) -> str:
    """The same in English, for whoever asks over the API or at the command line."""
    if isinstance(value, Said):
        one, many = value.phrase
        text = one if many is None or value.values["count"] == 1 else many
        return text.format(**{name: plain(each) for name, each in value.values.items()})
    if isinstance(value, ShortDay):
        return plain_day(day_number(value.day))
    return f"{value:,}" if isinstance(value, int) else str(value)
