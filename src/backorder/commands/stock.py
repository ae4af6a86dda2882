"""Stock on hand: counted, or adjusted with a reason. Units that lines held come off the last in live order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from backorder.commands._batch import UNITS_MAX, Command, Key, Note, Steps, UnitsOrNone, invalid, perform
from backorder.kernel.columns import stock_id
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.receiving import can_lose, change_stock
from backorder.storage import book as books
from backorder.storage.db import Database, Tx


class CountStock(Command, tag="count_stock"):
    """So many units were counted on hand."""

    sku: Key
    site: Key
    quantity: UnitsOrNone
    reason: Note | None = None


class AdjustStock(Command, tag="adjust_stock"):
    """So many units more (or, negative, fewer) are on hand: found, damaged, returned by a customer."""

    sku: Key
    site: Key
    delta: Annotated[int, Meta(ge=-UNITS_MAX, le=UNITS_MAX)]
    reason: Note


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded


def count_stock(db: Database, now: int, batch: Sequence[CountStock]) -> list[Outcome]:
    """Set what is on hand; the difference is booked in the stock ledger."""
    return perform(db, now, batch, Steps(lambda _: None, _load, _count, _save))


def adjust_stock(db: Database, now: int, batch: Sequence[AdjustStock]) -> list[Outcome]:
    """Change what is on hand by a difference."""
    return perform(db, now, batch, Steps(_check_adjusted, _load, _adjust, _save))


def _check_adjusted(command: AdjustStock) -> Outcome | None:
    if command.delta == 0:
        return invalid(command, "delta", "an adjustment by nothing changes nothing")
    return None


def _load(tx: Tx, batch: Sequence[CountStock] | Sequence[AdjustStock]) -> _Work:
    return _Work(books.load(tx, [command.sku for command in batch], allocated=True))


def _count(work: _Work, command: CountStock, now: int) -> Outcome:
    return _change(work, command, now, "count", command.reason or "counted")


def _adjust(work: _Work, command: AdjustStock, now: int) -> Outcome:
    return _change(work, command, now, "adjust", command.reason)


def _change(work: _Work, command: CountStock | AdjustStock, now: int, kind: str, reason: str) -> Outcome:
    book = work.loaded.book
    if command.sku not in book.items:
        return refused(Word.UNKNOWN_ITEM, command.sku, f"item {command.sku} is not known: put it first")
    if command.site not in book.sites:
        return refused(Word.UNKNOWN_SITE, command.sku, f"site {command.site} is not known: put it first")
    book.set_clock(now)
    known = book.supplies.index.get(stock_id(command.sku, command.site))
    on_hand = 0 if known is None else book.supplies.quantity[known]
    delta = command.quantity - on_hand if isinstance(command, CountStock) else command.delta
    if delta == 0:
        return Outcome(Word.EXISTS, subject=command.sku, quantity=on_hand)
    if on_hand + delta > UNITS_MAX:
        return refused(Word.TOO_MANY, command.sku, f"a site holds at most {UNITS_MAX} units of an item")
    if on_hand + delta < 0:
        return refused(Word.TOO_MANY, command.sku, f"only {on_hand} units are on hand", quantity=on_hand)
    if known is not None and -delta > can_lose(book, known):
        return refused(Word.NOT_ALLOWED, command.sku, "units that are picked cannot be counted away: unpick them first")
    change_stock(book, book.stock_of(command.sku, command.site), delta, kind, reason)
    return Outcome(Word.CHANGED, subject=command.sku, quantity=on_hand + delta)


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
