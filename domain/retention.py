"""What is due by the retention schedules 保存期限: the longest period wins.

Pure: :mod:`api.retaining` asks the read models, and this says what is due (GDPR Art. 5(1)(e), PIPL
Art. 19 and 47).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final
from uuid import UUID

from domain.kernel import well_known
from domain.periods import Period
from domain.retention_schedules import RetentionSchedule, Trigger

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The moments in the life of a record, and of what it holds in one category."""

    created_at: datetime | None = None
    active_at: datetime | None = None
    """When something was last recorded of it, or of a ticket, deal or consent of theirs."""
    ended_at: datetime | None = None
    """Since when the relationship has ended; none while it lasts."""
    renewed_at: datetime | None = None
    """When something was first stored again after the category had been erased."""

    def begins(self, trigger: Trigger) -> datetime | None:
        """The moment from which a period runs; none if it has not come."""
        moment = {
            Trigger.CREATED: self.created_at,
            Trigger.LAST_ACTIVITY: self.active_at,
            Trigger.RELATIONSHIP_ENDED: self.ended_at,
        }[trigger]
        if moment is None or self.renewed_at is None:
            return moment
        return max(moment, self.renewed_at)


@dataclass(frozen=True, slots=True)
class Due:
    """A category of a record whose time is over."""

    schedule_id: UUID
    """The schedule with the longest of the periods that are over."""
    due_on: date
    """The first day on which it is not to be kept any more by that one."""
    kept_by: UUID | None
    """A schedule whose period is longer, and still runs."""
    kept_until: date | None
    """Its last day; none if the moment that begins it has not come."""


def judged(
    schedules: Sequence[tuple[UUID, RetentionSchedule]], lived: Lifetime, zone: tzinfo, on: date
) -> Due | None:
    """What the schedules of one kind, category and action say of a record: the longest wins. None
    if no period is over.
    """
    ends = [(_last_day(one, lived, zone), stream) for stream, one in schedules]
    over = [(day, stream) for day, stream in ends if day is not None and day < on]
    if not over:
        return None
    last, schedule = max(over)
    running = [(day or date.max, stream) for day, stream in ends if day is None or day >= on]
    until, by = max(running, default=(None, None))
    return Due(schedule, last + _DAY, by, None if until == date.max else until)


def _last_day(schedule: RetentionSchedule, lived: Lifetime, zone: tzinfo) -> date | None:
    if schedule.trigger is None or schedule.duration is None:
        return None
    begun = lived.begins(schedule.trigger)
    return begun and Period.of(schedule.duration).last_day(begun.astimezone(zone).date())


def erasure_id(record: UUID, category: str, due_on: date) -> UUID:
    """The stream of the erasure of a record's category that fell due on a day: however often and by
    whom it is found, it is one.
    """
    return well_known(f"retention/{record}/{category}/{due_on}")
