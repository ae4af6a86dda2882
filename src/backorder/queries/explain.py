"""Why a line has its date: what it stands on, who is ahead of it, how the date came about, what would change it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import and_, case, func, or_, select

from backorder.kernel.calendars import day_number
from backorder.kernel.columns import STOCK
from backorder.queries.lines import LINES, LineView, PegView, RevisionView, of_customer, read_lines
from backorder.queries.show import SUPPLIES, SupplyView, supply_view
from backorder.storage.db import Database, Tx
from backorder.storage.tables import lines, orders, pegs, supplies

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
    "pinned": "a person pinned units, of this line or one beside it, on supply {supply}",
    "unpinned": "a person took back a pin, of this line or one beside it, on supply {supply}",
    "reallocated": "a reallocation gave units to others, or to this line",
    "undone": "a reallocation was taken back",
}


class Stand(msgspec.Struct):
    """A supply that the line stands on: the units it holds there, and who else does; `pinned` of them by a person.

    `ahead` counts the lines, and `units_ahead` their units, that come before this line in the live order: a receipt
    serves them first, after what is pinned. `free` is what nobody holds.
    """

    supply: str
    site: str
    kind: str
    units: int
    ships_on: date
    expected_on: date | None
    state: str
    confirmed: bool
    ahead: int
    units_ahead: int
    behind: int
    free: int
    pinned: int


class Explanation(msgspec.Struct):
    """The line, what it stands on, and the same in sentences: its `state`, its `history`, what `would_change` it."""

    line: LineView
    stands_on: list[Stand]
    state: list[str]
    history: list[str]
    would_change: list[str]


def line(db: Database, order: str, line: str, now: int, of: str | None = None) -> Explanation | None:
    """The explanation of a line's date; None if there is no such line, or none `of` this customer.

    Of whoever else waits it has numbers, no names. Four statements, however many they are.
    """
    mine = and_(lines.c.order_id == order, lines.c.line == line, of_customer(of))
    with db.read() as tx:
        found = read_lines(tx, LINES.where(mine), now, revisions=True)
        if not found:
            return None
        view = found[0]
        stands = _stands(tx, view, now)
        complete = tx.fetch(select(orders.c.ship).where(orders.c.order_id == order))[0][0] == "complete"
    return Explanation(
        line=view,
        stands_on=stands,
        state=[_standing(view), *map(_stand, stands), *_kept(view, stands)],
        history=[_revision(revision) for revision in view.revisions],
        would_change=list(_changes(view, stands, complete)),
    )


def _kept(view: LineView, stands: list[Stand]) -> Iterator[str]:
    """What holds it where it is, or puts it at risk."""
    for supply in dict.fromkeys(stand.supply for stand in stands if stand.pinned):
        pinned = sum(stand.pinned for stand in stands if stand.supply == supply)
        yield f"{_units(pinned)} pinned on {supply} by a person."
    yield from _uncovered(view)
    yield from _risk(view, stands)
    if view.held:
        yield "On hold: it keeps what it stands on, takes nothing else, and is not shipped until it is released."


def _stands(tx: Tx, view: LineView, now: int) -> list[Stand]:
    """What the line stands on, in the order in which it could ship."""
    if not view.pegs:
        return []
    rows = {row[0]: row for row in tx.fetch(_others(view))}
    return [_read_stand(peg, supply_view(rows[peg.supply][:-3], now), rows[peg.supply][-3:]) for peg in view.pegs]


def _read_stand(peg: PegView, supply: SupplyView, queue: Any) -> Stand:
    ahead, units_ahead, others = queue
    stock = supply.kind == STOCK  # allocated units wait for nobody
    return Stand(
        supply=peg.supply,
        site=peg.site,
        kind=supply.kind,
        units=peg.quantity,
        ships_on=peg.ships_on,
        expected_on=supply.expected_on,
        state=supply.state,
        confirmed=supply.confirmed,
        ahead=0 if stock else int(ahead),
        units_ahead=0 if stock else int(units_ahead or 0),
        behind=0 if stock else int(others - ahead),
        free=supply.free,
        pinned=peg.pinned,
    )


def _others(view: LineView) -> Any:
    """The line's supplies, each with the lines and units ahead of it there in the live order, and all other lines."""
    me, my_order = lines.alias("me"), orders.alias("my_order")
    held, other, its_order = pegs.alias("held"), lines.alias("other"), orders.alias("its_order")
    same_promise = or_(other.c.promise == me.c.promise, and_(other.c.promise.is_(None), me.c.promise.is_(None)))
    before = or_(
        other.c.promise < me.c.promise,
        and_(other.c.promise.is_not(None), me.c.promise.is_(None)),
        and_(same_promise, its_order.c.priority > my_order.c.priority),
        and_(
            same_promise,
            its_order.c.priority == my_order.c.priority,
            or_(
                its_order.c.placed_at < my_order.c.placed_at,
                and_(its_order.c.placed_at == my_order.c.placed_at, other.c.order_id < me.c.order_id),
                and_(other.c.order_id == me.c.order_id, other.c.position < me.c.position),
            ),
        ),
    )
    name = other.c.order_id + " " + other.c.line
    its_peg = and_(held.c.supply == supplies.c.supply, or_(held.c.order_id != view.order, held.c.line != view.line))
    mine = select(pegs.c.supply).where(pegs.c.order_id == view.order, pegs.c.line == view.line)
    return (
        SUPPLIES.add_columns(
            func.count(case((before, name)).distinct()),
            func.sum(case((before, held.c.quantity), else_=0)),
            func.count(name.distinct()),
        )
        .join(me, and_(me.c.order_id == view.order, me.c.line == view.line))
        .join(my_order, my_order.c.order_id == me.c.order_id)
        .outerjoin(held, its_peg)
        .outerjoin(other, and_(other.c.order_id == held.c.order_id, other.c.line == held.c.line))
        .outerjoin(its_order, its_order.c.order_id == other.c.order_id)
        .where(supplies.c.supply.in_(mine))
        .group_by(*SUPPLIES.selected_columns)
    )


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


