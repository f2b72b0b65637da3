"""What may be done with retention schedules. Only administrators may do it, and two of them."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, Records, Rejected, changes, opened
from commands.records import check_record, check_required
from commands.subjects import OF_KIND
from domain.disclosures import Category
from domain.fields import CATEGORIES, Personal, Public
from domain.kernel import Event, replace
from domain.retention_schedules import (
    Action,
    Kind,
    RetentionReviewed,
    RetentionSchedule,
    RetentionScheduleChanged,
    RetentionScheduleDetails,
    RetentionScheduleProposed,
    RetentionSchedulePutInForce,
    RetentionScheduleWithdrawn,
    Status,
    Trigger,
)
from domain.values import Line, PeriodText, Text


def _check_category(category: str | None) -> None:
    if category is not None and category not in CATEGORIES:
        raise Rejected(
            f"category: {category} is no category. Give one of: {', '.join(CATEGORIES)}.",
            field="category",
        )


def _must_be_a_draft(schedule: RetentionSchedule) -> None:
    if schedule.status is not Status.DRAFT:
        raise Rejected(
            f"This schedule is {schedule.status.replace('_', ' ')}. Withdraw it and propose "
            "another.",
            type="ended",
        )


class ProposeRetentionSchedule(
    RetentionScheduleDetails, Command, to=RetentionSchedule, opens=True, admin=True
):
    """Propose how long a category is kept; nothing happens until somebody else puts it in force."""

    kind: Public[Kind, "vocabulary"]
    category: Public[Category, "vocabulary"]
    trigger: Public[Trigger, "vocabulary"]
    duration: Public[PeriodText, "vocabulary"]
    law: Public[Line, "vocabulary"]
    action: Public[Action, "vocabulary"]

    def decide(
        self, schedule: RetentionSchedule, now: datetime, records: Records
    ) -> Iterator[Event]:
        check_record(self, RetentionSchedule, records)
        _check_category(self.category)
        yield RetentionScheduleProposed.of({**self.given(), "author_user_id": records.actor})


class ChangeRetentionSchedule(RetentionScheduleDetails, Command, to=RetentionSchedule, admin=True):
    """Change a draft; a field that is not given stays, null clears it."""

    def decide(
        self, schedule: RetentionSchedule, now: datetime, records: Records
    ) -> Iterator[Event]:
        _must_be_a_draft(schedule)
        check_required(self, "kind", "category", "trigger", "duration", "law", "action")
        check_record(self, RetentionSchedule, records)
        _check_category(self.category)
        for changed in changes(self, schedule, RetentionScheduleChanged):
            yield replace(changed, author_user_id=records.actor)


class PutRetentionScheduleInForce(Command, to=RetentionSchedule, admin=True):
    """Put a draft in force that somebody else wrote: what is due by it is erased from then on."""

    def decide(
        self, schedule: RetentionSchedule, now: datetime, records: Records
    ) -> Iterator[Event]:
        _must_be_a_draft(schedule)
        if records.actor in schedule.written_by:
            raise Rejected(
                "Whoever wrote a schedule does not put it in force. Ask another administrator.",
                type="four-eyes",
            )
        yield RetentionSchedulePutInForce()


class WithdrawRetentionSchedule(Command, to=RetentionSchedule, admin=True):
    """Withdraw a schedule: nothing falls due by it any more. What was erased stays erased."""

    withdrawal_reason: Personal[Text | None, "content"] = None

    def decide(self, schedule: RetentionSchedule, now: datetime) -> Iterator[Event]:
        if schedule.status is Status.WITHDRAWN:
            raise Rejected("This schedule is already withdrawn. Propose another.", type="ended")
        yield opened(self, RetentionScheduleWithdrawn)


class ReviewRetention(Command, to=RetentionSchedule, admin=True):
    """Record that somebody looked at a record that is due by this schedule, and keeps it."""

    record_id: Public[UUID, "link"]
    kept_until: Public[date, "moment"]
    """The last day; from the next on it is due again."""
    review_reason: Personal[Annotated[Text, Field(min_length=1)], "content"]

    def decide(
        self, schedule: RetentionSchedule, now: datetime, records: Records
    ) -> Iterator[Event]:
        if schedule.status is not Status.IN_FORCE or schedule.kind is None:
            raise Rejected("This schedule is not in force, so nothing is due by it.", type="ended")
        if records.get(OF_KIND[schedule.kind], self.record_id) is None:
            noun = OF_KIND[schedule.kind].NOUN
            raise Rejected(
                f"record_id: there is no {noun} {self.record_id}. Give the id of an existing "
                f"{noun}.",
                field="record_id",
                type="unknown-reference",
            )
        if self.kept_until < now.date():
            raise Rejected(
                "kept_until: lies in the past. Give today or a later day.", field="kept_until"
            )
        yield RetentionReviewed(
            record_id=self.record_id,
            category=schedule.category or "",
            kept_until=self.kept_until,
            review_reason=self.review_reason,
        )
