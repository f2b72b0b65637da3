"""Legal holds 法律保全: that somebody's data has to be kept, by which law, and until when.

While one is in force nothing of theirs is destroyed, and the records that stand for them are only
stored, whatever else is asked for (GDPR Art. 17(3)(b) and (e), 18; PIPL Art. 47).
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details
from domain.values import Line, Text


class Status(StrEnum):
    IN_FORCE = "in_force"
    LIFTED = "lifted"


class LegalHoldDetails(RecordDetails):
    """The fields of a legal hold that people fill in."""

    contact_id: Public[UUID | None, "link"] = None
    customer_id: Public[UUID | None, "link"] = None
    user_id: Public[UUID | None, "link"] = None
    law: Public[Line | None, "vocabulary"] = None
    """By which it is ordered: ``HGB § 257``, ``FRCP 37(e)``."""
    matter: Personal[Text | None, "content"] = None
    """The case that it serves, in words."""
    approved_by_id: Public[UUID | None, "link"] = None
    expires_on: Public[date | None, "moment"] = None
    """The last day on which it is in force; none means until it is lifted."""


class LegalHold(LegalHoldDetails, Record):
    AGGREGATE: ClassVar[str] = "legal_holds"
    PREFIX: ClassVar[str] = "H"
    PURPOSE: ClassVar[str] = "Keeping what a law or a court has kept, for as long as it does."
    PEOPLE: ClassVar[str] = "people whose data has to be kept"
    SUBJECT: ClassVar[tuple[str, ...]] = ("contact_id", "customer_id", "user_id")

    status: Public[Status, "vocabulary"] = Status.IN_FORCE
    lifting_reason: Personal[Text | None, "content"] = None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        is_over = self.expires_on is not None and day > self.expires_on
        return self.status is Status.IN_FORCE and not is_over


class LegalHoldPlaced(LegalHoldDetails, Event):
    law: Public[Line, "vocabulary"]
    approved_by_id: Public[UUID, "link"]

    def evolve(self, hold: LegalHold) -> LegalHold:
        return with_details(hold, self)


class LegalHoldChanged(LegalHoldDetails, Event):
    """Holds only the fields that changed; whom it is about never does."""

    def evolve(self, hold: LegalHold) -> LegalHold:
        return with_details(hold, self)


class LegalHoldLifted(Event):
    """By somebody, or because its time was over."""

    lifting_reason: Personal[Text | None, "content"] = None

    def evolve(self, hold: LegalHold) -> LegalHold:
        return replace(hold, **self.given(), status=Status.LIFTED)
