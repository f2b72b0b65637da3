"""Consents 同意·合法依据: on which lawful basis somebody may be reached, and when they said no.

A record is one act: one person, one purpose, one channel. So every act has a consent of its own
(PIPL Art. 14, 23, 29, 39), and taking back one leaves the others. It is a ledger: what was proved
is neither changed nor put away, only followed by the next act. :mod:`domain.permission` answers
whether somebody may be contacted.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.fields import Personal, Public
from domain.kernel import Event, Value, replace
from domain.records import Record, RecordDetails, with_details
from domain.values import Key, Line, Text

Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
]
"""Within the centuries that every clock and calendar here can hold, in any zone."""
CONFIRM_DAYS: Final = 7
"""How long a double opt-in waits for its answer: long enough for a holiday week, and short enough
that whoever answers still knows what they asked for. A later answer proves little.
"""


class Basis(StrEnum):
    """合法依据: why the law allows it (GDPR Art. 6(1))."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


OBJECTABLE: Final = frozenset({Basis.LEGITIMATE_INTERESTS, Basis.PUBLIC_TASK})
"""Bases against which anybody may object (GDPR Art. 21(1))."""


class Channel(StrEnum):
    """渠道: how they are reached."""

    EMAIL = "email"
    PHONE = "phone"
    SMS = "sms"
    POST = "post"
    MESSENGER = "messenger"
    """WeChat 微信 and its like."""
    APP = "app"
    NONE = "none"
    """For an act that reaches nobody, such as sending data abroad (PIPL Art. 39)."""


class Status(StrEnum):
    PENDING = "pending"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class WithdrawalReason(StrEnum):
    """Why not to contact them any more."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    """What was sent there came back for good, so it is bad for every purpose."""
    ASKED = "asked"
    OBJECTED = "objected"
    """反对: of direct marketing it ends all, by every channel (GDPR Art. 21(2) and (3))."""


class Act(Value):
    """What somebody did, or what else it rests on, and how that can be shown."""

    lawful_basis: Public[Basis | None, "vocabulary"] = None
    captured_at: Public[Moment | None, "moment"] = None
    """When they acted, which is often earlier than when it was entered."""
    source: Public[Line | None, "vocabulary"] = None
    """Where they acted, by the company's name for it: a form, a fair, a contract."""
    wording_version: Public[Line | None, "vocabulary"] = None
    """The text that they agreed to, by the company's name for it."""
    evidence: Personal[Text | None, "trace"] = None
    """What shows that they acted: a recording, a signed page, a line of a server's log."""
    valid_until: Public[Moment | None, "moment"] = None
    """From then on it holds no longer; null means until they say otherwise."""


class ConsentDetails(Act, RecordDetails):
    """The fields of a consent that are given when it begins."""

    contact_id: Public[UUID | None, "link"] = None
    customer_id: Public[UUID | None, "link"] = None
    purpose: Public[Key | None, "vocabulary"] = None
    """What for, by the company's name for it: ``newsletter``, ``invoices``, ``transfer_abroad``."""
    channel: Public[Channel | None, "vocabulary"] = None
    direct_marketing: Public[bool, "switch"] = True
    """Whether the purpose is direct marketing, against which an objection always wins. It is unless
    said otherwise, so that none escapes an objection by having been forgotten."""


class Consent(ConsentDetails, Record):
    AGGREGATE: ClassVar[str] = "consents"
    PREFIX: ClassVar[str] = "CS"
    PURPOSE: ClassVar[str] = "Knowing, and proving, whom we may contact, how and what for."
    PEOPLE: ClassVar[str] = "customers, and people who speak for them"
    SUBJECT: ClassVar[tuple[str, ...]] = ("contact_id", "customer_id")
    """Evidence is about whoever consented, and lies under their keys."""
    CLAIMED: ClassVar[tuple[str, ...]] = (
        *Record.CLAIMED,
        "contact_id",
        "customer_id",
        "purpose",
        "channel",
    )

    status: Public[Status, "vocabulary"] = Status.PENDING
    double_opt_in: Public[bool, "switch"] = False
    """Whether they are asked to confirm; once asked for, also for every later act."""
    confirm_by: Public[Moment | None, "moment"] = None
    confirmed_at: Public[Moment | None, "moment"] = None
    confirmation: Personal[Text | None, "trace"] = None
    """How they answered."""
    withdrawal_reason: Public[WithdrawalReason | None, "vocabulary"] = None
    withdrawn_at: Public[Moment | None, "moment"] = None
    withdrawal_note: Personal[Text | None, "content"] = None
    objected_at: Public[Moment | None, "moment"] = None
    """Stays, whatever comes later: only their own consent goes beyond an objection."""

    def claims(self) -> Iterable[tuple[str, str]]:
        """One record for each act, so that an import cannot begin a second one beside a refusal."""
        yield from super().claims()
        if self.subject_id and self.purpose and self.channel:
            yield "purpose", f"{self.subject_id}\n{self.purpose}\n{self.channel}"

    @property
    def subject_id(self) -> UUID | None:
        """Whose consent it is."""
        return self.contact_id or self.customer_id

    def status_at(self, at: datetime) -> Status:
        """The status then, also where nobody has yet recorded that its time was over."""
        ends = {Status.GRANTED: self.valid_until, Status.PENDING: self.confirm_by}
        end = ends.get(self.status)
        return Status.EXPIRED if end is not None and at >= end else self.status

    def holds(self, at: datetime) -> bool:
        """Whether it is granted then: they have acted, and its time is not over."""
        begun = self.captured_at is not None and self.captured_at <= at
        return begun and self.status_at(at) is Status.GRANTED


