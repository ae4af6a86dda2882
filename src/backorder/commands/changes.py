"""Orders that do not stay as they were placed: lines added; quantities, days, addresses, ways of shipping changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from backorder.commands._batch import (
    KEY_MAX,
    Command,
    Currency,
    Key,
    Note,
    Priority,
    Steps,
    Units,
    date_or_none,
    day_trouble,
    invalid,
    perform,
    perform_each,
    place_trouble,
    zone_trouble,
)
from backorder.commands._lines import (
    OrderLine,
    ShipTo,
    line_details,
    lines_trouble,
    money_trouble,
    new_lines,
    next_position,
    prices,
    tags_text,
    take,
)
from backorder.kernel.acceptance import Caps, NewLine, Offer
from backorder.kernel.calendars import day_date, day_number
from backorder.kernel.cases import Said
from backorder.kernel.fulfilment import can_cancel, cancel, off_route, reroute
from backorder.kernel.livepass import live_pass
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why, give_day
from backorder.storage import book as books
from backorder.storage import changes as storage
from backorder.storage import lines as line_storage
from backorder.storage.cases import address
from backorder.storage.db import Database, Row, Tx
from backorder.storage.orders import load_caps

By = Literal["customer", "merchant", "law"]


class AddLines(Command, tag="add_lines"):
    """Add lines to an order. They take what is free, as a new order would, and rank as placed now."""

    order: Key
    lines: Annotated[list[OrderLine], Meta(min_length=1, max_length=1_000)]
    currency: Currency | None = None
    reason: Note | None = None
    by: By = "customer"


class ChangeLine(Command, tag="change_line"):
    """Change how many units of a line are wanted in all, from which day on, or until when.

    More units become a line of their own, which takes what is free and ranks as placed now: the line keeps its place.
    Fewer units give back the newest first, of each line those promised latest.
    """

    order: Key
    line: Key
    quantity: Units | UnsetType = UNSET
    requested_on: date | None | UnsetType = UNSET
    accept_by: date | None | UnsetType = UNSET
    reason: Note | None = None
    by: By = "customer"


class ChangeOrder(Command, tag="change_order"):
    """Change how an order ships, where to, from which sites, or its priority; its dates are read again."""

    order: Key
    ship: Literal["when_ready", "complete"] | UnsetType = UNSET
    ship_to: ShipTo | UnsetType = UNSET
    sites: list[Key] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    reason: Note | None = None
    by: By = "customer"


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    orders: dict[str, line_storage.Order]
    caps: Caps
    entries: dict[str, int]
    cancelled: dict[tuple[str, str], int]
    rows: list[Row] = field(default_factory=list)
    cancellations: list[Row] = field(default_factory=list)
    limits: dict[tuple[str, str], Row] = field(default_factory=dict)
    heads: dict[str, Row] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)

    def write(self, command: Any, now: int, line: str | None, what: str, before: Any, after: Any) -> None:
        """Put a change in the ledger of the order."""
        n = self.entries[command.order] = self.entries.get(command.order, 0) + 1
        told = [None if value is None else str(value) for value in (before, after)]
        self.rows.append((command.order, n, now, line, what, *told, command.reason, command.by))


def add_lines(db: Database, now: int, batch: Sequence[AddLines]) -> list[Outcome]:
    """Add lines to orders; other orders lose nothing by it. Each in a transaction of its own: caps count what waits."""
    return perform_each(db, now, batch, Steps(_check_added, _load, _add, _save))


def change_lines(db: Database, now: int, batch: Sequence[ChangeLine]) -> list[Outcome]:
    """Change quantities and days of lines, each in a transaction of its own: caps count what waits."""
    return perform_each(db, now, batch, Steps(_check_line, _load, _change_line, _save))


def change_orders(db: Database, now: int, batch: Sequence[ChangeOrder]) -> list[Outcome]:
    """Change orders as a whole."""
    return perform(db, now, batch, Steps(unfit, _load, _change_order, _save))


def _check_added(command: AddLines) -> Outcome | None:
    return lines_trouble(command, command.lines)


def _check_line(command: ChangeLine) -> Outcome | None:
    requested, limit = _day(command.requested_on), _day(command.accept_by)
    if requested is not None and limit is not None and requested > limit:
        return invalid(command, "accept_by", "the line would be wanted after the last day that is accepted")
    return day_trouble(command, requested_on=requested, accept_by=limit)


def _day(told: date | None | UnsetType) -> date | None:
    return None if isinstance(told, UnsetType) else told


def unfit(command: ChangeOrder) -> Outcome | None:
    """What is wrong with what a command says of an order, whichever it is."""
    if not isinstance(command.sites, UnsetType) and len(set(command.sites)) < len(command.sites):
        return invalid(command, "sites", "name each site once")
    if isinstance(command.ship_to, UnsetType):
        return None
    place = command.ship_to
    return zone_trouble(command, "ship_to.zone", place.zone) or place_trouble(
        command, "ship_to.", place.country, place.region
    )


def _load(tx: Tx, batch: Sequence[Any]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = line_storage.load_orders(tx, names)
    skus = {sku for order in orders.values() for sku in order.skus}
    skus |= {line.sku for command in batch if isinstance(command, AddLines) for line in command.lines}
    loaded = books.load(tx, skus, orders=names)
    caps = load_caps(tx, [item.sku for item in loaded.book.items.values() if item.capped])
    cancelled = line_storage.load_cancellations(tx, names)
    return _Work(loaded, orders, caps, storage.load_changes(tx, names), cancelled)


def _add(work: _Work, command: AddLines, now: int) -> Outcome:
    order = work.orders.get(command.order)
    if order is None:
        return refused(Word.UNKNOWN_ORDER, command.order)
    if any(line.line in order.lines for line in command.lines):
        return _already(work, command, order)
    if command.currency is not None and command.currency != order.currency:
        message = f"the order is in {order.currency or 'no currency'}: its lines can be in no other"
        return refused(Word.CURRENCY_MIXED, command.order, message)
    trouble = money_trouble(command, prices(command.lines), order.currency)
    if trouble is not None:
        return trouble
    work.loaded.book.set_clock(now)
    asked = new_lines(command.lines, next_position(order))
    stands, offers, answer = take(work.loaded.book, work.caps, command.order, order, asked, now)
    for offer, line in zip(offers if stands else (), command.lines, strict=False):
        if offer.word is Word.ACCEPTED:
            details = line_details(line, offer, order)
            _keep(work, command.order, offer, details)
            work.write(command, now, line.line, "line", None, f"{offer.quantity} {line.sku}")
    if stands:
        _settle_complete(work, command.order)
    return answer


def _already(work: _Work, command: AddLines, order: line_storage.Order) -> Outcome:
    """The answer where a line is in the order already: the same lines again, or another one by that name."""
    lines = work.loaded.book.lines
    for line in command.lines:
        i = lines.index.get((command.order, line.line))
        if i is None or (lines.sku[i], lines.quantity[i]) != (line.sku, line.quantity):
            taken = next(line.line for line in command.lines if line.line in order.lines)
            message = f"order {command.order} has a line {taken} already: give the new one another id"
            return refused(Word.ID_REUSED, command.order, message)
    return Outcome(Word.EXISTS, subject=command.order)


def _keep(work: _Work, name: str, offer: Offer, details: Row) -> None:
    """Put a line that was taken among those of its order."""
    i = work.loaded.book.lines.index[name, offer.line.line]
    work.loaded.line_details[i] = details
    price, limit, _, raised_from, *_ = details
    work.orders[name].lines[offer.line.line] = line_storage.Line(
        offer.line.sku, offer.line.position, raised_from, limit, price
    )


def _settle_complete(work: _Work, name: str) -> None:
    """Lines that join a complete order may make it later: all of it is pegged and dated anew."""
    book, order = work.loaded.book, work.orders[name]
    if order.head.ship == "complete":
        live_pass(book, order.skus, Why("line_added"), also=book.lines_of_order[name])


def _change_line(work: _Work, command: ChangeLine, now: int) -> Outcome:
    book = work.loaded.book
    order = work.orders.get(command.order)
    if order is None:
        return refused(Word.UNKNOWN_ORDER, command.order)
    i = book.lines.index.get((command.order, command.line))
    if i is None:
        return refused(Word.UNKNOWN_LINE, command.order, f"order {command.order} has no line {command.line}")
    book.set_clock(now)
    family = _family(work, command)
    units = sum(book.lines.quantity[j] - book.lines.cancelled[j] for j in family)
    wanted = units if isinstance(command.quantity, UnsetType) else command.quantity
    trouble = _trouble(work, command, i, family, units - wanted)
    if trouble is not None:
        return trouble
    written = len(work.rows)
    answer = Outcome(Word.CHANGED, subject=command.order, quantity=wanted)
    if wanted > units:
        refusal = _raise(work, command, i, wanted - units, now, answer)
        if refusal is not None:
            return refusal
    touched = _lower(work, command, family, units - wanted, now)
    if wanted != units:
        work.write(command, now, command.line, "quantity", units, wanted)
    if _change_days(work, command, i, now):
        touched.append(i)
    if len(work.rows) == written:
        return Outcome(Word.EXISTS, subject=command.order)
    whole = order.head.ship == "complete"
    if touched or whole:
        skus, mine = (order.skus, book.lines_of_order[command.order]) if whole else ([book.lines.sku[i]], touched)
        live_pass(book, skus, Why("line_changed"), also=mine)
    return answer


def _family(work: _Work, command: ChangeLine) -> list[int]:
    """The line and those that were raised from it, oldest first."""
    lines = work.orders[command.order].lines
    names = [name for name, line in lines.items() if command.line in (name, line.raised_from)]
    return [work.loaded.book.lines.index[command.order, name] for name in names]


def _trouble(work: _Work, command: ChangeLine, i: int, family: list[int], fewer: int) -> Outcome | None:
    """What stands against the change of a line, before anything is done."""
    book = work.loaded.book
    possible = sum(can_cancel(book, j) for j in family)
    if fewer > possible:
        message = f"only {possible} units are neither picked nor shipped"
        return refused(Word.TOO_MANY, command.order, message, quantity=possible)
    days = not isinstance(command.requested_on, UnsetType) or not isinstance(command.accept_by, UnsetType)
    if days and not book.lines.open(i):
        return refused(Word.NOT_ALLOWED, command.order, "nothing of the line is still to be shipped")
    promise, limit = book.lines.promise[i], _day(command.accept_by)
    if limit is not None and isinstance(command.requested_on, UnsetType):
        asked = book.lines.requested_on[i]
        if asked is not None and day_number(limit) < asked:
            return invalid(command, "accept_by", f"the line is wanted from {day_date(asked)} on")
        if promise is None or promise > day_number(limit):
            return refused(Word.TOO_LATE, command.order, day=date_or_none(promise))
    return None


def _raise(work: _Work, command: ChangeLine, i: int, more: int, now: int, answer: Outcome) -> Outcome | None:
    """Let more units be a line of their own; the refusal if they cannot be had. The answer tells of the line."""
    book, order = work.loaded.book, work.orders[command.order]
    line = order.lines[command.line]
    n = sum(other.raised_from == command.line for other in order.lines.values()) + 1
    while f"{command.line}+{n}" in order.lines:
        n += 1
    name = f"{command.line}+{n}"
    if len(name) > KEY_MAX:
        return refused(Word.NOT_ALLOWED, command.order, "the line's id is too long to make another from: add a line")
    requested, limit = book.lines.requested_on[i], line.accept_by
    if not isinstance(command.requested_on, UnsetType):
        requested = _number(command.requested_on)
    if not isinstance(command.accept_by, UnsetType):
        limit = _number(command.accept_by)
    asked = NewLine(name, line.sku, more, requested, limit, position=next_position(order))
    stands, offers, taken = take(work.loaded.book, work.caps, command.order, order, (asked,), now)
    answer.lines = taken.lines
    if not stands:
        return taken
    details = line.unit_price, limit, "[]", command.line, 0, order.channel, order.customer
    _keep(work, command.order, offers[0], details)
    return None


def _lower(work: _Work, command: ChangeLine, family: list[int], fewer: int, now: int) -> list[int]:
    """Cancel units, of the newest line first; the lines that gave some."""
    book, touched = work.loaded.book, []
    for i in reversed(family):
        units = min(fewer, can_cancel(book, i))
        if units > 0:
            cancel(book, i, units)
            key = command.order, book.lines.line[i]
            n = work.cancelled[key] = work.cancelled.get(key, 0) + 1
            work.cancellations.append((*key, n, now, units, command.reason, command.by))
            touched.append(i)
            fewer -= units
    return touched


def _change_days(work: _Work, command: ChangeLine, i: int, now: int) -> bool:
    """Set the days that the customer wants; whether the line's dates depend on what changed."""
    lines, order = work.loaded.book.lines, work.orders[command.order]
    if not isinstance(command.accept_by, UnsetType):
        line, limit = order.lines[command.line], _number(command.accept_by)
        if limit != line.accept_by:
            order.lines[command.line] = line._replace(accept_by=limit)
            work.limits[command.order, command.line] = (command.order, command.line, limit)
            work.write(command, now, command.line, "accept_by", date_or_none(line.accept_by), command.accept_by)
    if isinstance(command.requested_on, UnsetType):
        return False
    before, after = lines.requested_on[i], _number(command.requested_on)
    if before == after:
        return False
    lines.requested_on[i] = after
    give_day(work.loaded.book, i, None)
    work.write(command, now, command.line, "requested_on", date_or_none(before), command.requested_on)
    return True


