"""What may be done with data-subject requests. What an erasure takes is decided here, by people;
the steps after that Kept takes itself, and records each when it is done.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, Records, Rejected, changes, opened
from commands.records import check_record
from commands.subjects import (
    check_categories,
    check_no_hold,
    named_subject,
    owed_notices,
    same_person,
)
from domain.deadlines import Months
from domain.disclosures import Category
from domain.erasure_steps import ErasureDecided
from domain.fields import CATEGORIES, Personal, Public
from domain.kernel import Event
from domain.notices import Means, Outcome
from domain.records import RecordDetails
from domain.subject_requests import (
    Duty,
    Ground,
    Kind,
    Method,
    NoticeRecorded,
    Status,
    SubjectIdentified,
    SubjectRequest,
    SubjectRequestChanged,
    SubjectRequestDetails,
    SubjectRequestExtended,
    SubjectRequestFulfilled,
    SubjectRequestReceived,
    SubjectRequestRefused,
    SubjectRequestWithdrawn,
)
from domain.values import Text

TOLD_TO_RECIPIENTS: Final = (Kind.RECTIFICATION, Kind.RESTRICTION)
"""What recipients are told of when it is done; of an erasure they are when it is destroyed."""


def _must_be_open(request: SubjectRequest) -> None:
    if not request.is_open:
        raise Rejected(f"This request is already {request.status}. Open a new one.", type="ended")


def _must_not_be_decided(request: SubjectRequest) -> None:
    """Until the fence there is a way back; who decides, decides that it is carried out."""
    _must_be_open(request)
    if request.categories:
        raise Rejected(
            f"This erasure is {request.status} and is being carried out. It cannot be stopped.",
            type="under-way",
        )


class ReceiveSubjectRequest(SubjectRequestDetails, Command, to=SubjectRequest, opens=True):
    """Record that somebody asks about their own data; the clock of one month begins."""

    kind: Public[Kind, "vocabulary"]
    received_on: Public[date | None, "moment"] = None
    """Today, where none is given."""

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, SubjectRequest, records)
        named_subject(self, records)
        received_on = self.received_on or now.date()
        if received_on > now.date():
            raise Rejected(
                "received_on: lies in the future. Give the day on which it came in.",
                field="received_on",
            )
        yield SubjectRequestReceived.of({**self.given(), "received_on": received_on})


class ChangeSubjectRequest(RecordDetails, Command, to=SubjectRequest):
    """Change owner, team, tags and the like; what was asked for stays as it was."""

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, SubjectRequest, records)
        yield from changes(self, request, SubjectRequestChanged)


class IdentifySubject(Command, to=SubjectRequest, admin=True):
    """Record how it was made sure that they are who they say; only then is anything done."""

    identified_by: Public[Method, "vocabulary"]
    identity_evidence: Personal[Text | None, "trace"] = None

    def decide(self, request: SubjectRequest, now: datetime) -> Iterator[Event]:
        _must_not_be_decided(request)
        yield opened(self, SubjectIdentified)


class ExtendSubjectRequest(Command, to=SubjectRequest, admin=True):
    """Put the answer off by up to two months, and tell them why (GDPR Art. 12(3))."""

    months_more: Public[Months, "figure"]
    extension_reason: Personal[Annotated[Text, Field(min_length=1)], "content"]

    def decide(self, request: SubjectRequest, now: datetime) -> Iterator[Event]:
        _must_be_open(request)
        if request.months_more:
            raise Rejected("This request was put off before; the law allows that once.")
        if request.due_on is not None and now.date() > request.due_on:
            raise Rejected(
                f"The answer was due on {request.due_on}, and had to be put off before. Answer now."
            )
        yield opened(self, SubjectRequestExtended)


class RefuseSubjectRequest(Command, to=SubjectRequest, admin=True):
    """Refuse the request on a ground that the law gives, and tell them that they may complain."""

    refusal_ground: Public[Ground, "vocabulary"]
    refusal_note: Personal[Text | None, "content"] = None

    def decide(self, request: SubjectRequest, now: datetime) -> Iterator[Event]:
        _must_not_be_decided(request)
        yield opened(self, SubjectRequestRefused)


class WithdrawSubjectRequest(Command, to=SubjectRequest):
    """Record that they no longer ask for it."""

    def decide(self, request: SubjectRequest, now: datetime) -> Iterator[Event]:
        _must_not_be_decided(request)
        yield SubjectRequestWithdrawn()


class FulfilSubjectRequest(Command, to=SubjectRequest, admin=True):
    """Record that they got what they asked for. An erasure says so by itself."""

    answer_note: Personal[Text | None, "content"] = None
    concerned: Public[Annotated[tuple[Category, ...], Field(max_length=10)], "vocabulary"] = ()
    """The categories that were corrected or restricted; all, unless given. Their recipients are to
    be told."""

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(request)
        check_categories(self.concerned, "concerned")
        if request.kind is Kind.ERASURE:
            raise Rejected("An erasure is fulfilled when it is carried out. Decide it instead.")
        if request.status is not Status.IDENTIFIED:
            raise Rejected("Nobody has made sure who they are. Record that first.")
        yield opened(self, SubjectRequestFulfilled)
        if request.kind in TOLD_TO_RECIPIENTS:
            yield from owed_notices(request, self.concerned or tuple(CATEGORIES), now, records)


class DecideErasure(Command, to=SubjectRequest, admin=True):
    """Decide what is erased and what the law has kept. It is carried out at once, and for good."""

    duties: Public[Annotated[tuple[Duty, ...], Field(max_length=10)], "vocabulary"] = ()
    """The categories that are kept, each by a law and until a day; the others go."""

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[Event]:
        _must_not_be_decided(request)
        if request.kind is not Kind.ERASURE:
            raise Rejected(f"This request asks for {request.kind}. Open one that asks for erasure.")
        if request.status is not Status.IDENTIFIED:
            raise Rejected("Nobody has made sure who they are. Record that first.")
        for duty in self.duties:
            check_categories([duty.category], "duties")
            if duty.until <= now.date():
                raise Rejected(
                    f"duties: the duty to keep {duty.category} has ended. Leave it out.",
                    field="duties",
                )
        kept = {duty.category for duty in self.duties}
        erased = tuple(one for one in CATEGORIES if one not in kept)
        if not erased:
            raise Rejected(
                "duties: everything would be kept. Refuse the request instead, and say why.",
                field="duties",
            )
        check_no_hold(same_person(request, records), records, now.date())
        yield ErasureDecided(categories=erased, duties=self.duties)


class RecordNotice(Command, to=SubjectRequest, admin=True):
    """Record that a recipient was told of it, or why they cannot be (GDPR Art. 19)."""

    recipient_id: Public[UUID, "link"]
    outcome: Public[Outcome, "vocabulary"]
    means: Public[Means | None, "vocabulary"] = None
    noticed_on: Public[date | None, "moment"] = None
    """Today, where none is given."""
    notice_note: Personal[Text | None, "content", "recipient_id"] = None
    """What they were told, or why they were not; it says nothing of who asked."""

    def decide(self, request: SubjectRequest, now: datetime) -> Iterator[Event]:
        if self.recipient_id not in request.notices_owed:
            raise Rejected(
                "recipient_id: no notice to them is open on this request. Give one of its "
                "notices_owed.",
                field="recipient_id",
                type="not-owed",
            )
        if self.outcome is Outcome.SENT and self.means is None:
            raise Rejected("means: say by which they were told.", field="means")
        if self.outcome is not Outcome.SENT and not self.notice_note:
            raise Rejected(
                f"notice_note: say why it is {self.outcome} to tell them.", field="notice_note"
            )
        noticed_on = self.noticed_on or now.date()
        if noticed_on > now.date():
            raise Rejected(
                "noticed_on: lies in the future. Give the day on which it was done.",
                field="noticed_on",
            )
        yield NoticeRecorded.of({**self.given(), "noticed_on": noticed_on})
