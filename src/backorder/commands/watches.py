"""Tell me when it is back: who asks, who asks no more, and who is told once a unit is there for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from backorder.commands._batch import Command, Key, Steps, day_trouble, invalid, perform
from backorder.kernel import keys
from backorder.kernel.acceptance import Caps
from backorder.kernel.calendars import day_number, day_start
from backorder.kernel.events import Back, Event, address
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.storefront import seen
from backorder.storage import book as books
from backorder.storage import watches as storage
from backorder.storage.db import Database, Row, Tx
from backorder.storage.events import save_events
from backorder.storage.orders import load_caps, load_customers

DAY = 24 * 60 * 60 * 10**6
KEPT = 180 * DAY  # a watch whose end is not said
KEPT_MAX = 366 * DAY
NAMED = 14 * DAY  # so long it is known who was told: longer than a message is tried
PART = 500  # items that are looked at together
TOLD_MAX = 5_000  # watches of one transaction

Email = Annotated[
    str,
    Meta(
        max_length=254, pattern="^[^@\\s\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^@\\s\x00-\x1f\x7f\ud800-\udfff]+" + keys.END
    ),
]
Language = Annotated[str, Meta(max_length=35, pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*" + keys.END)]


class WatchItem(Command, tag="watch_item"):
    """Tell a customer, or an address, when a unit of an item is there for them. Asked twice, they are told once.

    It ends when they are told, when they ask no more, or after `until`; half a year if that is left out.
    """

    sku: Key
    customer: Key | None = None
    email: Email | None = None
    language: Language | None = None
    until: date | None = None


class UnwatchItem(Command, tag="unwatch_item"):
    """Do not tell them any more, of an item or of any; who they are is gone then."""

    sku: Key | None = None
    customer: Key | None = None
    email: Email | None = None


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    caps: Caps
    customers: set[str]
    addresses: dict[str, str]
    waiting: list[storage.Watch]
    last: dict[str, int]
    added: dict[tuple[str, int], Row] = field(default_factory=dict)
    changed: dict[tuple[str, int], Row] = field(default_factory=dict)
    ended: list[tuple[tuple[str, int], int]] = field(default_factory=list)


def watch_items(db: Database, now: int, batch: Sequence[WatchItem]) -> list[Outcome]:
    """Take down who wants to be told."""
    return perform(db, now, batch, Steps(_check, _load, _watch, _save))


def unwatch_items(db: Database, now: int, batch: Sequence[UnwatchItem]) -> list[Outcome]:
    """Forget who wanted to be told."""
    return perform(db, now, batch, Steps(_check, _load, _unwatch, _save))


def _check(command: WatchItem | UnwatchItem) -> Outcome | None:
    if (command.customer is None) == (command.email is None):
        return invalid(command, "email", "name either a customer or an e-mail address")
    return day_trouble(command, until=command.until) if isinstance(command, WatchItem) else None


def _load(tx: Tx, batch: Sequence[WatchItem | UnwatchItem]) -> _Work:
    wanted = [command.sku for command in batch if isinstance(command, WatchItem)]
    named = sorted({command.customer for command in batch if command.customer is not None})
    loaded, caps = _looked(tx, wanted)
    addresses = storage.load_addresses(tx, named)
    emails = {*addresses.values(), *(command.email.lower() for command in batch if command.email is not None)}
    return _Work(
        loaded,
        caps,
        set(load_customers(tx, named)) if named else set(),
        addresses,
        storage.load_of_people(tx, named, sorted(emails)),
        storage.load_last(tx, sorted(set(wanted))),
    )


def _looked(tx: Tx, skus: Sequence[str], *, lock: bool = True) -> tuple[books.Loaded, Caps]:
    loaded = books.load(tx, skus, waiting=False, lock=lock)
    return loaded, load_caps(tx, [item.sku for item in loaded.book.items.values() if item.capped])


def _theirs(work: _Work, command: WatchItem | UnwatchItem) -> list[storage.Watch]:
    """What they wait for, of the item if one is named: by who they said they are, and by their address."""
    if command.email is not None:
        at: str | None = command.email.lower()
    else:
        at = work.addresses.get(command.customer or "")
    return [
        one
        for one in work.waiting
        if command.sku in {None, one.sku}
        and ((command.customer is not None and one.customer == command.customer) or (at is not None and one.whom == at))
    ]


def _watch(work: _Work, command: WatchItem, now: int) -> Outcome:
    book, sku = work.loaded.book, command.sku
    if sku not in book.items:
        return refused(Word.UNKNOWN_ITEM, sku)
    if command.customer is not None and command.customer not in work.customers:
        return refused(Word.UNKNOWN_CUSTOMER, sku)
    until = now + KEPT if command.until is None else day_start(day_number(command.until) + 1, "UTC")
    if not now < until <= now + KEPT_MAX:
        return invalid(command, "until", "give a day from today on, within a year")
    book.set_clock(now)
    state = seen(book, work.caps, sku, 1).state
    if state == "discontinued":
        return refused(Word.NOT_ALLOWED, sku, "it is not sold any more, and will not come back")
    if state == "in_stock":
        return refused(Word.NOT_ALLOWED, sku, "it is there now: it can be ordered")
    known = next(iter(_theirs(work, command)), None)
    if known is None:
        n = work.last[sku] = work.last.get(sku, 0) + 1
        email = None if command.email is None else command.email.lower()
        at = email or work.addresses.get(command.customer or "")
        work.waiting.append(storage.Watch(sku, n, command.customer, email, at, command.language, until))
        work.added[sku, n] = (sku, n, command.customer, email, command.language, now, until)
        return Outcome(Word.ACCEPTED, subject=sku)
    return _once_more(work, command, known, until)


def _once_more(work: _Work, command: WatchItem, known: storage.Watch, until: int) -> Outcome:
    """They asked before: what they say now holds, and they are told once."""
    language = known.language if command.language is None else command.language
    until = known.until_at if command.until is None else until
    if (language, until) == (known.language, known.until_at):
        return Outcome(Word.EXISTS, subject=known.sku)
    work.waiting[work.waiting.index(known)] = known._replace(language=language, until_at=until)
    key = known[:2]
    if key in work.added:
        work.added[key] = (*work.added[key][:4], language, work.added[key][5], until)
    else:
        work.changed[key] = (*key, language, until)
    return Outcome(Word.CHANGED, subject=known.sku)


def _unwatch(work: _Work, command: UnwatchItem, now: int) -> Outcome:
    found = _theirs(work, command)
    for one in found:
        work.waiting.remove(one)
        work.ended.append((one[:2], now))
    return Outcome(Word.CHANGED if found else Word.EXISTS, subject=command.sku, quantity=len(found))


def _save(tx: Tx, work: _Work) -> None:
    storage.save_watches(tx, list(work.added.values()))
    storage.change_watches(tx, list(work.changed.values()))
    for now in sorted({now for _, now in work.ended}):
        storage.end(tx, [key for key, at in work.ended if at == now], "withdrawn", now)


def tell_watchers(db: Database, now: int) -> int:
    """Tell of the items that are back, by an event for each who waits, and tidy up; how many are told.

    Back is what a quote would promise from stock to one more customer: lines that wait come first, because whatever
    arrives is handed out to them in the transaction of its receipt.
    """
    with db.read() as tx:
        back = _back(tx, now)
        untidy = storage.is_untidy(tx, now, now - NAMED)
    if not back and not untidy:
        return 0
    with db.write() as tx:
        storage.tidy(tx, now, now - NAMED)
        there = _in_stock(tx, now, back, lock=True)
        waiting = storage.load_of_items(tx, there, now, TOLD_MAX) if there else []
        first = {(one.sku, one.whom): one for one in reversed(waiting)}
        tx.events += [_event(one, now) for one in waiting if first[one.sku, one.whom] == one]
        storage.mark_told(tx, [one[:2] for one in waiting], now)
        tx.endings.append(lambda tx: save_events(tx, tx.events))
    return len(first)


def _event(one: storage.Watch, now: int) -> Event:
    data = msgspec.json.encode(Back(one.sku, one.n, one.language)).decode()
    return Event(now, "back_in_stock", f"{address('items', one.sku)}/watches/{one.n}", data)


def _back(tx: Tx, now: int) -> list[str]:
    """Items that are back, as many as are told of at once."""
    found: list[str] = []
    after = ""
    while len(found) < PART:
        part = storage.may_be_back(tx, after, PART)
        found += _in_stock(tx, now, part, lock=False)
        if len(part) < PART:
            break
        after = part[-1]
    return found


def _in_stock(tx: Tx, now: int, skus: Sequence[str], *, lock: bool) -> list[str]:
    if not skus:
        return []
    loaded, caps = _looked(tx, skus, lock=lock)
    loaded.book.set_clock(now)
    return [sku for sku in skus if seen(loaded.book, caps, sku, 1).state == "in_stock"]
