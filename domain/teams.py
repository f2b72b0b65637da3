"""Teams 团队: who works together, in a tree."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from domain.fields import Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details
from domain.values import Line


class TeamDetails(RecordDetails):
    """The fields of a team that people fill in."""

    name: Public[Line | None, "vocabulary"] = None
    manager_id: Public[UUID | None, "link"] = None
    parent_id: Public[UUID | None, "link"] = None


class Team(TeamDetails, Record):
    AGGREGATE: ClassVar[str] = "teams"
    PREFIX: ClassVar[str] = "TM"
    PURPOSE: ClassVar[str] = "Ordering who works with whom."
    PEOPLE: ClassVar[str] = "colleagues"
    CLAIMED: ClassVar[tuple[str, ...]] = (*Record.CLAIMED, "name")

    def claims(self) -> Iterable[tuple[str, str]]:
        yield from super().claims()
        if self.name:
            yield "name", self.name.casefold()


class TeamCreated(TeamDetails, Event):
    name: Public[str, "vocabulary"]

    def evolve(self, team: Team) -> Team:
        return with_details(team, self)


class TeamChanged(TeamDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, team: Team) -> Team:
        return with_details(team, self)


class TeamArchived(Event):
    def evolve(self, team: Team) -> Team:
        return replace(team, archived=True)


class TeamRestored(Event):
    def evolve(self, team: Team) -> Team:
        return replace(team, archived=False)
