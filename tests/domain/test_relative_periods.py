"""Relative periods, on days whose weeks, months and quarters can be looked up."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.relative_periods import days_of

WEDNESDAY = date(2026, 3, 4)
UNITS = ("day", "week", "month", "quarter", "year")


@pytest.mark.parametrize(
    ("period", "since", "until"),
    [
        ("this_day", WEDNESDAY, WEDNESDAY),
        ("previous_day", date(2026, 3, 3), date(2026, 3, 3)),
        ("this_week", date(2026, 3, 2), date(2026, 3, 8)),
        ("previous_week", date(2026, 2, 23), date(2026, 3, 1)),
        ("this_month", date(2026, 3, 1), date(2026, 3, 31)),
        ("previous_month", date(2026, 2, 1), date(2026, 2, 28)),
        ("this_quarter", date(2026, 1, 1), date(2026, 3, 31)),
        ("previous_quarter", date(2025, 10, 1), date(2025, 12, 31)),
        ("previous_year", date(2025, 1, 1), date(2025, 12, 31)),
        ("last_90_days", date(2025, 12, 5), WEDNESDAY),
        ("last_12_months", date(2025, 4, 1), date(2026, 3, 31)),
    ],
)
def test_words_mean_days(period: str, since: date, until: date) -> None:
    assert days_of(period, WEDNESDAY) == (since, until)


@pytest.mark.parametrize("period", ["", "last_0_days", "last_1000_days", "next_week", "this_day\n"])
def test_what_is_no_period_means_no_days(period: str) -> None:
    assert days_of(period, WEDNESDAY) is None


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.sampled_from(UNITS))
def test_periods_lie_side_by_side_and_today_is_in_the_present_one(today: date, unit: str) -> None:
    this, previous = days_of(f"this_{unit}", today), days_of(f"previous_{unit}", today)
    assert this is not None
    assert previous is not None
    assert this.since <= today <= this.until
    assert previous.until + timedelta(days=1) == this.since
    assert days_of(f"this_{unit}", previous.since) == previous