class ConsentRequested(ConsentDetails, Event):
    """They acted, and are asked to confirm it (double opt-in); until then nothing is allowed.

    What a later act repeats holds only the fields of the act.
    """

    confirm_by: Public[Moment, "moment"]

    def evolve(self, consent: Consent) -> Consent:
        return replace(_begun(consent, self), status=Status.PENDING, double_opt_in=True)


class ConsentGranted(ConsentDetails, Event):
    """It holds at once. What a later act repeats holds only the fields of the act."""

    def evolve(self, consent: Consent) -> Consent:
        return replace(_begun(consent, self), status=Status.GRANTED)


class ConsentConfirmed(Event):
    """They answered the double opt-in."""

    confirmed_at: Public[Moment, "moment"]
    confirmation: Personal[Text | None, "trace"] = None

    def evolve(self, consent: Consent) -> Consent:
        return replace(consent, **self.given(), status=Status.GRANTED, confirm_by=None)


class ConsentRenewed(Act, Event):
    """They acted again while it held."""

    def evolve(self, consent: Consent) -> Consent:
        return replace(consent, **self.given(), status=Status.GRANTED)


class ConsentRefused(ConsentDetails, Event):
    """拒绝: they said no before anything was granted."""

    withdrawal_reason: Public[WithdrawalReason, "vocabulary"]
    withdrawn_at: Public[Moment, "moment"]
    withdrawal_note: Personal[Text | None, "content"] = None

    def evolve(self, consent: Consent) -> Consent:
        return _ended(with_details(consent, self), self)


class ConsentWithdrawn(Event):
    """撤回."""

    withdrawal_reason: Public[WithdrawalReason, "vocabulary"]
    withdrawn_at: Public[Moment, "moment"]
    withdrawal_note: Personal[Text | None, "content"] = None

    def evolve(self, consent: Consent) -> Consent:
        return _ended(consent, self)


class ConsentExpired(Event):
    """到期: its time was over, or nobody confirmed it in time."""

    def evolve(self, consent: Consent) -> Consent:
        return replace(consent, status=Status.EXPIRED)


class ConsentChanged(RecordDetails, Event):
    """Owner, team, tags and the like; never what was proved. Holds only the fields that changed."""

    def evolve(self, consent: Consent) -> Consent:
        return with_details(consent, self)


def end_of_window(now: datetime, days: int = CONFIRM_DAYS) -> datetime:
    """Until when a double opt-in that is asked for now may be answered."""
    return now + timedelta(days=days)


def _begun(consent: Consent, act: ConsentDetails) -> Consent:
    """With a new act; how the one before was confirmed or ended is history."""
    names = ("confirm_by", "confirmed_at", "confirmation")
    ends = ("withdrawal_reason", "withdrawn_at", "withdrawal_note")
    return with_details(replace(consent, **dict.fromkeys((*names, *ends))), act)


def _ended(consent: Consent, refusal: ConsentRefused | ConsentWithdrawn) -> Consent:
    """With a refusal; one that is entered late takes no later one away."""
    at, objected_at = refusal.withdrawn_at, consent.objected_at
    if refusal.withdrawal_reason is WithdrawalReason.OBJECTED:
        objected_at = max(at, objected_at or at)
    return replace(
        consent,
        status=Status.WITHDRAWN,
        confirm_by=None,
        withdrawal_reason=refusal.withdrawal_reason,
        withdrawn_at=max(at, consent.withdrawn_at or at),
        withdrawal_note=refusal.withdrawal_note,
        objected_at=objected_at,
    )
