"""Customers 客户: organisations and persons that the company sells to and serves."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.records import Brought, Record, RecordDetails, brought_by, with_details, without
from domain.values import Address, Email, Line, Money, Phone, Text, Website


class Kind(StrEnum):
    ORGANISATION = "organisation"
    PERSON = "person"


class Type(StrEnum):
    PROSPECT = "prospect"
    CUSTOMER = "customer"
    PARTNER = "partner"
    RESELLER = "reseller"
    COMPETITOR = "competitor"


class Level(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Stage(StrEnum):
    """Where the relation stands: 潜在 → 成交 → 沉睡 → 流失, and back by 激活."""

    PROSPECT = "prospect"
    ACTIVE = "active"
    DORMANT = "dormant"
    LOST = "lost"


class CustomerDetails(RecordDetails):
    """The fields of a customer that people fill in."""

    name: Personal[Line | None, "identity"] = None
    kind: Public[Kind | None, "vocabulary"] = None
    type: Public[Type | None, "vocabulary"] = None
    industry: Public[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None,
        "vocabulary",
    ] = None
    level: Public[Level | None, "vocabulary"] = None
    size: Public[Annotated[int, Field(ge=0, le=100_000_000)] | None, "figure"] = None
    """Number of employees."""
    annual_revenue: Public[Money | None, "figure"] = None
    website: Personal[Website | None, "contact"] = None
    phones: Personal[tuple[Phone, ...], "contact"] = Field(default=(), max_length=20)
    emails: Personal[tuple[Email, ...], "contact"] = Field(default=(), max_length=20)
    billing_address: Personal[Address | None, "contact"] = None
    shipping_address: Personal[Address | None, "contact"] = None
    parent_id: Public[UUID | None, "link"] = None
    primary_contact_id: Public[UUID | None, "link"] = None
    lead_source: Public[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None,
        "vocabulary",
    ] = None
    """来源: how the customer came to us."""
    note: Personal[Text | None, "content"] = None
    next_follow_up_on: Public[date | None, "moment"] = None


class Customer(CustomerDetails, Record):
    AGGREGATE: ClassVar[str] = "customers"
    PREFIX: ClassVar[str] = "C"
    PURPOSE: ClassVar[str] = (
        "Selling to customers and serving them: preparing, carrying out and following up contracts."
    )
    PEOPLE: ClassVar[str] = "customers who are persons, and people who stand behind organisations"
    CLAIMED: ClassVar[tuple[str, ...]] = (*Record.CLAIMED, "emails", "merged_into_id")

    stage: Public[Stage, "vocabulary"] = Stage.PROSPECT
    last_follow_up_on: Public[date | None, "moment"] = None
    in_pool: Public[bool, "switch"] = False
    """公海: owned by nobody, free to be claimed."""
    locked: Public[bool, "switch"] = False
    """锁定: never released into the pool by a rule."""
    merged_into_id: Public[UUID | None, "link"] = None
    absorbed: Public[tuple[UUID, ...], "link"] = ()
    """The customers whose histories this one continues."""
    brought: Personal[dict[UUID, Brought], "contact"] = Field(default={})
    """What each of them brought, so that it can take it along when it leaves."""

    def claims(self) -> Iterable[tuple[str, str]]:
        if self.merged_into_id is None:
            yield from super().claims()
            yield from (("emails", email.casefold()) for email in self.emails)

    def barred(self) -> str | None:
        if self.merged_into_id is not None:
            return f"was merged into {self.merged_into_id}. Give that one, or unmerge them."
        return super().barred()


class CustomerRegistered(CustomerDetails, Event):
    name: Personal[str, "identity"]
    kind: Public[Kind, "vocabulary"]

    def evolve(self, customer: Customer) -> Customer:
        return with_details(customer, self)


class CustomerChanged(CustomerDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, customer: Customer) -> Customer:
        return with_details(customer, self)


class CustomerActivated(Event):
    """成交, or 激活 after being dormant or lost."""

    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, stage=Stage.ACTIVE)


class CustomerFellDormant(Event):
    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, stage=Stage.DORMANT)


class CustomerLost(Event):
    loss_reason: Personal[str | None, "content"] = None

    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, stage=Stage.LOST)


class CustomerAssigned(Event):
    """分配, or 领取 where the owner took it from the pool."""

    owner_id: Public[UUID, "link"]

    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, owner_id=self.owner_id, in_pool=False)


class CustomerReleased(Event):
    """放入公海."""

    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, owner_id=None, in_pool=True)


class CustomerLocked(Event):
    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, locked=True)


class CustomerUnlocked(Event):
    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, locked=False)


class CustomerFollowedUp(Event):
    """跟进: somebody was in touch, and may have said when to be in touch next."""

    followed_up_on: Public[date, "moment"]
    next_follow_up_on: Public[date | None, "moment"] = None
    follow_up_note: Personal[str | None, "content"] = None

    def evolve(self, customer: Customer) -> Customer:
        latest = max(self.followed_up_on, customer.last_follow_up_on or self.followed_up_on)
        return replace(customer, last_follow_up_on=latest, next_follow_up_on=self.next_follow_up_on)


class CustomerMerged(Event):
    """合并: this customer's history goes on under another; nothing of it is lost."""

    merged_into_id: Public[UUID, "link"]

    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, merged_into_id=self.merged_into_id)


class CustomerUnmerged(Event):
    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, merged_into_id=None)


class CustomerAbsorbed(Brought, Event):
    """The other half of a merge, with the contact points that were not here before."""

    absorbed_id: Public[UUID, "link"]

    def evolve(self, customer: Customer) -> Customer:
        brought = replace(Brought(), emails=self.emails, phones=self.phones)
        return replace(
            customer,
            absorbed=(*customer.absorbed, self.absorbed_id),
            brought={**(customer.brought or {}), self.absorbed_id: brought},
            emails=(*customer.emails, *self.emails),
            phones=(*customer.phones, *self.phones),
        )


class CustomerReturned(Event):
    """The other half of an unmerge."""

    absorbed_id: Public[UUID, "link"]

    def evolve(self, customer: Customer) -> Customer:
        brought = brought_by(self.absorbed_id, customer.brought, Brought())
        return replace(
            customer,
            absorbed=without(customer.absorbed, (self.absorbed_id,)),
            emails=without(customer.emails, brought.emails),
            phones=without(customer.phones, brought.phones),
        )


class CustomerArchived(Event):
    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, archived=True)


class CustomerRestored(Event):
    def evolve(self, customer: Customer) -> Customer:
        return replace(customer, archived=False)
