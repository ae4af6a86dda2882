"""Column types that hold whole numbers in Python and readable days and moments in the database.

Days are DATE and moments TIMESTAMPTZ on PostgreSQL; on SQLite both are ISO text, with a CHECK in the table.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import UserDefinedType

from backorder.kernel.calendars import day_date, day_number, moment_datetime, moment_number


class _Remembered(dict[Any, Any]):
    """A conversion that remembers its answers: days and moments repeat, and this is the hot path."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__({None: None})
        self._convert = convert

    def __missing__(self, key: Any) -> Any:
        if len(self) > 100_000:
            self.clear()
            self[None] = None
        value = self[key] = self._convert(key)
        return value


day_to_date = _Remembered(day_date)
day_to_text = _Remembered(lambda day: day_date(day).isoformat())
date_to_day = _Remembered(day_number)
text_to_day = _Remembered(lambda text: day_number(date.fromisoformat(text)))
moment_to_datetime = _Remembered(moment_datetime)
moment_to_text = _Remembered(lambda moment: moment_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
datetime_to_moment = _Remembered(moment_number)
text_to_moment = _Remembered(lambda text: moment_number(datetime.fromisoformat(text)))


class Day(UserDefinedType[int]):
    """A day number."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """A word that every type compiler leaves alone; the tables name the dialect's own type."""
        return "DATE"

    def bind_processor(self, dialect: Dialect) -> Callable[[int | None], Any]:
        """Day number to what the driver takes."""
        return (day_to_text if dialect.name == "sqlite" else day_to_date).__getitem__

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:
        """What the driver gives to a day number."""
        return (text_to_day if dialect.name == "sqlite" else date_to_day).__getitem__


class Moment(UserDefinedType[int]):
    """Microseconds since 1970-01-01T00:00Z."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """See Day."""
        return "TIMESTAMPTZ"

    def bind_processor(self, dialect: Dialect) -> Callable[[int | None], Any]:
        """Moment number to what the driver takes."""
        return (moment_to_text if dialect.name == "sqlite" else moment_to_datetime).__getitem__

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:
        """What the driver gives to a moment number."""
        return (text_to_moment if dialect.name == "sqlite" else datetime_to_moment).__getitem__
