"""Pins: a person holds units of a line on one supply, whatever happens around them."""

from collections.abc import Sequence
from dataclasses import dataclass

from backorder.commands._batch import Command, Key, Steps, Units, date_or_none, perform
from backorder.kernel import pins
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import lines as line_storage
from backorder.storage import pins as storage
from backorder.storage.db import Database, Tx


class Pin(Command, tag="pin"):
    """Let so many units of a line stay on a supply; without a quantity, all that stand there or could.

    What does not stand there yet is taken from what is free there, never from another line. The quantity is all that
    is pinned there, not so many more.
    """

    order: Key
    line: Key
    supply: Key
    quantity: Units | None = None


class Unpin(Command, tag="unpin"):
    """Let so many pinned units be like any others; without a quantity, all that are pinned there."""

    order: Key
    line: Key
    supply: Key
    quantity: Units | None = None


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    orders: dict[str, line_storage.Order]
    supplies: dict[str, storage.Supply]


def pin_lines(db: Database, now: int, batch: Sequence[Pin]) -> list[Outcome]:
    """Pin units of lines to supplies."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _pin, _save))


def unpin_lines(db: Database, now: int, batch: Sequence[Unpin]) -> list[Outcome]:
    """Take pins back; what was pinned takes part in the passes again."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _unpin, _save))


def _load(tx: Tx, batch: Sequence[Pin] | Sequence[Unpin]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = line_storage.load_orders(tx, names)
    skus = [sku for order in orders.values() for sku in order.skus]
    loaded = books.load(tx, skus, orders=names)
    return _Work(loaded, orders, storage.load_supplies(tx, sorted({command.supply for command in batch})))


def _unknown(work: _Work, command: Pin | Unpin) -> Outcome | None:
    """The refusal of a command that names what there is not."""
    if command.order not in work.orders:
        return refused(Word.UNKNOWN_ORDER, command.order)
    if command.line not in work.orders[command.order].lines:
        return refused(Word.UNKNOWN_LINE, command.order, f"order {command.order} has no line {command.line}")
    if command.supply not in work.supplies:
        return refused(Word.UNKNOWN_SUPPLY, command.order, f"no supply has the id {command.supply}")
    return None


def _pin(work: _Work, command: Pin, now: int) -> Outcome:
    unknown = _unknown(work, command)
    if unknown is not None:
        return unknown
    book = work.loaded.book
    lines = book.lines
    i = lines.index[command.order, command.line]
    if lines.held[i]:
        return refused(Word.HELD, command.order)
    supply = work.supplies[command.supply]
    if supply.sku != lines.sku[i]:
        return refused(Word.NOT_ALLOWED, command.order, f"supply {command.supply} is not of item {lines.sku[i]}")
    if supply.site not in lines.route[i]:
        return refused(Word.NOT_ALLOWED, command.order, f"site {supply.site} may not serve the order")
    s = book.supplies.index.get(command.supply)  # a closed one is not in the working set: nothing can stand there
    possible = 0 if s is None else pins.can_stand(book, i, s)
    units = command.quantity or possible
    if s is None or not 0 < units <= possible:
        message = f"only {possible} units can be pinned on {command.supply}"
        return refused(Word.TOO_MANY, command.order, message, quantity=possible)
    if units == lines.pinned(i, s):
        return Outcome(Word.EXISTS, subject=command.order, quantity=units, day=date_or_none(lines.promise[i]))
    book.set_clock(now)
    if pins.pin(book, i, s, units):
        live_pass(book, [lines.sku[i]], Why("pinned", command.supply), also=with_their_orders(book, [i]))
    return Outcome(Word.CHANGED, subject=command.order, quantity=units, day=date_or_none(lines.promise[i]))


def _unpin(work: _Work, command: Unpin, now: int) -> Outcome:
    unknown = _unknown(work, command)
    if unknown is not None:
        return unknown
    book = work.loaded.book
    lines = book.lines
    i, s = lines.index[command.order, command.line], book.supplies.index.get(command.supply)
    pinned = 0 if s is None else lines.pinned(i, s)
    if s is None or not pinned:
        return Outcome(Word.EXISTS, subject=command.order, quantity=0, day=date_or_none(lines.promise[i]))
    units = command.quantity or pinned
    if units > pinned:
        message = f"only {pinned} units are pinned on {command.supply}"
        return refused(Word.TOO_MANY, command.order, message, quantity=pinned)
    book.set_clock(now)
    pins.unpin(book, i, s, units)
    live_pass(book, [lines.sku[i]], Why("unpinned", command.supply), also=with_their_orders(book, [i]))
    return Outcome(Word.CHANGED, subject=command.order, quantity=pinned - units, day=date_or_none(lines.promise[i]))


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
