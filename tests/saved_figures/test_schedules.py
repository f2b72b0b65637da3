"""When snapshots are due, by the wall clock of the company."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.snapshot_schedules import Every, SnapshotSchedule, due_between

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 2 * 365 * 24).map(lambda hours: BEGINNING + timedelta(hours=hours))


def at(month: int, day: int, hour: int, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=zone)


@pytest.mark.parametrize(
    ("every", "first", "last", "times"),
    [
        (Every.DAILY, at(3, 3, 6), at(3, 17, 6), 15),
        (Every.WEEKLY, at(3, 9, 6), at(3, 16, 6), 2),  # Mondays
        (Every.MONTHLY, None, None, 0),
    ],
)
def test_days_weeks_and_months(
    every: Every, first: datetime | None, last: datetime | None, times: int
) -> None:
    due = due_between(SnapshotSchedule(every=every, hour=6), at(3, 2, 6), at(3, 18, 5), SHANGHAI)
    found = (None, None, 0) if due is None else (due.first, due.last, due.times)
    assert found == (first, last, times)


def test_a_month_begins_with_its_first_day() -> None:
    monthly = SnapshotSchedule(every=Every.MONTHLY, hour=0)
    due = due_between(monthly, at(1, 31, 23), at(3, 1, 0), SHANGHAI)
    assert due is not None
    assert (due.first, due.before_last, due.last) == (at(2, 1, 0), at(2, 1, 0), at(3, 1, 0))
    assert due_between(monthly, at(3, 1, 0), at(3, 31, 23), SHANGHAI) is None


def test_the_wall_clock_counts_also_when_it_is_changed() -> None:
    nightly = SnapshotSchedule(every=Every.DAILY, hour=2)
    due = due_between(nightly, at(3, 28, 3, BERLIN), at(3, 30, 3, BERLIN), BERLIN)
    assert due is not None
    # On the 29th there is no two o'clock; the same moment is called three.
    assert [one.astimezone(UTC).hour for one in (due.first, due.last)] == [1, 0]


@given(MOMENTS, MOMENTS, MOMENTS, st.sampled_from(Every), st.integers(0, 23))
def test_a_span_in_two_parts_has_the_same_due_times(
    one: datetime, two: datetime, three: datetime, every: Every, hour: int
) -> None:
    after, between, until = sorted((one, two, three))
    schedule = SnapshotSchedule(every=every, hour=hour)
    whole, *parts = (
        due_between(schedule, *span, BERLIN)
        for span in ((after, until), (after, between), (between, until))
    )
    known = [part for part in parts if part is not None]
    assert sum(part.times for part in known) == (0 if whole is None else whole.times)
    if whole is not None:
        assert (known[0].first, known[-1].last) == (whole.first, whole.last)
        assert after < whole.first <= whole.last <= until
        assert until - whole.last < timedelta(days=32)
