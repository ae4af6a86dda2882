"""Holds: an order that waits for payment, a check or its customer keeps its place and is not shipped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from backorder.commands._batch import Command, Key, Note, Steps, perform
from backorder.kernel.livepass import live_pass
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why
from backorder.storage import book as books
from backorder.storage import holds as storage
from backorder.storage import lines as line_storage
from backorder.storage.db import Database, Row, Tx

HoldKind = Literal["payment", "fraud", "credit", "customer"]


class HoldOrder(Command, tag="hold_order"):
    """Put an order on hold: it keeps its pegs and what arrives for it, takes nothing else, and is not shipped."""

    order: Key
    kind: HoldKind
    reason: Note | None = None


class ReleaseOrder(Command, tag="release_order"):
    """Lift a hold of one kind; with the last one lifted the order takes part again."""

    order: Key
    kind: HoldKind
    reason: Note | None = None


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    orders: dict[str, line_storage.Order]
    holds: dict[tuple[str, str], storage.Hold]
    placed: dict[tuple[str, str, int], Row] = field(default_factory=dict)
    released: list[Row] = field(default_factory=list)


def hold_orders(db: Database, now: int, batch: Sequence[HoldOrder]) -> list[Outcome]:
    """Put orders on hold."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _hold, _save))


def release_orders(db: Database, now: int, batch: Sequence[ReleaseOrder]) -> list[Outcome]:
    """Lift holds."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _release, _save))


def _load(tx: Tx, batch: Sequence[HoldOrder | ReleaseOrder]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = line_storage.load_orders(tx, names)
    skus = [sku for order in orders.values() for sku in order.skus]
    return _Work(books.load(tx, skus, orders=names), orders, storage.load_holds(tx, names))


def _hold(work: _Work, command: HoldOrder, now: int) -> Outcome:
    if command.order not in work.orders:
        return refused(Word.UNKNOWN_ORDER, command.order)
    key = command.order, command.kind
    last = work.holds.get(key, storage.Hold(0, stands=False))
    if last.stands:
        return Outcome(Word.EXISTS, subject=command.order)
    work.holds[key] = storage.Hold(last.n + 1, stands=True)
    work.placed[*key, last.n + 1] = (*key, last.n + 1, now, command.reason)
    _settle(work, command.order, now, "held")
    return Outcome(Word.CHANGED, subject=command.order)


def _release(work: _Work, command: ReleaseOrder, now: int) -> Outcome:
    if command.order not in work.orders:
        return refused(Word.UNKNOWN_ORDER, command.order)
    key = command.order, command.kind
    last = work.holds.get(key, storage.Hold(0, stands=False))
    if not last.stands:
        return Outcome(Word.EXISTS, subject=command.order)
    work.holds[key] = storage.Hold(last.n, stands=False)
    work.released.append((*key, last.n, now, command.reason))
    _settle(work, command.order, now, "released")
    return Outcome(Word.CHANGED, subject=command.order)


def _settle(work: _Work, name: str, now: int, cause: str) -> None:
    """Let the order's lines know whether a hold stands, and run a pass over their items."""
    book, order = work.loaded.book, work.orders[name]
    order.held = any(hold.stands for (held, _), hold in work.holds.items() if held == name)
    mine = book.lines_of_order[name]
    for i in mine:
        book.lines.held[i] = order.held
    book.set_clock(now)
    live_pass(book, order.skus, Why(cause), also=mine)


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    changed = {row[0] for row in (*work.placed.values(), *work.released)}
    held = [(name, int(work.orders[name].held)) for name in sorted(changed)]
    storage.save_holds(tx, list(work.placed.values()), work.released, held)
