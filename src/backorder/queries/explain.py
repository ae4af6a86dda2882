"""Why a line has its date: what it stands on, who is ahead of it, how the date came about, what would change it."""

from collections.abc import Iterator
from datetime import date

import msgspec
from sqlalchemy import and_, bindparam, select

from backorder.kernel.calendars import day_number
from backorder.kernel.columns import STOCK
from backorder.queries.gained import COUNTED_MAX, PromiseMove, read_moves
from backorder.queries.lines import LINES, LineView, RevisionView, of_customer, read_lines
from backorder.queries.queue import LiveQueue, Place, Stand, read_queue
from backorder.queries.sooner import Change, Giver, Sooner, read_sooner
from backorder.queries.spoken import spoken
from backorder.storage.db import Database, Tx
from backorder.storage.tables import lines, orders

CAUSES = {
    "placed": "the order was placed",
    "announced": "supply {supply} was announced",
    "confirmed": "supply {supply} was confirmed",
    "rescheduled": "supply {supply} was rescheduled",
    "overdue": "supply did not come on its day; the line then stood on {supply}",
    "received": "supply {supply} arrived",
    "short": "supply {supply} arrived short",
    "cancelled_supply": "supply {supply} was cancelled",
    "counted": "stock was counted",
    "adjusted": "stock was adjusted",
    "stock_loss": "stock that it held turned out to be missing",
    "line_cancelled": "units were cancelled, on this line or one beside it",
    "lead_time": "its lead-time day passed",
    "policy": "the item's policy changed",
    "calendar": "a site's calendar changed",
    "line_changed": "the line was changed, or one beside it",
    "line_added": "a line was added to its order",
    "order_changed": "an order was changed: its address, sites, priority or way of shipping",
    "held": "its order, or one beside it, was put on hold",
    "released": "a hold was lifted",
    "reversed": "a shipment turned out not to have left",
    "person": "a person gave the date, or took it back",
    "imported": "the promise was taken over when the shop went live",
    "reallocated": "reallocation {run} shared out anew what there is",
    "undone": "reallocation {run} was undone",
    "pinned": "a person pinned units, of this line or one beside it, on supply {supply}",
    "unpinned": "a person took back a pin, of this line or one beside it, on supply {supply}",
}


class Explanation(msgspec.Struct):
    """The line, what it stands on, who comes first, what moved it and who gained, what would bring it sooner.

    The same in sentences: for those who work here its `state`, its `history` and what `would_change` it; `spoken` is
    what a customer can be told.
    """

    line: LineView
    stands_on: list[Stand]
    queue: LiveQueue
    moves: list[PromiseMove]
    sooner: Sooner
    state: list[str]
    history: list[str]
    would_change: list[str]
    spoken: list[str]


_PLACE = (
    select(lines.c.promise, orders.c.priority, lines.c.placed_at, lines.c.position, orders.c.ship)
    .join(orders, orders.c.order_id == lines.c.order_id)
    .where(lines.c.order_id == bindparam("order"), lines.c.line == bindparam("line"))
)


def line(
    db: Database, order: str, line: str, now: int, of: str | None = None, earlier: int | None = None
) -> Explanation | None:
    """The explanation of a line's date; None if there is no such line, or none `of` this customer.

    What would bring it sooner is asked of a day `earlier` by so many days; else of the day that it was first promised
    or is wanted for, or where that is met, of one working day earlier. A customer gets numbers of whoever else waits,
    no names. A fixed number of statements, however many wait.
    """
    mine = and_(lines.c.order_id == order, lines.c.line == line, of_customer(of))
    named = of is None
    with db.read() as tx:
        found = read_lines(tx, LINES.where(mine), now, revisions=True)
        if not found:
            return None
        view = found[0]
        place, complete = _place(tx, order, line)
        queue, stands = read_queue(tx, view, place, now, named=named)
        said = [(revision, _revision(revision)) for revision in view.revisions]
        moves = read_moves(tx, order, line, view.sku, said, named=named)
        sooner = read_sooner(tx, view, place, now, earlier, named=named)
    return Explanation(
        line=view,
        stands_on=stands,
        queue=queue,
        moves=moves,
        sooner=sooner,
        state=[
            _standing(view),
            *map(_stand, stands),
            *_pinned(stands),
            *_uncovered(view),
            *_before(view, queue),
            *_risk(view, stands),
            *_held(view),
        ],
        history=[_history(move) for move in moves],
        would_change=list(_changes(view, stands, complete, sooner)),
        spoken=spoken(view, queue, moves, sooner),
    )


