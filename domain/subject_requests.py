"""Data-subject requests 个人信息主体请求: what somebody asks about their own data, and by when.

GDPR Art. 12 and 15 to 22, PIPL Art. 44 to 49. What is written down about whoever asks lies under
their own keys; so the record of an erasure outlives it, and says nothing about them.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from domain.deadlines import MONTHS, Months
from domain.disclosures import Category
from domain.fields import Personal, Public
from domain.kernel import Event, Value, replace
from domain.notices import Means, Outcome
from domain.periods import months_after
from domain.records import Record, RecordDetails, with_details, without
from domain.values import Line, Text


class Kind(StrEnum):
    """What is asked for."""

    ACCESS = "access"
    """查阅复制 (GDPR Art. 15, PIPL Art. 45)."""
    RECTIFICATION = "rectification"
    """更正补充 (Art. 16, PIPL Art. 46)."""
    ERASURE = "erasure"
    """删除 (Art. 17, PIPL Art. 47)."""
    RESTRICTION = "restriction"
    """限制处理 (Art. 18, PIPL Art. 44)."""
    PORTABILITY = "portability"
    """转移 (Art. 20, PIPL Art. 45)."""
    OBJECTION = "objection"
    """拒绝处理 (Art. 21, PIPL Art. 44)."""


class Status(StrEnum):
    RECEIVED = "received"
    IDENTIFIED = "identified"
    DECIDED = "decided"
    FENCED = "fenced"
    DESTROYED = "destroyed"
    SWEPT = "swept"
    FULFILLED = "fulfilled"
    CERTIFIED = "certified"
    """An erasure of which no copy is left that could be opened."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


ENDED: Final = frozenset({Status.FULFILLED, Status.CERTIFIED, Status.REFUSED, Status.WITHDRAWN})
UNDER_WAY: Final = (Status.DECIDED, Status.FENCED, Status.DESTROYED)
"""An erasure that Kept carries out by itself, step by step."""


class Method(StrEnum):
    """How it was made sure that they are who they say (Art. 12(6))."""

    KNOWN_ADDRESS = "known_address"
    """They answered at an address that we had."""
    SIGNED_IN = "signed_in"
    DOCUMENT = "document"
    IN_PERSON = "in_person"
    REPRESENTATIVE = "representative"
    """Somebody with their authority, or a close relative of the deceased (PIPL Art. 49)."""


class Ground(StrEnum):
    """Why a request may be refused."""

    NOT_IDENTIFIED = "not_identified"
    """Art. 12(2)."""
    UNFOUNDED = "unfounded"
    """Manifestly unfounded, Art. 12(5)."""
    EXCESSIVE = "excessive"
    """The same."""
    LEGAL_DUTY = "legal_duty"
    """The law has it kept, Art. 17(3)(b), PIPL Art. 47."""
    LEGAL_CLAIMS = "legal_claims"
    """It is needed for legal claims, Art. 17(3)(e)."""
    OTHERS_RIGHTS = "others_rights"
    """It would harm others, Art. 15(4)."""


class Duty(Value):
    """A category that is kept in spite of an erasure: by which law, and until when."""

    category: Category
    law: Line
    until: date


class SubjectRequestDetails(RecordDetails):
    """The fields of a request that are given when it comes in."""

    contact_id: Public[UUID | None, "link"] = None
    customer_id: Public[UUID | None, "link"] = None
    user_id: Public[UUID | None, "link"] = None
    kind: Public[Kind | None, "vocabulary"] = None
    received_on: Public[date | None, "moment"] = None
    """When it reached the company, by whatever way: the clock begins then."""
    request_note: Personal[Text | None, "content"] = None
    """What they asked for, in their words, and where the answer is to go."""


