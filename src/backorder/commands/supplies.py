"""Supply on its way: announced, confirmed, rescheduled, received, cancelled; the promises on it move with it."""

from collections.abc import Sequence
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
from backorder.kernel.receiving import cancel_units, move_stock, part
from backorder.kernel.slips import expect
from backorder.storage import book as books
from backorder.storage import supplies as storage
from backorder.storage.db import Database, Row, Tx


class AnnounceSupply(Command, tag="announce_supply"):
    """Announce one dated quantity of one item at one site: a purchase, a production batch or a transfer.

    A transfer `from_site` is announced when it is sent: the free stock there falls by it.
    """

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
    from_site: Key | None = None


class ImportedSupply(AnnounceSupply, tag="announce_supply", kw_only=True):
    """Supply that was on its way before the shop went live; part of it may have been received there."""

    received: UnitsOrNone = 0


class ConfirmSupply(Command, tag="confirm_supply"):
    """The supplier stands by a day: of one supply, or of every open supply of a document.

    With a `quantity`, only so many units of the supply: they become a supply of their own, named by `into`.
    """

    supply: Key | None = None
    document: Key | None = None
    expected_on: date | None = None
    quantity: Units | None = None
    into: Key | None = None
    reason: Note | None = None
    by: Key | None = None


class RescheduleSupply(Command, tag="reschedule_supply"):
    """A supply, or every open supply of a document, is now expected on another day.

    With a `quantity`, only so many units of the supply: they become a supply of their own, named by `into`.
    """

    expected_on: date
    supply: Key | None = None
    document: Key | None = None
    quantity: Units | None = None
    into: Key | None = None
    reason: Note | None = None
    by: Key | None = None


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
    currencies: dict[str, str] = field(default_factory=dict)
    details: dict[str, Row] = field(default_factory=dict)


def announce_supplies(db: Database, now: int, batch: Sequence[AnnounceSupply]) -> list[Outcome]:
    """Announce supplies; lines that wait for their items take what helps them."""
    return perform(db, now, batch, Steps(_check_announced, _load_announced, _announce, _save))


def import_supplies(db: Database, now: int, batch: Sequence[ImportedSupply]) -> list[Outcome]:
    """Take over supplies, part received."""
    return perform(db, now, batch, Steps(_check_imported, _load_announced, _announce, _save, tell=False))


def confirm_supplies(db: Database, now: int, batch: Sequence[ConfirmSupply]) -> list[Outcome]:
    """Mark supplies as confirmed, on the day they had or another one."""
    return perform(db, now, batch, Steps(_check_dated, _load_dated, _confirm, _save))


def reschedule_supplies(db: Database, now: int, batch: Sequence[RescheduleSupply]) -> list[Outcome]:
    """Move supplies to another day."""
    return perform(db, now, batch, Steps(_check_dated, _load_dated, _reschedule, _save))


def cancel_supplies(db: Database, now: int, batch: Sequence[CancelSupply]) -> list[Outcome]:
    """Cancel what is still open of supplies."""
    return perform(db, now, batch, Steps(lambda _: None, _load_cancelled, _cancel, _save))


def _check_announced(command: AnnounceSupply) -> Outcome | None:
    if command.supply.startswith("stock/"):
        return invalid(command, "supply", "ids that begin with stock/ are kept for stock on hand")
    if command.from_site is not None and (command.kind != "transfer" or command.from_site == command.site):
        return invalid(command, "from_site", "only a transfer comes from a site, and from another one")
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
    if (command.quantity is None) != (command.into is None):
        return invalid(command, "into", "units that are parted from a supply need both: `quantity` and `into`")
    if command.quantity is not None and command.supply is None:
        return invalid(command, "supply", "say from which supply the units are parted")
    if command.into is not None and command.into.startswith("stock/"):
        return invalid(command, "into", "ids that begin with stock/ are kept for stock on hand")
    return day_trouble(command, expected_on=command.expected_on)


def _load_announced(tx: Tx, batch: Sequence[AnnounceSupply]) -> _Work:
    known = storage.load_known(tx, [command.supply for command in batch])
    named = [command.supplier for command in batch if command.supplier is not None]
    suppliers = storage.load_suppliers(tx, named) if named else set()
    documents = [command.document for command in batch if command.document is not None and command.currency]
    currencies = storage.load_currencies(tx, documents)
    loaded = books.load(tx, [command.sku for command in batch])
    return _Work(loaded, known, suppliers=suppliers, currencies=currencies)


