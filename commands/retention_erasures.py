"""Erasures that a retention schedule asks for, and nobody else: opened by Kept, and dropped where
what they were opened for is no longer so.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, Records, Rejected, opened
from commands.subjects import Names, check_no_hold, named_subject, same_person
from domain.disclosures import Category
from domain.fields import Public
from domain.kernel import Event
from domain.retention_schedules import Action, RetentionSchedule
from domain.retention_schedules import Status as ScheduleStatus
from domain.subject_requests import (
    RetentionFellDue,
    Status,
    SubjectRequest,
    SubjectRequestWithdrawn,
)


class LetFallDue(Command, to=SubjectRequest, opens="either", internal=True):
    """Have a category erased whose time is over. Asked again it changes nothing."""

    contact_id: Public[UUID | None, "link"] = None
    customer_id: Public[UUID | None, "link"] = None
    user_id: Public[UUID | None, "link"] = None
    schedule_id: Public[UUID, "link"]
    fell_due_on: Public[date, "moment"]
    categories: Public[Annotated[tuple[Category, ...], Field(min_length=1)], "vocabulary"]

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[Event]:
        is_new = request.schedule_id is None
        if is_new or request.status is Status.WITHDRAWN:
            named_subject(self, records)
            _check_wanted(self, self.schedule_id, records, now.date())
            yield opened(self, RetentionFellDue)


class DropRetention(Command, to=SubjectRequest, internal=True):
    """Drop an erasure before anything is destroyed, if it is no longer wanted, or not allowed."""

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[Event]:
        if request.schedule_id is None or request.status is not Status.DECIDED:
            return
        try:
            _check_wanted(request, request.schedule_id, records, now.date())
        except Rejected:
            yield SubjectRequestWithdrawn()


def _check_wanted(names: Names, schedule_id: UUID, records: Records, today: date) -> None:
    schedule = records.get(RetentionSchedule, schedule_id)
    in_force = schedule is not None and schedule.status is ScheduleStatus.IN_FORCE
    if schedule is None or not in_force or schedule.action is not Action.ERASE:
        raise Rejected("This schedule is not in force, so nothing is erased by it.", type="ended")
    people = same_person(names, records)
    check_no_hold(people, records, today)
    if any(getattr(person, "restricted", False) for person in people.values()):
        raise Rejected("They asked that their data is only stored.", type="restricted")
