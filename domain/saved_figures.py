"""Saved figures 保存的统计: a figure, or a dashboard, as somebody asks for it again and again."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from domain.fields import Personal, Public
from domain.kernel import Event, Value, replace
from domain.records import Record, RecordDetails, with_details
from domain.relative_periods import RelativePeriod
from domain.snapshot_schedules import SnapshotSchedule
from domain.values import Key, Line

Dimensions = Annotated[tuple[Key, ...], Field(max_length=4)]
FilterText = Annotated[str, StringConstraints(max_length=200)]


class Visibility(StrEnum):
    """Whose list it stands in, and who may change it."""

    OWN = "own"
    SHARED = "shared"


class SnapshotState(StrEnum):
    """What became of the last snapshot that was due."""

    WRITTEN = "written"
    SKIPPED = "skipped"
    FAILED = "failed"


class Question(Value):
    """What is asked: a figure or a dashboard, and of which facts and days."""

    figure: Key | None = None
    """A definition, by its name."""
    dashboard: Key | None = None
    """Instead of a figure."""
    version: int | None = None
    """Of the definition, or of the dashboard, when it was saved."""
    by: Dimensions | None = None
    """What it is grouped by; unless given, what the definition says."""
    filters: Annotated[dict[Key, FilterText | None], Field(max_length=10)] = Field(default={})
    """Equality by dimension; null finds what is empty."""
    since: date | None = None
    until: date | None = None
    period: RelativePeriod | None = None
    """Instead of the two days: ``last_90_days``, ``this_quarter``, ``previous_month``, …"""


class SavedFigureDetails(RecordDetails):
    """The fields of a saved figure that people fill in."""

    name: Personal[Line | None, "content"] = None
    question: Public[Question | None, "vocabulary"] = None
    visibility: Public[Visibility | None, "switch"] = None
    schedule: Public[SnapshotSchedule | None, "vocabulary"] = None
    """When snapshots of it are written to a folder of the server."""


class SavedFigure(SavedFigureDetails, Record):
    AGGREGATE: ClassVar[str] = "saved_figures"
    PREFIX: ClassVar[str] = "SF"
    PURPOSE: ClassVar[str] = "Asking for the same figures again."
    PEOPLE: ClassVar[str] = "colleagues, by what they write into a name"
    CLAIMED: ClassVar[tuple[str, ...]] = (
        *Record.CLAIMED,
        *("name", "visibility", "saved_by_id"),
    )

    saved_by_id: Public[UUID | None, "link"] = None
    is_scheduled: Public[bool, "switch"] = False
    scheduled_from: Public[AwareDatetime | None, "moment"] = None
    """Snapshots are due from then on."""
    snapshot_due_at: Public[AwareDatetime | None, "moment"] = None
    """The last due time that is settled: written or skipped."""
    snapshot_state: Public[SnapshotState | None, "switch"] = None
    snapshot_problem: Public[Line | None, "vocabulary"] = None
    """Why the last one could not be written; empty since one was."""

    def claims(self) -> Iterable[tuple[str, str]]:
        """A name stands once among those that are shared, and once among somebody's own."""
        yield from super().claims()
        if self.name:
            whose = self.saved_by_id if self.visibility is Visibility.OWN else None
            yield "name", name_claim(self.name, whose)


def name_claim(name: str, own_of: UUID | None) -> str:
    """By what a saved figure is found: its name among somebody's own, or among the shared ones."""
    return f"{own_of or ''}\n{name.casefold()}"


class FigureSaved(SavedFigureDetails, Event):
    name: Personal[str, "content"]
    question: Public[Question, "vocabulary"]
    visibility: Public[Visibility, "switch"]
    saved_by_id: Public[UUID, "link"]
    scheduled_from: Public[AwareDatetime | None, "moment"] = None

    def evolve(self, figure: SavedFigure) -> SavedFigure:
        return replace(_with(figure, self), saved_by_id=self.saved_by_id)


class SavedFigureChanged(SavedFigureDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    scheduled_from: Public[AwareDatetime | None, "moment"] = None

    def evolve(self, figure: SavedFigure) -> SavedFigure:
        return _with(figure, self)


class SavedFigureArchived(Event):
    def evolve(self, figure: SavedFigure) -> SavedFigure:
        return replace(figure, archived=True)


class SavedFigureRestored(Event):
    def evolve(self, figure: SavedFigure) -> SavedFigure:
        return replace(figure, archived=False)


class SnapshotWritten(Event):
    """The figures of a due time lie in the folder."""

    due_at: Public[AwareDatetime, "moment"]
    log_position: Public[int, "figure"]
    """Up to there, the log is in them."""
    manifest: Public[str, "figure"]
    """The SHA-256 of the snapshot's manifest, in hexadecimal digits."""

    def evolve(self, figure: SavedFigure) -> SavedFigure:
        return replace(
            figure,
            snapshot_due_at=self.due_at,
            snapshot_state=SnapshotState.WRITTEN,
            snapshot_problem=None,
        )


class SnapshotsSkipped(Event):
    """Nobody was there to write them in time, and nobody could tell any more what was so then."""

    first_due_at: Public[AwareDatetime, "moment"]
    due_at: Public[AwareDatetime, "moment"]
    """The last of them."""
    times: Public[int, "figure"]

    def evolve(self, figure: SavedFigure) -> SavedFigure:
        return replace(figure, snapshot_due_at=self.due_at, snapshot_state=SnapshotState.SKIPPED)


class SnapshotFailed(Event):
    """It could not be written, and is tried again until it is too late."""

    due_at: Public[AwareDatetime, "moment"]
    problem: Public[Line, "vocabulary"]
    """The kind of the error, in the words of the system."""

    def evolve(self, figure: SavedFigure) -> SavedFigure:
        return replace(figure, snapshot_state=SnapshotState.FAILED, snapshot_problem=self.problem)


def _with(figure: SavedFigure, event: FigureSaved | SavedFigureChanged) -> SavedFigure:
    given = event.given()
    since = given.pop("scheduled_from", None)
    given.pop("saved_by_id", None)
    after = with_details(figure, SavedFigureDetails.of(given))
    if "schedule" not in given:
        return after
    return replace(after, is_scheduled=after.schedule is not None, scheduled_from=since)