def _load_dated(tx: Tx, batch: Sequence[Any]) -> _Work:
    documents = storage.load_documents(tx, [c.document for c in batch if c.document is not None])
    known = storage.load_known(tx, [name for c in batch for name in (c.supply, c.into) if name is not None])
    details = storage.load_details(tx, [c.supply for c in batch if c.quantity is not None])
    skus = [supply.sku for supply in known.values()]
    skus += [sku for supplies in documents.values() for _, sku in supplies]
    return _Work(books.load(tx, skus), known, documents, details=details)


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
    refusal = _unknown(work, command) or _mixed(work, command)
    if refusal is not None:
        return refusal
    book.set_clock(now)
    if command.from_site is not None:
        source = book.stock_of(command.sku, command.from_site)
        if book.supplies.free[source] < command.quantity:
            units = book.supplies.free[source]
            message = f"only {units} units are free at {command.from_site}"
            return refused(Word.OUT_OF_STOCK, command.supply, message, quantity=units)
        move_stock(book, source, -command.quantity, "transfer", command.supply)
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
        command.from_site,
        received,
    )
    expect(book, [s], expected)
    live_pass(book, [command.sku], Why("announced", command.supply))
    return Outcome(Word.ACCEPTED, subject=command.supply, day=date_or_none(book.supplies.available_on[s]))


def _unknown(work: _Work, command: AnnounceSupply) -> Outcome | None:
    book = work.loaded.book
    if command.sku not in book.items:
        return refused(Word.UNKNOWN_ITEM, command.supply, f"item {command.sku} is not known: put it first")
    for site in (command.site, command.from_site):
        if site is not None and site not in book.sites:
            return refused(Word.UNKNOWN_SITE, command.supply, f"site {site} is not known: put it first")
    if command.supplier is not None and command.supplier not in work.suppliers:
        return refused(Word.UNKNOWN_SUPPLIER, command.supply, f"supplier {command.supplier} is not known: put it first")
    return None


def _mixed(work: _Work, command: AnnounceSupply) -> Outcome | None:
    """Refuse a second currency in a purchase order, whose costs are added up."""
    if command.document is None or command.currency is None:
        return None
    there = work.currencies.setdefault(command.document, command.currency)
    if there == command.currency:
        return None
    message = f"document {command.document} is in {there}: costs in {command.currency} cannot be added to it"
    return refused(Word.CURRENCY_MIXED, command.supply, message)


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
    repeated = _parted_before(work, command)
    targets = repeated or _targets(work, command)
    if isinstance(targets, Outcome):
        return targets
    supplies = book.supplies
    expected = None if command.expected_on is None else day_number(command.expected_on)
    if command.quantity is not None:
        parted = _part(work, command, targets[0], expected)
        if isinstance(parted, Outcome):
            return parted
        targets = [parted]
    elif expected is not None:
        expect(book, targets, expected)
    if cause == "confirmed":
        for s in targets:
            supplies.confirmed[s] = 1
    one = supplies.supply[targets[0]] if len(targets) == 1 else None
    live_pass(book, [supplies.sku[s] for s in targets], Why(cause, one))
    day = date_or_none(max(supplies.available_on[s] or 0 for s in targets))
    return Outcome(word, subject=command.document or command.supply, day=day)


def _parted_before(work: _Work, command: ConfirmSupply | RescheduleSupply) -> Outcome | None:
    """The answer where the units were parted before, or their new id is taken; None for a new one."""
    known = None if command.into is None else work.known.get(command.into)
    if known is None:
        return None
    if known.fingerprint == fingerprint(command):
        return Outcome(Word.EXISTS, subject=command.into)
    return refused(Word.ID_REUSED, command.into, f"supply {command.into} is there already: give the part another id")


def _part(work: _Work, command: ConfirmSupply | RescheduleSupply, s: int, expected: int | None) -> int | Outcome:
    """Let units of a supply be one of their own, with its day; its index, or the refusal."""
    book = work.loaded.book
    supplies = book.supplies
    units, name = command.quantity or 0, supplies.supply[s]
    if units >= supplies.to_come(s):
        message = f"{supplies.to_come(s)} units are still to come: part fewer of them, or name the whole"
        return refused(Word.TOO_MANY, name, message, quantity=supplies.to_come(s))
    details = work.details[name]
    if details[-2] is not None:
        return refused(Word.NOT_ALLOWED, name, "a transfer is on its way as a whole: receive it in parts")
    day = supplies.expected_on[s] if expected is None else expected
    assert day is not None
    assert command.into is not None
    t = book.add_supply(
        command.into, supplies.kind[s], supplies.sku[s], supplies.site[s], units, day, supplies.confirmed[s]
    )
    expect(book, [t], day)
    part(book, s, t)
    content = fingerprint(command)
    work.known[command.into] = storage.Supply(supplies.sku[s], content)
    work.loaded.supply_details[t] = work.details[command.into] = (*details[:-3], content, None, 0)
    if details[0] in work.documents:
        work.documents[details[0]].append((command.into, supplies.sku[s]))
    return t


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
