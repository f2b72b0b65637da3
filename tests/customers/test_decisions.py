"""Customers: the relation's stages, the public pool, follow-ups, and merging without loss."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from commands.customers import (
    ActivateCustomer,
    ArchiveCustomer,
    AssignCustomer,
    ChangeCustomer,
    ClaimCustomer,
    FollowUpCustomer,
    LockCustomer,
    LoseCustomer,
    MarkCustomerDormant,
    MergeCustomer,
    RegisterCustomer,
    ReleaseCustomer,
    RestoreCustomer,
    UnlockCustomer,
    UnmergeCustomer,
)
from commands.kernel import At, Command
from domain.customers import (
    Customer,
    CustomerAbsorbed,
    CustomerActivated,
    CustomerArchived,
    CustomerAssigned,
    CustomerChanged,
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
    Level,
    Type,
)
from domain.kernel import Event
from domain.users import UserActivated, UserDeactivated, UserInvited
from domain.values import Address
from tests.dsl import THIS, TODAY, eur, given, id_of, state_of

ALICE, BOB, TWIN, HOLDING = id_of("alice"), id_of("bob"), id_of("twin"), id_of("holding")

registered = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION, emails=("hi@acme.example",))
activated, dormant, lost = CustomerActivated(), CustomerFellDormant(), CustomerLost()
released, locked, archived = CustomerReleased(), CustomerLocked(), CustomerArchived()
merged = CustomerMerged(merged_into_id=TWIN)
alice = (UserInvited(name="Alice", email="alice@example.com"), UserActivated())


def customer_of(*events: Event) -> Customer:
    state = state_of(*events)
    assert isinstance(state, Customer)
    return state


# Registering and changing.


def test_a_customer_is_registered_with_what_is_known_of_it() -> None:
    given().among({ALICE: alice, HOLDING: registered}).when(
        RegisterCustomer(
            name=" Acme ",
            kind=Kind.ORGANISATION,
            type=Type.PROSPECT,
            level=Level.A,
            annual_revenue=eur("1200000.50"),
            website="acme.example",
            phones=("+49 30 123456",),
            emails=("Hi@ACME.example",),
            billing_address=Address(city="Berlin", country="de"),
            owner_id=ALICE,
            parent_id=HOLDING,
        )
    ).then(
        CustomerRegistered(
            name="Acme",
            kind=Kind.ORGANISATION,
            type=Type.PROSPECT,
            level=Level.A,
            annual_revenue=eur("1200000.50"),
            website="https://acme.example/",
            phones=("+4930123456",),
            emails=("Hi@acme.example",),
            billing_address=Address(city="Berlin", country="DE"),
            owner_id=ALICE,
            parent_id=HOLDING,
        )
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("kind", "robot", "'organisation' or 'person'"),
        ("website", "not a site", "is no web address"),
        ("billing_address", {"country": "Germany"}, "is no country"),
        ("annual_revenue", {"amount": "1.00001", "currency": "EUR"}, "4 decimal"),
        ("annual_revenue", {"amount": "1", "currency": "EURO"}, "is no ISO 4217 currency"),
        ("size", -1, "greater than or equal to 0"),
        ("tags", ["x"] * 51, "at most 50 items"),
        ("stage", "active", "Extra inputs are not permitted"),
    ],
)
def test_a_customer_is_well_formed(field: str, value: object, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        RegisterCustomer.model_validate({"name": "Acme", "kind": "organisation", field: value})


def test_an_email_address_belongs_to_one_customer() -> None:
    assert list(state_of(registered).claims()) == [("emails", "hi@acme.example")]


def test_an_owner_exists() -> None:
    given().when(RegisterCustomer(name="Acme", kind=Kind.PERSON, owner_id=ALICE)).rejected(
        f"owner_id: there is no user {ALICE}", type="unknown-reference"
    )


def test_an_owner_has_not_left() -> None:
    given(registered).among({ALICE: [*alice, UserDeactivated()]}).when(
        ChangeCustomer(owner_id=ALICE)
    ).rejected(f"owner_id: user {ALICE} is deactivated", type="inactive-user")


def test_a_team_exists() -> None:
    given(registered).when(ChangeCustomer(team_id=ALICE)).rejected("team_id: there is no team")


@pytest.mark.parametrize("field", ["source_system", "external_id"])
def test_an_id_elsewhere_comes_with_its_system(field: str) -> None:
    given(registered).when(ChangeCustomer.model_validate({field: "sap"})).rejected(
        "external_id: goes together with source_system"
    )


def test_a_change_holds_only_what_differs_and_null_clears() -> None:
    given(registered, CustomerChanged(level=Level.B, industry="Steel")).when(
        ChangeCustomer(name="Acme", level=None, industry="Steel", size=12)
    ).then(CustomerChanged(level=None, size=12))


def test_the_same_again_changes_nothing() -> None:
    given(registered).when(ChangeCustomer(name="Acme")).nothing()


@pytest.mark.parametrize("field", ["name", "kind"])
def test_a_customer_keeps_a_name_and_a_kind(field: str) -> None:
    given(registered).when(ChangeCustomer.model_validate({field: None})).rejected(
        f"{field}: a customer needs one"
    )


def test_a_parent_exists() -> None:
    given(registered).when(ChangeCustomer(parent_id=HOLDING)).rejected(
        f"parent_id: there is no customer {HOLDING}"
    )


def test_a_customer_is_not_above_itself() -> None:
    given(registered).when(ChangeCustomer(parent_id=THIS)).rejected("cannot be above itself")


def test_a_customer_is_not_above_itself_by_way_of_others() -> None:
    below = CustomerRegistered(name="Acme East", kind=Kind.ORGANISATION, parent_id=THIS)
    given(registered).among({HOLDING: below}).when(ChangeCustomer(parent_id=HOLDING)).rejected(
        "parent_id: a customer cannot be above itself"
    )


def test_a_parent_may_itself_be_below_one_that_was_put_away() -> None:
    holding = CustomerRegistered(name="Holding", kind=Kind.ORGANISATION, parent_id=TWIN)
    given(registered).among({HOLDING: holding, TWIN: [registered, archived]}).when(
        ChangeCustomer(parent_id=HOLDING)
    ).then(CustomerChanged(parent_id=HOLDING))


# Stages.


@pytest.mark.parametrize(
    "history", [(), (activated, dormant), (activated, lost)], ids=["prospect", "dormant", "lost"]
)
def test_a_customer_buys_for_the_first_time_or_again(history: tuple[Event, ...]) -> None:
    given(registered, *history).when(ActivateCustomer()).then(activated)


def test_an_active_customer_is_not_activated() -> None:
    given(registered, activated).when(ActivateCustomer()).rejected("already active")


def test_an_active_customer_falls_dormant() -> None:
    given(registered, activated).when(MarkCustomerDormant()).then(dormant)


@pytest.mark.parametrize(
    ("history", "stage"),
    [((), "prospect"), ((activated, dormant), "dormant"), ((activated, lost), "lost")],
)
def test_only_an_active_customer_falls_dormant(history: tuple[Event, ...], stage: str) -> None:
    given(registered, *history).when(MarkCustomerDormant()).rejected(
        f"Only an active customer can fall dormant; this one is {stage}"
    )


@pytest.mark.parametrize("history", [(activated,), (activated, dormant)])
def test_a_customer_is_lost_for_a_reason(history: tuple[Event, ...]) -> None:
    given(registered, *history).when(LoseCustomer(loss_reason="Too far away.")).then(
        CustomerLost(loss_reason="Too far away.")
    )


@pytest.mark.parametrize(("history", "stage"), [((), "prospect"), ((activated, lost), "lost")])
def test_only_what_was_won_is_lost(history: tuple[Event, ...], stage: str) -> None:
    given(registered, *history).when(LoseCustomer()).rejected(f"this one is {stage}")


# Owners and the public pool.


def test_a_customer_is_assigned_out_of_the_pool() -> None:
    given(registered, released).among({ALICE: alice}).when(AssignCustomer(owner_id=ALICE)).then(
        CustomerAssigned(owner_id=ALICE)
    )


def test_assigning_to_the_owner_changes_nothing() -> None:
    given(registered, CustomerAssigned(owner_id=ALICE)).among({ALICE: alice}).when(
        AssignCustomer(owner_id=ALICE)
    ).nothing()


@pytest.mark.parametrize("command", [AssignCustomer(owner_id=ALICE), ClaimCustomer(owner_id=ALICE)])
def test_nothing_goes_to_somebody_who_left(command: Command) -> None:
    given(registered, released).among({ALICE: [*alice, UserDeactivated()]}).when(command).rejected(
        f"owner_id: user {ALICE} is deactivated"
    )


def test_a_customer_is_claimed_from_the_pool() -> None:
    given(registered, released).among({ALICE: alice}).when(ClaimCustomer(owner_id=ALICE)).then(
        CustomerAssigned(owner_id=ALICE)
    )


def test_the_second_to_claim_comes_too_late() -> None:
    given(registered, released, CustomerAssigned(owner_id=BOB)).among({ALICE: alice}).when(
        ClaimCustomer(owner_id=ALICE)
    ).rejected("not in the public pool. Ask its owner to release it")


def test_a_customer_is_released_into_the_pool() -> None:
    given(registered, CustomerAssigned(owner_id=ALICE)).when(ReleaseCustomer()).then(released)
    assert customer_of(registered, CustomerAssigned(owner_id=ALICE), released).owner_id is None


def test_a_customer_is_released_once() -> None:
    given(registered, released).when(ReleaseCustomer()).rejected("already in the public pool")


def test_a_customer_is_locked_once() -> None:
    given(registered).when(LockCustomer()).then(locked)
    given(registered, locked).when(LockCustomer()).nothing()


def test_a_customer_is_unlocked_once() -> None:
    given(registered, locked).when(UnlockCustomer()).then(CustomerUnlocked())
    given(registered).when(UnlockCustomer()).nothing()


# Follow-ups.


def test_a_follow_up_was_today_where_no_day_is_given() -> None:
    given(registered).when(
        FollowUpCustomer(next_follow_up_on=date(2026, 3, 9), note="Wants an offer.")
    ).then(
        CustomerFollowedUp(
            followed_up_on=TODAY,
            next_follow_up_on=date(2026, 3, 9),
            follow_up_note="Wants an offer.",
        )
    )


def test_a_follow_up_is_recorded_late_without_becoming_the_last() -> None:
    late = CustomerFollowedUp(followed_up_on=date(2026, 2, 1))
    given(registered).when(FollowUpCustomer(followed_up_on=date(2026, 2, 1))).then(late)
    customer = customer_of(registered, CustomerFollowedUp(followed_up_on=TODAY), late)
    assert customer.last_follow_up_on == TODAY


def test_nobody_was_in_touch_tomorrow() -> None:
    given(registered).when(FollowUpCustomer(followed_up_on=TODAY + timedelta(days=1))).rejected(
        "followed_up_on: lies in the future"
    )


def test_the_next_follow_up_comes_after_this_one() -> None:
    given(registered).when(FollowUpCustomer(next_follow_up_on=date(2026, 3, 1))).rejected(
        "next_follow_up_on: lies before this follow-up"
    )


# Merging.

twin = CustomerRegistered(
    name="ACME Ltd",
    kind=Kind.ORGANISATION,
    emails=("office@acme.example",),
    phones=("+4930123456", "+4930654321"),
)
phoned = CustomerChanged(phones=("+4930123456",))
absorbed = CustomerAbsorbed(
    absorbed_id=TWIN, emails=("office@acme.example",), phones=("+4930654321",)
)


def test_a_merge_takes_over_the_contact_points_that_were_not_here() -> None:
    given(registered, phoned).among({TWIN: twin}).when(MergeCustomer(absorbed_id=TWIN)).then(
        At(TWIN, CustomerMerged(merged_into_id=THIS)), absorbed
    )


def test_a_merged_customer_claims_nothing_and_the_other_all() -> None:
    assert list(state_of(twin, merged).claims()) == []
    assert list(state_of(registered, absorbed).claims()) == [
        ("emails", "hi@acme.example"),
        ("emails", "office@acme.example"),
    ]


def test_a_customer_is_not_merged_into_itself() -> None:
    given(registered).when(MergeCustomer(absorbed_id=THIS)).rejected("cannot be merged into itself")


def test_a_customer_is_merged_once() -> None:
    given(registered).among({TWIN: [twin, CustomerMerged(merged_into_id=HOLDING)]}).when(
        MergeCustomer(absorbed_id=TWIN)
    ).rejected(f"absorbed_id: customer {TWIN} was merged into {HOLDING}")


def test_a_merge_is_undone() -> None:
    given(registered, absorbed).when(UnmergeCustomer(absorbed_id=TWIN)).then(
        At(TWIN, CustomerUnmerged()), CustomerReturned(absorbed_id=TWIN)
    )


def test_after_an_unmerge_a_number_that_both_had_stays_with_both() -> None:
    customer = customer_of(registered, phoned, absorbed, CustomerReturned(absorbed_id=TWIN))
    assert customer.emails == ("hi@acme.example",)
    assert customer.phones == ("+4930123456",)
    assert customer.absorbed == ()
    assert customer_of(twin, merged, CustomerUnmerged()) == customer_of(twin)


def test_only_a_merge_is_undone() -> None:
    given(registered).when(UnmergeCustomer(absorbed_id=TWIN)).rejected(
        "that customer was not merged into this one"
    )


# Putting away.

_CHANGES = [
    ChangeCustomer(name="Acme Ltd"),
    ActivateCustomer(),
    MarkCustomerDormant(),
    LoseCustomer(),
    AssignCustomer(owner_id=ALICE),
    ClaimCustomer(owner_id=ALICE),
    ReleaseCustomer(),
    LockCustomer(),
    UnlockCustomer(),
    FollowUpCustomer(),
    MergeCustomer(absorbed_id=TWIN),
]


@pytest.mark.parametrize("command", _CHANGES, ids=lambda command: type(command).__name__)
def test_an_archived_customer_is_not_changed(command: Command) -> None:
    given(registered, archived).when(command).rejected("Restore it first", type="archived")


@pytest.mark.parametrize("command", _CHANGES, ids=lambda command: type(command).__name__)
def test_a_merged_customer_goes_on_under_the_other(command: Command) -> None:
    given(registered, merged).when(command).rejected(
        f"was merged into {TWIN}. Change that one, or unmerge.", type="merged"
    )


def test_a_customer_is_archived_once() -> None:
    given(registered).when(ArchiveCustomer()).then(archived)
    given(registered, archived).when(ArchiveCustomer()).nothing()


def test_an_archived_customer_is_restored_once() -> None:
    given(registered, archived).when(RestoreCustomer()).then(CustomerRestored())
    given(registered).when(RestoreCustomer()).nothing()
