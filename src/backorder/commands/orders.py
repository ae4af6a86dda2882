"""Placing orders: each is taken with dates it can keep, or refused with what could be had."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    day_trouble,
    fingerprint,
    invalid,
    perform,
    place_trouble,
    zone_trouble,
)
from backorder.commands._lines import (
    ImportedLine,
    OrderLine,
    ShipTo,
    line_details,
    lines_trouble,
    money_trouble,
    new_lines,
    prices,
    tags_text,
)
from backorder.kernel.acceptance import (
    IMPORTED,
    Caps,
    NewOrder,
    Offer,
    Past,
    accept,
    keep,
    keep_past,
    take_over,
    withdraw,
)
from backorder.kernel.calendars import NEVER, day_number, local_day, moment_number
from backorder.kernel.money import minor_units
from backorder.kernel.offers import line_answer
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import reread
from backorder.storage import book as books
from backorder.storage import orders as storage
from backorder.storage.cases import address
from backorder.storage.db import Database, Row, Tx
from backorder.storage.lines import save_cancellations


class Charges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Amounts of the whole order beside its lines, as decimal strings in its currency."""

    shipping: Amount = "0"
    tax: Amount = "0"
    discount: Amount = "0"


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


class ImportedOrder(PlaceOrder, tag="place_order", kw_only=True):
    """An order that was placed before the shop went live. Its past is taken as given and marked as imported.

    Its open units take what is free now; where that is later than what was promised, the promise slips at once.
    """

    lines: Annotated[list[ImportedLine], Meta(min_length=1, max_length=1_000)]  # type: ignore[assignment]  # only read


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    caps: Caps
    known: storage.Known
    rows: list[Row] = field(default_factory=list)
    cancellations: list[Row] = field(default_factory=list)


def place_orders(db: Database, now: int, batch: Sequence[PlaceOrder]) -> list[Outcome]:
    """Take orders in the given order, at most 8,192 with 8,192 lines together; nothing else loses by it."""
    assert sum(len(command.lines) for command in batch) <= BATCH_MAX, f"a batch holds at most {BATCH_MAX} lines"
    return perform(db, now, batch, Steps(_check, _load, _decide, _save))


def import_orders(db: Database, now: int, batch: Sequence[ImportedOrder]) -> list[Outcome]:
    """Take over orders that were promised elsewhere, in the given order, which should be their live order."""
    assert sum(len(command.lines) for command in batch) <= BATCH_MAX, f"a batch holds at most {BATCH_MAX} lines"
    return perform(db, now, batch, Steps(_check_imported, _load, _take_over, _save, tell=False))


def _check_imported(command: ImportedOrder) -> Outcome | None:
    for n, line in enumerate(command.lines):
        if line.shipped + line.cancelled > line.quantity:
            return invalid(command, f"lines[{n}].shipped", "more is shipped and cancelled than was ordered")
        days = {f"lines[{n}].{name}": getattr(line, name) for name in ("first_promise", "promise")}
        trouble = day_trouble(command, **days)
        if trouble is not None:
            return trouble
    return _check(command)


def _check(command: PlaceOrder) -> Outcome | None:
    if command.ship == "complete" and command.accept == "lines":
        return invalid(command, "accept", "an order that ships complete is taken whole: use accept: order")
    if len(set(command.sites)) < len(command.sites):
        return invalid(command, "sites", "name each site once")
    place = command.ship_to
    trouble = zone_trouble(command, "ship_to.zone", place.zone)
    trouble = trouble or place_trouble(command, "ship_to.", place.country, place.region)
    return trouble or lines_trouble(command, command.lines) or _money_trouble(command)


def _money_trouble(command: PlaceOrder) -> Outcome | None:
    amounts = prices(command.lines)
    charges = command.charges
    for name, amount in (("shipping", charges.shipping), ("tax", charges.tax), ("discount", charges.discount)):
        if amount != "0":
            amounts.append((f"charges.{name}", amount))
    if command.paid != "0":
        amounts.append(("paid", command.paid))
    return money_trouble(command, amounts, command.currency)


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
    refusal = _before(work, command, content) or _unknown(work, command)
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