def _revision(revision: RevisionView) -> str:
    at = f"{revision.at:%Y-%m-%d %H:%M}"
    if revision.cause == "placed" and revision.from_day is None:
        assert revision.to_day is not None
        basis = {"stock": "from stock", "inbound": f"on {revision.supply}", "lead_time": "by the lead time"}
        return f"{at}  promised for {day_words(revision.to_day)}, {basis[revision.basis or '']}"
    return f"{at}  {_movement(revision)}: {_cause(revision)}"


def _cause(revision: RevisionView) -> str:
    if revision.supply is None:
        return CAUSES[revision.cause].partition(";")[0].replace("supply {supply}", "supply")
    return CAUSES[revision.cause].format(supply=revision.supply)


def _movement(revision: RevisionView) -> str:
    before, after = revision.from_day, revision.to_day
    if after is None:
        return "lost its date"
    if before is None:
        return f"has a date again, {day_words(after)}"
    days = day_number(after) - day_number(before)
    moved = "slipped" if days > 0 else "pulled in"
    return f"{moved} {abs(days)} day{'s' if abs(days) > 1 else ''} to {day_words(after)}"


def _changes(view: LineView, stands: list[Stand], complete: bool) -> Iterator[str]:
    """What would move the date, the most telling first."""
    if not view.waiting and not view.allocated:
        yield "Nothing: the line is done."
        return
    if complete:
        yield "The order ships complete: its date is that of the last line to be ready."
    if view.uncovered:
        yield f"Supply of {_units(view.uncovered)} of {view.sku} or more would cover it."
    inbound = [stand for stand in stands if stand.kind != STOCK]
    if inbound:
        yield from _supply_changes(view, inbound[-1])
    elif not view.waiting:
        yield "All that is still wanted is allocated and can ship; only a count that finds less takes it away."
    if view.requested_on is not None:
        yield f"It is never promised before {day_words(view.requested_on)}, as the customer asked."


def _supply_changes(view: LineView, last: Stand) -> Iterator[str]:
    assert last.expected_on is not None
    if last.ships_on == view.planned:
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
