"""Units that arrive: of one supply, or against a purchase order, whose oldest dates are served first."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backorder.commands._batch import UNITS_MAX, Command, Key, Steps, UnitsOrNone, invalid, perform
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.receiving import receive
from backorder.storage import book as books
from backorder.storage import receipts as storage
from backorder.storage.db import Database, Row, Tx


class ReceiveSupply(Command, tag="receive_supply"):
    """Units arrived, of a supply or of a purchase order. `final` says that nothing more of what is named will come.

    Against a purchase order they go to its supplies by the day they are expected, oldest first.
    """

    receipt: Key
    quantity: UnitsOrNone
    supply: Key | None = None
    document: Key | None = None
    document_line: Key | None = None
    sku: Key | None = None
    final: bool = False
    surplus: bool = False


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    known: storage.Known
    rows: list[Row] = field(default_factory=list)


def receive_supplies(db: Database, now: int, batch: Sequence[ReceiveSupply]) -> list[Outcome]:
    """Book receipts: lines that stood on the supply first, then whoever it helps, then free stock."""
    return perform(db, now, batch, Steps(_check, _load, _receive, _save))


def _check(command: ReceiveSupply) -> Outcome | None:
    if (command.supply is None) == (command.document is None):
        return invalid(command, "supply", "name either a supply or a document")
    if command.document is None and (command.document_line is not None or command.sku is not None):
        return invalid(command, "document", "a line or an item is looked for in a document: name it")
    if command.quantity == 0 and not command.final:
        return invalid(command, "quantity", "a receipt of nothing must be final")
    return None


def _load(tx: Tx, batch: Sequence[ReceiveSupply]) -> _Work:
    named = [command.supply for command in batch if command.supply is not None]
    documents = [command.document for command in batch if command.document is not None]
    known = storage.load_known(tx, named, documents, [command.receipt for command in batch])
    return _Work(books.load(tx, [supply.sku for supply in known.supplies.values()]), known)


def _receive(work: _Work, command: ReceiveSupply, now: int) -> Outcome:
    book = work.loaded.book
    supplies = book.supplies
    subject = command.supply or command.document
    named = _named(work, command)
    if not named:
        return refused(Word.UNKNOWN_SUPPLY, subject, f"no supply of {subject} is known: announce it first")
    before = _before(work, command, named)
    if before is not None:
        return before
    places = [supplies.index[name] for name in named if name in supplies.index]
    targets = [s for s in places if supplies.to_come(s)]
    targets.sort(key=lambda s: (supplies.expected_on[s] or 0, supplies.supply[s]))
    if not targets:
        return refused(Word.NOT_ALLOWED, subject, "nothing of it is still to come")
    if len({supplies.sku[s] for s in targets}) > 1:
        return refused(Word.NOT_ALLOWED, subject, "the document has several items to come: name the sku or the line")
    to_come = sum(supplies.to_come(s) for s in targets)
    if command.quantity > to_come and not command.surplus:
        message = f"only {to_come} units are still to come: say `surplus` to take more"
        return refused(Word.TOO_MANY, subject, message, quantity=to_come)
    if command.quantity > to_come and supplies.quantity[targets[-1]] + command.quantity > UNITS_MAX:
        return refused(Word.TOO_MANY, subject, f"a supply holds at most {UNITS_MAX} units")
    book.set_clock(now)
    _hand_out(work, command, targets, now)
    return Outcome(Word.RECEIVED, subject=subject, quantity=command.quantity)


def _named(work: _Work, command: ReceiveSupply) -> list[str]:
    """The supplies that the receipt may be of, open or not."""
    if command.supply is not None:
        return [command.supply] if command.supply in work.known.supplies else []
    return [
        name
        for name, supply in work.known.supplies.items()
        if supply.document == command.document
        and command.document_line in (None, supply.document_line)
        and command.sku in (None, supply.sku)
    ]


def _before(work: _Work, command: ReceiveSupply, named: list[str]) -> Outcome | None:
    """The answer for a receipt that was booked before; None for a new one."""
    booked = work.known.booked
    told = [booked[name, command.receipt] for name in named if (name, command.receipt) in booked]
    if not told:
        return None
    subject = command.supply or command.document
    if (sum(units for units, _ in told), any(final for _, final in told)) == (command.quantity, command.final):
        return Outcome(Word.EXISTS, subject=subject)
    return refused(Word.ID_REUSED, subject, f"receipt {command.receipt} came before with other content")


def _hand_out(work: _Work, command: ReceiveSupply, targets: list[int], now: int) -> None:
    """Book the units on supplies in order; what is beyond all of them is a surplus of the last."""
    supplies = work.loaded.book.supplies
    left = command.quantity
    for s in targets:
        units = left if s == targets[-1] else min(left, supplies.to_come(s))
        left -= units
        if units or command.final:
            surplus = max(0, units - supplies.to_come(s))
            supplies.quantity[s] += surplus
            supplies.free[s] += surplus
            name = supplies.supply[s]
            receive(work.loaded.book, s, units, command.final, f"{name} {command.receipt}")
            work.known.booked[name, command.receipt] = units, command.final
            work.rows.append((name, command.receipt, now, units, int(command.final), surplus))


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    storage.save_receipts(tx, work.rows)
