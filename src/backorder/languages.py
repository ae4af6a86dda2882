"""The languages in which people are spoken to: phrases, days, numbers and amounts as they are said there.

A language is a catalogue (`locale/CODE.po`); English is that of the phrases themselves. Catalogues are compiled when
they are first used, so that adding a language is adding a file.
"""

import io
import re
import string
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from backorder.kernel.calendars import day_date
from backorder.kernel.money import decimals
from backorder.kernel.phrases import Moment, Money, OnDay, Said, ShortDay, Sum, Value, WholeDay
from backorder.kernel.places import is_country
from backorder.kernel.tongues import ENGLISH, Tongue

if TYPE_CHECKING:
    from babel import Locale
    from babel.messages.catalog import Catalog

# What breaks a line, cannot be seen, or turns the direction of what follows: a value stays within its sentence.
# Spaces that do not break one stay.
_UNSEEN = re.compile(r"(?:[^\S\u00a0\u202f]|[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069])+")
SOURCE = "en"  # of the phrases, and what is spoken where nothing better is known


class _Texts(NamedTuple):
    """What a catalogue says, and the phrases that it says whole; None stands for all that there are."""

    say: NullTranslations
    whole: frozenset[str] | None


class Language:
    """A language as it is spoken in a country: `code` is that of its catalogue, `tag` names both (BCP 47)."""

    def __init__(self, code: str, locale: "Locale", texts: _Texts, clock: ZoneInfo | None = None) -> None:
        self.code = code
        self.tag = str(locale).replace("_", "-")
        self._locale, self._texts, self._whole = locale, texts.say, texts.whole
        self._clock = clock

    def lacking(self, said: Iterable[Said]) -> list[str]:
        """Which of these phrases the language cannot say whole: without a translation, or with a place missing in it.

        They would be said in English, or without the day that stands in them.
        """
        if self._whole is None:
            return []
        return [one for one in dict.fromkeys(each.phrase.one for each in said) if one not in self._whole]

    def at(self, zone: str) -> "Language":
        """The same where the clock on the wall is that of a zone: moments are said as it shows them."""
        return Language(self.code, self._locale, _Texts(self._texts, self._whole), ZoneInfo(zone))

    def source(self) -> "Language":
        """English, as it is spoken in the same country: what is said where this language cannot say it whole."""
        return language(SOURCE, self._locale.territory)

    def say(self, said: Said) -> str:
        """A phrase with its values. What people wrote stands in values only, and is never looked at for places."""
        text = self.text(said)
        return text.format(**{name: self._within(text, name, value) for name, value in said.values.items()})

    def _within(self, text: str, name: str, value: Value) -> str:
        """A value as it stands in a text: a short day that ends with a full stop, as in German, ends its sentence."""
        word = self.word(value)
        return word[:-1] if word.endswith(".") and _ends(value) and f"{{{name}}}." in text else word

    def text(self, said: Said) -> str:
        """A phrase in this language, its places still open."""
        one, many = said.phrase
        if many is None:
            return self._texts.gettext(one)
        count = said.values["count"]
        assert isinstance(count, int)
        return self._texts.ngettext(one, many, count)

    def word(self, value: Value) -> str:
        """A value as it stands within a sentence."""
        if isinstance(value, str):
            return one_line(value)
        if isinstance(value, int):
            return _number(value, self._locale)
        if isinstance(value, Said):
            return self.say(value)
        return self._dated(value) if isinstance(value, OnDay | WholeDay | ShortDay | Moment) else self._paid(value)

    def _dated(self, value: OnDay | WholeDay | ShortDay | Moment) -> str:
        if isinstance(value, ShortDay):
            return self.short_day(value)
        if isinstance(value, Moment):
            at = value.at if self._clock is None else value.at.astimezone(self._clock)
            return f"{self.short_day(ShortDay(at.date(), value.today, weekday=True))}, {at:%H:%M}"
        return self.day(value) if isinstance(value, OnDay) else _whole_day(value.day, self._locale)

    def _paid(self, value: Money | Sum) -> str:
        return self.amount(value) if isinstance(value, Money) else _sum(value, self._locale)

    def short_day(self, said: ShortDay) -> str:
        """A day in short, held together: 4 Dec, with its weekday where that is wanted. English is alike everywhere."""
        other = said.today is None or said.day.year != said.today.year
        skeleton = ("y" if other else "") + ("MMMEd" if said.weekday else "MMMd")
        return _short_day(said.day, skeleton, None if self.code == SOURCE else self._locale)

    def long_day(self, day: date) -> str:
        """A day without its year as a heading: Friday 27 November."""
        if self.code == SOURCE:
            return f"{day:%A} {day.day} {day:%B}"
        from babel.dates import format_date, match_skeleton

        skeletons = self._locale.datetime_skeletons
        pattern = str(skeletons[match_skeleton("MMMMEd", skeletons)].pattern)
        text = str(format_date(day, re.sub("E+", "EEEE", pattern), locale=self._locale))
        return text[:1].upper() + text[1:]

    def day(self, on: OnDay) -> str:
        """A day as it stands within a sentence: 18 December, with its year where that is not this year."""
        from babel.dates import format_skeleton

        date, today = day_date(on.day), day_date(on.today)
        skeleton = "MMMMd" if date.year == today.year else "yMMMMd"
        return str(format_skeleton(skeleton, date, locale=self._locale))

    def name_of(self, code: str) -> str:
        """What a language is called in this one."""
        from babel import Locale

        return str(Locale.parse(code).get_language_name(self._locale))

    def amount(self, money: Money) -> str:
        """An amount with its currency, exact to the minor unit."""
        places = decimals(money.currency)
        return _amount(Decimal(money.minor).scaleb(-places), money.currency, places, self._locale)


