"""Lines after the order was placed: units cancelled, dates given by a person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from backorder.commands._batch import Command, Key, Note, Steps, Units, date_or_none, day_trouble, perform
from backorder.kernel.calendars import day_date, day_number
from backorder.kernel.fulfilment import can_cancel, cancel
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why, give_day
from backorder.kernel.rules import Pack
from backorder.storage import book as books
from backorder.storage import lines as storage
from backorder.storage.cases import bound
from backorder.storage.changes import load_changes, save_changes
from backorder.storage.db import Database, Row, Tx


class CancelLine(Command, tag="cancel_line"):
    """Cancel units of a line, those promised latest first; without a quantity, all that can still be cancelled.

    `by` says whose wish it is. Where the law holds the seller to the contract, the merchant cannot cancel: agree with
    the customer, and cancel by them.
    """

    order: Key
    line: Key
    quantity: Units | None = None
    reason: Note | None = None
    by: Literal["customer", "merchant", "law"] = "customer"


class PromiseLine(Command, tag="promise_line"):
    """Give a line a date of one's own, or with `day: null` take it back. Its basis is the person who gives it.

    It stands until the pegs give a day that is no later, and better than what they gave when the person spoke. The
    lines of an order that ships complete get it together.
    """

    order: Key
    line: Key
    day: date | None
    by: Key
    reason: Note | None = None


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    orders: dict[str, storage.Order]
    cancelled: dict[tuple[str, str], int] = field(default_factory=dict)
    bound: dict[tuple[str, str], Pack] = field(default_factory=dict)  # lines that the seller cannot end
    entries: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


def cancel_lines(db: Database, now: int, batch: Sequence[CancelLine]) -> list[Outcome]:
    """Cancel units of lines; what they held serves whoever waits."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _decide, _save))


def promise_lines(db: Database, now: int, batch: Sequence[PromiseLine]) -> list[Outcome]:
    """Let persons give dates to lines, and take them back."""
    return perform(db, now, batch, Steps(_check_promised, _load_promised, _promise, _save_promised))


def _load(tx: Tx, batch: Sequence[CancelLine]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = storage.load_orders(tx, names)
    skus = [sku for order in orders.values() for sku in order.skus]
    loaded = books.load(tx, skus, orders=names)
    held = bound(tx, sorted({command.order for command in batch if command.by == "merchant"}))
    return _Work(loaded, orders, storage.load_cancellations(tx, names), held)


def _decide(work: _Work, command: CancelLine, now: int) -> Outcome:
    book = work.loaded.book
    if command.order not in work.orders:
        return refused(Word.UNKNOWN_ORDER, command.order)
    i = book.lines.index.get((command.order, command.line))
    if i is None:
        return refused(Word.UNKNOWN_LINE, command.order, f"order {command.order} has no line {command.line}")
    pack = work.bound.get((command.order, command.line))
    if pack is not None and command.by == "merchant":
        message = f"the contract stands ({pack.title}): agree with the customer, and cancel by them"
        return refused(Word.NOT_ALLOWED, command.order, message)
    possible = can_cancel(book, i)
    units = command.quantity or possible
    if units > possible or not units:
        return _refuse(work, command, i, possible)
    book.set_clock(now)
    cancel(book, i, units)
    n = work.cancelled.get((command.order, command.line), 0) + 1
    work.cancelled[command.order, command.line] = n
    work.rows.append((command.order, command.line, n, now, units, command.reason, command.by))
    live_pass(book, [book.lines.sku[i]], Why("line_cancelled"), also=with_their_orders(book, [i]))
    return Outcome(Word.CANCELLED, subject=command.order, quantity=units)


def _refuse(work: _Work, command: CancelLine, i: int, possible: int) -> Outcome:
    lines = work.loaded.book.lines
    if lines.picked[i]:
        message = f"{lines.picked[i]} units are picked: unpick them first"
        return refused(Word.NOT_ALLOWED, command.order, message, quantity=possible)
    if not possible and lines.shipped[i]:
        return refused(Word.ALREADY_SHIPPED, command.order, quantity=0)
    return refused(Word.TOO_MANY, command.order, f"only {possible} units can be cancelled", quantity=possible)


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    storage.save_cancellations(tx, work.rows)


def _check_promised(command: PromiseLine) -> Outcome | None:
    return day_trouble(command, day=command.day)


def _load_promised(tx: Tx, batch: Sequence[PromiseLine]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = storage.load_orders(tx, names)
    skus = [sku for order in orders.values() for sku in order.skus]
    return _Work(books.load(tx, skus, orders=names), orders, entries=load_changes(tx, names))


def _promise(work: _Work, command: PromiseLine, now: int) -> Outcome:
    book = work.loaded.book
    lines = book.lines
    if command.order not in work.orders:
        return refused(Word.UNKNOWN_ORDER, command.order)
    i = lines.index.get((command.order, command.line))
    if i is None:
        return refused(Word.UNKNOWN_LINE, command.order, f"order {command.order} has no line {command.line}")
    if not lines.open(i):
        return refused(Word.NOT_ALLOWED, command.order, "nothing of the line is still to be shipped")
    book.set_clock(now)
    day = None if command.day is None else day_number(command.day)
    mine = [j for j in with_their_orders(book, [i]) if lines.open(j)]
    earliest = max(book.today[lines.route[i][0]], *(lines.requested_on[j] or 0 for j in mine))
    if day is not None and day < earliest:
        return refused(Word.NOT_ALLOWED, command.order, f"no date before {day_date(earliest)} can be kept")
    if all(lines.person_day[j] == day for j in mine):
        return Outcome(Word.EXISTS, subject=command.order, day=date_or_none(lines.promise[i]))
    before = date_or_none(lines.promise[i])
    for j in mine:
        give_day(book, j, day)
    live_pass(book, [lines.sku[j] for j in mine], Why("person"), also=mine)
    n = work.entries[command.order] = work.entries.get(command.order, 0) + 1
    told = [None if value is None else str(value) for value in (before, command.day)]
    work.rows.append((command.order, n, now, command.line, "promise", *told, command.reason, command.by))
    return Outcome(Word.CHANGED, subject=command.order, day=date_or_none(lines.promise[i]))


def _save_promised(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    save_changes(tx, work.rows)
