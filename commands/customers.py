"""What may be done with customers."""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from commands.kernel import At, Command, Records, Rejected, changes, opened
from commands.records import (
    check_above,
    check_in_use,
    check_record,
    check_required,
    need_active_user,
)
from domain.contacts import Contact
from domain.customers import (
    Customer,
    CustomerAbsorbed,
    CustomerActivated,
    CustomerArchived,
    CustomerAssigned,
    CustomerChanged,
    CustomerDetails,
    CustomerFellDormant,
    CustomerFollowedUp,
    CustomerLocked,
    CustomerLost,
    CustomerMerged,
    CustomerRegistered,
    CustomerReleased,
    CustomerRestored,
    CustomerReturned,
    CustomerUnlocked,
    CustomerUnmerged,
    Kind,
    Stage,
)
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.records import without
from domain.values import Line, Text


def _check_links(command: CustomerDetails, records: Records) -> None:
    check_record(command, Customer, records)
    if command.parent_id is not None and "parent_id" in command.model_fields_set:
        check_above(Customer, command.parent_id, "parent_id", records)
    if command.primary_contact_id is not None and "primary_contact_id" in command.model_fields_set:
        records.need(Contact, command.primary_contact_id, "primary_contact_id")


def _must_be_whole(customer: Customer) -> None:
    if customer.merged_into_id is not None:
        raise Rejected(
            f"This customer was merged into {customer.merged_into_id}. "
            "Change that one, or unmerge.",
            type="merged",
        )
    check_in_use(customer)


class RegisterCustomer(CustomerDetails, Command, to=Customer, opens=True):
    """Register a customer, an organisation or a person."""

    name: Personal[Line, "identity"]
    kind: Public[Kind, "vocabulary"]

    def decide(self, customer: Customer, now: datetime, records: Records) -> Iterator[Event]:
        _check_links(self, records)
        yield opened(self, CustomerRegistered)


class ChangeCustomer(CustomerDetails, Command, to=Customer):
    """Change fields of a customer; a field that is not given stays, null clears it."""

    def decide(self, customer: Customer, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_whole(customer)
        check_required(self, "name", "kind")
        _check_links(self, records)
        yield from changes(self, customer, CustomerChanged)


class ActivateCustomer(Command, to=Customer):
    """Mark that the customer buys 成交, or buys again 激活."""

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        _must_be_whole(customer)
        if customer.stage is Stage.ACTIVE:
            raise Rejected("This customer is already active.")
        yield CustomerActivated()


class MarkCustomerDormant(Command, to=Customer):
    """Mark that an active customer has not bought for long 沉睡."""

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        _must_be_whole(customer)
        if customer.stage is not Stage.ACTIVE:
            raise Rejected(
                f"Only an active customer can fall dormant; this one is {customer.stage}."
            )
        yield CustomerFellDormant()


class LoseCustomer(Command, to=Customer):
    """Mark that the customer left 流失."""

    loss_reason: Personal[Text | None, "content"] = None

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        _must_be_whole(customer)
        if customer.stage not in (Stage.ACTIVE, Stage.DORMANT):
            raise Rejected(
                f"Only an active or dormant customer can be lost; this one is {customer.stage}."
            )
        yield CustomerLost(loss_reason=self.loss_reason)


class AssignCustomer(Command, to=Customer):
    """Assign the customer to an owner 分配, out of the pool if it was there."""

    owner_id: Public[UUID, "link"]

    def decide(self, customer: Customer, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_whole(customer)
        need_active_user(records, self.owner_id, "owner_id")
        if customer.owner_id != self.owner_id or customer.in_pool:
            yield CustomerAssigned(owner_id=self.owner_id)


class ClaimCustomer(Command, to=Customer):
    """Claim a customer from the public pool 领取; the first one gets it."""

    owner_id: Public[UUID, "link"]

    def decide(self, customer: Customer, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_whole(customer)
        need_active_user(records, self.owner_id, "owner_id")
        if not customer.in_pool:
            raise Rejected("This customer is not in the public pool. Ask its owner to release it.")
        yield CustomerAssigned(owner_id=self.owner_id)


class ReleaseCustomer(Command, to=Customer):
    """Release the customer into the public pool 放入公海."""

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        _must_be_whole(customer)
        if customer.in_pool:
            raise Rejected("This customer is already in the public pool.")
        yield CustomerReleased()


class LockCustomer(Command, to=Customer):
    """Lock the customer to its owner 锁定: no rule may release it."""

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        _must_be_whole(customer)
        if not customer.locked:
            yield CustomerLocked()


class UnlockCustomer(Command, to=Customer):
    """Let rules release the customer again."""

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        _must_be_whole(customer)
        if customer.locked:
            yield CustomerUnlocked()


class FollowUpCustomer(Command, to=Customer):
    """Record that somebody was in touch, and when to be in touch next 下次联系时间."""

    followed_up_on: Public[date | None, "moment"] = None
    next_follow_up_on: Public[date | None, "moment"] = None
    note: Personal[Text | None, "content"] = None

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        _must_be_whole(customer)
        day = self.followed_up_on or now.date()
        if day > now.date():
            raise Rejected(
                "followed_up_on: lies in the future. Give today or an earlier day.",
                field="followed_up_on",
            )
        if self.next_follow_up_on is not None and self.next_follow_up_on < day:
            raise Rejected(
                "next_follow_up_on: lies before this follow-up. Give a later day.",
                field="next_follow_up_on",
            )
        yield CustomerFollowedUp(
            followed_up_on=day,
            next_follow_up_on=self.next_follow_up_on,
            follow_up_note=self.note,
        )


class MergeCustomer(Command, to=Customer):
    """Merge another customer into this one 合并; both histories are kept, and it can be undone."""

    absorbed_id: Public[UUID, "link"]

    def decide(self, customer: Customer, now: datetime, records: Records) -> Iterator[Event | At]:
        _must_be_whole(customer)
        if self.absorbed_id == records.own_id:
            raise Rejected(
                "absorbed_id: a customer cannot be merged into itself.", field="absorbed_id"
            )
        other = records.need(Customer, self.absorbed_id, "absorbed_id")
        yield At(self.absorbed_id, CustomerMerged(merged_into_id=records.own_id))
        yield CustomerAbsorbed(
            absorbed_id=self.absorbed_id,
            emails=without(other.emails, customer.emails),
            phones=without(other.phones, customer.phones),
        )


class UnmergeCustomer(Command, to=Customer):
    """Take a merged customer out of this one again; it gets back what it brought."""

    absorbed_id: Public[UUID, "link"]

    def decide(self, customer: Customer, now: datetime, records: Records) -> Iterator[Event | At]:
        if self.absorbed_id not in customer.absorbed:
            raise Rejected(
                "absorbed_id: that customer was not merged into this one.", field="absorbed_id"
            )
        yield At(self.absorbed_id, CustomerUnmerged())
        yield CustomerReturned(absorbed_id=self.absorbed_id)


class ArchiveCustomer(Command, to=Customer):
    """Put the customer away; it stays in history and can be restored."""

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        if not customer.archived:
            yield CustomerArchived()


class RestoreCustomer(Command, to=Customer):
    """Take an archived customer back into use."""

    def decide(self, customer: Customer, now: datetime) -> Iterator[Event]:
        if customer.archived:
            yield CustomerRestored()