class SubjectRequest(SubjectRequestDetails, Record):
    AGGREGATE: ClassVar[str] = "subject_requests"
    PREFIX: ClassVar[str] = "R"
    PURPOSE: ClassVar[str] = "Answering people who ask about their own data, and proving it."
    PEOPLE: ClassVar[str] = "people who ask about their own data"
    SUBJECT: ClassVar[tuple[str, ...]] = ("contact_id", "customer_id", "user_id")

    status: Public[Status, "vocabulary"] = Status.RECEIVED
    due_on: Public[date | None, "moment"] = None
    identified_by: Public[Method | None, "vocabulary"] = None
    identity_evidence: Personal[Text | None, "trace"] = None
    months_more: Public[int, "figure"] = 0
    extension_reason: Personal[Text | None, "content"] = None
    refusal_ground: Public[Ground | None, "vocabulary"] = None
    refusal_note: Personal[Text | None, "content"] = None
    answer_note: Personal[Text | None, "content"] = None
    categories: Public[tuple[str, ...], "vocabulary"] = ()
    """What is erased."""
    duties: Public[tuple[Duty, ...], "vocabulary"] = ()
    """What is kept, by which law and until when."""
    subjects: Public[tuple[UUID, ...], "link"] = ()
    """The records that stand for them, those that were merged with theirs included."""
    commitments: Public[tuple[str, ...], "link"] = ()
    destroyed_keys: Public[int, "figure"] = 0
    destroyed_rows: Public[int, "figure"] = 0
    """Of personal data, as the log counts them."""
    touched_records: Public[int, "figure"] = 0
    """Those in which something about them stood."""
    rebuilt_at: Public[int, "figure"] = 0
    """The position of the log from which every read model was folded anew."""
    left: Public[tuple[str, ...], "vocabulary"] = ()
    """Places that the database did not let us sweep."""
    dark_on: Public[date | None, "moment"] = None
    """Since when no copy can be opened."""
    schedule_id: Public[UUID | None, "link"] = None
    """The retention schedule that it was opened by; nobody asked for it then."""
    fell_due_on: Public[date | None, "moment"] = None

    notices_owed: Public[tuple[UUID, ...], "link"] = ()
    """The recipients that have not been told of it yet."""

    @property
    def subject_id(self) -> UUID | None:
        """The record that stands for whoever asks."""
        return self.contact_id or self.customer_id or self.user_id

    @property
    def is_for_good(self) -> bool:
        """Whether nothing is recorded of them again: they asked for it."""
        return self.schedule_id is None

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED


class SubjectRequestReceived(SubjectRequestDetails, Event):
    kind: Public[Kind, "vocabulary"]
    received_on: Public[date, "moment"]

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(with_details(request, self), due_on=months_after(self.received_on, MONTHS))


class SubjectRequestChanged(RecordDetails, Event):
    """Owner, team, tags and the like; never what was asked. Holds only the fields that changed."""

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return with_details(request, self)


class SubjectIdentified(Event):
    """They are who they say."""

    identified_by: Public[Method, "vocabulary"]
    identity_evidence: Personal[Text | None, "trace"] = None

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, **self.given(), status=Status.IDENTIFIED)


class SubjectRequestExtended(Event):
    """The answer takes longer, and they were told why."""

    months_more: Public[Months, "figure"]
    extension_reason: Personal[Text, "content"]

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        received = request.received_on
        due_on = received and months_after(received, MONTHS + self.months_more)
        return replace(request, **self.given(), due_on=due_on)


class SubjectRequestRefused(Event):
    refusal_ground: Public[Ground, "vocabulary"]
    refusal_note: Personal[Text | None, "content"] = None

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, **self.given(), status=Status.REFUSED)


class SubjectRequestWithdrawn(Event):
    """They no longer ask for it."""

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, status=Status.WITHDRAWN)


class SubjectRequestFulfilled(Event):
    """It was answered. Of an erasure: nothing is left of what was to go."""

    answer_note: Personal[Text | None, "content"] = None

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, **self.given(), status=Status.FULFILLED)


class NoticesOwed(Event):
    """These recipients hold what was corrected, restricted or erased, and are to be told of it."""

    recipients: Public[tuple[UUID, ...], "link"]
    categories: Public[tuple[str, ...], "vocabulary"]
    due_on: Public[date, "moment"]
    """The law says without undue delay; we give it the time of an answer."""

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, notices_owed=self.recipients)


class NoticeRecorded(Event):
    """A recipient was told, or cannot be."""

    recipient_id: Public[UUID, "link"]
    outcome: Public[Outcome, "vocabulary"]
    means: Public[Means | None, "vocabulary"] = None
    noticed_on: Public[date, "moment"]
    notice_note: Personal[Text | None, "content", "recipient_id"] = None
    """Under the recipient's keys: whose request it is may be erased by now."""

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, notices_owed=without(request.notices_owed, (self.recipient_id,)))


class RetentionFellDue(Event):
    """The time of a category is over by a schedule, so it is erased. Nobody asks, and no clock of
    an answer runs.
    """

    contact_id: Public[UUID | None, "link"] = None
    customer_id: Public[UUID | None, "link"] = None
    user_id: Public[UUID | None, "link"] = None
    schedule_id: Public[UUID, "link"]
    fell_due_on: Public[date, "moment"]
    """The first day on which it is not to be kept any more."""
    categories: Public[tuple[str, ...], "vocabulary"]

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, **self.given(), kind=Kind.ERASURE, status=Status.DECIDED)
