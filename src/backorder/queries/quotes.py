"""What an order would be promised if it were placed now: the same computation as placing, without the save."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from backorder.kernel.acceptance import Caps, NewLine, NewOrder, accept, withdraw
from backorder.kernel.calendars import FIRST_DAY, LAST_DAY, day_number
from backorder.kernel.composing import composed, may_need_composing
from backorder.kernel.keys import Key
from backorder.kernel.offers import line_answer
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.storage import book as books
from backorder.storage.cases import address
from backorder.storage.db import Database
from backorder.storage.orders import Customer, load_caps, load_customers


class ShipTo(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where the goods would go."""

    country: Key | None = None
    region: Key | None = None
    zone: Key | None = None


class Quote(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, tag_field="do", tag="quote"):
    """A question: what day `quantity` units of an item would be promised for."""

    sku: Key
    quantity: Annotated[int, Meta(ge=1, le=10**9)]
    id: Key | None = None
    customer: Key | None = None
    priority: int | None = None
    ship_to: ShipTo = ShipTo()
    sites: list[Key] = []
    requested_on: date | None = None
    accept_by: date | None = None


class _Do(msgspec.Struct):
    do: str | None = None


_DO, _QUOTE = msgspec.json.Decoder(_Do), msgspec.json.Decoder(Quote)


def asks(text: bytes) -> bool:
    """Whether a line of JSON is a quote, well formed or not."""
    try:
        return _DO.decode(text).do == "quote"
    except (msgspec.DecodeError, UnicodeError):
        return False


def read(text: bytes) -> Quote:
    """A quote from a line of JSON. Raises msgspec.DecodeError that names the field if it cannot be read."""
    asked = _QUOTE.decode(text)
    if may_need_composing(text):
        asked = _QUOTE.decode(composed(msgspec.json.encode(asked).decode()))
    return asked


def quote(db: Database, now: int, batch: Sequence[Quote], of: str | None = None) -> list[Outcome]:
    """Answer each question as if it were the only one: `answered` with one line, or the refusal it would get.

    `now` is the moment in microseconds; for whoever asks on behalf `of` a customer there are no others. Quoting and
    then placing, with nothing in between, gives the same dates.
    """
    with db.read() as tx:
        loaded = books.load(tx, [question.sku for question in batch], waiting=False, lock=False)
        capped = [item.sku for item in loaded.book.items.values() if item.capped]
        caps = load_caps(tx, capped)
        named = sorted({question.customer for question in batch if question.customer is not None})
        named = named if of is None else [of]
        customers = load_customers(tx, named) if named else {}
    loaded.book.set_clock(now)
    return [_answer(loaded, caps, question, customers) for question in batch]


def _answer(loaded: books.Loaded, caps: Caps, question: Quote, customers: dict[str, Customer]) -> Outcome:
    book = loaded.book
    trouble = _trouble(loaded, question, customers)
    if trouble is not None:
        trouble.id = question.id
        return trouble
    to = question.ship_to
    region = to.region
    if question.customer is not None:
        customer = customers[question.customer]
        _, region = address((to.country, to.region), (customer.country, customer.region))
    order = NewOrder(
        order="",
        customer=question.customer,
        priority=_priority(question, customers),
        placed_at=book.now,
        complete=False,
        all_or_nothing=True,
        route=book.route_of(question.sites, region),
        lines=(
            NewLine(
                "1",
                question.sku,
                question.quantity,
                None if question.requested_on is None else day_number(question.requested_on),
                None if question.accept_by is None else day_number(question.accept_by),
            ),
        ),
    )
    stands, offers = accept(book, caps, order)
    answer = line_answer(book, offers[0])
    if stands:
        withdraw(book, caps, order, offers[0])
    word = Word.ANSWERED if stands else offers[0].word
    return Outcome(word, id=question.id, subject=question.sku, lines=[answer], message=None if stands else word.meaning)


def _priority(question: Quote, customers: dict[str, Customer]) -> int:
    if question.priority is not None or question.customer is None:
        return question.priority or 0
    return customers[question.customer].priority


def _trouble(loaded: books.Loaded, question: Quote, customers: dict[str, Customer]) -> Outcome | None:
    for name in ("requested_on", "accept_by"):
        day = getattr(question, name)
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            return Outcome(Word.INVALID, field=name, message=f"give a day between {FIRST_DAY} and {LAST_DAY}")
    if question.customer is not None and question.customer not in customers:
        return refused(Word.UNKNOWN_CUSTOMER, question.customer)
    for site in question.sites:
        if site not in loaded.book.sites:
            return refused(Word.UNKNOWN_SITE, site)
    if not loaded.book.sites:
        return refused(Word.UNKNOWN_SITE, message="there is no site to ship from: put one first")
    return None
