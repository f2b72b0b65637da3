"""Users: who may come in, who reports to whom, and what stays of somebody who left."""

import pytest
from pydantic import ValidationError

from commands.kernel import COMMANDS
from commands.users import ActivateUser, ChangeUser, DeactivateUser, InviteUser, ReactivateUser
from domain.kernel import Event
from domain.teams import TeamArchived, TeamCreated
from domain.users import (
    Role,
    User,
    UserActivated,
    UserChanged,
    UserDeactivated,
    UserInvited,
    UserReactivated,
)
from tests.dsl import THIS, given, id_of, state_of

ALICE, BOB, CAROL, SALES = id_of("alice"), id_of("bob"), id_of("carol"), id_of("sales")

invited = UserInvited(name="Li Wei", email="li.wei@example.com", roles=(Role.SALES,))
activated = UserActivated()
deactivated = UserDeactivated()
alice = (UserInvited(name="Alice", email="alice@example.com"), activated)


def test_a_colleague_is_invited_with_what_is_known_of_them() -> None:
    given().among({ALICE: alice, SALES: TeamCreated(name="Sales")}).when(
        InviteUser(
            name="Li Wei",
            email="li.wei@Example.COM",
            team_id=SALES,
            manager_id=ALICE,
            roles=(Role.SERVICE, Role.SALES, Role.SALES),
            locale="zh_Hans_CN",
            language="zh-Hans",
            time_zone="Asia/Shanghai",
        )
    ).then(
        UserInvited(
            name="Li Wei",
            email="li.wei@example.com",
            team_id=SALES,
            manager_id=ALICE,
            roles=(Role.SALES, Role.SERVICE),
            locale="zh-Hans-CN",
            language="zh-Hans",
            time_zone="Asia/Shanghai",
        )
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "li.wei", "is no e-mail address"),
        ("language", "klingonese", "is no language"),
        ("time_zone", "Asia/Nowhere", "is no time zone"),
        ("roles", ["emperor"], "'admin', 'sales'"),
        ("name", "  ", "at least 1 character"),
    ],
)
def test_an_invitation_is_well_formed(field: str, value: object, sentence: str) -> None:
    details = {"name": "Li Wei", "email": "li.wei@example.com", field: value}
    with pytest.raises(ValidationError, match=sentence):
        InviteUser.model_validate(details)


def test_an_email_address_belongs_to_one_user_however_it_is_written() -> None:
    shouting = UserInvited(name="Li Wei", email="LI.WEI@example.com")
    assert list(state_of(shouting).claims()) == [("email", "li.wei@example.com")]
    assert list(state_of(shouting).claims()) == list(state_of(invited, deactivated).claims())


def test_nobody_joins_a_team_that_is_not_there() -> None:
    given().when(InviteUser(name="Li", email="li@example.com", team_id=SALES)).rejected(
        f"team_id: there is no team {SALES}", type="unknown-reference"
    )


def test_nobody_joins_a_team_that_was_put_away() -> None:
    given().among({SALES: [TeamCreated(name="Sales"), TeamArchived()]}).when(
        InviteUser(name="Li", email="li@example.com", team_id=SALES)
    ).rejected("is archived. Restore it first", type="barred-reference")


def test_a_manager_exists() -> None:
    given().when(InviteUser(name="Li", email="li@example.com", manager_id=ALICE)).rejected(
        f"manager_id: there is no user {ALICE}"
    )


def test_a_manager_has_accepted_the_invitation() -> None:
    given().among({ALICE: alice[0]}).when(
        InviteUser(name="Li", email="li@example.com", manager_id=ALICE)
    ).rejected(f"manager_id: user {ALICE} is invited. Activate them first", type="inactive-user")


def test_a_manager_has_not_left() -> None:
    given(invited).among({ALICE: [*alice, deactivated]}).when(
        ChangeUser(manager_id=ALICE)
    ).rejected(f"manager_id: user {ALICE} is deactivated")


def test_nobody_is_their_own_manager() -> None:
    given(invited, activated).when(ChangeUser(manager_id=THIS)).rejected(
        "manager_id: a user cannot be above itself"
    )


def test_nobody_is_the_manager_of_their_managers_manager() -> None:
    bob = (UserInvited(name="Bob", email="bob@example.com", manager_id=CAROL), activated)
    carol = (UserInvited(name="Carol", email="carol@example.com", manager_id=THIS), activated)
    given(invited, activated).among({BOB: bob, CAROL: carol}).when(
        ChangeUser(manager_id=BOB)
    ).rejected("manager_id: a user cannot be above itself")


def test_a_chain_of_managers_may_end_in_somebody_who_left() -> None:
    bob = (UserInvited(name="Bob", email="bob@example.com", manager_id=CAROL), activated)
    carol = (UserInvited(name="Carol", email="carol@example.com"), activated, deactivated)
    given(invited).among({BOB: bob, CAROL: carol}).when(ChangeUser(manager_id=BOB)).then(
        UserChanged(manager_id=BOB)
    )


def test_an_invited_user_is_activated() -> None:
    given(invited).when(ActivateUser()).then(activated)


def test_activating_twice_changes_nothing() -> None:
    given(invited, activated).when(ActivateUser()).nothing()


def test_who_was_deactivated_is_not_activated_like_a_newcomer() -> None:
    given(invited, activated, deactivated).when(ActivateUser()).rejected("Reactivate them instead")


def test_a_change_holds_only_what_differs() -> None:
    given(invited).when(ChangeUser(name="Li Wei", email="lw@example.com")).then(
        UserChanged(email="lw@example.com")
    )


def test_null_clears_what_a_user_can_be_without() -> None:
    given(invited, UserChanged(manager_id=ALICE)).when(ChangeUser(manager_id=None)).then(
        UserChanged(manager_id=None)
    )


@pytest.mark.parametrize("field", ["name", "email"])
def test_a_user_keeps_a_name_and_an_email_address(field: str) -> None:
    given(invited).when(ChangeUser.model_validate({field: None})).rejected(
        f"{field}: a user needs one"
    )


@pytest.mark.parametrize("history", [(invited,), (invited, activated)])
def test_a_user_who_left_is_deactivated_also_before_they_came(history: tuple[Event, ...]) -> None:
    given(*history).when(DeactivateUser()).then(deactivated)


def test_deactivating_twice_changes_nothing() -> None:
    given(invited, activated, deactivated).when(DeactivateUser()).nothing()


def test_a_user_comes_back() -> None:
    given(invited, activated, deactivated).when(ReactivateUser()).then(UserReactivated())


def test_reactivating_an_active_user_changes_nothing() -> None:
    given(invited, activated).when(ReactivateUser()).nothing()


def test_who_was_never_active_is_not_reactivated() -> None:
    given(invited).when(ReactivateUser()).rejected("Activate them instead")


def test_only_administrators_decide_on_users() -> None:
    assert all(command.ADMIN for command in COMMANDS.values() if command.TO is User)
