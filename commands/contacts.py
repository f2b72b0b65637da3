"""What may be done with contacts."""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from commands.kernel import At, Command, Records, Rejected, changes, opened
from commands.records import check_in_use, check_record, check_required
from domain.contacts import (
    Contact,
    ContactAbsorbed,
    ContactArchived,
    ContactChanged,
    ContactDetails,
    ContactLeft,
    ContactLinked,
    ContactMerged,
    ContactReactivated,
    ContactRegistered,
    ContactRestored,
    ContactRestricted,
    ContactReturned,
    ContactRoleChanged,
    ContactUnlinked,
    ContactUnmerged,
    ContactUnrestricted,
    CustomerLink,
    Role,
    Stage,
)
from domain.customers import Customer
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.records import without
from domain.values import Line


def _must_be_whole(contact: Contact) -> None:
    if contact.merged_into_id is not None:
        raise Rejected(
            f"This contact was merged into {contact.merged_into_id}. Change that one, or unmerge.",
            type="merged",
        )


def _must_be_open(contact: Contact) -> None:
    """Neither merged nor put away, and free to be processed."""
    _must_be_whole(contact)
    if contact.restricted:
        raise Rejected(
            "This contact may only be stored, as they asked for. Lift the restriction first.",
            type="restricted",
        )
    check_in_use(contact)


class RegisterContact(ContactDetails, Command, to=Contact, opens=True):
    """Register a contact, and the customers whom they speak for."""

    family_name: Personal[Line, "identity"]
    customers: Public[tuple[CustomerLink, ...], "link"] = Field(default=(), max_length=50)

    def decide(self, contact: Contact, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Contact, records)
        if len({link.customer_id for link in self.customers}) < len(self.customers):
            raise Rejected("customers: one is given twice. Give each once.", field="customers")
        for link in self.customers:
            records.need(Customer, link.customer_id, "customers")
        yield opened(self, ContactRegistered)
        for link in self.customers:
            yield ContactLinked(customer_id=link.customer_id, role=link.role)


class ChangeContact(ContactDetails, Command, to=Contact):
    """Change fields of a contact; a field that is not given stays, null clears it."""

    def decide(self, contact: Contact, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(contact)
        check_required(self, "family_name")
        check_record(self, Contact, records)
        yield from changes(self, contact, ContactChanged)


class LinkContact(Command, to=Contact):
    """Link the contact to a customer whom they speak for; they may speak for several."""

    customer_id: Public[UUID, "link"]
    role: Public[Role | None, "vocabulary"] = None

    def decide(self, contact: Contact, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(contact)
        records.need(Customer, self.customer_id, "customer_id")
        if contact.link_to(self.customer_id) is not None:
            raise Rejected(
                "customer_id: the contact is already linked to it. Change the role instead.",
                field="customer_id",
            )
        yield ContactLinked(customer_id=self.customer_id, role=self.role)


class ChangeContactRole(Command, to=Contact):
    """Change what the contact decides at a customer 决策角色; null leaves it open."""

    customer_id: Public[UUID, "link"]
    role: Public[Role | None, "vocabulary"]

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        _must_be_open(contact)
        if _link_to(contact, self.customer_id).role is not self.role:
            yield ContactRoleChanged(customer_id=self.customer_id, role=self.role)


class UnlinkContact(Command, to=Contact):
    """Take the contact away from a customer; that they were linked stays in history."""

    customer_id: Public[UUID, "link"]

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        _must_be_open(contact)
        _link_to(contact, self.customer_id)
        yield ContactUnlinked(customer_id=self.customer_id)


def _link_to(contact: Contact, customer_id: UUID) -> CustomerLink:
    link = contact.link_to(customer_id)
    if link is None:
        raise Rejected(
            "customer_id: the contact is not linked to it. Link them first.", field="customer_id"
        )
    return link


class MarkContactLeft(Command, to=Contact):
    """Mark that the contact left the company 离职."""

    left_on: Public[date | None, "moment"] = None
    """Today, where none is given."""

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        _must_be_open(contact)
        if contact.stage is Stage.LEFT:
            raise Rejected(f"This contact already left on {contact.left_on}.")
        day = self.left_on or now.date()
        if day > now.date():
            raise Rejected(
                "left_on: lies in the future. Give today or an earlier day.", field="left_on"
            )
        yield ContactLeft(left_on=day)


class ReactivateContact(Command, to=Contact):
    """Mark that the contact is there again, or never left."""

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        _must_be_open(contact)
        if contact.stage is not Stage.LEFT:
            raise Rejected("This contact has not left.")
        yield ContactReactivated()


class RestrictContact(Command, to=Contact):
    """Restrict processing 限制处理: the data may be stored, and nothing else (GDPR Art. 18)."""

    restriction_reason: Personal[Line, "trace"]

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        _must_be_whole(contact)
        if contact.restricted:
            raise Rejected("This contact is already restricted.")
        yield ContactRestricted(restriction_reason=self.restriction_reason)


class UnrestrictContact(Command, to=Contact):
    """Lift the restriction; the contact must have been told before (GDPR Art. 18(3))."""

    lifting_reason: Personal[Line, "trace"]

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        if not contact.restricted:
            raise Rejected("This contact is not restricted.")
        yield ContactUnrestricted(lifting_reason=self.lifting_reason)


class MergeContact(Command, to=Contact):
    """Merge another contact into this one 合并; both histories are kept, and it can be undone."""

    absorbed_id: Public[UUID, "link"]

    def decide(self, contact: Contact, now: datetime, records: Records) -> Iterator[Event | At]:
        _must_be_open(contact)
        if self.absorbed_id == records.own_id:
            raise Rejected(
                "absorbed_id: a contact cannot be merged into itself. Choose another.",
                field="absorbed_id",
            )
        other = records.need(Contact, self.absorbed_id, "absorbed_id")
        yield At(self.absorbed_id, ContactMerged(merged_into_id=records.own_id))
        yield ContactAbsorbed(
            absorbed_id=self.absorbed_id,
            emails=without(other.emails, contact.emails),
            phones=without(other.phones, contact.phones),
            customers=tuple(
                link for link in other.customers if contact.link_to(link.customer_id) is None
            ),
        )
        if other.do_not_call and not contact.do_not_call:
            yield ContactChanged(do_not_call=True)


class UnmergeContact(Command, to=Contact):
    """Take a merged contact out of this one again; it gets back what it brought."""

    absorbed_id: Public[UUID, "link"]

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event | At]:
        _must_be_open(contact)
        if self.absorbed_id not in contact.absorbed:
            raise Rejected(
                "absorbed_id: that contact was not merged into this one.", field="absorbed_id"
            )
        yield At(self.absorbed_id, ContactUnmerged())
        yield ContactReturned(absorbed_id=self.absorbed_id)


class ArchiveContact(Command, to=Contact):
    """Put the contact away; it stays in history and can be restored."""

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        if not contact.archived:
            _must_be_open(contact)
            yield ContactArchived()


class RestoreContact(Command, to=Contact):
    """Take an archived contact back into use."""

    def decide(self, contact: Contact, now: datetime) -> Iterator[Event]:
        if contact.archived:
            yield ContactRestored()
