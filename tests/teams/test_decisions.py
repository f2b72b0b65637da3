"""Teams: a tree without rings, under names that are given once."""

from commands.kernel import COMMANDS
from commands.teams import ArchiveTeam, ChangeTeam, CreateTeam, RestoreTeam
from domain.teams import Team, TeamArchived, TeamChanged, TeamCreated, TeamRestored
from domain.users import UserActivated, UserDeactivated, UserInvited
from tests.dsl import THIS, given, id_of, state_of

ALICE, EAST, CHINA = id_of("alice"), id_of("east"), id_of("china")

created = TeamCreated(name="Sales Shanghai")
archived = TeamArchived()
alice = (UserInvited(name="Alice", email="alice@example.com"), UserActivated())


def test_a_team_is_created_below_another() -> None:
    given().among({ALICE: alice, EAST: TeamCreated(name="East")}).when(
        CreateTeam(name=" Sales Shanghai ", manager_id=ALICE, parent_id=EAST)
    ).then(TeamCreated(name="Sales Shanghai", manager_id=ALICE, parent_id=EAST))


def test_a_name_belongs_to_one_team_also_when_it_is_archived() -> None:
    shouting = TeamCreated(name="SALES Shanghai")
    assert list(state_of(shouting, archived).claims()) == [("name", "sales shanghai")]


def test_a_teams_manager_is_active() -> None:
    given().among({ALICE: [*alice, UserDeactivated()]}).when(
        CreateTeam(name="Sales", manager_id=ALICE)
    ).rejected(f"manager_id: user {ALICE} is deactivated")


def test_the_team_above_exists() -> None:
    given().when(CreateTeam(name="Sales", parent_id=EAST)).rejected(
        f"parent_id: there is no team {EAST}"
    )


def test_the_team_above_is_in_use() -> None:
    given(created).among({EAST: [TeamCreated(name="East"), archived]}).when(
        ChangeTeam(parent_id=EAST)
    ).rejected(f"parent_id: team {EAST} is archived")


def test_a_team_is_not_above_itself() -> None:
    given(created).when(ChangeTeam(parent_id=THIS)).rejected("cannot be above itself")


def test_a_team_is_not_above_itself_by_way_of_others() -> None:
    given(created).among(
        {
            EAST: TeamCreated(name="East", parent_id=CHINA),
            CHINA: TeamCreated(name="China", parent_id=THIS),
        }
    ).when(ChangeTeam(parent_id=EAST)).rejected("parent_id: a team cannot be above itself")


def test_a_ring_that_an_import_left_elsewhere_does_not_hang_the_decision() -> None:
    given(created).among(
        {
            EAST: TeamCreated(name="East", parent_id=CHINA),
            CHINA: TeamCreated(name="China", parent_id=EAST),
        }
    ).when(ChangeTeam(parent_id=EAST)).then(TeamChanged(parent_id=EAST))


def test_a_change_holds_only_what_differs() -> None:
    given(created).when(ChangeTeam(name="Sales Shanghai", tags=("new",))).then(
        TeamChanged(tags=("new",))
    )


def test_the_same_again_changes_nothing() -> None:
    given(created).when(ChangeTeam(name="Sales Shanghai")).nothing()


def test_a_team_keeps_a_name() -> None:
    given(created).when(ChangeTeam(name=None)).rejected("name: a team needs one")


def test_an_archived_team_is_not_changed() -> None:
    given(created, archived).when(ChangeTeam(name="Sales")).rejected("Restore it first")


def test_a_team_is_archived_once() -> None:
    given(created).when(ArchiveTeam()).then(archived)
    given(created, archived).when(ArchiveTeam()).nothing()


def test_an_archived_team_is_restored_once() -> None:
    given(created, archived).when(RestoreTeam()).then(TeamRestored())
    given(created, archived, TeamRestored()).when(RestoreTeam()).nothing()


def test_only_administrators_decide_on_teams() -> None:
    assert all(command.ADMIN for command in COMMANDS.values() if command.TO is Team)