def _number(day: date | None) -> int | None:
    return None if day is None else day_number(day)


def _change_order(work: _Work, command: ChangeOrder, now: int) -> Outcome:
    book = work.loaded.book
    order = work.orders.get(command.order)
    if order is None:
        return refused(Word.UNKNOWN_ORDER, command.order)
    head = _head(command, order)
    sites: list[str] = json.loads(head.sites)
    for site in sites:
        if site not in book.sites:
            return refused(Word.UNKNOWN_SITE, command.order, f"site {site} is not known: put it first")
    if head == order.head:
        return Outcome(Word.EXISTS, subject=command.order)
    book.set_clock(now)
    route, mine = book.route_of(sites, head.region), book.lines_of_order[command.order]
    if any(book.lines.picked[i] and off_route(book, i, route) for i in mine):
        message = "units are picked at a site that could no longer serve it: unpick them first"
        return refused(Word.NOT_ALLOWED, command.order, message)
    for i in mine:
        reroute(book, i, route)
        book.lines.priority[i] = head.priority
        book.lines.complete[i] = head.ship == "complete"
    for what in ("priority", "ship", "sites"):
        if getattr(order.head, what) != getattr(head, what):
            work.write(command, now, None, what, getattr(order.head, what), getattr(head, what))
    if order.head[3:6] != head[3:6]:
        work.moved.append(command.order)
        work.write(command, now, None, "ship_to", json.dumps(order.head[3:6]), json.dumps(head[3:6]))
    order.head = head
    work.heads[command.order] = (command.order, *head)
    live_pass(book, order.skus, Why("order_changed"), also=mine)
    return Outcome(Word.CHANGED, subject=command.order)


def _head(command: ChangeOrder, order: line_storage.Order) -> line_storage.Head:
    """The order as a whole, with what the command gives."""
    head = order.head
    if not isinstance(command.ship, UnsetType):
        accept = "order" if command.ship == "complete" else head.accept
        head = head._replace(ship=command.ship, accept=accept)
    if not isinstance(command.ship_to, UnsetType):
        place = command.ship_to
        theirs = order.customer_country, order.customer_region
        _, region = address((place.country, place.region), theirs)
        head = head._replace(country=place.country, region=region, zone=place.zone)
    if not isinstance(command.sites, UnsetType):
        head = head._replace(sites=tags_text(command.sites))
    if not isinstance(command.priority, UnsetType):
        head = head._replace(priority=command.priority)
    return head


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    line_storage.save_cancellations(tx, work.cancellations)
    storage.save_limits(tx, list(work.limits.values()))
    storage.save_heads(tx, list(work.heads.values()))
    storage.save_changes(tx, work.rows)
    for order in work.moved:  # where goods go to says which law holds
        tx.touched.setdefault(order, []).append(Said("moved"))
