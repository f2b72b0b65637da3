"""What may be done with teams. Only administrators may do it."""

from collections.abc import Iterator
from datetime import datetime

from commands.kernel import Command, Records, changes, opened
from commands.records import (
    check_above,
    check_in_use,
    check_record,
    check_required,
    need_active_user,
)
from domain.fields import Public
from domain.kernel import Event
from domain.teams import Team, TeamArchived, TeamChanged, TeamCreated, TeamDetails, TeamRestored
from domain.values import Line


def _check_links(command: TeamDetails, records: Records) -> None:
    check_record(command, Team, records)
    if command.manager_id is not None:
        need_active_user(records, command.manager_id, "manager_id")
    if command.parent_id is not None:
        check_above(Team, command.parent_id, "parent_id", records)


class CreateTeam(TeamDetails, Command, to=Team, opens=True, admin=True):
    """Create a team, alone or below another."""

    name: Public[Line, "vocabulary"]

    def decide(self, team: Team, now: datetime, records: Records) -> Iterator[Event]:
        _check_links(self, records)
        yield opened(self, TeamCreated)


class ChangeTeam(TeamDetails, Command, to=Team, admin=True):
    """Change fields of a team; a field that is not given stays, null clears it."""

    def decide(self, team: Team, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(team)
        check_required(self, "name")
        _check_links(self, records)
        yield from changes(self, team, TeamChanged)


class ArchiveTeam(Command, to=Team, admin=True):
    """Put the team away; it stays in history and can be restored."""

    def decide(self, team: Team, now: datetime) -> Iterator[Event]:
        if not team.archived:
            yield TeamArchived()


class RestoreTeam(Command, to=Team, admin=True):
    """Take an archived team back into use."""

    def decide(self, team: Team, now: datetime) -> Iterator[Event]:
        if team.archived:
            yield TeamRestored()