def _take_over(work: _Work, command: ImportedOrder, now: int) -> Outcome:
    book = work.loaded.book
    content = fingerprint(command)
    refusal = _before(work, command, content) or _unknown(work, command)
    if refusal is not None:
        return refusal
    for line in command.lines:
        if line.sku not in book.items:
            return refused(Word.UNKNOWN_ITEM, command.order, f"item {line.sku} is not known: put it first")
    book.set_clock(now)
    order = _new_order(work, command, now)
    wanted = {line.line: line.quantity - line.shipped - line.cancelled for line in command.lines}
    asked = (line._replace(quantity=wanted[line.line]) for line in order.lines if wanted[line.line])
    offers = {offer.line.line: offer for offer in take_over(book, order._replace(lines=tuple(asked)))}
    pasts = [_past(line, offers.get(line.line), order) for line in command.lines]
    if None in pasts:
        for offer in offers.values():
            withdraw(book, work.caps, order, offer)
        return refused(Word.NO_DATE, command.order, "nothing covers a line that was never promised: give its promise")
    if order.complete:  # its open lines hold one date together
        latest = max((past.promise for past in pasts if past is not None), default=0)
        pasts = [past and past._replace(promise=latest) for past in pasts]
    kept = []
    for line, asked_line, past in zip(command.lines, order.lines, pasts, strict=True):
        assert past is not None
        offer = offers.get(line.line) or Offer(asked_line._replace(quantity=0))
        i = keep_past(book, order, offer, past)
        work.loaded.line_details[i] = line_details(line, offer, command, past.shipped)
        if past.cancelled:
            work.cancellations.append((command.order, line.line, 1, now, past.cancelled, "imported", "merchant"))
        kept.append(i)
    reread(book, kept, IMPORTED)
    work.known.orders[command.order] = content
    work.rows.append(_order_row(command, order, _region(work, command), content))
    return Outcome(Word.ACCEPTED, subject=command.order)


def _past(line: ImportedLine, offer: Offer | None, order: NewOrder) -> Past | None:
    """The line's past; None where nothing was promised and nothing covers it."""
    told = line.promise or line.first_promise
    if told is not None:
        day = day_number(told)
    elif offer is None:  # nothing of it is open: the day of its order is as good as any
        day = local_day(order.placed_at, "UTC")
    elif offer.day < NEVER:
        day = offer.day
    else:
        return None
    first = day if line.first_promise is None else day_number(line.first_promise)
    return Past(first, day, line.shipped, line.cancelled)


def _before(work: _Work, command: PlaceOrder, content: str) -> Outcome | None:
    """The answer for an order that was placed before; None for a new one."""
    before = work.known.orders.get(command.order)
    if before is None:
        return None
    if before == content:
        return Outcome(Word.EXISTS, subject=command.order)
    return refused(Word.ID_REUSED, command.order, f"order {command.order} was placed before with other content")


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
    to = command.ship_to
    if command.customer is None:
        return to.region
    customer = work.known.customers[command.customer]
    return address((to.country, to.region), (customer.country, customer.region))[1]


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
        lines=new_lines(command.lines),
    )


def _keep(work: _Work, order: NewOrder, offer: Offer, line: OrderLine, command: PlaceOrder) -> None:
    i = keep(work.loaded.book, order, offer)
    work.loaded.line_details[i] = line_details(line, offer, command)


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
        tags_text(command.sites),
        command.currency,
        minor_units(charges.shipping, currency),
        minor_units(charges.tax, currency),
        minor_units(charges.discount, currency),
        minor_units(command.paid, currency),
        tags_text(command.tags),
        content,
        0,
    )


def _save(tx: Tx, work: _Work) -> None:
    storage.save_orders(tx, work.rows)
    books.save(tx, work.loaded)
    save_cancellations(tx, work.cancellations)