def _place(tx: Tx, order: str, line: str) -> tuple[Place, bool]:
    """Where the line stands in the live order, and whether its order ships complete."""
    promise, priority, placed, position, ship = tx.fetch(_PLACE, order=order, line=line)[0]
    return Place(promise, priority, placed, order, line, position), ship == "complete"


def _pinned(stands: list[Stand]) -> Iterator[str]:
    """What a person holds where it is."""
    for supply in dict.fromkeys(stand.supply for stand in stands if stand.pinned):
        pinned = sum(stand.pinned for stand in stands if stand.supply == supply)
        yield f"{_units(pinned)} pinned on {supply} by a person."


def _held(view: LineView) -> list[str]:
    if not view.held:
        return []
    return ["On hold: it keeps what it stands on, takes nothing else, and is not shipped until it is released."]


def _standing(view: LineView) -> str:
    places = (
        (view.waiting, "waiting"),
        (view.allocated, "allocated"),
        (view.shipped, "shipped"),
        (view.cancelled, "cancelled"),
    )
    units = ", ".join(f"{number} {word}" for number, word in places if number)
    if not view.waiting and not view.allocated:
        told = "is done" if view.promise is None else f"is done; it was promised for {day_words(view.promise)}"
    else:
        told = "has no date" if view.promise is None else f"is promised for {day_words(view.promise)}"
    return f"Line {view.line} of order {view.order}, {view.quantity} of {view.sku} ({units}), {told}."


def _stand(stand: Stand) -> str:
    could = f"could ship {day_words(stand.ships_on)}"
    if stand.kind == STOCK:
        return f"{_units(stand.units)} allocated from stock at {stand.site}, {could}."
    assert stand.expected_on is not None
    word = "" if stand.confirmed else ", not confirmed"
    due = f"{'overdue since' if stand.state == 'overdue' else 'expected'} {day_words(stand.expected_on)}{word}"
    queue = f"{_lines(stand.ahead)} with {_units(stand.units_ahead)} ahead" if stand.ahead else "nobody ahead"
    return f"{_units(stand.units)} on {stand.supply} at {stand.site} ({due}), {could}; {queue}, {stand.behind} behind."


def _uncovered(view: LineView) -> Iterator[str]:
    if view.uncovered:
        yield f"{_units(view.uncovered)} uncovered: no supply holds them."


def _risk(view: LineView, stands: list[Stand]) -> Iterator[str]:
    if not view.at_risk:
        return
    if view.uncovered:
        yield "At risk: units are uncovered."
    if view.planned is not None and view.promise is not None and view.planned > view.promise:
        yield f"At risk: what it stands on says {day_words(view.planned)}, after the promise."
    for stand in stands:
        if stand.kind != STOCK and stand.state == "overdue":
            yield f"At risk: {stand.supply} is overdue."
        elif stand.kind != STOCK and not stand.confirmed:
            yield f"At risk: {stand.supply} is not confirmed by its supplier."


_BY = {
    "promise": "by promise",
    "priority": "by priority",
    "placed_at": "by when they were placed",
    "order": "by order id",
    "line": "by line",
}


def _before(view: LineView, queue: LiveQueue) -> Iterator[str]:
    """Who comes first, and by which key."""
    if not view.waiting or not queue.lines_before:
        return
    by = ", ".join(f"{by.lines:,} {_BY[by.key]}" for by in queue.by)
    yield f"{_lines(queue.lines_before)} with {_units(queue.units_before)} before it for {view.sku}: {by}."
    for before in queue.nearest[:1]:
        yield f"The nearest is line {before.line} of order {before.order} ({_units(before.units)}), {_BY[before.key]}."


def _history(move: PromiseMove) -> str:
    """The revision, and who gained by what it was about."""
    if not move.gained_lines:
        return move.said
    if move.gained_lines >= COUNTED_MAX:
        return f"{move.said}; by the same gained {COUNTED_MAX:,} lines or more"
    names = ", ".join(f"{gainer.order} {gainer.line}" for gainer in move.gained)
    more = move.gained_lines - len(move.gained)
    rest = f" and {_lines(more)} more" if names and more else _lines(more) if more else ""
    return f"{move.said}; by the same gained {names}{rest}"


