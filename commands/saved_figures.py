"""What may be done with saved figures. Whether there is what they name is checked at the door: this
room does not know what is shown."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import AwareDatetime

from commands.kernel import Command, Records, Rejected, changes
from commands.records import check_in_use, check_record, check_required
from domain.envelope import SYSTEM
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.saved_figures import (
    FigureSaved,
    Question,
    SavedFigure,
    SavedFigureArchived,
    SavedFigureChanged,
    SavedFigureDetails,
    SavedFigureRestored,
    SnapshotFailed,
    SnapshotsSkipped,
    SnapshotWritten,
    Visibility,
)
from domain.values import Line


def _check_question(question: Question) -> None:
    """One thing is asked, of one span of days."""
    if (question.figure is None) == (question.dashboard is None):
        raise _refuse("figure", "goes without a dashboard. Give one of both.")
    if question.dashboard is not None and (question.by is not None or question.filters):
        raise _refuse("by", "is of a figure, not of a dashboard. Leave out by and filters.")
    if question.period is not None and (question.since or question.until):
        raise _refuse("period", "does not go together with since and until. Give one of both.")
    if question.since and question.until and question.until < question.since:
        raise _refuse("until", "lies before since. Give a later day, or leave one out.")


def _refuse(part: str, sentence: str) -> Rejected:
    return Rejected(f"question.{part}: {sentence}", field=f"question.{part}")


def _check_whose(figure: SavedFigure, records: Records) -> None:
    """What is somebody's own is changed by nobody else."""
    if figure.visibility is Visibility.OWN and records.actor not in (figure.saved_by_id, SYSTEM):
        raise Rejected(
            "This figure is somebody else's own. Save one yourself, or ask them to share it.",
            type="forbidden",
        )


class SaveFigure(SavedFigureDetails, Command, to=SavedFigure, opens=True):
    """Save a figure or a dashboard under a name, for yourself or for everybody."""

    name: Personal[Line, "content"]
    question: Public[Question, "vocabulary"]
    visibility: Public[Visibility, "switch"] = Visibility.OWN

    def decide(self, figure: SavedFigure, now: datetime, records: Records) -> Iterator[Event]:
        _check_question(self.question)
        check_record(self, SavedFigure, records)
        said = {"visibility": self.visibility, "saved_by_id": records.actor}
        since = {} if self.schedule is None else {"scheduled_from": now}
        yield FigureSaved.of({**self.given(), **said, **since})


class ChangeSavedFigure(SavedFigureDetails, Command, to=SavedFigure):
    """Rename a saved figure, share it, schedule snapshots of it, or ask something else.

    A question is given whole.
    """

    def decide(self, figure: SavedFigure, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(figure)
        _check_whose(figure, records)
        check_required(self, "name", "question", "visibility")
        if self.question is not None:
            _check_question(self.question)
        check_record(self, SavedFigure, records)
        for found in changes(self, figure, SavedFigureChanged):
            given = found.given()
            if given.get("schedule") is not None:
                given["scheduled_from"] = now
            yield SavedFigureChanged.of(given)


class ArchiveSavedFigure(Command, to=SavedFigure):
    """Put a saved figure away: nothing is written of it any more."""

    def decide(self, figure: SavedFigure, now: datetime, records: Records) -> Iterator[Event]:
        _check_whose(figure, records)
        if not figure.archived:
            yield SavedFigureArchived()


class RestoreSavedFigure(Command, to=SavedFigure):
    """Take an archived figure back into use."""

    def decide(self, figure: SavedFigure, now: datetime, records: Records) -> Iterator[Event]:
        _check_whose(figure, records)
        if figure.archived:
            yield SavedFigureRestored()


class RecordSnapshot(Command, to=SavedFigure, internal=True):
    """The figures of a due time lie in the folder; each due time is recorded once."""

    due_at: Public[AwareDatetime, "moment"]
    log_position: Public[int, "figure"]
    manifest: Public[str, "figure"]

    def decide(self, figure: SavedFigure, now: datetime) -> Iterator[Event]:
        if not _is_settled(figure, self.due_at):
            yield SnapshotWritten(**self.given())


class SkipSnapshots(Command, to=SavedFigure, internal=True):
    """Nobody was there in time."""

    first_due_at: Public[AwareDatetime, "moment"]
    due_at: Public[AwareDatetime, "moment"]
    times: Public[int, "figure"]

    def decide(self, figure: SavedFigure, now: datetime) -> Iterator[Event]:
        if not _is_settled(figure, self.due_at):
            yield SnapshotsSkipped(**self.given())


class RecordSnapshotFailure(Command, to=SavedFigure, internal=True):
    """It could not be written; the same problem is recorded once."""

    due_at: Public[AwareDatetime, "moment"]
    problem: Public[Line, "vocabulary"]

    def decide(self, figure: SavedFigure, now: datetime) -> Iterator[Event]:
        if not _is_settled(figure, self.due_at) and figure.snapshot_problem != self.problem:
            yield SnapshotFailed(**self.given())


def _is_settled(figure: SavedFigure, due_at: datetime) -> bool:
    return figure.snapshot_due_at is not None and due_at <= figure.snapshot_due_at
