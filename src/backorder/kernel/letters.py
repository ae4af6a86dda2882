"""What a letter to a customer says, before it is in a language and looks like something: blocks of phrases.

Notices of delays are not among them: the law asks for their sentences, which stand in `sentences.py`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from backorder.kernel.phrases import OnDay, Phrase, Said, Value, phrase

# What a short word by another channel says besides what the letter is about.
DETAILS = phrase("Our e-mail to you has the details.")
QUESTIONS = phrase("Questions: {contact}")
SEE = phrase("See your order, and what you can choose")


class Goods(NamedTuple):
    """Units of something in an order, and the day by which they ship; None where there is none."""

    quantity: int
    item: str
    day: int | None = None


class About(NamedTuple):
    """Whom a letter goes to, and about what: `today` is the day (a number) on which it is written, in their zone."""

    order: str
    today: int
    name: str | None = None
    link: str | None = None  # where they see their order


class Block(NamedTuple):
    """A part of a letter. `wording` is text of the merchant's own, `link` the address of a button."""

    kind: Literal["plain", "lead", "list", "small", "button"]
    said: Sequence[Said] = ()
    wording: str = ""
    link: str = ""


class Draft(NamedTuple):
    """A letter before it is in a language; `why` says at its foot why it came."""

    subject: Said
    blocks: Sequence[Block]
    why: Said


def confirmation(about: About, goods: Sequence[Goods], charging: str) -> Draft:
    """An order was taken: every line's day, and when money is taken, in the merchant's sentence."""
    return _draft(
        phrase("Your order {order}"),
        about,
        _plain(phrase("Thank you for your order {order}. This is when it ships:"), order=about.order),
        _list(about, goods),
        *([Block("plain", wording=charging)] if charging else []),
        _plain(phrase("You can cancel what has not shipped at any time for a full refund.")),
    )


def partly_ready(about: About, ready: Sequence[Goods], rest: Sequence[Goods]) -> Draft:
    """Some of an order can ship, the rest is still to come."""
    return _draft(
        phrase("Part of your order {order} is ready"),
        about,
        _plain(phrase("This part of your order is ready to ship:")),
        _list(about, [one._replace(day=None) for one in ready], dated=False),
        _plain(phrase("The rest is still to come:")),
        _list(about, rest),
    )


def shipped(about: About, goods: Sequence[Goods], tracking: str | None) -> Draft:
    """Goods left."""
    where = [] if tracking is None else [_plain(phrase("Tracking: {tracking}"), tracking=tracking)]
    return _draft(
        phrase("Your order {order} is on its way"),
        about,
        _plain(phrase("This is on its way to you:")),
        _list(about, goods, dated=False),
        *where,
    )


def back_in_stock(about: About, item: str) -> Draft:
    """An item is there that somebody wanted to be told of; `about.link` is where it can be ordered."""
    blocks = [
        _plain(phrase("You asked us to tell you when this is back:")),
        _lead(phrase("{item} is in stock"), item=item),
        Block("small", [Said(phrase("It can be ordered now. We cannot keep one for you."))]),
    ]
    if about.link is not None:
        blocks.append(Block("button", [Said(phrase("See it in the shop"))], link=about.link))
    why = Said(phrase("You get this because you asked to be told, once. We do not write again."))
    return Draft(Said(phrase("{item} is back in stock"), {"item": item}), [_greeting(about), *blocks], why)


def _draft(subject: Phrase, about: About, *blocks: Block) -> Draft:
    found = [_greeting(about), *blocks]
    if about.link is not None:
        found.append(Block("button", [Said(phrase("See your order"))], link=about.link))
    why = Said(phrase("You get this because it concerns an order of yours; it is not advertising."))
    return Draft(Said(subject, {"order": about.order}), found, why)


def _greeting(about: About) -> Block:
    return _plain(phrase("Hello,")) if about.name is None else _plain(phrase("Dear {name},"), name=about.name)


def _plain(said: Phrase, **values: Value) -> Block:
    return Block("plain", [Said(said, values)])


def _lead(said: Phrase, **values: Value) -> Block:
    return Block("lead", [Said(said, values)])


def _list(about: About, goods: Sequence[Goods], *, dated: bool = True) -> Block:
    return Block("list", [_line(about, one, dated=dated) for one in goods])


def _line(about: About, one: Goods, *, dated: bool) -> Said:
    values: dict[str, Value] = {"quantity": one.quantity, "item": one.item}
    if not dated:
        return Said(phrase("{quantity} x {item}"), values)
    if one.day is None:
        return Said(phrase("{quantity} x {item}: we have no date yet"), values)
    values["day"] = OnDay(one.day, about.today)
    return Said(phrase("{quantity} x {item}: ships by {day}"), values)
