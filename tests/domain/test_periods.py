"""Periods end as the calendar has it, in the tenant's zone, and the longest of several wins."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import replace
from domain.periods import Period
from domain.retention import Due, Lifetime, erasure_id, judged
from domain.retention_schedules import RetentionSchedule, Trigger
from tests.dsl import id_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
periods = st.builds(Period, st.integers(0, 12), st.integers(0, 30), st.integers(1, 400))
days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("P1M", date(2026, 1, 31), date(2026, 2, 28)),
        ("P1M", date(2028, 1, 31), date(2028, 2, 29)),
        ("P1Y", date(2028, 2, 29), date(2029, 2, 28)),
        ("P4Y", date(2028, 2, 29), date(2032, 2, 29)),
        ("P1Y6M", date(2026, 8, 31), date(2028, 2, 29)),
        ("P1M1D", date(2026, 1, 31), date(2026, 3, 1)),
        ("P30D", date(2026, 1, 31), date(2026, 3, 2)),
        ("P10Y", date(2019, 12, 31), date(2029, 12, 31)),
    ],
)
def test_a_period_ends_with_the_same_day_or_the_months_last(
    period: str, first: date, last: date
) -> None:
    assert Period.of(period).last_day(first) == last


@given(periods)
def test_a_period_is_written_as_it_is_read(period: Period) -> None:
    assert Period.of(str(period).lower()) == period


@given(periods, days)
def test_what_an_index_is_asked_for_is_exactly_what_is_over(period: Period, on: date) -> None:
    latest = period.begun_by(on, SHANGHAI)
    assert period.last_day(latest.astimezone(SHANGHAI).date()) < on
    following = latest + timedelta(microseconds=1)
    assert period.last_day(following.astimezone(SHANGHAI).date()) >= on


def schedule(name: str, trigger: Trigger, duration: str) -> tuple[object, RetentionSchedule]:
    return id_of(name), replace(RetentionSchedule(), trigger=trigger, duration=duration)


BORN = datetime(2020, 1, 31, 18, 0, tzinfo=UTC)  # the first of February in Shanghai
SHORT = schedule("short", Trigger.CREATED, "P1Y")
LONG = schedule("long", Trigger.CREATED, "P3Y")
ENDED = schedule("ended", Trigger.RELATIONSHIP_ENDED, "P1M")
LIVED = Lifetime(created_at=BORN, active_at=BORN)


def due(lived: Lifetime, on: date, *schedules: tuple[object, RetentionSchedule]) -> Due | None:
    return judged(schedules, lived, SHANGHAI, on)  # type: ignore[arg-type]


def test_it_is_due_from_the_day_after_by_the_calendar_of_the_zone() -> None:
    assert due(LIVED, date(2021, 2, 1), SHORT) is None
    assert due(LIVED, date(2021, 2, 2), SHORT) == Due(id_of("short"), date(2021, 2, 2), None, None)


def test_the_longest_in_force_wins() -> None:
    kept = Due(id_of("short"), date(2021, 2, 2), id_of("long"), date(2023, 2, 1))
    assert due(LIVED, date(2023, 2, 1), SHORT, LONG) == due(LIVED, date(2023, 2, 1), LONG, SHORT)
    assert due(LIVED, date(2023, 2, 1), SHORT, LONG) == kept
    assert due(LIVED, date(2023, 2, 2), SHORT, LONG) == Due(
        id_of("long"), date(2023, 2, 2), None, None
    )


def test_a_moment_that_has_not_come_keeps_it_without_an_end() -> None:
    kept = Due(id_of("long"), date(2023, 2, 2), id_of("ended"), None)
    assert due(LIVED, date(2090, 1, 1), LONG, ENDED) == kept
    over = Lifetime(created_at=BORN, active_at=BORN, ended_at=datetime(2024, 1, 1, tzinfo=UTC))
    assert due(over, date(2024, 2, 2), LONG, ENDED) == Due(
        id_of("ended"), date(2024, 2, 2), None, None
    )


def test_after_an_erasure_the_period_runs_from_what_was_stored_next() -> None:
    again = Lifetime(created_at=BORN, active_at=BORN, renewed_at=datetime(2025, 5, 5, tzinfo=UTC))
    assert due(again, date(2026, 5, 5), SHORT) is None
    assert due(again, date(2026, 5, 6), SHORT) is not None


def test_an_erasure_has_one_stream_for_each_record_category_and_day() -> None:
    day = date(2026, 1, 1)
    made = {
        erasure_id(id_of("ada"), "trace", day),
        erasure_id(id_of("ada"), "trace", day),
        erasure_id(id_of("ada"), "content", day),
        erasure_id(id_of("ben"), "trace", day),
        erasure_id(id_of("ada"), "trace", day + timedelta(days=1)),
    }
    assert len(made) == 4
