"""Retention schedules 保存期限: how long a category of personal data is kept, from which moment, by
which law, and what happens then (GDPR Art. 5(1)(e) and 30(1)(f), PIPL Art. 19 and 47).

One person writes a schedule, another puts it in force; from then on it can only be
withdrawn.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.disclosures import Category
from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details
from domain.values import Line, PeriodText, Text


class Kind(StrEnum):
    """The records that stand for somebody; under their keys lies what is about them."""

    CONTACTS = "contacts"
    CUSTOMERS = "customers"
    USERS = "users"


class Trigger(StrEnum):
    """The moment from which a period runs. After an erasure by retention it runs at the earliest
    from what was stored next.
    """

    CREATED = "created"
    """The record's first event."""
    LAST_ACTIVITY = "last_activity"
    """The last event of the record, or of a ticket, deal, quote, order or consent of theirs; of
    users, also the last thing they did. What Kept records by itself of erasures, holds and time
    does not count.
    """
    RELATIONSHIP_ENDED = "relationship_ended"
    """Since when a contact has left, a customer is lost, either is archived or merged into another,
    or a user is deactivated; again from the beginning if it went on in between.
    """


class Action(StrEnum):
    ERASE = "erase"
    REVIEW = "review"
    """A person looks at it; nothing is destroyed."""


class Status(StrEnum):
    DRAFT = "draft"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"


class RetentionScheduleDetails(RecordDetails):
    """The fields of a retention schedule that people fill in."""

    kind: Public[Kind | None, "vocabulary"] = None
    category: Public[Category | None, "vocabulary"] = None
    trigger: Public[Trigger | None, "vocabulary"] = None
    duration: Public[PeriodText | None, "vocabulary"] = None
    """For so long it is kept, counted by the calendar of the tenant's zone: ``P3Y``."""
    law: Public[Line | None, "vocabulary"] = None
    """Why it may be kept for so long, or has to be: ``HGB § 257``, ``PIPL Art. 19``."""
    action: Public[Action | None, "vocabulary"] = None
    note: Personal[Text | None, "content"] = None


class RetentionSchedule(RetentionScheduleDetails, Record):
    AGGREGATE: ClassVar[str] = "retention_schedules"
    PREFIX: ClassVar[str] = "RT"
    PURPOSE: ClassVar[str] = "Keeping personal data no longer than it is needed, and proving it."
    PEOPLE: ClassVar[str] = "colleagues who write schedules, and people whose data was reviewed"

    status: Public[Status, "vocabulary"] = Status.DRAFT
    written_by: Public[tuple[UUID, ...], "link"] = ()
    """Everybody who had a hand in it, so that somebody else puts it in force."""
    withdrawal_reason: Personal[Text | None, "content"] = None


class RetentionScheduleProposed(RetentionScheduleDetails, Event):
    kind: Public[Kind, "vocabulary"]
    category: Public[Category, "vocabulary"]
    trigger: Public[Trigger, "vocabulary"]
    duration: Public[PeriodText, "vocabulary"]
    law: Public[Line, "vocabulary"]
    action: Public[Action, "vocabulary"]
    author_user_id: Public[UUID, "link"]
    """The actor, whom a decision does not find in the envelope."""

    def evolve(self, schedule: RetentionSchedule) -> RetentionSchedule:
        return _written(schedule, self)


class RetentionScheduleChanged(RetentionScheduleDetails, Event):
    """Holds only the fields that changed."""

    author_user_id: Public[UUID | None, "link"] = None

    def evolve(self, schedule: RetentionSchedule) -> RetentionSchedule:
        return _written(schedule, self)


class RetentionSchedulePutInForce(Event):
    """By somebody who did not write it."""

    def evolve(self, schedule: RetentionSchedule) -> RetentionSchedule:
        return replace(schedule, status=Status.IN_FORCE)


class RetentionScheduleWithdrawn(Event):
    withdrawal_reason: Personal[Text | None, "content"] = None

    def evolve(self, schedule: RetentionSchedule) -> RetentionSchedule:
        return replace(schedule, **self.given(), status=Status.WITHDRAWN)


class RetentionReviewed(Event):
    """Somebody looked at what the schedule says of a record, and keeps it until a day."""

    record_id: Public[UUID, "link"]
    category: Public[Category, "vocabulary"]
    kept_until: Public[date, "moment"]
    review_reason: Personal[Text, "content", "record_id"]

    def evolve(self, schedule: RetentionSchedule) -> RetentionSchedule:
        return schedule


def _written(
    schedule: RetentionSchedule, event: RetentionScheduleProposed | RetentionScheduleChanged
) -> RetentionSchedule:
    given = event.given()
    author = given.pop("author_user_id", None)
    hands = schedule.written_by
    if author is not None and author not in hands:
        hands = (*hands, author)
    return replace(with_details(schedule, RetentionScheduleDetails.of(given)), written_by=hands)
