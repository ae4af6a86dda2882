"""Letters to customers as they are read: in a language, as plain text and as HTML, in the merchant's name."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined, Template

from backorder.kernel.errors import BackorderError
from backorder.kernel.letters import QUESTIONS, SEE, About, Draft, Goods
from backorder.kernel.phrases import OnDay, Said
from backorder.kernel.wording import COLOUR, check_colour, worded
from backorder.languages import Language, language, one_line
from backorder.queries.communication import CommunicationView

_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f\"'<>\\]+\Z")


class Unusable(BackorderError):
    """What is to stand in a letter cannot."""


class Merchant(NamedTuple):
    """In whose name a letter goes. `opening` and `closing` are their own words, with places from a fixed list."""

    shop: str
    contact: str
    colour: str = COLOUR  # #rrggbb
    opening: str = ""
    closing: str = ""
    address: str = ""


def in_name_of(said: CommunicationView, kind: str, code: str) -> Merchant:
    """The merchant as they want to be seen in a kind of message (`kernel/wording.py`) in a language, by its code.

    What they say in one language is never put into a letter in another.
    """
    opening, closing = said.wording(kind, code)
    shop, contact = said.shop_name or "", said.contact or ""
    return Merchant(shop, contact, said.colour or COLOUR, opening, closing, said.signature or "")


class Letter(NamedTuple):
    """A letter ready to be sent: in which language, and which phrases the one that was wanted could not say."""

    subject: str
    text: str
    html: str
    language: str
    lacking: tuple[str, ...] = ()


class _Part(NamedTuple):
    """A block in its language."""

    kind: str
    lines: list[str]
    link: str = ""


def rendered(draft: Draft, wanted: Language, merchant: Merchant, values: Mapping[str, str] | None = None) -> Letter:
    """The letter in a language. What strangers wrote stands in it as text, whatever it is.

    A language that cannot say all of it says none of it: the letter is in English then, without the merchant's words in
    the other, and names what is lacking.
    `values` are those of a wording's places, as far as there are any (see `values_of`). Raises Unusable for an address
    that is none, and Misworded for a colour that cannot be read or a wording that cannot be filled.
    """
    check_colour(merchant.colour)
    questions = Said(QUESTIONS, {"contact": merchant.contact})
    said = [one for block in draft.blocks for one in block.said]
    lacking = wanted.lacking([draft.subject, *said, draft.why, questions])
    speaks = wanted.source() if lacking else wanted
    parts = [_part(block.kind, block.said, block.wording, block.link, speaks) for block in draft.blocks]
    foot = [speaks.say(draft.why), speaks.say(questions)]
    opening, closing = _own(merchant, values or {}) if not lacking else ([], [])
    parts = [*parts[:1], *opening, *parts[1:], *closing]
    return _letter(speaks.say(draft.subject), parts, foot, merchant, speaks.tag, lacking)


class Notice(NamedTuple):
    """A notice that the law asks for as it is kept (`kernel/sentences.py`); `tag` names its language (BCP 47).

    `link` opens the page of its order; None where there is none.
    """

    subject: str
    text: str
    tag: str
    link: str | None = None


def framed(notice: Notice, merchant: Merchant, values: Mapping[str, str], lacking: Sequence[str] = ()) -> Letter:
    """A notice as a letter. All that it says stands first, unchanged and in one piece.

    Its link and the merchant's closing follow; nothing of theirs comes before. `lacking` are phrases that another
    language could not say.
    Raises Misworded as `rendered` does.
    """
    check_colour(merchant.colour)
    parts = []
    for block in notice.text.strip().split("\n\n"):
        lines = block.split("\n")
        listed = all(line.startswith("- ") for line in lines)
        parts.append(_Part("list", [line[2:] for line in lines]) if listed else _Part("plain", lines))
    if notice.link is not None:
        parts.append(_part("button", [Said(SEE)], "", notice.link, language(notice.tag)))
    _, closing = _own(merchant, values)
    return _letter(notice.subject, [*parts, *closing], [], merchant, notice.tag, lacking)


def values_of(about: About, goods: Sequence[Goods], speaks: Language) -> dict[str, str]:
    """What stands for the places of a wording in a letter about goods; what there is not, is left out."""
    days = [one.day for one in goods if one.day is not None]
    found = {
        "customer": about.name or "",
        "order": about.order,
        "item": ", ".join(f"{one.quantity} x {one.item}" for one in goods),
        "date": speaks.day(OnDay(max(days), about.today)) if days and len(days) == len(goods) else "",
        "link": about.link or "",
    }
    return {name: said for name, said in found.items() if said}


def _own(merchant: Merchant, values: Mapping[str, str]) -> tuple[list[_Part], list[_Part]]:
    """The merchant's own words before and after the rest."""
    shown = {name: one_line(said) for name, said in values.items()}
    shown |= {"shop": one_line(merchant.shop), "contact": one_line(merchant.contact)}
    opening, closing = (worded(one_line(wording), shown) for wording in (merchant.opening, merchant.closing))
    return [_Part("plain", [said]) for said in (opening,) if said], [
        _Part("plain", [said]) for said in (closing,) if said
    ]


def _letter(
    subject: str, parts: list[_Part], foot: list[str], merchant: Merchant, tag: str, lacking: Sequence[str]
) -> Letter:
    foot = [*foot, *([merchant.address] if merchant.address else [])]
    said = {"subject": subject, "parts": parts, "foot": foot, "merchant": merchant, "language": tag}
    return Letter(subject, _text(parts, foot, merchant.shop), _template().render(said), tag, tuple(lacking))


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
    return "\n\n".join([*found, "\n".join([shop, *(["--", *foot] if foot else [])])]) + "\n"


@cache
def _template() -> Template:
    text = files("backorder.adapters.mail").joinpath("letter.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        text
    )
