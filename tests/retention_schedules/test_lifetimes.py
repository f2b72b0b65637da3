"""What a life is read off: activity is what somebody did, and an end may be taken back."""

from typing import Any

from domain.consents import Basis, Channel, ConsentExpired, ConsentGranted
from domain.contacts import (
    ContactAbsorbed,
    ContactArchived,
    ContactChanged,
    ContactLeft,
    ContactMerged,
    ContactReactivated,
    ContactRegistered,
    ContactRestored,
    ContactRestricted,
    ContactReturned,
    ContactUnmerged,
    ContactUnrestricted,
)
from domain.customers import (
    CustomerActivated,
    CustomerLost,
    CustomerRegistered,
)
from domain.customers import Kind as CustomerKind
from domain.erasure import OF_EVERY_KIND
from domain.kernel import Event
from domain.tickets import Priority, TicketChanged, TicketOpened
from domain.users import UserDeactivated, UserInvited, UserReactivated
from projections.lifetimes import lifetimes
from tests.dsl import TODAY, id_of
from tests.projections.telling import hour, row, told

ADA, BEN = id_of("ada"), id_of("ben")
registered = ContactRegistered(family_name="Lovelace")


def life(*events: Any) -> Any:
    return row(lifetimes, *events)


def test_a_record_is_created_once_and_active_until_its_last_event() -> None:
    lived = life(told(registered, number="P-1"), ContactChanged(note="n"))
    assert (lived.kind, lived.number) == ("contacts", "P-1")
    assert (lived.created_at, lived.active_at) == (hour(0), hour(1))
    late = life(registered, told(ContactChanged(note="n"), occurred_at=hour(-9)))
    assert late.active_at == hour(0)


def test_what_kept_records_by_itself_is_no_activity() -> None:
    assert not OF_EVERY_KIND.keys() & lifetimes.steps.keys()
    granted = ConsentGranted(
        contact_id=ADA,
        purpose="news",
        channel=Channel.EMAIL,
        lawful_basis=Basis.CONSENT,
        captured_at=hour(0),
        source="A form",
    )
    lived = life(granted, ConsentExpired())
    assert (lived.contact_id, lived.active_at) == (ADA, hour(0))


def ended(*events: Event) -> Any:
    return life(*events).ended_at


def test_a_relationship_ends_and_may_go_on() -> None:
    left, archived = ContactLeft(left_on=TODAY), ContactArchived()
    assert ended(registered) is None
    assert ended(registered, left) == hour(1)
    assert ended(registered, left, archived) == hour(1)
    assert ended(registered, left, archived, ContactReactivated()) == hour(1)
    assert ended(registered, left, ContactReactivated()) is None
    assert ended(registered, left, ContactReactivated(), archived) == hour(3)
    assert ended(registered, archived, ContactRestored()) is None
    assert ended(registered, ContactMerged(merged_into_id=BEN)) == hour(1)
    assert ended(registered, ContactMerged(merged_into_id=BEN), ContactUnmerged()) is None
    customer = CustomerRegistered(name="Firm", kind=CustomerKind.ORGANISATION)
    assert ended(customer, CustomerLost()) == hour(1)
    assert ended(customer, CustomerLost(), CustomerActivated()) is None
    user = UserInvited(name="Fang", email="fang@example.com")
    assert ended(user, UserDeactivated()) == hour(1)
    assert ended(user, UserDeactivated(), UserReactivated()) is None


def test_a_ticket_is_of_whoever_it_is_about_now() -> None:
    opened = TicketOpened(subject="No light", priority=Priority.LOW, contact_id=ADA)
    assert life(opened).contact_id == ADA
    assert life(opened, TicketChanged(contact_id=BEN)).contact_id == BEN


def test_it_is_known_who_is_one_person_and_who_is_only_stored() -> None:
    absorbs, returns = ContactAbsorbed(absorbed_id=BEN), ContactReturned(absorbed_id=BEN)
    assert life(registered, absorbs).absorbed == (BEN,)
    assert life(registered, absorbs, returns).absorbed == ()
    merged = ContactMerged(merged_into_id=BEN)
    assert life(registered, merged).merged_into_id == BEN
    assert life(registered, merged, ContactUnmerged()).merged_into_id is None
    restricted = ContactRestricted(restriction_reason="They asked")
    assert life(registered, restricted).restricted
    lifted = ContactUnrestricted(lifting_reason="They were told")
    assert not life(registered, restricted, lifted).restricted