def _ends(value: Value) -> bool:
    """Whether a value ends with what is ours to say, and not with what somebody wrote."""
    return isinstance(value, ShortDay) or (isinstance(value, Said) and any(map(_ends, value.values.values())))


def one_line(text: str) -> str:
    """A text of somebody's as it stands within a sentence: nothing in it breaks the line, hides or turns around."""
    return _UNSEEN.sub(" ", text).strip()


@cache
def known() -> tuple[str, ...]:
    """The codes of the languages that there are, in their order."""
    return tuple(sorted({SOURCE, *(name.removesuffix(".po") for name in _catalogues())}))


def language(wanted: str | None = None, country: str | None = None) -> Language:
    """The language to speak to somebody who wants one, such as `de` or `fr-CH`, in a country (its two letters).

    Where it is not known, or none is wanted, one that most people of the country speak; else English.
    """
    asked, _, rest = (wanted or "").replace("_", "-").partition("-")
    code, named = asked.lower(), country or rest.upper()
    place = named if is_country(named) else None
    if code not in known():
        code = _spoken_in(place) if place is not None else SOURCE
    return _language(code, place)


@lru_cache(maxsize=1_024)  # a supply that slips is told to thousands, who live in a few countries
def tongue(wanted: str | None = None, country: str | None = None) -> Tongue:
    """The language to say a notice of a delay in, to somebody whom `language` finds the same for.

    English is that of the kernel, alike in every country: what went in it can be said again word for word.
    """
    found = language(wanted, country)
    return ENGLISH if found.code == SOURCE else found


def _amount(number: Decimal, currency: str, places: int, locale: "Locale") -> str:
    """By the locale's pattern, with as many decimals as the currency has by our count, not by Babel's.

    The currency has its sign where that is clear there (`$`, `US$`), else its code, which stands off from the number.
    """
    from babel.numbers import format_currency, get_currency_symbol

    pattern = str(locale.currency_formats["standard"].pattern).replace("0.00", "0." + "0" * places if places else "0")
    if get_currency_symbol(currency, locale)[-1:].isalpha():
        pattern = pattern.replace("¤#", "¤\u00a0#").replace("¤0", "¤\u00a00")
    return str(format_currency(number, currency, pattern, locale=locale, currency_digits=False))


# A page says hundreds of days, numbers and amounts, most of them again and again.
@lru_cache(maxsize=16_384)
def _number(number: int, locale: "Locale") -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(number, locale=locale))


@lru_cache(maxsize=16_384)
def _short_day(day: date, skeleton: str, locale: "Locale | None") -> str:
    """By a skeleton of Unicode's; English, where there is no locale, as it is said all over the world."""
    if locale is None:
        text = f"{day.day} {day:%b}" + (f" {day.year}" if skeleton.startswith("y") else "")
        text = f"{day:%a} {text}" if "E" in skeleton else text
    else:
        from babel.dates import format_skeleton

        text = str(format_skeleton(skeleton, day, locale=locale))
    return text.replace(" ", "\u00a0")


@lru_cache(maxsize=16_384)
def _sum(said: Sum, locale: "Locale") -> str:
    """An exact amount with the decimals that it is given with."""
    number = Decimal(said.amount)
    return _amount(number, said.currency, max(-int(number.as_tuple().exponent), 0), locale)


@lru_cache(maxsize=4_096)
def _whole_day(day: int, locale: "Locale") -> str:
    from babel.dates import format_date

    return str(format_date(day_date(day), "full", locale=locale))


@lru_cache(maxsize=256)
def _language(code: str, country: str | None) -> Language:
    from babel import Locale
    from babel.localedata import exists

    there = f"{code}_{country}"
    return Language(code, Locale.parse(there if exists(there) else code), _texts(code))


def _spoken_in(country: str) -> str:
    """The language that most people of a country speak, of those that are known."""
    from babel.languages import get_official_languages

    spoken = get_official_languages(country, regional=True, de_facto=True)
    return next((code for code in spoken if code in known()), SOURCE)


@cache
def _texts(code: str) -> _Texts:
    """The texts of a language: its catalogue compiled, or none where the phrases are in it already."""
    source = _catalogues().get(f"{code}.po")
    if source is None:
        return _Texts(NullTranslations(), None)
    from babel.messages.pofile import read_po

    with source.open("rb") as file:
        return compiled(read_po(file, locale=code, abort_invalid=True))


def compiled(catalogue: "Catalog") -> _Texts:
    """What a catalogue says."""
    from babel.messages.mofile import write_mo

    file = io.BytesIO()
    write_mo(file, catalogue)
    file.seek(0)
    whole = set()
    for message in catalogue:
        one, *_ = _several(message.id)
        texts = _several(message.string)
        if one and not message.fuzzy and all(text and _places(text) == _places(one) for text in texts):
            whole.add(one)
    return _Texts(GNUTranslations(file), frozenset(whole))


def _several(texts: str | Sequence[str] | None) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts or [""])


def _places(text: str) -> set[str | None]:
    """The places of a text; of one that cannot be filled, something that no phrase has."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {None}


@cache
def _catalogues() -> dict[str, Traversable]:
    folder = files("backorder").joinpath("locale")
    return {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(".po")}
