"""When a policy runs by itself: at a time on the wall of a zone, on some days of the week."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from backorder.kernel.calendars import WEEKDAYS, moment_datetime, moment_number
from backorder.kernel.segments import Schedule

_WEEK = 8  # days within which it runs again, or ran last


def next_run(schedule: Schedule, now: int) -> int:
    """The first moment (microseconds) after `now` at which it runs."""
    return min(moment for moment in _moments(schedule, now) if moment > now)


def last_run(schedule: Schedule, now: int) -> datetime:
    """The last time, on the wall of the zone, at which it had to run by `now`."""
    zone = ZoneInfo(schedule.zone)
    moment = max(moment for moment in _moments(schedule, now) if moment <= now)
    return moment_datetime(moment).astimezone(zone)


def _moments(schedule: Schedule, now: int) -> Iterator[int]:
    """The times that it runs at in the weeks around a moment."""
    zone = ZoneInfo(schedule.zone)
    today = moment_datetime(now).astimezone(zone).date()
    at = time.fromisoformat(schedule.at)
    for days in range(-_WEEK, _WEEK + 1):
        day = today + timedelta(days=days)
        if WEEKDAYS[day.weekday()] in schedule.days:
            yield moment_number(datetime.combine(day, at, zone))
