"""Changing lines after the order was placed: cancelling units."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from backorder.commands._batch import Command, Key, Note, Steps, Units, perform
from backorder.kernel.fulfilment import can_cancel, cancel
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import lines as storage
from backorder.storage.db import Database, Row, Tx


class CancelLine(Command, tag="cancel_line"):
    """Cancel units of a line, those promised latest first; without a quantity, all that can still be cancelled."""

    order: Key
    line: Key
    quantity: Units | None = None
    reason: Note | None = None
    by: Literal["customer", "merchant", "law"] = "customer"


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    orders: dict[str, storage.Order]
    cancelled: dict[tuple[str, str], int]
    rows: list[Row] = field(default_factory=list)


def cancel_lines(db: Database, now: int, batch: Sequence[CancelLine]) -> list[Outcome]:
    """Cancel units of lines; what they held serves whoever waits."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _decide, _save))


def _load(tx: Tx, batch: Sequence[CancelLine]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = storage.load_orders(tx, names)
    skus = [sku for order in orders.values() for sku in order.skus.values()]
    return _Work(books.load(tx, skus, orders=names), orders, storage.load_cancellations(tx, names))


def _decide(work: _Work, command: CancelLine, now: int) -> Outcome:
    book = work.loaded.book
    if command.order not in work.orders:
        return refused(Word.UNKNOWN_ORDER, command.order)
    i = book.lines.index.get((command.order, command.line))
    if i is None:
        return refused(Word.UNKNOWN_LINE, command.order, f"order {command.order} has no line {command.line}")
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
