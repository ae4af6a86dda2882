"""Days, working days and ship days, against counting on one's fingers."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backorder.kernel.calendars import (
    DAY_MAX,
    WEEKDAYS,
    Calendar,
    calendar,
    day_date,
    day_number,
    day_start,
    local_day,
    moment_datetime,
    moment_number,
    next_day_start,
)

weeks = st.frozensets(st.sampled_from(WEEKDAYS), min_size=1)
days = st.integers(0, DAY_MAX - 1_000)


@given(st.dates(date(1970, 1, 1), date(2200, 12, 31)))
def test_a_day_number_is_its_date(day: date) -> None:
    assert day_date(day_number(day)) == day


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_a_moment_number_is_its_moment(moment: datetime) -> None:
    assert moment_datetime(moment_number(moment)) == moment


@given(weeks, days, st.integers(0, 30))
def test_working_days_are_counted_one_by_one(week: frozenset[str], day: int, count: int) -> None:
    working = [d for d in range(day + 1, day + 1 + 7 * (count + 1)) if WEEKDAYS[day_date(d).weekday()] in week]
    assert Calendar(week).add_working(day, count) == ([day, *working][count])


@given(weeks, days, st.integers(0, 5))
def test_goods_leave_on_a_working_day_after_their_handling(week: frozenset[str], day: int, handling: int) -> None:
    left = Calendar(week).ship_day(day, handling)
    between = [d for d in range(day, left + 1) if WEEKDAYS[day_date(d).weekday()] in week]
    assert left == between[-1]
    assert len(between) == handling + 1


def test_saturday_with_a_day_of_handling_is_tuesday() -> None:
    saturday = day_number(date(2026, 12, 5))
    assert day_date(calendar("mon,tue,wed,thu,fri", "").ship_day(saturday, 1)) == date(2026, 12, 8)


def test_holidays_of_the_place_are_no_working_days() -> None:
    english = calendar("mon,tue,wed,thu,fri", "GB-ENG")
    christmas_eve = day_number(date(2026, 12, 24))
    assert day_date(english.add_working(christmas_eve, 1)) == date(2026, 12, 29)  # 25 and 28 December are holidays


def test_today_is_the_sites_own_date() -> None:
    evening = moment_number(datetime(2026, 12, 1, 23, 30, tzinfo=UTC))
    assert [day_date(local_day(evening, zone)) for zone in ("America/New_York", "UTC", "Asia/Tokyo")] == [
        date(2026, 12, 1),
        date(2026, 12, 1),
        date(2026, 12, 2),
    ]
    assert day_date(local_day(evening + 3_600 * 10**6, "UTC")) == date(2026, 12, 1) + timedelta(days=1)


@pytest.mark.parametrize(
    "zone",
    ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "Pacific/Kiritimati"],
)
def test_a_day_ends_when_the_next_begins_through_every_change_of_the_clocks(zone: str) -> None:
    """Over two years, year ends, a leap day, and days of 23, 23.5, 24.5 and 25 hours."""
    first = day_number(date(2027, 12, 1))
    starts = [day_start(day, zone) for day in range(first, first + 500)]
    for n, (start, after) in enumerate(pairwise(starts)):
        assert local_day(start, zone) == local_day(after - 1, zone) == first + n
        assert local_day(start - 1, zone) == first + n - 1
        assert next_day_start(start, zone) == next_day_start(after - 1, zone) == after
    lengths = {(after - start) // 60_000_000 for start, after in pairwise(starts)}
    assert 1_440 in lengths
    assert lengths == {1_440} if zone == "Pacific/Kiritimati" else len(lengths) == 3
