"""When a snapshot of figures is due: daily, weekly or monthly, at an hour of the company's zone."""

from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from domain.kernel import Value


class Every(StrEnum):
    """How often; weekly on Mondays, monthly on the first day."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class FileFormat(StrEnum):
    """What a snapshot is written as."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    JSON = "json"


class SnapshotSchedule(Value):
    """When snapshots are written, and as what."""

    every: Every
    hour: Annotated[int, Field(ge=0, le=23)]
    """Of the wall clock; one that a change of clocks leaves out comes an hour later."""
    format: FileFormat = FileFormat.CSV


class Due(NamedTuple):
    """The times at which a snapshot was due."""

    first: datetime
    before_last: datetime | None
    """None if there is only one."""
    last: datetime
    times: int


def due_between(
    schedule: SnapshotSchedule, after: datetime, until: datetime, zone: tzinfo
) -> Due | None:
    """The times after a moment, up to another one; None if there is none."""
    day = _day(schedule.every, until.astimezone(zone).date())
    found: list[datetime] = []
    while (at := _at(schedule, day, zone)) > after:
        if at <= until:
            found.append(at)
        day = _day(schedule.every, day - timedelta(days=1))
    if not found:
        return None
    return Due(found[-1], found[1] if len(found) > 1 else None, found[0], len(found))


def _day(every: Every, day: date) -> date:
    """The last day up to this one on which a snapshot is due."""
    if every is Every.WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every is Every.MONTHLY else day


def _at(schedule: SnapshotSchedule, day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(schedule.hour), zone)
