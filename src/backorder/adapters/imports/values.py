"""Days and numbers as a file writes them: which order, which decimal sign, and what they say."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from backorder.adapters.imports.reasons import Reason
from backorder.kernel.phrases import Phrase, Said, phrase

DateOrder = Literal["ymd", "dmy", "mdy"]
DecimalSign = Literal[".", ","]

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(.*))?", re.ASCII)
_SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})(?:[T ,]+(.*))?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*([AaPp][Mm])?\s*(Z|UTC|[+-]\d\d:?\d\d)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?[\d.,]+", re.ASCII)
_AROUND = " \u00a0\u202f€£$¥"  # may stand around a number
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f'\u2019]\d{3})+(?:[.,]\d+)?", re.ASCII)
_PARTING = str.maketrans("", "", " \u00a0\u202f'\u2019")
_YES = {"1", "y", "yes", "true", "x", "ja", "oui", "si", "sí"}
_NO = {"0", "n", "no", "false", "", "nein", "non"}


class Unclear(Exception):
    """A file's own way of writing cannot be told from what it says; the message says which option settles it."""


class Bad(ValueError):
    """A cell does not say what its field needs; `reason` is why."""

    def __init__(self, said: Said, field: str = "") -> None:
        self.said, self.reason = said, Reason(said, field)
        super().__init__(str(self.reason))


_NO_NUMBER = phrase("{text} is no number")
_OTHER_SIGN = phrase("{text} is no number with the decimal sign {sign}")
_LONG_NUMBER = phrase("{text} is too long a number")
_NOT_WHOLE = phrase("{text} is no whole number of units")
_NO_TIME = phrase("{text} is no time")
_NO_MOMENT = phrase("{text} is no moment")
_NOT_IN_CALENDAR = phrase("{text} is no day of the calendar")
_NO_DAY = phrase("{text} is no day such as 2026-12-01")
_NEITHER = phrase("{text} is neither yes nor no")


def _bad(why: Phrase, text: str, **more: str) -> Bad:
    """What is wrong with a text, which is shown as far as it can be taken in at a glance."""
    return Bad(Said(why, {"text": repr(text[:40]), **more}))


class Ways(NamedTuple):
    """How a file writes days and numbers, and the time zone of moments that name none."""

    dates: DateOrder
    decimal: DecimalSign
    zone: ZoneInfo


def date_order(texts: Iterable[str]) -> DateOrder:
    """The order of day, month and year, from all the days of a file. Raises Unclear where both would do."""
    first = second = short = slashed = 0
    for text in texts:
        found = _SHORT.fullmatch(text.strip())
        if found is not None:
            short += 1
            first = max(first, int(found[1]))
            second = max(second, int(found[3]))
            slashed += found[2] in "/-"
    if not short:
        return "ymd"
    if first > 12 >= second:
        return "dmy"
    if second > 12 >= first:
        return "mdy"
    if first <= 12 and not slashed:
        return "dmy"  # nobody writes the month first with points
    raise Unclear("the days could be day first or month first: say --dates dmy or --dates mdy")


def decimal_sign(texts: Iterable[str]) -> DecimalSign:
    """The decimal sign, from all the numbers of a file. Raises Unclear where both would do and it matters."""
    votes: set[DecimalSign] = set()
    unclear = ""
    for text in texts:
        body = _bare(text)
        signs = [sign for sign in body if sign in ".,"]
        if not signs or _NUMBER.fullmatch(body) is None:
            continue
        last: DecimalSign = "." if signs[-1] == "." else ","
        other: DecimalSign = "," if last == "." else "."
        if len(set(signs)) == 2:
            votes.add(last)
        elif len(signs) > 1:
            votes.add(other)  # 1.234.567: the sign parts thousands
        elif re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", body) is None:
            votes.add(last)  # 12.5 or 0,75: not three digits after it
        else:
            unclear = text
    if len(votes) == 1:
        return votes.pop()
    if votes or unclear:
        example = f" ({unclear})" if unclear else ""
        raise Unclear(f"numbers{example} could have either decimal sign: say --decimal . or --decimal ,")
    return "."


def _bare(text: str) -> str:
    """A number without currency signs around it, and without blanks and quote marks that part thousands."""
    body = text.strip(_AROUND)
    return body.translate(_PARTING) if _GROUPED.fullmatch(body) else body


def number(text: str, ways: Ways) -> Decimal:
    """A number as the file writes it. Raises Bad for anything else."""
    body = _bare(text)
    if not body.isascii() or _NUMBER.fullmatch(body) is None or not any(letter.isdigit() for letter in body):
        raise _bad(_NO_NUMBER, text)
    thousands = "," if ways.decimal == "." else "."
    whole, _, rest = body.partition(ways.decimal)
    groups = whole.lstrip("+-").split(thousands)
    if thousands in rest or ways.decimal in rest or (len(groups) > 1 and any(len(group) != 3 for group in groups[1:])):
        raise _bad(_OTHER_SIGN, text, sign=ways.decimal)
    if len(body) > 30:
        raise _bad(_LONG_NUMBER, text)
    return Decimal(f"{'-' if whole.startswith('-') else ''}{''.join(groups) or '0'}.{rest or '0'}")


@lru_cache(maxsize=65_536)  # the same few numbers and days come again and again
def units(text: str, ways: Ways) -> int:
    """A whole number. Raises Bad for a fraction."""
    found = number(text, ways)
    if found != found.to_integral_value():
        raise Bad(Said(_NOT_WHOLE, {"text": text[:40]}))
    return int(found)


@lru_cache(maxsize=65_536)
def amount(text: str, ways: Ways) -> str:
    """An amount as commands take it: `1234.5`."""
    found = number(text, ways).normalize()
    return f"{found:f}"


def day(text: str, ways: Ways) -> date:
    """The day that a text names; a time beside it is let go. Raises Bad if there is none."""
    return _parts(text, ways)[0]


@lru_cache(maxsize=65_536)
def moment(text: str, ways: Ways) -> datetime:
    """The moment that a text names, midnight if only a day. Raises Bad if there is none."""
    on, rest = _parts(text, ways)
    if not rest:
        return datetime(on.year, on.month, on.day, tzinfo=ways.zone)
    found = _TIME.fullmatch(rest.strip())
    if found is None:
        raise _bad(_NO_TIME, text)
    hour = int(found[1]) % 12 + 12 * (found[4].lower() == "pm") if found[4] else int(found[1])
    try:
        zone = ways.zone if found[5] is None else _offset(found[5])
        return datetime(on.year, on.month, on.day, hour, int(found[2]), int(found[3] or 0), tzinfo=zone)
    except ValueError as error:
        raise _bad(_NO_MOMENT, text) from error


def _offset(text: str) -> tzinfo:
    """The zone of `Z`, `UTC`, `+01:00` or `-0530`."""
    if text in {"Z", "UTC"}:
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text.startswith("-") else minutes))


@lru_cache(maxsize=65_536)
def _parts(text: str, ways: Ways) -> tuple[date, str]:
    body = text.strip()
    found = _ISO.fullmatch(body)
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3])), found[4] or ""
        found = _SHORT.fullmatch(body)
        if found is not None and ways.dates != "ymd":
            year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
            first, second = int(found[1]), int(found[3])
            month, day_ = (second, first) if ways.dates == "dmy" else (first, second)
            return date(year, month, day_), found[5] or ""
    except ValueError as error:
        raise _bad(_NOT_IN_CALENDAR, text) from error
    raise _bad(_NO_DAY, text)


def flag(text: str) -> bool:
    """Yes or no. Raises Bad for anything else."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise _bad(_NEITHER, text)
