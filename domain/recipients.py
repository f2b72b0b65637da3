"""Recipients 接收方: whom the company gives personal data to, and by what right.

GDPR Art. 4(9), 13(1)(e), 19, 28, 30(1)(d) and (e), 44 to 49; PIPL Art. 21, 23, 38 and 39.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from domain.disclosures import Category
from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details
from domain.values import Country, Email, Key, Line, Phone

Categories = Annotated[tuple[Category, ...], Field(min_length=1, max_length=10)]
Purposes = Annotated[tuple[Key, ...], Field(min_length=1, max_length=20)]


class Role(StrEnum):
    """As what they receive it."""

    PROCESSOR = "processor"
    """受托人: on our behalf and by our instructions (GDPR Art. 28, PIPL Art. 21)."""
    CONTROLLER = "controller"
    """For purposes of their own (PIPL Art. 23)."""
    JOINT_CONTROLLER = "joint_controller"
    """共同处理者 (GDPR Art. 26, PIPL Art. 20)."""
    AUTHORITY = "authority"
    """A court or an authority."""


class Safeguard(StrEnum):
    """What allows a transfer to their country."""

    ADEQUACY = "adequacy"
    """An adequacy decision (GDPR Art. 45)."""
    STANDARD_CLAUSES = "standard_clauses"
    """Standard contractual clauses (Art. 46(2)(c))."""
    BINDING_RULES = "binding_rules"
    """Binding corporate rules (Art. 47)."""
    DEROGATION = "derogation"
    """Such as explicit consent, or a contract with them (Art. 49)."""
    SECURITY_ASSESSMENT = "security_assessment"
    """安全评估 (PIPL Art. 38(1)(1))."""
    CERTIFICATION = "certification"
    """认证 (PIPL Art. 38(1)(2), GDPR Art. 46(2)(f))."""
    STANDARD_CONTRACT = "standard_contract"
    """标准合同 (PIPL Art. 38(1)(3))."""


class Status(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


class RecipientDetails(RecordDetails):
    """The fields of a recipient that people fill in."""

    name: Personal[Line | None, "identity"] = None
    role: Public[Role | None, "vocabulary"] = None
    country: Public[Country | None, "vocabulary"] = None
    """Where the data goes to."""
    safeguards: Public[Annotated[tuple[Safeguard, ...], Field(max_length=10)], "vocabulary"] = ()
    safeguards_reference: Public[Line | None, "vocabulary"] = None
    """By which they are found: a file number, a decision, a version of the clauses."""
    notice_contact: Personal[Line | None, "identity"] = None
    """Who is told of a correction, a restriction or an erasure."""
    notice_email: Personal[Email | None, "contact"] = None
    notice_phone: Personal[Phone | None, "contact"] = None
    categories: Public[Categories | None, "vocabulary"] = None
    """What they may receive."""
    purposes: Public[Purposes | None, "vocabulary"] = None
    """What for, by the company's names: ``print_mailings``."""
    contract_on: Public[date | None, "moment"] = None
    """Since when there is a contract with them (GDPR Art. 28(3))."""


class Recipient(RecipientDetails, Record):
    AGGREGATE: ClassVar[str] = "recipients"
    PREFIX: ClassVar[str] = "RC"
    PURPOSE: ClassVar[str] = "Knowing whom we give personal data to, and telling them of changes."
    PEOPLE: ClassVar[str] = "people who answer for recipients"

    status: Public[Status, "vocabulary"] = Status.ACTIVE
    ended_on: Public[date | None, "moment"] = None


class RecipientRegistered(RecipientDetails, Event):
    name: Personal[Line, "identity"]
    role: Public[Role, "vocabulary"]
    country: Public[Country, "vocabulary"]
    categories: Public[Categories, "vocabulary"]
    purposes: Public[Purposes, "vocabulary"]

    def evolve(self, recipient: Recipient) -> Recipient:
        return with_details(recipient, self)


class RecipientChanged(RecipientDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, recipient: Recipient) -> Recipient:
        return with_details(recipient, self)


class RecipientEnded(Event):
    """They receive nothing more. What they have they still have, and are told of changes."""

    ended_on: Public[date, "moment"]

    def evolve(self, recipient: Recipient) -> Recipient:
        return replace(recipient, ended_on=self.ended_on, status=Status.ENDED)


class DisclosureRecorded(Event):
    """They were given data; whose it was, each of these records says for itself."""

    disclosure_id: Public[UUID, "link"]
    categories: Public[tuple[str, ...], "vocabulary"]
    purpose: Public[Key, "vocabulary"]
    disclosed_on: Public[date, "moment"]
    people: Public[int, "figure"]
    """How many, as they were counted then."""

    def evolve(self, recipient: Recipient) -> Recipient:
        return recipient
