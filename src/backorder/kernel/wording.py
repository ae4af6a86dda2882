"""The merchant's own words and look in what customers are sent: what they may say, and where it can name what.

A wording is text with places from a fixed list, read into a list once and filled by name: nothing in it can run. It
stands beside what has to be said and never instead of it: no wording takes a sentence away.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backorder.kernel.errors import BackorderError

WORDING_MAX = 500  # characters of one wording: beside what has to be said, it must not bury it
CONTRAST_MIN = 4.5  # of text against its ground (WCAG 2.2, 1.4.3)
GROUND = "#ffffff"  # of letters, on which the merchant's colour is written
COLOUR = "#2f5140"  # of a merchant who says none

# What a wording may name, and what that is.
PLACES = {
    "customer": "the customer's name",
    "order": "the order's id",
    "item": "the goods that it is about",
    "date": "the latest day that it tells",
    "shop": "the shop's name",
    "link": "where the customer sees the order, or the item",
    "contact": "whom customers ask",
}
_ALWAYS = ("customer", "item", "shop", "link", "contact")

# The kinds of messages, with the places that have something to stand there. `delay` is every notice of a delay.
KINDS: dict[str, tuple[str, ...]] = {
    "confirmation": (*_ALWAYS, "order", "date"),
    "delay": (*_ALWAYS, "order", "date"),
    "still": (*_ALWAYS, "order", "date"),
    "better": (*_ALWAYS, "order", "date"),
    "ready": (*_ALWAYS, "order", "date"),
    "shipped": (*_ALWAYS, "order"),
    "cancelled": (*_ALWAYS, "order"),
    "back": _ALWAYS,
}
# Notices, which are kept as evidence, begin with what has to be said: nobody puts words of their own before it.
LAWFUL = frozenset({"delay", "still", "better", "cancelled"})

_TOKEN = re.compile(r"{{|}}|{([^{}]*)}|[{}]")
_ADDRESS = re.compile(r"https?:|www\.|//", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")


def worded_as(kind: str) -> str:
    """The kind of message as which a kind of notice is worded: all that tell of a delay are one."""
    return kind if kind in KINDS else "delay"


class Misworded(BackorderError):
    """A merchant's wording, or their colour, cannot stand in a letter; the message says what to do."""


class Piece(NamedTuple):
    """A part of a wording: text as it stands, or the name of a place."""

    text: str = ""
    place: str = ""


def parts(wording: str, allowed: Sequence[str] = tuple(PLACES)) -> list[Piece]:
    """A wording as text and places; `{{` and `}}` stand for braces.

    Raises Misworded for a place that is not among the `allowed`, for a brace that stands alone, and for an address:
    {link} is the only one that belongs into what a customer gets about an order.
    """
    if _ADDRESS.search(wording):
        raise Misworded("no addresses of pages: {link} is where the customer sees what it is about")
    found, end = [], 0
    for token in _TOKEN.finditer(wording):
        found.append(Piece(wording[end : token.start()]))
        end = token.end()
        name, said = token[1], token[0]
        if name is not None and name in allowed:
            found.append(Piece(place=name))
        elif said in {"{{", "}}"}:
            found.append(Piece(said[0]))
        elif name is None:
            raise Misworded(f"a {said} stands alone: write {said}{said} for one, or a place: {_listed(allowed)}")
        else:
            known = "has nothing to stand for it here" if name in PLACES else "is no place"
            raise Misworded(f"{{{name[:40]}}} {known}: use {_listed(allowed)}")
    return [piece for piece in [*found, Piece(wording[end:])] if piece != Piece()]


def _listed(allowed: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in PLACES if name in allowed)


def worded(wording: str, values: Mapping[str, str]) -> str:
    """A wording with its places filled, once; empty where something that it names has no value this time.

    A sentence with a hole in it would be worse than none. Raises Misworded as `parts` does.
    """
    found = parts(wording)
    if not all(values.get(piece.place) for piece in found if piece.place):
        return ""
    return "".join(values[piece.place] if piece.place else piece.text for piece in found)


def contrast(colour: str, ground: str = GROUND) -> float:
    """How much two colours (#rrggbb) stand out against one another, from 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def check_colour(colour: str) -> None:
    """Raises Misworded for what is no colour, and for one that cannot be read on the ground of letters."""
    if not _COLOUR.match(colour):
        raise Misworded(f"{colour[:40]!r} is no colour: give one as {COLOUR}")
    found = contrast(colour)
    if found < CONTRAST_MIN:
        # rounded down, so that what is refused never seems to reach what is asked for
        raise Misworded(
            f"{colour} on {GROUND} has a contrast of {int(found * 100) / 100:.2f}:1: take a darker one, of at least "
            f"{CONTRAST_MIN}:1"
        )
