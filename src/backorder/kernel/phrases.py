"""What is said to people, before it is in a language: a text in English with places for values, and the values.

The English text is the key under which the catalogues of other languages have theirs (`backorder.languages`).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import NamedTuple


class Phrase(NamedTuple):
    """A text with places such as `{day}`; `many` is the text for another count than one, where they differ."""

    one: str
    many: str | None = None


class OnDay(NamedTuple):
    """A day (a day number) as a value; its year is said where it is another than that of `today`."""

    day: int
    today: int


class WholeDay(NamedTuple):
    """A day (a day number) as a value that leaves nothing open: with its weekday and its year, whenever it is read."""

    day: int


class Money(NamedTuple):
    """An amount in minor units of a currency (ISO 4217) as a value."""

    minor: int
    currency: str


class ShortDay(NamedTuple):
    """A day as it stands in tables and notes; its year is said where it is another than that of `today`, if given."""

    day: date
    today: date | None
    weekday: bool = False


class Moment(NamedTuple):
    """A moment as it stands in tables and notes, its hour as it is given, or by the clock of whoever says it."""

    at: datetime
    today: date


class Sum(NamedTuple):
    """An exact amount as a decimal, such as `12.50`, of a currency (ISO 4217) as a value."""

    amount: str
    currency: str


class Said(NamedTuple):
    """A phrase with a value for each of its places; where there are two texts, `count` is among them and chooses."""

    phrase: Phrase
    values: Mapping[str, "Value"] = {}


Value = str | int | OnDay | WholeDay | Money | ShortDay | Moment | Sum | Said


def phrase(text: str) -> Phrase:
    """A text to be translated. Written with a literal, so that whoever translates finds it."""
    return Phrase(text)


def phrases(one: str, many: str) -> Phrase:
    """Two texts to be translated, of which `{count}` chooses."""
    return Phrase(one, many)


def understood(text: str, among: Iterable[Phrase]) -> Said | None:
    """A text that was said in English, as the first of these phrases that it can be; None where it is none of them."""
    for one in among:
        found = _pattern(one).fullmatch(text)
        if found is not None:
            return Said(one, found.groupdict())
    return None


@cache
def _pattern(one: Phrase) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(one.one)))
