"""Placing orders: each is taken with dates it can keep, or refused with what could be had."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from backorder.commands._batch import (
    BATCH_MAX,
    Amount,
    Command,
    Currency,
    Key,
    Moment,
    Note,
    Priority,
    Steps,
    Units,
    day_trouble,
    fingerprint,
    invalid,
    perform,
)
from backorder.kernel.acceptance import Caps, NewLine, NewOrder, Offer, accept, keep
from backorder.kernel.calendars import day_number, moment_number
from backorder.kernel.money import BadAmount, minor_units
from backorder.kernel.offers import line_answer
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.storage import book as books
from backorder.storage import orders as storage
from backorder.storage.db import Database, Row, Tx


class ShipTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where an order goes: it chooses sites, calendar and law."""

    country: Key | None = None
    region: Key | None = None
    zone: Key | None = None


class Charges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Amounts of the whole order beside its lines, as decimal strings in its currency."""

    shipping: Amount = "0"
    tax: Amount = "0"
    discount: Amount = "0"


class OrderLine(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One line of an order that is placed."""

    line: Key
    sku: Key
    quantity: Units
    unit_price: Amount | None = None
    requested_on: date | None = None
    accept_by: date | None = None
    take_available: bool = False
    tags: list[Note] = []


class PlaceOrder(Command, tag="place_order"):
    """Place an order. `accept: order` takes it whole or not at all, `accept: lines` whichever lines can be taken."""

    order: Key
    lines: Annotated[list[OrderLine], Meta(min_length=1, max_length=1_000)]
    customer: Key | None = None
    channel: Key | None = None
    priority: Priority | None = None
    placed_at: Moment | None = None
    authorised_at: Moment | None = None
    ship: Literal["when_ready", "complete"] = "when_ready"
    accept: Literal["order", "lines"] = "order"
    ship_to: ShipTo = ShipTo()
    sites: list[Key] = []
    currency: Currency | None = None
    charges: Charges = Charges()
    paid: Amount = "0"
    tags: list[Note] = []


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    caps: Caps
    known: storage.Known
    rows: list[Row] = field(default_factory=list)


def place_orders(db: Database, now: int, batch: Sequence[PlaceOrder]) -> list[Outcome]:
    """Take orders in the given order, at most 8,192 with 8,192 lines together; nothing else loses by it."""
    assert sum(len(command.lines) for command in batch) <= BATCH_MAX, f"a batch holds at most {BATCH_MAX} lines"
    return perform(db, now, batch, Steps(_check, _load, _decide, _save))


def _check(command: PlaceOrder) -> Outcome | None:
    if command.ship == "complete" and command.accept == "lines":
        return invalid(command, "accept", "an order that ships complete is taken whole: use accept: order")
    if len({line.line for line in command.lines}) < len(command.lines):
        return invalid(command, "lines", "two lines have the same id: give each its own")
    if len(set(command.sites)) < len(command.sites):
        return invalid(command, "sites", "name each site once")
    for n, line in enumerate(command.lines):
        if line.requested_on is not None or line.accept_by is not None:
            trouble = day_trouble(
                command,
                **{f"lines[{n}].requested_on": line.requested_on, f"lines[{n}].accept_by": line.accept_by},
            )
            if trouble is not None:
                return trouble
    return _money_trouble(command)


def _money_trouble(command: PlaceOrder) -> Outcome | None:
    amounts = [(f"lines[{n}].unit_price", line.unit_price) for n, line in enumerate(command.lines) if line.unit_price]
    charges = command.charges
    for name, amount in (("shipping", charges.shipping), ("tax", charges.tax), ("discount", charges.discount)):
        if amount != "0":
            amounts.append((f"charges.{name}", amount))
    if command.paid != "0":
        amounts.append(("paid", command.paid))
    if amounts and command.currency is None:
        return invalid(command, "currency", f"{amounts[0][0]} is an amount: say in which currency")
    for name, amount in amounts:
        try:
            minor = minor_units(amount or "0", command.currency or "")
        except BadAmount as error:
            return invalid(command, name, str(error))
        if minor < 0 and not name.startswith("charges"):
            return invalid(command, name, "the amount is negative")
    return None


