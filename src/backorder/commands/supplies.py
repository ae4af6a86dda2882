"""Supply on its way: announced, confirmed, rescheduled, received, cancelled; the promises on it move with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from backorder.commands._batch import (
    Amount,
    Command,
    Currency,
    Key,
    Note,
    Steps,
    Units,
    UnitsOrNone,
    date_or_none,
    day_trouble,
    fingerprint,
    invalid,
    perform,
)
from backorder.kernel.calendars import day_number
from backorder.kernel.livepass import live_pass
from backorder.kernel.money import BadAmount, minor_units
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why
from backorder.kernel.receiving import cancel_units, receive
from backorder.kernel.slips import overdue_day
from backorder.storage import book as books
from backorder.storage import supplies as storage
from backorder.storage.db import Database, Row, Tx


class AnnounceSupply(Command, tag="announce_supply"):
    """Announce one dated quantity of one item at one site: a purchase, a production batch or a transfer."""

    supply: Key
    sku: Key
    site: Key
    quantity: Units
    expected_on: date
    kind: Literal["purchase", "production", "transfer"] = "purchase"
    confirmed: bool = False
    document: Key | None = None
    document_line: Key | None = None
    ordered_on: date | None = None
    supplier: Key | None = None
    cost: Amount | None = None
    currency: Currency | None = None


class ImportedSupply(AnnounceSupply, tag="announce_supply", kw_only=True):
    """Supply that was on its way before the shop went live; part of it may have been received there."""

    received: UnitsOrNone = 0


class ConfirmSupply(Command, tag="confirm_supply"):
    """The supplier stands by a day: of one supply, or of every open supply of a document."""

    supply: Key | None = None
    document: Key | None = None
    expected_on: date | None = None
    reason: Note | None = None
    by: Key | None = None


class RescheduleSupply(Command, tag="reschedule_supply"):
    """A supply, or every open supply of a document, is now expected on another day."""

    expected_on: date
    supply: Key | None = None
    document: Key | None = None
    reason: Note | None = None
    by: Key | None = None


class ReceiveSupply(Command, tag="receive_supply"):
    """Units arrived. `final` says that nothing more of this supply will come."""

    supply: Key
    receipt: Key
    quantity: UnitsOrNone
    final: bool = False


class CancelSupply(Command, tag="cancel_supply"):
    """Units of a supply will not come; without a quantity, all that is still open."""

    supply: Key
    quantity: Units | None = None
    reason: Note | None = None


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    known: dict[str, storage.Supply]
    documents: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    suppliers: set[str] = field(default_factory=set)
    receipts: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    new_receipts: list[Row] = field(default_factory=list)


def announce_supplies(db: Database, now: int, batch: Sequence[AnnounceSupply]) -> list[Outcome]:
    """Announce supplies; lines that wait for their items take what helps them."""
    return perform(db, now, batch, Steps(_check_announced, _load_announced, _announce, _save))


def import_supplies(db: Database, now: int, batch: Sequence[ImportedSupply]) -> list[Outcome]:
    """Take over supplies, part received."""
    return perform(db, now, batch, Steps(_check_imported, _load_announced, _announce, _save))


def confirm_supplies(db: Database, now: int, batch: Sequence[ConfirmSupply]) -> list[Outcome]:
    """Mark supplies as confirmed, on the day they had or another one."""
    return perform(db, now, batch, Steps(_check_dated, _load_dated, _confirm, _save))


def reschedule_supplies(db: Database, now: int, batch: Sequence[RescheduleSupply]) -> list[Outcome]:
    """Move supplies to another day."""
    return perform(db, now, batch, Steps(_check_dated, _load_dated, _reschedule, _save))


def receive_supplies(db: Database, now: int, batch: Sequence[ReceiveSupply]) -> list[Outcome]:
    """Book receipts: lines that stood on the supply first, then whoever it helps, then free stock."""
    return perform(db, now, batch, Steps(_check_received, _load_received, _receive, _save))


def cancel_supplies(db: Database, now: int, batch: Sequence[CancelSupply]) -> list[Outcome]:
    """Cancel what is still open of supplies."""
    return perform(db, now, batch, Steps(lambda _: None, _load_cancelled, _cancel, _save))


def _check_announced(command: AnnounceSupply) -> Outcome | None:
    if command.supply.startswith("stock/"):
        return invalid(command, "supply", "ids that begin with stock/ are kept for stock on hand")
    if command.cost is not None:
        if command.currency is None:
            return invalid(command, "currency", "cost is an amount: say in which currency")
        try:
            minor_units(command.cost, command.currency)
        except BadAmount as error:
            return invalid(command, "cost", str(error))
    return day_trouble(command, expected_on=command.expected_on, ordered_on=command.ordered_on)


def _check_imported(command: ImportedSupply) -> Outcome | None:
    if command.received > command.quantity:
        return invalid(command, "received", "more was received than was ordered")
    return _check_announced(command)


def _check_dated(command: ConfirmSupply | RescheduleSupply) -> Outcome | None:
    if (command.supply is None) == (command.document is None):
        return invalid(command, "supply", "name either a supply or a document")
    return day_trouble(command, expected_on=command.expected_on)


def _check_received(command: ReceiveSupply) -> Outcome | None:
    if command.quantity == 0 and not command.final:
        return invalid(command, "quantity", "a receipt of nothing must be final")
    return None


def _load_announced(tx: Tx, batch: Sequence[AnnounceSupply]) -> _Work:
    known = storage.load_known(tx, [command.supply for command in batch])
    named = [command.supplier for command in batch if command.supplier is not None]
    suppliers = storage.load_suppliers(tx, named) if named else set()
    return _Work(books.load(tx, [command.sku for command in batch]), known, suppliers=suppliers)


def _load_dated(tx: Tx, batch: Sequence[Any]) -> _Work:
    documents = storage.load_documents(tx, [c.document for c in batch if c.document is not None])
    known = storage.load_known(tx, [c.supply for c in batch if c.supply is not None])
    skus = [supply.sku for supply in known.values()]
    skus += [sku for supplies in documents.values() for _, sku in supplies]
    return _Work(books.load(tx, skus), known, documents)


def _load_received(tx: Tx, batch: Sequence[ReceiveSupply]) -> _Work:
    known, receipts = storage.load_received(tx, [(command.supply, command.receipt) for command in batch])
    return _Work(books.load(tx, [supply.sku for supply in known.values()]), known, receipts=receipts)


def _load_cancelled(tx: Tx, batch: Sequence[CancelSupply]) -> _Work:
    known = storage.load_known(tx, [command.supply for command in batch])
    return _Work(books.load(tx, [supply.sku for supply in known.values()]), known)


def _announce(work: _Work, command: AnnounceSupply, now: int) -> Outcome:
    book = work.loaded.book
    content = fingerprint(command)
    known = work.known.get(command.supply)
    if known is not None:
        if known.fingerprint == content:
            return Outcome(Word.EXISTS, subject=command.supply)
        return refused(Word.ID_REUSED, command.supply, f"supply {command.supply} was announced with other content")
    if command.sku not in book.items:
        return refused(Word.UNKNOWN_ITEM, command.supply, f"item {command.sku} is not known: put it first")
    if command.site not in book.sites:
        return refused(Word.UNKNOWN_SITE, command.supply, f"site {command.site} is not known: put it first")
    if command.supplier is not None and command.supplier not in work.suppliers:
        return refused(Word.UNKNOWN_SUPPLIER, command.supply, f"supplier {command.supplier} is not known: put it first")
    book.set_clock(now)
    expected = day_number(command.expected_on)
    s = book.add_supply(
        command.supply, command.kind, command.sku, command.site, command.quantity, expected, int(command.confirmed)
    )
    received = command.received if isinstance(command, ImportedSupply) else 0
    book.supplies.received[s] = received
    book.supplies.free[s] -= received
    work.known[command.supply] = storage.Supply(command.sku, content)
    ordered = None if command.ordered_on is None else day_number(command.ordered_on)
    cost = None if command.cost is None else minor_units(command.cost, command.currency or "")
    work.loaded.supply_details[s] = (
        command.document,
        command.document_line,
        ordered,
        command.supplier,
        cost,
        command.currency,
        content,
        None,
        received,
    )
    _expect(work, [s], expected)
    live_pass(book, [command.sku], Why("announced", command.supply))
    return Outcome(Word.ACCEPTED, subject=command.supply, day=date_or_none(book.supplies.available_on[s]))


def _expect(work: _Work, which: Iterable[int], expected: int) -> None:
    """Supplies are expected on a day; one that has passed is overdue at once."""
    book = work.loaded.book
    for s in which:
        book.supplies.expected_on[s] = expected
        book.supplies.available_on[s] = overdue_day(book, s, expected)
    book.read_days(which)


def _targets(work: _Work, command: ConfirmSupply | RescheduleSupply) -> list[int] | Outcome:
    """The open supplies that a command names, by index; or its refusal."""
    index = work.loaded.book.supplies.index
    if command.document is not None:
        found = [supply for supply, _ in work.documents.get(command.document, ())]
        subject = command.document
        if not found:
            return refused(Word.UNKNOWN_SUPPLY, subject, f"document {subject} has no open supply")
    else:
        subject = command.supply or ""
        if subject not in work.known:
            return refused(Word.UNKNOWN_SUPPLY, subject, f"supply {subject} is not known: announce it first")
        found = [subject]
    targets = [index[supply] for supply in found if supply in index]
    if not any(work.loaded.book.supplies.to_come(s) for s in targets):
        return refused(Word.NOT_ALLOWED, subject, "nothing of it is still to come")
    return [s for s in targets if work.loaded.book.supplies.to_come(s)]


def _confirm(work: _Work, command: ConfirmSupply, now: int) -> Outcome:
    return _redate(work, command, now, Word.CHANGED, "confirmed")


def _reschedule(work: _Work, command: RescheduleSupply, now: int) -> Outcome:
    return _redate(work, command, now, Word.RESCHEDULED, "rescheduled")


def _redate(work: _Work, command: ConfirmSupply | RescheduleSupply, now: int, word: Word, cause: str) -> Outcome:
    """Set the day of the named supplies, then run one pass over their items."""
    book = work.loaded.book
    book.set_clock(now)
    targets = _targets(work, command)
    if isinstance(targets, Outcome):
        return targets
    supplies = book.supplies
    if cause == "confirmed":
        for s in targets:
            supplies.confirmed[s] = 1
    if command.expected_on is not None:
        _expect(work, targets, day_number(command.expected_on))
    one = supplies.supply[targets[0]] if len(targets) == 1 else None
    live_pass(book, [supplies.sku[s] for s in targets], Why(cause, one))
    day = date_or_none(max(supplies.available_on[s] or 0 for s in targets))
    return Outcome(word, subject=command.document or command.supply, day=day)


def _receive(work: _Work, command: ReceiveSupply, now: int) -> Outcome:
    book = work.loaded.book
    if command.supply not in work.known:
        return refused(Word.UNKNOWN_SUPPLY, command.supply, f"supply {command.supply} is not known: announce it first")
    key = (command.supply, command.receipt)
    before = work.receipts.get(key)
    if before is not None:
        if before == (command.quantity, command.final):
            return Outcome(Word.EXISTS, subject=command.supply)
        return refused(Word.ID_REUSED, command.supply, f"receipt {command.receipt} came before with other content")
    s = book.supplies.index.get(command.supply)
    to_come = 0 if s is None else book.supplies.to_come(s)
    if s is None or to_come == 0:
        return refused(Word.NOT_ALLOWED, command.supply, "nothing of it is still to come")
    if command.quantity > to_come:
        return refused(Word.TOO_MANY, command.supply, f"only {to_come} units are still to come", quantity=to_come)
    book.set_clock(now)
    receive(book, s, command.quantity, command.final, f"{command.supply} {command.receipt}")
    work.receipts[key] = command.quantity, command.final
    work.new_receipts.append((command.supply, command.receipt, now, command.quantity, int(command.final), 0))
    return Outcome(Word.RECEIVED, subject=command.supply, quantity=command.quantity)


def _cancel(work: _Work, command: CancelSupply, now: int) -> Outcome:
    book = work.loaded.book
    if command.supply not in work.known:
        return refused(Word.UNKNOWN_SUPPLY, command.supply, f"supply {command.supply} is not known: announce it first")
    s = book.supplies.index.get(command.supply)
    to_come = 0 if s is None else book.supplies.to_come(s)
    if s is None or to_come == 0:
        return refused(Word.NOT_ALLOWED, command.supply, "nothing of it is still to come")
    units = command.quantity or to_come
    if units > to_come:
        return refused(Word.TOO_MANY, command.supply, f"only {to_come} units are still to come", quantity=to_come)
    book.set_clock(now)
    cancel_units(book, s, units)
    live_pass(book, [book.supplies.sku[s]], Why("cancelled_supply", command.supply))
    return Outcome(Word.CANCELLED, subject=command.supply, quantity=units)


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    storage.save_receipts(tx, work.new_receipts)
