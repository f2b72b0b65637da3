"""Contacts 联系人: the people one talks to, and the customers whom they speak for."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from domain.fields import Personal, Public
from domain.kernel import Event, Value, replace
from domain.records import Brought, Record, RecordDetails, brought_by, with_details, without
from domain.values import Email, Language, Line, Phone, Text


class Role(StrEnum):
    """What the contact decides at a customer."""

    DECISION_MAKER = "decision_maker"
    EVALUATOR = "evaluator"
    INFLUENCER = "influencer"
    USER = "user"


class Stage(StrEnum):
    ACTIVE = "active"
    LEFT = "left"
    """No longer works there; a new employer is another link."""


class CustomerLink(Value):
    """That a contact speaks for a customer, and how much they say there."""

    customer_id: UUID
    role: Role | None = None


class ContactDetails(RecordDetails):
    """The fields of a contact that people fill in."""

    family_name: Personal[Line | None, "identity"] = None
    given_name: Personal[Line | None, "identity"] = None
    salutation: Personal[Line | None, "identity"] = None
    title: Personal[Line | None, "profile"] = None
    """职务."""
    department: Personal[Line | None, "profile"] = None
    emails: Personal[tuple[Email, ...], "contact"] = Field(default=(), max_length=20)
    phones: Personal[tuple[Phone, ...], "contact"] = Field(default=(), max_length=20)
    do_not_call: Public[bool, "switch"] = False
    """Public, so that it still holds after the rest has been erased."""
    language: Personal[Language | None, "profile"] = None
    birthday: Personal[date | None, "identity"] = None
    note: Personal[Text | None, "content"] = None


class ContactBrought(Brought):
    """What a merged contact brought along: contact points, and the customers it speaks for."""

    customers: Public[tuple[CustomerLink, ...], "link"] = ()


class Contact(ContactDetails, Record):
    AGGREGATE: ClassVar[str] = "contacts"
    PREFIX: ClassVar[str] = "P"
    PURPOSE: ClassVar[str] = "Reaching the people who speak for customers, as far as they allow it."
    PEOPLE: ClassVar[str] = "people who speak for customers"
    CLAIMED: ClassVar[tuple[str, ...]] = (*Record.CLAIMED, "emails", "merged_into_id")

    stage: Public[Stage, "vocabulary"] = Stage.ACTIVE
    left_on: Public[date | None, "moment"] = None
    customers: Public[tuple[CustomerLink, ...], "link"] = ()
    restricted: Public[bool, "switch"] = False
    """限制处理: may be stored, and nothing else (GDPR Art. 18)."""
    restriction_reason: Personal[str | None, "trace"] = None
    merged_into_id: Public[UUID | None, "link"] = None
    absorbed: Public[tuple[UUID, ...], "link"] = ()
    """The contacts whose histories this one continues."""
    brought: Personal[dict[UUID, ContactBrought], "contact"] = Field(default={})
    """What each of them brought, so that it can take it along when it leaves."""

    def claims(self) -> Iterable[tuple[str, str]]:
        if self.merged_into_id is None:
            yield from super().claims()
            yield from (("emails", email.casefold()) for email in self.emails)

    def barred(self) -> str | None:
        if self.merged_into_id is not None:
            return f"was merged into {self.merged_into_id}. Give that one, or unmerge them."
        if self.restricted:
            return "may only be stored, as they asked for. Lift the restriction first."
        return super().barred()

    def link_to(self, customer_id: UUID) -> CustomerLink | None:
        """How the contact belongs to that customer; None if it does not."""
        return next((one for one in self.customers if one.customer_id == customer_id), None)


class ContactRegistered(ContactDetails, Event):
    family_name: Personal[str, "identity"]

    def evolve(self, contact: Contact) -> Contact:
        return with_details(contact, self)


class ContactChanged(ContactDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, contact: Contact) -> Contact:
        return with_details(contact, self)


class ContactLinked(Event):
    """The contact speaks for a customer from now on."""

    customer_id: Public[UUID, "link"]
    role: Public[Role | None, "vocabulary"] = None

    def evolve(self, contact: Contact) -> Contact:
        link = CustomerLink(customer_id=self.customer_id, role=self.role)
        return replace(contact, customers=(*_others(contact, self.customer_id), link))


class ContactRoleChanged(Event):
    customer_id: Public[UUID, "link"]
    role: Public[Role | None, "vocabulary"] = None

    def evolve(self, contact: Contact) -> Contact:
        link = CustomerLink(customer_id=self.customer_id, role=self.role)
        held = contact.customers
        return replace(
            contact,
            customers=tuple(link if one.customer_id == self.customer_id else one for one in held),
        )


class ContactUnlinked(Event):
    customer_id: Public[UUID, "link"]

    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, customers=_others(contact, self.customer_id))


class ContactLeft(Event):
    """离职: left the company; the links stay, because they were so."""

    left_on: Public[date, "moment"]

    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, stage=Stage.LEFT, left_on=self.left_on)


class ContactReactivated(Event):
    """Came back, or had never left."""

    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, stage=Stage.ACTIVE, left_on=None)


class ContactRestricted(Event):
    restriction_reason: Personal[str, "trace"]

    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, restricted=True, restriction_reason=self.restriction_reason)


class ContactUnrestricted(Event):
    lifting_reason: Personal[str, "trace"]

    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, restricted=False, restriction_reason=None)


class ContactMerged(Event):
    """合并: this contact's history goes on under another; nothing of it is lost."""

    merged_into_id: Public[UUID, "link"]

    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, merged_into_id=self.merged_into_id)


class ContactUnmerged(Event):
    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, merged_into_id=None)


class ContactAbsorbed(ContactBrought, Event):
    """The other half of a merge, with what was not here before."""

    absorbed_id: Public[UUID, "link"]

    def evolve(self, contact: Contact) -> Contact:
        brought = replace(
            ContactBrought(), emails=self.emails, phones=self.phones, customers=self.customers
        )
        return replace(
            contact,
            absorbed=(*contact.absorbed, self.absorbed_id),
            brought={**(contact.brought or {}), self.absorbed_id: brought},
            emails=(*contact.emails, *self.emails),
            phones=(*contact.phones, *self.phones),
            customers=(*contact.customers, *self.customers),
        )


class ContactReturned(Event):
    """The other half of an unmerge."""

    absorbed_id: Public[UUID, "link"]

    def evolve(self, contact: Contact) -> Contact:
        brought = brought_by(self.absorbed_id, contact.brought, ContactBrought())
        gone = {link.customer_id for link in brought.customers}
        return replace(
            contact,
            absorbed=without(contact.absorbed, (self.absorbed_id,)),
            emails=without(contact.emails, brought.emails),
            phones=without(contact.phones, brought.phones),
            customers=tuple(one for one in contact.customers if one.customer_id not in gone),
        )


class ContactArchived(Event):
    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, archived=True)


class ContactRestored(Event):
    def evolve(self, contact: Contact) -> Contact:
        return replace(contact, archived=False)


def _others(contact: Contact, customer_id: UUID) -> tuple[CustomerLink, ...]:
    return tuple(one for one in contact.customers if one.customer_id != customer_id)
