"""Days as numbers, working days, and when supply can ship.

A day is the number of days since 1970-01-01; a moment is microseconds since then, UTC.
"""

from collections.abc import Container
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2200, 12, 31)
NEVER = 2**31 - 1  # the day of a unit that nothing covers: later than every day
DAY_MAX = (LAST_DAY - FIRST_DAY).days

_ORDINAL = FIRST_DAY.toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _ORDINAL


@lru_cache(maxsize=65_536)
def day_date(number: int) -> date:
    """The date of a day number."""
    return date.fromordinal(number + _ORDINAL)


def moment_number(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z of a moment that knows its offset."""
    assert moment.tzinfo is not None
    return (moment - _EPOCH) // _MICROSECOND


def moment_datetime(number: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + timedelta(microseconds=number)


@lru_cache(maxsize=1_024)
def is_zone(name: str) -> bool:
    """Whether a name is one of a time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


@lru_cache(maxsize=4_096)
def local_day(moment: int, zone: str) -> int:
    """The day number that the clock on the wall in `zone` (an IANA name) shows at a moment."""
    return day_number(moment_datetime(moment).astimezone(ZoneInfo(zone)).date())


def next_day_start(moment: int, zone: str) -> int:
    """The moment, after the given one, at which the next day begins in `zone`."""
    return day_start(local_day(moment, zone) + 1, zone)


@lru_cache(maxsize=65_536)
def day_start(day: int, zone: str) -> int:
    """The moment at which a day begins in `zone`: its midnight, or the end of the gap where clocks skip that.

    A deadline that counts to the end of a day has passed when the next one begins.
    """
    date_ = day_date(day)
    return moment_number(datetime(date_.year, date_.month, date_.day, tzinfo=ZoneInfo(zone)).astimezone(UTC))


class Calendar:
    """Working days: a week pattern less the public holidays of a place.

    `weekdays` holds the working ones of mon..sun; `holidays` is a country (`GB`), a subdivision (`US-CA`) or empty.
    """

    def __init__(self, weekdays: frozenset[str], holidays: str = "") -> None:
        assert weekdays <= set(WEEKDAYS)
        if not weekdays:
            raise ValueError("a calendar needs at least one working day a week")
        self._week = tuple(name in weekdays for name in WEEKDAYS)
        self._holidays = holiday_days(holidays) if holidays else None
        self._known: dict[int, bool] = {}

    def is_working(self, day: int) -> bool:
        """Whether people work there on that day."""
        known = self._known.get(day)
        if known is None:
            known = self._week[(day + 3) % 7]  # day 0 was a Thursday
            if known and self._holidays is not None:
                known = day_date(day) not in self._holidays
            self._known[day] = known
        return known

    def next_working(self, day: int) -> int:
        """The day itself if it is a working day, else the first one after it."""
        while not self.is_working(day):
            day += 1
        return day

    def add_working(self, day: int, count: int) -> int:
        """The `count`-th working day after `day`; `day` itself for 0."""
        for _ in range(count):
            day = self.next_working(day + 1)
        return day

    def ship_day(self, available: int, handling_days: int) -> int:
        """When goods available on a day can leave: the next working day, plus handling in working days."""
        return self.add_working(self.next_working(available), handling_days)


@lru_cache(maxsize=64)
def holiday_days(code: str) -> Container[date]:
    """The public holidays of a country or subdivision, by date. Raises ValueError for an unknown code."""
    import holidays  # loading the library takes longer than everything else here, so only where it is used

    country, _, subdivision = code.partition("-")
    try:
        found: Container[date] = holidays.country_holidays(country, subdiv=subdivision or None)
    except (NotImplementedError, TypeError) as error:  # the second where the library has the name for something else
        raise ValueError(f"no public holidays are known for {code!r}") from error
    return found


@lru_cache(maxsize=1_024)
def calendar(working_days: str, holidays: str) -> Calendar:
    """The calendar of a site or supplier, from its stored words: `mon,tue,wed` and a holiday code or ''."""
    return Calendar(frozenset(working_days.split(",")), holidays)
