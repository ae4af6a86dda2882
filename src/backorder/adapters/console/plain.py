"""Days, moments, counts and sums in English: for texts that are not phrases yet."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MANY = 10_000  # lines beyond which nobody counts on


def day(one: date | None, today: date) -> str:
    """A day in short: 4 Dec."""
    if one is None:
        return "no date"
    year = "" if one.year == today.year else f"\u00a0{one.year}"
    return f"{one.day}\u00a0{one:%b}{year}"


def weekday(one: date | None, today: date) -> str:
    """A day with its weekday: Tue 15 Dec."""
    return day(one, today) if one is None else f"{one:%a}\u00a0{day(one, today)}"


def moment(one: datetime | None, today: date) -> str:
    """A moment in UTC, which the page says: Fri 20 Nov, 09:14."""
    return "" if one is None else f"{weekday(one.date(), today)}, {one:%H:%M}"


def count(number: int) -> str:
    """How many; nobody counts beyond ten thousand."""
    return f"{MANY:,}+" if number > MANY else f"{number:,}"


def units(number: int) -> str:
    """Units in words."""
    return f"{number:,}\u00a0unit{'' if number == 1 else 's'}"


def lines(number: int) -> str:
    """Lines in words."""
    return f"{count(number)}\u00a0line{'' if number == 1 else 's'}"


def money(sums: Mapping[str, str]) -> str:
    """Sums by currency, never added to one another."""
    return ", ".join(f"{currency}\u00a0{amount}" for currency, amount in sums.items())


def last_day(deadline: datetime, zone: str) -> date:
    """The day that a deadline closes, as the shop's clock on the wall shows it: midnight ends the day before."""
    return (deadline - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()


def left(days: int) -> str:
    """How far off a day is."""
    if days == 0:
        return "today"
    if abs(days) == 1:
        return "tomorrow" if days > 0 else "yesterday"
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def late(days: int) -> str:
    """How late something is."""
    return f"{days} day{'' if days == 1 else 's'} late"


def short(text: str, most: int = 24) -> str:
    """Text as far as it fits into a diagram."""
    return text if len(text) <= most else f"{text[: most - 1]}\u2026"
