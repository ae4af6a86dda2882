"""What a shop may say of an item: one state, from what a quote says, and its words for people and for machines."""

from typing import Literal, NamedTuple

from backorder.kernel.acceptance import Caps, NewLine, NewOrder, Offer, accept, withdraw
from backorder.kernel.calendars import NEVER, day_date, local_day
from backorder.kernel.columns import STOCK, Book
from backorder.kernel.outcomes import Word
from backorder.kernel.phrases import OnDay, Said, phrase, phrases

State = Literal[
    "in_stock",
    "partial",
    "backorder",
    "backorder_undated",
    "preorder",
    "made_to_order",
    "out_of_stock",
    "discontinued",
]
# Google takes no day beyond one year. Counted in days from today and one day short, so that it holds at every hour
# and in every zone.
GOOGLE_DAYS = 364


class Machine(NamedTuple):
    """A state in the words of others: schema.org's ItemAvailability, Google Merchant, the catalogues of Meta."""

    schema_org: str
    google: str
    meta: str


# Made to order is a backorder for Google: nothing is there now, and orders are taken. What can be had in part is in
# stock for both shops, because they ask of one unit.
CROSSWALK: dict[State, Machine] = {
    "in_stock": Machine("InStock", "in_stock", "in stock"),
    "partial": Machine("LimitedAvailability", "in_stock", "in stock"),
    "backorder": Machine("BackOrder", "backorder", "available for order"),
    "backorder_undated": Machine("BackOrder", "backorder", "available for order"),
    "preorder": Machine("PreOrder", "preorder", "preorder"),
    "made_to_order": Machine("MadeToOrder", "backorder", "available for order"),
    "out_of_stock": Machine("OutOfStock", "out_of_stock", "out of stock"),
    "discontinued": Machine("Discontinued", "out_of_stock", "discontinued"),
}
_DATED = {"backorder", "preorder"}  # words of Google's that need a day, and those in which schema.org gets one
_WAITS = {"BackOrder", "PreOrder", "MadeToOrder"}


class Shown(NamedTuple):
    """What a quote says of some units of an item. Days are day numbers, local in `zone`, where the goods leave from.

    `day` is the promise, None where there is none. In part, `ready` units could ship by `first`. `available` is how
    many could be had where more were asked for, `release` the day on which a preorder is released.
    """

    sku: str
    state: State
    quantity: int
    today: int
    zone: str
    day: int | None = None
    ready: int = 0
    first: int | None = None
    available: int = 0
    release: int | None = None


def shown(book: Book, route: tuple[str, ...], offer: Offer) -> Shown:
    """What an offer for one line says of its item; `route` are the sites that it was made for, one at least."""
    line = offer.line
    site = route[0]
    if offer.supply is not None:
        site = book.supplies.site[book.supplies.index[offer.supply]]
    place = book.sites[site].zone
    known = Shown(line.sku, "out_of_stock", line.quantity, book.today[site], place)
    item = book.items.get(line.sku)
    if item is not None and item.selling == "discontinued":
        return known._replace(state="discontinued")
    if offer.word is not Word.ACCEPTED or item is None:
        return known._replace(available=min(offer.available, line.quantity - 1) if item is not None else 0)
    known = known._replace(day=None if offer.day >= NEVER else offer.day)
    release = item.release_floor(book.today[route[0]]) or None
    if release is not None or (item.selling == "preorder" and item.released_on is None and offer.waiting):
        return known._replace(state="preorder", release=release)
    ready = line.quantity - offer.waiting
    if not offer.waiting:
        return known._replace(state="in_stock")
    if known.day is None:
        return known._replace(state="backorder_undated")
    if ready:
        days = [day for s, day in offer.pegs if book.supplies.kind[s] == STOCK]
        return known._replace(state="partial", ready=ready, first=max(days))
    return known._replace(state="made_to_order" if offer.uncovered == line.quantity else "backorder")


def seen(book: Book, caps: Caps, sku: str, quantity: int, region: str | None = None) -> Shown:
    """What is to be said of some units of an item, for somebody who is nobody yet: what a quote would answer them."""
    route = book.route_of((), region)
    if not route:  # there is no site to ship from
        return Shown(sku, "out_of_stock", quantity, local_day(book.now, "UTC"), "UTC")
    line = NewLine("1", sku, quantity)
    order = NewOrder("", None, 0, book.now, complete=False, all_or_nothing=True, route=route, lines=(line,))
    stands, offers = accept(book, caps, order)
    found = shown(book, route, offers[0])
    if stands:
        withdraw(book, caps, order, offers[0])
    return found


def google(one: Shown) -> tuple[str, int | None]:
    """Google's availability of one more unit, and its day; without one within a year it is out of stock."""
    word = CROSSWALK[one.state].google
    if word not in _DATED:
        return word, None
    if one.day is None or one.day > one.today + GOOGLE_DAYS:
        return "out_of_stock", None
    return word, one.day


def starts(one: Shown) -> int | None:
    """The day of schema.org's `availabilityStarts`: the one on which the next unit ships, where it is not there yet."""
    return one.day if CROSSWALK[one.state].schema_org in _WAITS else None


_IN_STOCK = phrase("In stock. Ships by {day} when ordered now.")
_BACKORDER = phrase("Out of stock. Ships by {day} when ordered now.")
_UNDATED = phrase("Out of stock. It can be ordered, but we have no date for it yet.")
_MADE = phrase("Ordered for you. Ships by {day} when ordered now.")
_PREORDER = phrase("Pre-order. Ships by {day} when ordered now.")
_RELEASED = phrase("Pre-order, released on {release}. Ships by {day} when ordered now.")
_PREORDER_UNDATED = phrase("Pre-order. We have no date for it yet.")
_OUT = phrase("Out of stock.")
_GONE = phrase("No longer available.")
_PARTIAL = phrases(
    "{count} of {quantity} ships by {first}, the rest by {day} when ordered now.",
    "{count} of {quantity} ship by {first}, the rest by {day} when ordered now.",
)
_FEWER = phrases("Only {count} is available now.", "Only {count} are available now.")


def sentence(seen: Shown) -> Said:
    """What a product page must say: whether it is there, by which day it ships, and nothing that is not so."""
    if seen.state == "discontinued":
        return Said(_GONE)
    if seen.state == "out_of_stock":
        return Said(_FEWER, {"count": seen.available}) if seen.available > 0 else Said(_OUT)
    if seen.day is None:
        return Said(_PREORDER_UNDATED if seen.state == "preorder" else _UNDATED)
    day = OnDay(seen.day, seen.today)
    if seen.state == "partial":
        assert seen.first is not None
        first = OnDay(seen.first, seen.today)
        return Said(_PARTIAL, {"count": seen.ready, "quantity": seen.quantity, "first": first, "day": day})
    if seen.state == "preorder" and seen.release is not None:
        return Said(_RELEASED, {"release": OnDay(seen.release, seen.today), "day": day})
    return Said(_BY_STATE[seen.state], {"day": day})


_BY_STATE = {
    "in_stock": _IN_STOCK,
    "backorder": _BACKORDER,
    "preorder": _PREORDER,
    "made_to_order": _MADE,
}


def iso_day(day: int | None) -> str | None:
    """A day as ISO 8601 has it."""
    return None if day is None else day_date(day).isoformat()
