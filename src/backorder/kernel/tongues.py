"""In which language a notice of a delay is said: English by itself, other languages as they are handed in.

English stands here as it always was, byte for byte, so that what was proven once can be proven again.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

from backorder.kernel.calendars import day_date
from backorder.kernel.money import text as amount_text
from backorder.kernel.phrases import Money, OnDay, Phrase, Said, Value, WholeDay


class Tongue(Protocol):
    """A language that notices can be said in; `tag` names it, with the country where it differs there (BCP 47)."""

    @property
    def tag(self) -> str:
        """Its name, such as `de-AT`."""
        ...

    def __hash__(self) -> int:
        """What is said in it is remembered by it."""
        ...

    def lacking(self, said: Iterable[Said]) -> Sequence[str]:
        """Which of these phrases it cannot say whole."""
        ...

    def say(self, said: Said) -> str:
        """A phrase with its values."""
        ...


@lru_cache(maxsize=1_024)
def plain_day(day: int) -> str:
    """A day as people write it: Fri 1 May 2026."""
    date_ = day_date(day)
    return f"{date_:%a} {date_.day} {date_:%b %Y}"


class _English:
    """The language of the phrases themselves."""

    tag = "en"

    def lacking(self, _said: Iterable[Said]) -> Sequence[str]:
        return ()

    def say(self, said: Said) -> str:
        text = said.phrase.one
        return text.format(**{name: _plain(value) for name, value in said.values.items()}) if said.values else text


def _plain(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, OnDay | WholeDay):
        return plain_day(value.day)
    if isinstance(value, Money):
        return f"{amount_text(*value)} {value.currency}"
    return ENGLISH.say(value) if isinstance(value, Said) else str(value)


ENGLISH: Tongue = _English()


class Voice:
    """Says phrases in a language, and remembers in `lacking` which of them it could not say whole."""

    def __init__(self, tongue: Tongue) -> None:
        self.tongue = tongue
        self.lacking: dict[str, None] = {}

    def __call__(self, phrase: Phrase, **values: Value) -> str:
        """A phrase with its values; what is lacking is said in whatever way, and not to be sent."""
        said = Said(phrase, values)
        if missing := self.tongue.lacking((said,)):
            self.lacking.update(dict.fromkeys(missing))
        return self.tongue.say(said)
