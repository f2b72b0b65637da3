"""Business hours: exact by the wall clock, also on the days on which it jumps."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.business_hours import (
    MOST_DAYS,
    BusinessHours,
    Opening,
    Weekday,
    after_business_time,
    business_time,
)

BERLIN, SHANGHAI = "Europe/Berlin", "Asia/Shanghai"
ZONES = (
    *("UTC", BERLIN, "America/New_York", SHANGHAI, "America/Sao_Paulo", "Africa/Casablanca"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"),
)
"""With and without jumps: by half an hour, at midnight, by a whole day."""
HOUR = timedelta(hours=1)
ALWAYS = BusinessHours()

quick = settings(max_examples=60, deadline=None)


def week(*spans: str, on: tuple[Weekday, ...] = tuple(Weekday)) -> tuple[Opening, ...]:
    """Openings such as ``09:00-17:00`` on each of these weekdays."""
    pairs = [span.split("-") for span in spans]
    return tuple(Opening(weekday=day, opens=a, closes=b) for day in on for a, b in pairs)


WORKDAYS = tuple(Weekday)[:5]
OFFICE = BusinessHours(time_zone=BERLIN, openings=week("09:00-12:00", "13:00-17:00", on=WORKDAYS))


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


clock_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
openings = st.builds(
    Opening, weekday=st.sampled_from(Weekday), opens=clock_times, closes=clock_times
)
hours = st.builds(
    BusinessHours,
    time_zone=st.sampled_from(ZONES),
    openings=st.lists(openings, max_size=8).map(tuple),
    holidays=st.lists(st.dates(date(2011, 12, 20), date(2012, 12, 1)), max_size=5).map(tuple),
)
moments = st.datetimes(datetime(2011, 12, 1), datetime(2012, 11, 30), timezones=st.just(UTC))  # noqa: DTZ001
durations = st.timedeltas(timedelta(0), timedelta(hours=60))


@quick
@given(hours, moments, durations)
def test_when_so_much_has_passed_is_when_so_much_lies_between(
    hours: BusinessHours, start: datetime, duration: timedelta
) -> None:
    due = after_business_time(hours, start, duration)
    if due < start + timedelta(days=MOST_DAYS - 10):
        assert business_time(hours, start, due) == duration
        if duration:  # and not a moment earlier
            earlier = due - timedelta(microseconds=1)
            assert business_time(hours, start, earlier) == duration - timedelta(microseconds=1)


@quick
@given(hours, st.tuples(moments, moments, moments).map(sorted))
def test_parts_add_up(hours: BusinessHours, three: list[datetime]) -> None:
    first, second, third = three
    whole = business_time(hours, first, third)
    assert business_time(hours, first, second) + business_time(hours, second, third) == whole
    assert timedelta(0) <= whole <= third - first


@quick
@given(st.sampled_from(ZONES), moments, moments)
def test_day_and_night_in_every_week_is_all_time(zone: str, one: datetime, other: datetime) -> None:
    """Whatever the clock does: twenty-three hours, twenty-five, or a day that never was."""
    start, end = sorted((one, other))
    day_and_night = BusinessHours(time_zone=zone, openings=week("00:00-24:00"))
    assert business_time(day_and_night, start, end) == end - start
    assert business_time(ALWAYS, start, end) == end - start


@quick
@given(st.sampled_from(ZONES), moments, st.lists(clock_times, min_size=2, max_size=6, unique=True))
def test_what_is_not_open_is_closed(zone: str, start: datetime, times: list[str]) -> None:
    """A day is cut somewhere: every second of it belongs to one piece, on jumping days too."""
    cuts = ["00:00", *sorted(times), "24:00"]
    pieces = [f"{a}-{b}" for a, b in pairwise(cuts) if a < b]
    end = start + timedelta(days=4)
    found = [
        business_time(BusinessHours(time_zone=zone, openings=week(one)), start, end)
        for one in pieces
    ]
    assert sum(found, timedelta(0)) == end - start


def test_nights_and_weekends_do_not_count() -> None:
    friday, monday = at("2026-03-06T16:00"), at("2026-03-09T10:00")
    assert business_time(OFFICE, friday, monday) == 2 * HOUR
    assert after_business_time(OFFICE, friday, 2 * HOUR) == monday
    assert after_business_time(OFFICE, at("2026-03-07T11:00"), HOUR) == monday


def test_a_break_does_not_count() -> None:
    assert business_time(OFFICE, at("2026-03-09T11:30"), at("2026-03-09T13:30")) == HOUR
    assert after_business_time(OFFICE, at("2026-03-09T11:30"), HOUR) == at("2026-03-09T13:30")


def test_a_duration_that_ends_with_a_span_ends_with_it_and_not_with_the_next_opening() -> None:
    assert after_business_time(OFFICE, at("2026-03-09T09:00"), 3 * HOUR) == at("2026-03-09T12:00")


def test_holidays_do_not_count_also_where_it_is_open_day_and_night() -> None:
    off = (date(2026, 3, 9),)
    office = BusinessHours(time_zone=BERLIN, openings=OFFICE.openings, holidays=off)
    friday = at("2026-03-06T16:00")
    assert after_business_time(office, friday, 2 * HOUR) == at("2026-03-10T10:00")
    night = BusinessHours(time_zone=BERLIN, holidays=off)
    assert business_time(night, at("2026-03-08T12:00"), at("2026-03-10T12:00")) == 24 * HOUR


def test_hours_are_those_of_their_zone() -> None:
    china = BusinessHours(time_zone=SHANGHAI, openings=week("09:00-18:00"))
    opening = at("2026-03-09T09:00", SHANGHAI)
    assert after_business_time(china, datetime(2026, 3, 8, 20, tzinfo=UTC), HOUR) == opening + HOUR


NIGHT = BusinessHours(time_zone=BERLIN, openings=week("00:00-06:00"))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 6), ("2026-03-29", 5), ("2026-10-24", 6), ("2026-10-25", 7)]
)
def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn(day: str, hours: int) -> None:
    start = at(f"{day}T00:00")
    end = datetime.combine(start.date() + timedelta(days=1), time.min, ZoneInfo(BERLIN))
    assert business_time(NIGHT, start, end) == hours * HOUR


def test_a_time_that_the_clock_skips_is_the_moment_of_the_jump() -> None:
    """On 29 March 2026 it goes from 02:00 to 03:00 in Berlin."""
    skipped = BusinessHours(time_zone=BERLIN, openings=week("02:15-02:45", "05:00-06:00"))
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert business_time(skipped, at("2026-03-29T00:00"), at("2026-03-29T04:59")) == timedelta(0)
    half_past = BusinessHours(time_zone=BERLIN, openings=week("02:30-04:00"))
    assert after_business_time(half_past, at("2026-03-29T00:00"), HOUR) == jump + HOUR


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    """On 25 October 2026 it goes from 03:00 back to 02:00 in Berlin."""
    early = BusinessHours(time_zone=BERLIN, openings=week("00:00-02:30"))
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert business_time(early, midnight, midnight + 12 * HOUR) == timedelta(hours=2, minutes=30)


def test_what_never_comes_ends_with_the_last_closing_that_is_looked_at() -> None:
    minute = BusinessHours(openings=week("09:00-09:01", on=(Weekday.MONDAY,)))
    start = datetime(2026, 3, 9, tzinfo=UTC)
    due = after_business_time(minute, start, timedelta(days=365))
    assert start + timedelta(days=MOST_DAYS - 8) < due <= start + timedelta(days=MOST_DAYS)


def test_spans_without_length_count_for_nothing() -> None:
    """No command lets them in; stored facts are taken as they are."""
    backwards = BusinessHours(openings=week("17:00-09:00"))
    start = datetime(2026, 3, 9, tzinfo=UTC)
    assert business_time(backwards, start, start + HOUR) == HOUR
