"""Contacts: whom they speak for, what may be done with their data, and merging without loss."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from commands.contacts import (
    ArchiveContact,
    ChangeContact,
    ChangeContactRole,
    LinkContact,
    MarkContactLeft,
    MergeContact,
    ReactivateContact,
    RegisterContact,
    RestoreContact,
    RestrictContact,
    UnlinkContact,
    UnmergeContact,
    UnrestrictContact,
)
from commands.customers import ChangeCustomer
from commands.kernel import At, Command
from domain.contacts import (
    Contact,
    ContactAbsorbed,
    ContactArchived,
    ContactChanged,
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
)
from domain.customers import (
    CustomerArchived,
    CustomerChanged,
    CustomerMerged,
    CustomerRegistered,
    Kind,
)
from domain.kernel import Event
from domain.users import UserInvited
from tests.dsl import THIS, TODAY, given, id_of, state_of

ACME, BOLT, TWIN, ALICE = id_of("acme"), id_of("bolt"), id_of("twin"), id_of("alice")

registered = ContactRegistered(family_name="Wang", given_name="Fang", emails=("wf@example.com",))
linked = ContactLinked(customer_id=ACME, role=Role.EVALUATOR)
left = ContactLeft(left_on=TODAY)
restricted = ContactRestricted(restriction_reason="She contests the address.")
archived = ContactArchived()
merged = ContactMerged(merged_into_id=TWIN)
acme = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)
bolt = CustomerRegistered(name="Bolt", kind=Kind.ORGANISATION)


def contact_of(*events: Event) -> Contact:
    state = state_of(*events)
    assert isinstance(state, Contact)
    return state


# Registering and changing.


def test_a_contact_is_registered_with_what_is_known_of_them() -> None:
    given().when(
        RegisterContact(
            family_name=" Wang ",
            given_name="Fang",
            salutation="Ms",
            title="采购经理",
            department="Purchasing",
            emails=("wf@Example.com",),
            phones=("+86 138 1234 5678",),
            do_not_call=True,
            language="zh_Hans",
            birthday=date(1990, 2, 3),
            note="Met at the fair.",
        )
    ).then(
        ContactRegistered(
            family_name="Wang",
            given_name="Fang",
            salutation="Ms",
            title="采购经理",
            department="Purchasing",
            emails=("wf@example.com",),
            phones=("+8613812345678",),
            do_not_call=True,
            language="zh-Hans",
            birthday=date(1990, 2, 3),
            note="Met at the fair.",
        )
    )


def test_a_contact_is_registered_together_with_the_customers_they_speak_for() -> None:
    given().among({ACME: acme, BOLT: bolt}).when(
        RegisterContact(
            family_name="Wang",
            given_name="Fang",
            emails=("wf@example.com",),
            customers=(
                CustomerLink(customer_id=ACME, role=Role.EVALUATOR),
                CustomerLink(customer_id=BOLT),
            ),
        )
    ).then(registered, linked, ContactLinked(customer_id=BOLT, role=None))


def test_a_customer_is_named_once() -> None:
    given().among({ACME: acme}).when(
        RegisterContact(
            family_name="Wang",
            customers=(
                CustomerLink(customer_id=ACME, role=Role.EVALUATOR),
                CustomerLink(customer_id=ACME),
            ),
        )
    ).rejected("customers: one is given twice")


def test_nobody_speaks_for_a_customer_that_is_not_there() -> None:
    given().when(
        RegisterContact(family_name="Wang", customers=(CustomerLink(customer_id=ACME),))
    ).rejected(f"customers: there is no customer {ACME}")


def test_an_owner_is_active() -> None:
    given().among({ALICE: UserInvited(name="Alice", email="alice@example.com")}).when(
        RegisterContact(family_name="Wang", owner_id=ALICE)
    ).rejected(f"owner_id: user {ALICE} is invited", type="inactive-user")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("emails", ["wf"], "is no e-mail address"),
        ("phones", ["138 1234 5678"], "no phone number with a country code"),
        ("phones", ["+86 123"], "too long or too short"),
        ("family_name", "", "at least 1 character"),
        ("birthday", "3 Feb", "birthday"),
    ],
)
def test_a_contact_is_well_formed(field: str, value: object, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        RegisterContact.model_validate({"family_name": "Wang", field: value})


def test_an_email_address_belongs_to_one_contact_however_it_is_written() -> None:
    shouting = ContactRegistered(family_name="Wang", emails=("WF@example.com", "fang@example.com"))
    assert list(state_of(shouting).claims()) == [
        ("emails", "wf@example.com"),
        ("emails", "fang@example.com"),
    ]


def test_an_id_elsewhere_belongs_to_one_contact() -> None:
    known = ContactRegistered(family_name="Wang", source_system="sap", external_id="4711")
    assert list(state_of(known).claims()) == [("external_id", "sap\n4711")]


def test_a_change_holds_only_what_differs() -> None:
    given(registered).when(ChangeContact(given_name="Fang", title="CEO")).then(
        ContactChanged(title="CEO")
    )


def test_the_same_again_changes_nothing() -> None:
    given(registered).when(ChangeContact(given_name="Fang")).nothing()


def test_null_clears_a_field() -> None:
    given(registered).when(ChangeContact(given_name=None)).then(ContactChanged(given_name=None))


def test_a_contact_keeps_a_family_name() -> None:
    given(registered).when(ChangeContact(family_name=None)).rejected(
        "family_name: a contact needs one"
    )


# Customers.


def test_a_contact_is_linked_to_several_customers() -> None:
    given(registered, linked).among({BOLT: bolt}).when(
        LinkContact(customer_id=BOLT, role=Role.DECISION_MAKER)
    ).then(ContactLinked(customer_id=BOLT, role=Role.DECISION_MAKER))


def test_a_contact_is_linked_to_a_customer_once() -> None:
    given(registered, linked).among({ACME: acme}).when(LinkContact(customer_id=ACME)).rejected(
        "already linked to it. Change the role"
    )


def test_a_contact_is_not_linked_to_an_archived_customer() -> None:
    given(registered).among({ACME: [acme, CustomerArchived()]}).when(
        LinkContact(customer_id=ACME)
    ).rejected(f"customer_id: customer {ACME} is archived", type="barred-reference")


def test_a_contact_is_linked_to_the_customer_that_goes_on_after_a_merge() -> None:
    given(registered).among({ACME: [acme, CustomerMerged(merged_into_id=BOLT)]}).when(
        LinkContact(customer_id=ACME)
    ).rejected(f"was merged into {BOLT}. Give that one")


def test_a_role_changes() -> None:
    given(registered, linked).when(
        ChangeContactRole(customer_id=ACME, role=Role.DECISION_MAKER)
    ).then(ContactRoleChanged(customer_id=ACME, role=Role.DECISION_MAKER))


def test_the_same_role_changes_nothing() -> None:
    given(registered, linked).when(
        ChangeContactRole(customer_id=ACME, role=Role.EVALUATOR)
    ).nothing()


def test_a_role_is_played_at_a_customer() -> None:
    given(registered).when(ChangeContactRole(customer_id=ACME, role=Role.USER)).rejected(
        "the contact is not linked to it. Link them first"
    )


def test_a_contact_is_unlinked() -> None:
    given(registered, linked).when(UnlinkContact(customer_id=ACME)).then(
        ContactUnlinked(customer_id=ACME)
    )


def test_only_a_linked_contact_is_unlinked() -> None:
    given(registered, linked).when(UnlinkContact(customer_id=BOLT)).rejected("is not linked to it")


def test_links_keep_their_order_when_a_role_changes() -> None:
    contact = contact_of(
        registered,
        linked,
        ContactLinked(customer_id=BOLT),
        ContactRoleChanged(customer_id=ACME, role=Role.USER),
    )
    assert [(one.customer_id, one.role) for one in contact.customers] == [
        (ACME, Role.USER),
        (BOLT, None),
    ]


# Leaving.


def test_a_contact_left_today_where_no_day_is_given() -> None:
    given(registered, linked).when(MarkContactLeft()).then(left)


def test_a_contact_left_on_an_earlier_day() -> None:
    given(registered).when(MarkContactLeft(left_on=date(2026, 1, 31))).then(
        ContactLeft(left_on=date(2026, 1, 31))
    )


def test_nobody_has_left_tomorrow() -> None:
    given(registered).when(MarkContactLeft(left_on=TODAY + timedelta(days=1))).rejected(
        "left_on: lies in the future"
    )


def test_a_contact_leaves_once() -> None:
    given(registered, left).when(MarkContactLeft()).rejected("already left on 2026-03-02")


def test_a_contact_who_left_speaks_for_another_customer_next() -> None:
    given(registered, left).among({BOLT: bolt}).when(LinkContact(customer_id=BOLT)).then(
        ContactLinked(customer_id=BOLT, role=None)
    )


def test_a_contact_comes_back() -> None:
    given(registered, left).when(ReactivateContact()).then(ContactReactivated())


def test_who_is_there_does_not_come_back() -> None:
    given(registered).when(ReactivateContact()).rejected("has not left")


# Restriction of processing.


def test_processing_is_restricted_for_a_reason() -> None:
    given(registered).when(RestrictContact(restriction_reason="She contests the address.")).then(
        restricted
    )


def test_also_an_archived_contact_may_ask_for_restriction() -> None:
    given(registered, archived).when(
        RestrictContact(restriction_reason="She contests the address.")
    ).then(restricted)


def test_processing_is_restricted_once() -> None:
    given(registered, restricted).when(RestrictContact(restriction_reason="Again.")).rejected(
        "already restricted"
    )


@pytest.mark.parametrize(
    "command",
    [
        ChangeContact(title="CEO"),
        LinkContact(customer_id=BOLT),
        ChangeContactRole(customer_id=ACME, role=Role.USER),
        UnlinkContact(customer_id=ACME),
        MarkContactLeft(),
        ReactivateContact(),
        MergeContact(absorbed_id=TWIN),
        UnmergeContact(absorbed_id=TWIN),
        ArchiveContact(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_restricted_contact_may_only_be_stored(command: Command) -> None:
    given(registered, linked, restricted).when(command).rejected(
        "may only be stored, as they asked for. Lift the restriction first.", type="restricted"
    )


def test_nothing_new_points_at_a_restricted_contact() -> None:
    given(acme).among({TWIN: [registered, restricted]}).when(
        ChangeCustomer(primary_contact_id=TWIN)
    ).rejected(f"primary_contact_id: contact {TWIN} may only be stored", type="barred-reference")


def test_a_restriction_is_lifted_for_a_reason() -> None:
    given(registered, restricted).when(UnrestrictContact(lifting_reason="Corrected.")).then(
        ContactUnrestricted(lifting_reason="Corrected.")
    )


def test_only_a_restriction_is_lifted() -> None:
    given(registered).when(UnrestrictContact(lifting_reason="Corrected.")).rejected(
        "is not restricted"
    )


def test_after_the_restriction_all_goes_on() -> None:
    given(registered, restricted, ContactUnrestricted(lifting_reason="Corrected.")).when(
        ChangeContact(title="CEO")
    ).then(ContactChanged(title="CEO"))


# Merging.

twin = (
    ContactRegistered(
        family_name="Wang",
        emails=("fang@example.com",),
        phones=("+8613812345678", "+8613900000000"),
    ),
    ContactLinked(customer_id=ACME, role=Role.USER),
    ContactLinked(customer_id=BOLT),
)
phoned = ContactChanged(phones=("+8613812345678",))
absorbed = ContactAbsorbed(
    absorbed_id=TWIN,
    emails=("fang@example.com",),
    phones=("+8613900000000",),
    customers=(CustomerLink(customer_id=BOLT),),
)


def test_a_merge_takes_over_what_was_not_here() -> None:
    given(registered, phoned, linked).among({TWIN: twin}).when(MergeContact(absorbed_id=TWIN)).then(
        At(TWIN, ContactMerged(merged_into_id=THIS)), absorbed
    )


def test_a_merge_never_forgets_that_somebody_is_not_to_be_called() -> None:
    given(registered).among({TWIN: ContactRegistered(family_name="Wang", do_not_call=True)}).when(
        MergeContact(absorbed_id=TWIN)
    ).then(
        At(TWIN, ContactMerged(merged_into_id=THIS)),
        ContactAbsorbed(absorbed_id=TWIN),
        ContactChanged(do_not_call=True),
    )


def test_a_merged_contact_claims_nothing_and_the_other_all() -> None:
    assert list(state_of(*twin, merged).claims()) == []
    assert list(state_of(registered, absorbed).claims()) == [
        ("emails", "wf@example.com"),
        ("emails", "fang@example.com"),
    ]


def test_a_contact_is_not_merged_into_itself() -> None:
    given(registered).when(MergeContact(absorbed_id=THIS)).rejected("cannot be merged into itself")


def test_a_contact_is_merged_once() -> None:
    given(registered).among({TWIN: [*twin, ContactMerged(merged_into_id=ALICE)]}).when(
        MergeContact(absorbed_id=TWIN)
    ).rejected(f"absorbed_id: contact {TWIN} was merged into {ALICE}")


def test_only_an_existing_contact_is_merged() -> None:
    given(registered).when(MergeContact(absorbed_id=TWIN)).rejected(
        f"absorbed_id: there is no contact {TWIN}"
    )


@pytest.mark.parametrize(
    "command",
    [
        ChangeContact(title="CEO"),
        LinkContact(customer_id=BOLT),
        MarkContactLeft(),
        MergeContact(absorbed_id=TWIN),
        RestrictContact(restriction_reason="She contests the address."),
        ArchiveContact(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_was_merged_goes_on_under_the_other(command: Command) -> None:
    given(registered, merged).when(command).rejected(
        f"This contact was merged into {TWIN}. Change that one, or unmerge.", type="merged"
    )


def test_a_merge_is_undone() -> None:
    given(registered, absorbed).when(UnmergeContact(absorbed_id=TWIN)).then(
        At(TWIN, ContactUnmerged()), ContactReturned(absorbed_id=TWIN)
    )


def test_after_an_unmerge_both_are_as_before() -> None:
    before = contact_of(registered, phoned, linked)
    after = contact_of(registered, phoned, linked, absorbed, ContactReturned(absorbed_id=TWIN))
    names = ("emails", "phones", "customers", "absorbed")
    assert {n: getattr(after, n) for n in names} == {n: getattr(before, n) for n in names}
    assert contact_of(*twin, merged, ContactUnmerged()) == contact_of(*twin)


def test_only_a_merge_is_undone() -> None:
    given(registered).when(UnmergeContact(absorbed_id=TWIN)).rejected(
        "that contact was not merged into this one"
    )


# Putting away.


def test_a_contact_is_archived_once() -> None:
    given(registered).when(ArchiveContact()).then(archived)
    given(registered, archived).when(ArchiveContact()).nothing()


def test_an_archived_contact_is_restored_once() -> None:
    given(registered, archived).when(RestoreContact()).then(ContactRestored())
    given(registered).when(RestoreContact()).nothing()


@pytest.mark.parametrize(
    "command",
    [
        ChangeContact(title="CEO"),
        LinkContact(customer_id=BOLT),
        MarkContactLeft(),
        MergeContact(absorbed_id=TWIN),
    ],
    ids=lambda command: type(command).__name__,
)
def test_an_archived_contact_is_not_changed(command: Command) -> None:
    given(registered, archived).when(command).rejected(
        "This contact is archived. Restore it first.", type="archived"
    )


def test_a_primary_contact_exists() -> None:
    given(acme).when(ChangeCustomer(primary_contact_id=TWIN)).rejected(
        f"primary_contact_id: there is no contact {TWIN}"
    )
    given(acme).among({TWIN: registered}).when(ChangeCustomer(primary_contact_id=TWIN)).then(
        CustomerChanged(primary_contact_id=TWIN)
    )
