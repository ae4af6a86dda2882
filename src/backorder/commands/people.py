"""Erasing a person: their data leave every table, while orders, promises and ledgers stay under an opaque name."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backorder.commands._batch import Command, Key, Note, Steps, perform_each
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.storage import people as storage
from backorder.storage.db import Database, Tx


class ErasePerson(Command, tag="erase_person"):
    """Erase a customer's personal data. Orders stay, as those of nobody; what is still to be shipped comes first."""

    customer: Key
    reason: Note | None = None


@dataclass(slots=True)
class _Work:
    kind: str | None
    words: list[str]
    still_open: int
    name: str
    erased: list[tuple[int, ErasePerson]] = field(default_factory=list)


def erase_people(db: Database, now: int, batch: Sequence[ErasePerson]) -> list[Outcome]:
    """Erase persons, each in a transaction of its own."""
    steps = Steps(lambda _: None, _load, _decide, _save)
    return perform_each(db, now, batch, steps)


def _load(tx: Tx, batch: Sequence[ErasePerson]) -> _Work:
    if not batch:  # it was answered before
        return _Work(None, [], 0, "")
    customer = batch[0].customer
    person = storage.load_person(tx, customer)
    if person is None:
        return _Work(None, [], 0, "")
    return _Work(*person, storage.count_open(tx, customer), storage.next_name(tx))


def _decide(work: _Work, command: ErasePerson, now: int) -> Outcome:
    if work.kind is None:
        return refused(Word.UNKNOWN_CUSTOMER)
    if work.still_open:
        message = f"still to be shipped or cancelled: {work.still_open} of their orders; then they can be erased"
        return refused(Word.NOT_ALLOWED, message=message, quantity=work.still_open)
    work.erased.append((now, command))
    return Outcome(Word.CHANGED, subject=work.name)


def _save(tx: Tx, work: _Work) -> None:
    for now, command in work.erased:
        assert work.kind is not None
        storage.erase(tx, command.customer, work.kind, work.words, work.name, now, command.reason)