def _revision(revision: RevisionView) -> str:
    at = f"{revision.at:%Y-%m-%d %H:%M}"
    if revision.cause == "placed" and revision.from_day is None:
        assert revision.to_day is not None
        basis = {"stock": "from stock", "inbound": f"on {revision.supply}", "lead_time": "by the lead time"}
        return f"{at}  promised for {day_words(revision.to_day)}, {basis[revision.basis or '']}"
    return f"{at}  {_movement(revision)}: {cause(revision)}"


def cause(revision: RevisionView) -> str:
    """Why a promise moved, or was given, in words."""
    text = CAUSES[revision.cause]
    if revision.supply is None:
        text = text.partition(";")[0].replace("supply {supply}", "supply")
    return text.format(supply=revision.supply, run=revision.run)


def _movement(revision: RevisionView) -> str:
    before, after = revision.from_day, revision.to_day
    if after is None:
        return "lost its date"
    if before is None:
        return f"has a date again, {day_words(after)}"
    days = day_number(after) - day_number(before)
    moved = "slipped" if days > 0 else "pulled in"
    return f"{moved} {abs(days)} day{'s' if abs(days) > 1 else ''} to {day_words(after)}"


def _changes(view: LineView, stands: list[Stand], complete: bool, sooner: Sooner) -> Iterator[str]:
    """What would move the date, the most telling first."""
    if not view.waiting and not view.allocated:
        yield "Nothing: the line is done."
        return
    if complete:
        yield "The order ships complete: its date is that of the last line to be ready."
    yield from map(_sooner, sooner.changes)
    if view.uncovered:
        yield f"Supply of {_units(view.uncovered)} of {view.sku} or more would cover it."
    inbound = [stand for stand in stands if stand.kind != STOCK]
    if inbound:
        yield from _supply_changes(view, inbound[-1], sooner)
    elif not view.waiting:
        yield "All that is still wanted is allocated and can ship; only a count that finds less takes it away."
    if view.requested_on is not None:
        yield f"It is never promised before {day_words(view.requested_on)}, as the customer asked."


def _sooner(change: Change) -> str:
    """A change that was tried, and the day it brings."""
    by = f"Sooner, on {day_words(change.ships_on)}:"
    if change.kind == "pulled_in":
        days = change.days or 0
        assert change.day is not None
        return f"{by} {change.supply} pulled in by {days} day{'s' if days > 1 else ''}, to {day_words(change.day)}."
    if change.kind == "more":
        assert change.day is not None
        units = "1 more unit" if change.units == 1 else f"{change.units:,} more units"
        return f"{by} {units} at {change.site} by {day_words(change.day)}."
    return f"{by} {' and '.join(map(_giver, change.from_lines))}."


def _giver(giver: Giver) -> str:
    whom = f"line {giver.line} of order {giver.order}" if giver.order is not None else "another order"
    then = "have no day" if giver.would_ship_on is None else f"ship on {day_words(giver.would_ship_on)}"
    breaks = ", after its promise" if giver.breaks_promise else ""
    return f"{_units(giver.units)} moved from {whom}, which would then {then}{breaks}"


def _supply_changes(view: LineView, last: Stand, sooner: Sooner) -> Iterator[str]:
    assert last.expected_on is not None
    if last.ships_on == view.planned and not sooner.changes:
        yield f"Sooner: {last.supply} coming before its day, or {_units(last.units)} of earlier supply or stock."
        if last.ahead:
            yield f"Sooner, where that frees earlier units: cancellations among the {_lines(last.ahead)} ahead."
    needed = _units(last.units_ahead + last.units)
    whom = "those ahead and this line need" if last.ahead else "this line needs"
    yield f"Later: {last.supply} slipping, or bringing less than the {needed} that {whom}."


def _units(number: int) -> str:
    return f"{number:,} unit{'' if number == 1 else 's'}"


def _lines(number: int) -> str:
    return f"{number:,} line{'' if number == 1 else 's'}"


def day_words(day: date) -> str:
    """A day as people say it: Mon 7 Dec 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"
