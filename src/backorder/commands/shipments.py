"""Picking and shipping what is allocated, and recording that it arrived."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backorder.commands._batch import Command, Key, Note, Steps, Units, fingerprint, invalid, perform
from backorder.commands._owing import ending
from backorder.kernel.calendars import local_day, moment_number
from backorder.kernel.cases import Case, Said
from backorder.kernel.fulfilment import ship, unship
from backorder.kernel.livepass import with_their_orders
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why, reread
from backorder.kernel.settling import expired
from backorder.storage import book as books
from backorder.storage import lines as line_storage
from backorder.storage import shipments as storage
from backorder.storage import status as status_storage
from backorder.storage.db import Database, Row, Tx


class LineUnits(msgspec.Struct, forbid_unknown_fields=True):
    """Units of one line."""

    line: Key
    quantity: Units


Units_ = Annotated[list[LineUnits], Meta(min_length=1, max_length=1_000)]


class Pick(Command, tag="pick"):
    """Freeze allocated units: from now on nothing but unpicking or shipping moves them."""

    order: Key
    lines: Units_


class Unpick(Command, tag="unpick"):
    """Let picked units go back to being allocated only."""

    order: Key
    lines: Units_


class Ship(Command, tag="ship"):
    """Ship allocated units of an order, picked ones first."""

    shipment: Key
    order: Key
    lines: Units_
    carrier: Note | None = None
    tracking: Note | None = None


class ReverseShipment(Command, tag="reverse_shipment"):
    """A shipment that was booked did not leave: its units are back in stock, allocated to the lines that had them."""

    shipment: Key
    reason: Note | None = None


class RecordDelivery(Command, tag="record_delivery"):
    """The shipment reached the customer."""

    shipment: Key


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    orders: dict[str, line_storage.Order]
    known: dict[str, storage.Shipment] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    units: list[Row] = field(default_factory=list)
    ending: dict[str, Case] = field(default_factory=dict)
    unwanted: dict[str, set[str]] = field(default_factory=dict)


def pick_lines(db: Database, now: int, batch: Sequence[Pick]) -> list[Outcome]:
    """Pick allocated units."""
    return perform(db, now, batch, Steps(_check, _load, _pick, _save))


def unpick_lines(db: Database, now: int, batch: Sequence[Unpick]) -> list[Outcome]:
    """Take picks back."""
    return perform(db, now, batch, Steps(_check, _load, _unpick, _save))


def ship_orders(db: Database, now: int, batch: Sequence[Ship]) -> list[Outcome]:
    """Ship allocated units; an order that ships complete goes whole or not at all."""
    return perform(db, now, batch, Steps(_check, lambda tx, batch: _load_leaving(tx, batch, now), _ship, _save))


def reverse_shipments(db: Database, now: int, batch: Sequence[ReverseShipment]) -> list[Outcome]:
    """Take back shipments that did not leave."""
    return perform(db, now, batch, Steps(lambda _: None, _load_reversals, _reverse, _save_reversals))


def record_deliveries(db: Database, now: int, batch: Sequence[RecordDelivery]) -> list[Outcome]:
    """Record when shipments were delivered."""
    return perform(db, now, batch, Steps(lambda _: None, _load_deliveries, _deliver, _save_deliveries))


def _check(command: Pick | Unpick | Ship) -> Outcome | None:
    if len({line.line for line in command.lines}) < len(command.lines):
        return invalid(command, "lines", "name each line once")
    return None


def _load(tx: Tx, batch: Sequence[Any]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = line_storage.load_orders(tx, names)
    skus = [sku for order in orders.values() for sku in order.skus]
    work = _Work(books.load(tx, skus, waiting=False, orders=names), orders)  # no line gains by what leaves
    work.unwanted = status_storage.load_leaving(tx, names)
    return work


def _load_leaving(tx: Tx, batch: Sequence[Ship], now: int) -> _Work:
    work = _load(tx, batch)
    work.known = storage.load_known(tx, [command.shipment for command in batch])
    moments = [now if command.at is None else moment_number(command.at) for command in batch]
    work.ending = ending(tx, sorted(work.orders), max(moments, default=now))
    return work


def _indexes(work: _Work, command: Pick | Unpick | Ship) -> list[tuple[int, int]] | Outcome:
    """The named lines as (line index, units); or the refusal of an unknown order or line."""
    index = work.loaded.book.lines.index
    if command.order not in work.orders:
        return refused(Word.UNKNOWN_ORDER, command.order)
    found = []
    for line in command.lines:
        i = index.get((command.order, line.line))
        if i is None:
            return refused(Word.UNKNOWN_LINE, command.order, f"order {command.order} has no line {line.line}")
        found.append((i, line.quantity))
    return found


def _pick(work: _Work, command: Pick, _now: int) -> Outcome:
    lines = work.loaded.book.lines
    found = _indexes(work, command)
    if isinstance(found, Outcome):
        return found
    if work.orders[command.order].held:
        return refused(Word.HELD, command.order)
    if _is_unwanted(work, command):
        return refused(Word.HELD, command.order, _UNWANTED)
    for i, units in found:
        free = lines.allocated[i] - lines.picked[i]
        if units > free:
            return _too_many(command, lines.line[i], free, "allocated and not picked")
    for i, units in found:
        lines.picked[i] += units
    return Outcome(Word.CHANGED, subject=command.order)


def _unpick(work: _Work, command: Unpick, _now: int) -> Outcome:
    lines = work.loaded.book.lines
    found = _indexes(work, command)
    if isinstance(found, Outcome):
        return found
    for i, units in found:
        if units > lines.picked[i]:
            return _too_many(command, lines.line[i], lines.picked[i], "picked")
    for i, units in found:
        lines.picked[i] -= units
    return Outcome(Word.CHANGED, subject=command.order)


def _too_many(command: Pick | Unpick | Ship, line: str, units: int, what: str) -> Outcome:
    message = f"line {line} has only {units} units {what}"
    return refused(Word.TOO_MANY, command.order, message, quantity=units)


def _ship(work: _Work, command: Ship, now: int) -> Outcome:
    book = work.loaded.book
    content = fingerprint(command)
    before = work.known.get(command.shipment)
    if before is not None:
        if before.reversed_at is not None:
            return refused(Word.ID_REUSED, command.shipment, "the shipment was reversed: ship under another id")
        if before.fingerprint == content:
            return Outcome(Word.EXISTS, subject=command.shipment)
        return refused(Word.ID_REUSED, command.shipment, f"shipment {command.shipment} was made with other content")
    found = _indexes(work, command)
    if isinstance(found, Outcome):
        return found
    for i, units in found:
        if units > book.lines.allocated[i]:
            return _too_many(command, book.lines.line[i], book.lines.allocated[i], "to ship")
    if work.orders[command.order].head.ship == "complete" and _leaves_some(work, command, dict(found)):
        return refused(Word.NOT_ALLOWED, command.order, "the order ships complete: ship all of it, once nothing waits")
    if work.orders[command.order].held:
        return refused(Word.HELD, command.order)
    if _is_unwanted(work, command):
        return refused(Word.HELD, command.order, _UNWANTED)
    if _ended(work, command, now):
        message = "the last day that held has passed: the law cancels what has not left, so it must not leave"
        return refused(Word.TOO_LATE, command.order, message)
    book.set_clock(now)
    for i, units in found:
        left = ship(book, i, units, command.shipment)
        gone: dict[int, int] = {}
        for s, q in left:
            gone[s] = gone.get(s, 0) + q
        rows = [
            (command.shipment, command.order, book.lines.line[i], book.supplies.supply[s], q) for s, q in gone.items()
        ]
        work.units.extend(rows)
    work.known[command.shipment] = storage.Shipment(command.order, content, None, None)
    work.rows.append((command.shipment, command.order, now, command.carrier, command.tracking, content))
    return Outcome(Word.SHIPPED, subject=command.shipment, order=command.order)


_UNWANTED = "its customer chose another thing a few minutes ago, which is about to take effect: look again then"


def _is_unwanted(work: _Work, command: Pick | Ship) -> bool:
    """Whether a line would leave that its customer chose not to get, or to have another in place of."""
    return any(one.line in work.unwanted.get(command.order, ()) for one in command.lines)


def _ended(work: _Work, command: Ship, now: int) -> bool:
    """Whether the law has cancelled a line that would leave, and the worker has not seen to it yet."""
    case = work.ending.get(command.order)
    if case is None:
        return False
    today = local_day(now, case.head.zone)
    return any(expired(case.find(one.line), today) for one in command.lines)


def _leaves_some(work: _Work, command: Ship, shipped: dict[int, int]) -> bool:
    """Whether units of the order would stay behind."""
    lines = work.loaded.book.lines
    mine = [lines.index[command.order, line] for line in work.orders[command.order].lines]
    return any(lines.waiting[i] or lines.allocated[i] > shipped.get(i, 0) for i in mine)


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    storage.save_shipments(tx, work.rows, work.units)


@dataclass(slots=True)
class _Reversals:
    loaded: books.Loaded
    known: dict[str, storage.Shipment]
    units: dict[str, list[tuple[str, str, int]]]
    rows: list[Row] = field(default_factory=list)


def _load_reversals(tx: Tx, batch: Sequence[ReverseShipment]) -> _Reversals:
    known = storage.load_known(tx, [command.shipment for command in batch])
    units = storage.load_units(tx, list(known))
    names = sorted({shipment.order for shipment in known.values()})
    skus = [sku for order in line_storage.load_orders(tx, names).values() for sku in order.skus]
    return _Reversals(books.load(tx, skus, orders=names), known, units)


def _reverse(work: _Reversals, command: ReverseShipment, now: int) -> Outcome:
    shipment, book = work.known.get(command.shipment), work.loaded.book
    if shipment is None:
        return refused(Word.UNKNOWN_SHIPMENT, command.shipment)
    if shipment.reversed_at is not None:
        return Outcome(Word.EXISTS, subject=command.shipment)
    if shipment.delivered_at is not None:
        message = "it was delivered: what comes back is adjusted into stock, with its reason"
        return refused(Word.NOT_ALLOWED, command.shipment, message)
    book.set_clock(now)
    touched = []
    for line, supply, units in work.units[command.shipment]:
        i = book.lines.index[shipment.order, line]
        unship(book, i, book.supplies.index[supply], units, command.shipment)
        touched.append(i)
    reread(book, dict.fromkeys(with_their_orders(book, touched)), Why("reversed"))
    work.known[command.shipment] = shipment._replace(reversed_at=now)
    work.rows.append((command.shipment, now, command.reason))
    return Outcome(Word.CHANGED, subject=command.shipment, order=shipment.order)


def _save_reversals(tx: Tx, work: _Reversals) -> None:
    books.save(tx, work.loaded)
    storage.save_reversals(tx, work.rows)


@dataclass(slots=True)
class _Deliveries:
    known: dict[str, storage.Shipment]
    rows: list[Row] = field(default_factory=list)


def _load_deliveries(tx: Tx, batch: Sequence[RecordDelivery]) -> _Deliveries:
    return _Deliveries(storage.load_known(tx, [command.shipment for command in batch]))


def _deliver(work: _Deliveries, command: RecordDelivery, now: int) -> Outcome:
    shipment = work.known.get(command.shipment)
    if shipment is None:
        return refused(Word.UNKNOWN_SHIPMENT, command.shipment)
    if shipment.reversed_at is not None:
        return refused(Word.NOT_ALLOWED, command.shipment, "the shipment was reversed: it never left")
    if shipment.delivered_at is not None:
        return Outcome(Word.EXISTS, subject=command.shipment)
    work.known[command.shipment] = shipment._replace(delivered_at=now)
    work.rows.append((command.shipment, now))
    return Outcome(Word.CHANGED, subject=command.shipment, order=shipment.order)


def _save_deliveries(tx: Tx, work: _Deliveries) -> None:
    storage.save_deliveries(tx, work.rows)
    for row in work.rows:
        tx.touched.setdefault(work.known[row[0]].order, []).append(Said("arrived"))
