"""Business hours 营业时间: how much of them lies between two moments, and when so much is over.

Pure. Hours are those of the wall clock in a time zone: on the day on which clocks go forward a
night shift is an hour shorter, and an hour longer when they go back. A time that the clock skips is
the moment of the jump; of a time that comes twice, the first one counts. Durations are exact, to
the microsecond.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from domain.kernel import Value
from domain.values import TimeOfDay, TimeZone

MOST_DAYS: Final = 3_660
"""Days of the calendar that one count of business time goes through; further ones do not count."""
WHOLE_DAY: Final = (0, 24 * 60)
_ZERO: Final = timedelta(0)
_SECOND: Final = timedelta(seconds=1)

Spans = tuple[tuple[int, int], ...]
"""Of one day, in order and apart: from which minute up to which."""


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEKDAYS: Final = (*Weekday,)


class Opening(Value):
    """A span of a weekday, in every week; ``24:00`` is the end of the day."""

    weekday: Weekday
    opens: TimeOfDay
    closes: TimeOfDay


Openings = Annotated[tuple[Opening, ...], Field(max_length=100)]
Holidays = Annotated[tuple[date, ...], Field(max_length=500)]


class BusinessHours(Value):
    """When the company works. Without any opening it works day and night, but not on holidays."""

    time_zone: TimeZone = "UTC"
    openings: Openings = ()
    holidays: Holidays = ()

    @property
    def is_always(self) -> bool:
        """Whether business time is all time."""
        return not self.openings and not self.holidays


def business_time(hours: BusinessHours, start: datetime, end: datetime) -> timedelta:
    """How much business time lies between two moments; none if the second is not later."""
    if end <= start:
        return _ZERO
    if hours.is_always:
        return end - start
    total = _ZERO
    for begin, finish in _open_from(hours, start):
        if begin >= end:
            break
        total += max(min(finish, end) - max(begin, start), _ZERO)
    return total


def after_business_time(hours: BusinessHours, start: datetime, duration: timedelta) -> datetime:
    """The first moment by which so much business time has passed, in UTC; the start itself if none
    is to pass, and the last closing within :data:`MOST_DAYS` if so much never does.
    """
    start = start.astimezone(UTC)
    if duration <= _ZERO or hours.is_always:
        return start + max(duration, _ZERO)
    left, last = duration, start
    for begin, finish in _open_from(hours, start):
        begins = max(begin, start)
        if finish <= begins:
            continue
        if finish - begins >= left:
            return begins + left
        left -= finish - begins
        last = finish
    return last


def weekly(openings: Sequence[Opening]) -> dict[Weekday, Spans]:
    """The spans of each weekday, those that touch or overlap joined; all of them if there are none.

    Total: a span that does not end after its beginning counts for nothing.
    """
    spans: dict[Weekday, list[tuple[int, int]]] = {day: [] for day in Weekday}
    for one in openings:
        spans[one.weekday].append((minute_of(one.opens), minute_of(one.closes)))
    joined = {day: _joined(found) for day, found in spans.items()}
    return joined if any(joined.values()) else dict.fromkeys(Weekday, (WHOLE_DAY,))


def minute_of(text: str) -> int:
    """The minute of the day that a time such as ``09:30`` is."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _joined(spans: list[tuple[int, int]]) -> Spans:
    found: list[tuple[int, int]] = []
    for opens, closes in sorted(spans):
        if closes <= opens:
            continue
        if found and opens <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], closes))
        else:
            found.append((opens, closes))
    return tuple(found)


def _open_from(hours: BusinessHours, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times in which the company works, in UTC and in order, from the day of ``start`` on."""
    zone = ZoneInfo(hours.time_zone)
    week, holidays = weekly(hours.openings), frozenset(hours.holidays)
    first = start.astimezone(zone).date()
    for number in range(MOST_DAYS):
        day = first + timedelta(days=number)
        if day not in holidays:
            yield from _times(zone, day, week[_WEEKDAYS[day.weekday()]])


@lru_cache(8_192)
def _times(zone: ZoneInfo, day: date, spans: Spans) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((_moment(zone, day, opens), _moment(zone, day, closes)) for opens, closes in spans)


def _moment(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """When a clock on the wall shows a time, in UTC."""
    wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
    local = wall.replace(tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # The clock skips it: the jump lies between the readings by the offsets after and before.
    after = local.replace(fold=1).utcoffset()
    low, high = local.replace(fold=1).astimezone(UTC), moment
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high
