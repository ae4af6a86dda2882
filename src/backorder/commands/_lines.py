"""What placing an order and adding lines to one share: lines as they are asked for, addresses, amounts."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Protocol

import msgspec

from backorder.commands._batch import Amount, Key, Note, Units, UnitsOrNone, day_trouble, invalid
from backorder.kernel.acceptance import Caps, NewLine, NewOrder, Offer, accept, keep
from backorder.kernel.calendars import day_number
from backorder.kernel.columns import Book
from backorder.kernel.money import BadAmount, minor_units
from backorder.kernel.offers import line_answer
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.storage.db import Row
from backorder.storage.lines import Order


class ShipTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where an order goes: it chooses sites, calendar and law."""

    country: Key | None = None
    region: Key | None = None
    zone: Key | None = None


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


class ImportedLine(OrderLine, forbid_unknown_fields=True, omit_defaults=True):
    """A line that was placed before the shop went live, with its past."""

    first_promise: date | None = None
    promise: date | None = None
    shipped: UnitsOrNone = 0
    cancelled: UnitsOrNone = 0


def lines_trouble(command: Any, lines: Sequence[OrderLine]) -> Outcome | None:
    """Refuse two lines of one id, and days that are none, naming the field."""
    if len({line.line for line in lines}) < len(lines):
        return invalid(command, "lines", "two lines have the same id: give each its own")
    for n, line in enumerate(lines):
        if line.requested_on is not None or line.accept_by is not None:
            days = {f"lines[{n}].requested_on": line.requested_on, f"lines[{n}].accept_by": line.accept_by}
            trouble = day_trouble(command, **days)
            if trouble is not None:
                return trouble
    return None


def prices(lines: Sequence[OrderLine]) -> list[tuple[str, str | None]]:
    """The amounts of lines by the name of their field."""
    return [(f"lines[{n}].unit_price", line.unit_price) for n, line in enumerate(lines) if line.unit_price]


def money_trouble(command: Any, amounts: Iterable[tuple[str, str | None]], currency: str | None) -> Outcome | None:
    """Refuse amounts that are none in the currency, and negative ones of anything but charges."""
    for name, amount in amounts:
        if currency is None:
            return invalid(command, "currency", f"{name} is an amount: say in which currency")
        try:
            minor = minor_units(amount or "0", currency)
        except BadAmount as error:
            return invalid(command, name, str(error))
        if minor < 0 and not name.startswith("charges"):
            return invalid(command, name, "the amount is negative")
    return None


def new_lines(lines: Sequence[OrderLine], position: int = 0) -> tuple[NewLine, ...]:
    """The lines as the kernel takes them, from a position in their order on."""
    return tuple(
        NewLine(
            line.line,
            line.sku,
            line.quantity,
            None if line.requested_on is None else day_number(line.requested_on),
            None if line.accept_by is None else day_number(line.accept_by),
            line.take_available,
            position + n,
        )
        for n, line in enumerate(lines)
    )


class OrderTerms(Protocol):
    """What the lines of an order take from it."""

    customer: str | None
    channel: str | None
    currency: str | None


def line_details(line: OrderLine, offer: Offer, order: OrderTerms, shipped_before: int = 0) -> Row:
    """What a line of an order keeps that promising does not ask for, as storage takes it."""
    price = None if line.unit_price is None else minor_units(line.unit_price, order.currency or "")
    limit, tags = offer.line.accept_by, tags_text(line.tags)
    return (price, limit, tags, None, shipped_before, order.channel, order.customer)


def tags_text(tags: list[str]) -> str:
    """A list of words as the tables hold it."""
    return json.dumps(tags) if tags else "[]"


def next_position(order: Order) -> int:
    """The position of the next line of an order."""
    return 1 + max(line.position for line in order.lines.values())


def take(
    book: Book, caps: Caps, name: str, order: Order, asked: tuple[NewLine, ...], now: int
) -> tuple[bool, list[Offer], Outcome]:
    """Offer new lines of an order what is free; whether they stand, the offers, and the answer."""
    mine = book.lines_of_order[name]
    if order.held or any(book.lines.held[i] for i in mine):  # the order was read before its items were locked
        return False, [], refused(Word.HELD, name)
    complete = order.head.ship == "complete"
    days = [book.lines.promise[i] for i in mine if book.lines.open(i)] if complete else []
    if None in days:
        return False, [], refused(Word.NO_DATE, name, "the order ships complete and has lines without a date")
    route = book.route_of(json.loads(order.head.sites), order.head.region)
    new = NewOrder(
        name,
        order.customer,
        order.head.priority,
        now,
        complete,
        order.head.accept == "order",
        route,
        asked,
        together_from=max((day for day in days if day is not None), default=0),
    )
    stands, offers = accept(book, caps, new)
    answers = [line_answer(book, offer) for offer in offers]
    word = Word.ACCEPTED
    if not stands:
        word = next(offer.word for offer in offers if offer.word is not Word.ACCEPTED)
    for offer in offers if stands else ():
        if offer.word is Word.ACCEPTED:
            keep(book, new, offer)
    message = None if stands else word.meaning
    return stands, offers, Outcome(word, subject=name, lines=answers, message=message)
