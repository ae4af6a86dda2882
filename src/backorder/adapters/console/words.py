"""Days, moments, counts and sums as the console says them, as values that are said in the language of whoever looks.

A date holds together; its year is said where it differs.
"""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from backorder.kernel.phrases import Moment, Phrase, Said, ShortDay, Sum, Value, phrase, phrases
from backorder.languages import language

MANY = 10_000  # lines beyond which nobody counts on
_NO_DATE = Said(phrase("no date"))
_MORE = phrase("{most}+")
_UNITS = phrases("{count}\u00a0unit", "{count}\u00a0units")
_LINES = phrases("{count}\u00a0line", "{count}\u00a0lines")
_MORE_LINES = Said(phrase("{most}+\u00a0lines"), {"most": MANY})
_TODAY, _TOMORROW, _YESTERDAY = Said(phrase("today")), Said(phrase("tomorrow")), Said(phrase("yesterday"))
_AHEAD = phrases("in {count} day", "in {count} days")
_AGO = phrases("{count} day ago", "{count} days ago")
_LATE = phrases("{count} day late", "{count} days late")


@cache
def own_name(code: str) -> str:
    """What a language calls itself."""
    return language(code).name_of(code).capitalize()


def day(one: date | None, today: date) -> Value:
    """A day in short: 4 Dec."""
    return _NO_DATE if one is None else ShortDay(one, today)


def weekday(one: date | None, today: date) -> Value:
    """A day with its weekday: Tue 15 Dec."""
    return _NO_DATE if one is None else ShortDay(one, today, weekday=True)


def moment(one: datetime | None, today: date) -> Value:
    """A moment by the clock that the page names, in UTC where it names none: Fri 20 Nov, 09:14."""
    return "" if one is None else Moment(one, today)


def count(number: int, most: int = MANY) -> Value:
    """How many; nobody counts beyond ten thousand, or beyond so many."""
    return Said(_MORE, {"most": most}) if number > most else number


def units(number: int) -> Said:
    """Units in words."""
    return Said(_UNITS, {"count": number})


def lines(number: int) -> Said:
    """Lines in words."""
    return _MORE_LINES if number > MANY else Said(_LINES, {"count": number})


def amount(text: str, currency: str) -> Value:
    """An exact amount with its currency."""
    return Sum(text, currency)


def last_day(deadline: datetime, zone: str) -> date:
    """The day that a deadline closes, as the shop's clock on the wall shows it: midnight ends the day before."""
    return (deadline - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()


def left(days: int) -> Said:
    """How far off a day is."""
    if abs(days) <= 1:
        return (_YESTERDAY, _TODAY, _TOMORROW)[days + 1]
    return Said(_AHEAD if days > 0 else _AGO, {"count": abs(days)})


def late(days: int) -> Said:
    """How late something is."""
    return Said(_LATE, {"count": days})


# By what they stand for: roles, states of lines, columns to sort by, ways to sell, levels of policies.
_CODES = frozenset(
    (
        phrase("viewer"), phrase("planner"), phrase("buyer"), phrase("warehouse"), phrase("service agent"),
        phrase("finance"), phrase("integration"), phrase("admin"),
        phrase("ready"), phrase("waiting"), phrase("part ready"), phrase("shipped"), phrase("cancelled"),
        phrase("order"), phrase("item"), phrase("units"), phrase("ordered"), phrase("promise"),
        phrase("stock only"), phrase("backorder"), phrase("preorder"), phrase("discontinued"),
        phrase("shop"), phrase("inbound"), phrase("lead time"),
        phrase("person"), phrase("program"), phrase("consumer"), phrase("business"),
    )
)  # fmt: skip


def code(one: str) -> Value:
    """A code, such as the state of a line, in words; one that nobody named stands as it is."""
    text = Phrase(one.replace("_", " "))
    return Said(text) if text in _CODES else text.one


_CAUSES = {
    "silence": phrase("no answer came"),
    "missed": phrase("the day that held passed"),
    "buyer": phrase("the customer asked for it"),
    "seller": phrase("the shop could not deliver"),
}


def cause(one: str) -> Value:
    """Why money goes back."""
    return Said(_CAUSES[one]) if one in _CAUSES else code(one)


def short(text: str, most: int = 24) -> str:
    """Text as far as it fits into a diagram."""
    return text if len(text) <= most else f"{text[: most - 1]}\u2026"