def _load(tx: Tx, batch: Sequence[PlaceOrder]) -> _Work:
    skus = {line.sku for command in batch for line in command.lines}
    loaded = books.load(tx, skus, waiting=False)
    known = storage.load_known(
        tx,
        [command.order for command in batch],
        [command.customer for command in batch if command.customer is not None],
    )
    capped = [item.sku for item in loaded.book.items.values() if item.capped]
    return _Work(loaded, storage.load_caps(tx, capped), known)


def _decide(work: _Work, command: PlaceOrder, now: int) -> Outcome:
    content = fingerprint(command)
    before = work.known.orders.get(command.order)
    if before is not None:
        if before == content:
            return Outcome(Word.EXISTS, subject=command.order)
        return refused(Word.ID_REUSED, command.order, f"order {command.order} was placed before with other content")
    refusal = _unknown(work, command)
    if refusal is not None:
        return refusal
    book = work.loaded.book
    book.set_clock(now)
    order = _new_order(work, command, now)
    stands, offers = accept(book, work.caps, order)
    answers = [line_answer(book, offer) for offer in offers]
    if not stands:
        first = next(offer.word for offer in offers if offer.word is not Word.ACCEPTED)
        return Outcome(first, subject=command.order, lines=answers, message=first.meaning)
    for offer, line in zip(offers, command.lines, strict=True):
        if offer.word is Word.ACCEPTED:
            _keep(work, order, offer, line, command)
    work.known.orders[command.order] = content
    work.rows.append(_order_row(command, order, _region(work, command), content))
    return Outcome(Word.ACCEPTED, subject=command.order, lines=answers)


def _unknown(work: _Work, command: PlaceOrder) -> Outcome | None:
    if command.customer is not None and command.customer not in work.known.customers:
        return refused(Word.UNKNOWN_CUSTOMER, command.order, f"customer {command.customer} is not known: put it first")
    sites = work.loaded.book.sites
    for site in command.sites:
        if site not in sites:
            return refused(Word.UNKNOWN_SITE, command.order, f"site {site} is not known: put it first")
    if not sites:
        return refused(Word.UNKNOWN_SITE, command.order, "there is no site to ship from: put one first")
    return None


def _region(work: _Work, command: PlaceOrder) -> str | None:
    """The region that chooses the sites: the address's, else the customer's."""
    if command.ship_to.region is not None or command.customer is None:
        return command.ship_to.region
    return work.known.customers[command.customer].region


def _new_order(work: _Work, command: PlaceOrder, now: int) -> NewOrder:
    priority = command.priority
    if priority is None:
        priority = 0 if command.customer is None else work.known.customers[command.customer].priority
    return NewOrder(
        order=command.order,
        customer=command.customer,
        priority=priority,
        placed_at=now if command.placed_at is None else moment_number(command.placed_at),
        complete=command.ship == "complete",
        all_or_nothing=command.accept == "order",
        route=work.loaded.book.route_of(command.sites, _region(work, command)),
        lines=tuple(
            NewLine(
                line.line,
                line.sku,
                line.quantity,
                None if line.requested_on is None else day_number(line.requested_on),
                None if line.accept_by is None else day_number(line.accept_by),
                line.take_available,
                n,
            )
            for n, line in enumerate(command.lines)
        ),
    )


def _keep(work: _Work, order: NewOrder, offer: Offer, line: OrderLine, command: PlaceOrder) -> None:
    i = keep(work.loaded.book, order, offer)
    price = None if line.unit_price is None else minor_units(line.unit_price, command.currency or "")
    work.loaded.line_details[i] = (price, offer.line.accept_by, _tags(line.tags))


def _tags(tags: list[str]) -> str:
    return json.dumps(tags) if tags else "[]"


def _order_row(command: PlaceOrder, order: NewOrder, region: str | None, content: str) -> Row:
    currency, charges = command.currency or "", command.charges
    return (
        command.order,
        command.customer,
        command.channel,
        order.priority,
        order.placed_at,
        None if command.authorised_at is None else moment_number(command.authorised_at),
        command.ship,
        command.accept,
        command.ship_to.country,
        region,
        command.ship_to.zone,
        _tags(command.sites),
        command.currency,
        minor_units(charges.shipping, currency),
        minor_units(charges.tax, currency),
        minor_units(charges.discount, currency),
        minor_units(command.paid, currency),
        _tags(command.tags),
        content,
    )


def _save(tx: Tx, work: _Work) -> None:
    storage.save_orders(tx, work.rows)
    books.save(tx, work.loaded)
