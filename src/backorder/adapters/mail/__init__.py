"""Letters to customers as they are read: in a language, as plain text and as HTML, in the merchant's name."""

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined, Template

from backorder.kernel.errors import BackorderError
from backorder.kernel.letters import Draft, worded
from backorder.kernel.phrases import Said, phrase
from backorder.languages import Language

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f\"'<>\\]+\Z")


class Unusable(BackorderError):
    """What the merchant set cannot stand in a letter."""


class Merchant(NamedTuple):
    """In whose name a letter goes. `opening` and `closing` are their own words, with places from a fixed list."""

    shop: str
    contact: str
    colour: str = "#2f5140"  # #rrggbb
    opening: str = ""
    closing: str = ""
    address: str = ""


class Letter(NamedTuple):
    """A letter ready to be sent."""

    subject: str
    text: str
    html: str


class _Part(NamedTuple):
    """A block in its language."""

    kind: str
    lines: list[str]
    link: str = ""


def rendered(draft: Draft, language: Language, merchant: Merchant, *, order: str = "", name: str = "") -> Letter:
    """The letter in a language. What strangers wrote stands in it as text, whatever it is.

    Raises Unusable for a colour or an address that is none, and Misworded for a wording with an unknown place.
    """
    if not _COLOUR.match(merchant.colour):
        raise Unusable(f"{merchant.colour[:40]!r} is no colour: give one as #2f5140")
    places = {"shop": merchant.shop, "contact": merchant.contact, "order": order, "name": name}
    parts = [_part(block.kind, block.said, block.wording, block.link, language) for block in draft.blocks]
    if merchant.opening:
        parts.insert(1, _Part("plain", [worded(merchant.opening, places)]))
    if merchant.closing:
        parts.append(_Part("plain", [worded(merchant.closing, places)]))
    subject = language.say(draft.subject)
    questions = language.say(Said(phrase("Questions: {contact}"), {"contact": merchant.contact}))
    foot = [language.say(draft.why), questions, *([merchant.address] if merchant.address else [])]
    said = {"subject": subject, "parts": parts, "foot": foot, "merchant": merchant, "language": language.tag}
    return Letter(subject, _text(parts, foot, merchant.shop), _template().render(said))


def _part(kind: str, said: object, wording: str, link: str, language: Language) -> _Part:
    if link and not _LINK.match(link):
        raise Unusable(f"{link[:80]!r} is no address of a page")
    assert isinstance(said, list | tuple)
    return _Part(kind, [*map(language.say, said), *([wording] if wording else [])], link)


def _text(parts: list[_Part], foot: list[str], shop: str) -> str:
    found = []
    for part in parts:
        body = "\n".join(f"- {line}" if part.kind == "list" else line for line in part.lines)
        found.append(f"{body}: {part.link}" if part.link else body)
    return "\n\n".join([*found, f"{shop}\n--\n" + "\n".join(foot)]) + "\n"


@cache
def _template() -> Template:
    text = files("backorder.adapters.mail").joinpath("letter.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        text
    )
