"""Relative periods: words such as ``last_90_days`` that mean other days from day to day."""

import re
from datetime import date, timedelta
from typing import Annotated, Final, NamedTuple

from pydantic import StringConstraints

from domain.periods import months_after
from domain.values import Form

_ONE: Final = r"(this|previous)_(day|week|month|quarter|year)"
_LAST: Final = r"last_([1-9][0-9]{0,2})_(days|months)"
PATTERN: Final = f"^({_ONE}|{_LAST})$"
RelativePeriod = Annotated[str, StringConstraints(max_length=20), Form("relative_period")]
"""``this_quarter`` and ``previous_month`` are whole ones; ``last_90_days`` ends with today, and
``last_12_months`` with the month that today is in."""
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


class Days(NamedTuple):
    """From a first day to a last one."""

    since: date
    until: date


def days_of(period: str, today: date) -> Days | None:
    """The days that a relative period means on a day; None if it is none."""
    one, last = re.fullmatch(_ONE, period), re.fullmatch(_LAST, period)
    if last is not None:
        count, unit = int(last[1]), last[2]
        if unit == "days":
            return Days(today - timedelta(days=count - 1), today)
        begun = months_after(_first("month", today), 1 - count)
        return Days(begun, _last("month", _first("month", today)))
    if one is None:
        return None
    which, unit = one[1], one[2]
    begun = _first(unit, today)
    if which == "previous":
        begun = _first(unit, begun - timedelta(days=1))
    return Days(begun, _last(unit, begun))


def _first(unit: str, day: date) -> date:
    """The first day of the unit that a day is in; weeks begin on Monday."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[unit]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _last(unit: str, first: date) -> date:
    if unit in ("day", "week"):
        return first + timedelta(days=0 if unit == "day" else 6)
    return months_after(first, _MONTHS[unit]) - timedelta(days=1)
