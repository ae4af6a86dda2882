"""Column types that hold whole numbers in Python and readable days and moments in the database.

Days are DATE and moments TIMESTAMPTZ on PostgreSQL; on SQLite both are ISO text, with a CHECK in the table.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import UserDefinedType

_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Remembered(dict[Any, Any]):
    """A conversion that looks its answer up where it was asked before: days repeat, and this is the hot path."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__({None: None})
        self._convert = convert

    def __missing__(self, key: Any) -> Any:
        if len(self) > 100_000:
            self.clear()
            self[None] = None
        value = self[key] = self._convert(key)
        return value


day_to_date = _Remembered(lambda day: date.fromordinal(day + _ORDINAL))
day_to_text = _Remembered(lambda day: date.fromordinal(day + _ORDINAL).isoformat())
date_to_day = _Remembered(lambda value: value.toordinal() - _ORDINAL)
text_to_day = _Remembered(lambda text: date.fromisoformat(text).toordinal() - _ORDINAL)


def _to_datetime(moment: int | None) -> datetime | None:
    return None if moment is None else _EPOCH + timedelta(microseconds=moment)


def _to_text(moment: int | None) -> str | None:
    if moment is None:
        return None
    value = _EPOCH + timedelta(microseconds=moment)
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _from_datetime(value: datetime | None) -> int | None:
    return None if value is None else (value - _EPOCH) // _MICROSECOND


def _from_text(text: str | None) -> int | None:
    return None if text is None else (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


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
        return _to_text if dialect.name == "sqlite" else _to_datetime

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:
        """What the driver gives to a moment number."""
        return _from_text if dialect.name == "sqlite" else _from_datetime
