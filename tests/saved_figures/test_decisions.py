"""Saved figures: one question, of one span of days, and one's own until it is shared."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from commands.saved_figures import (
    ArchiveSavedFigure,
    ChangeSavedFigure,
    RecordSnapshot,
    RecordSnapshotFailure,
    RestoreSavedFigure,
    SaveFigure,
    SkipSnapshots,
)
from domain.envelope import SYSTEM
from domain.saved_figures import (
    FigureSaved,
    Question,
    SavedFigureArchived,
    SavedFigureChanged,
    SavedFigureRestored,
    SnapshotFailed,
    SnapshotsSkipped,
    SnapshotState,
    SnapshotWritten,
    Visibility,
)
from domain.snapshot_schedules import Every, SnapshotSchedule
from tests.dsl import NOW, given, id_of, state_of

WON = Question(figure="won_deals", by=("month",), period="this_quarter")
NIGHTLY = SnapshotSchedule(every=Every.DAILY, hour=6)
FIRST, SECOND = (datetime(2026, 3, day, 6, tzinfo=UTC) for day in (5, 6))

saved = FigureSaved(name="Won", question=WON, visibility=Visibility.OWN, saved_by_id=SYSTEM)
others = FigureSaved(
    name="Won", question=WON, visibility=Visibility.OWN, saved_by_id=id_of("berta")
)


def test_a_figure_is_ones_own_unless_it_is_shared() -> None:
    given().when(SaveFigure(name="Won", question=WON)).then(saved)
    given(saved).when(ChangeSavedFigure(visibility=Visibility.SHARED)).then(
        SavedFigureChanged(visibility=Visibility.SHARED)
    )


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "question.figure: goes without a dashboard. Give one of both."),
        ({"figure": "won_deals", "dashboard": "sales"}, "Give one of both"),
        ({"dashboard": "sales", "by": ("month",)}, "question.by: is of a figure"),
        ({"dashboard": "sales", "filters": {"stage": "won"}}, "question.by: is of a figure"),
        (
            {"figure": "won_deals", "period": "this_week", "since": date(2026, 1, 1)},
            "question.period: does not go together",
        ),
        (
            {"figure": "won_deals", "since": date(2026, 2, 1), "until": date(2026, 1, 1)},
            "question.until: lies before since",
        ),
    ],
)
def test_one_question_is_saved(asked: dict[str, Any], sentence: str) -> None:
    question = Question(**asked)
    given().when(SaveFigure(name="Won", question=question)).rejected(sentence)
    given(saved).when(ChangeSavedFigure(question=question)).rejected(sentence)


def test_a_period_is_one() -> None:
    with pytest.raises(ValidationError, match=r"is no period\. Write one such as this_quarter"):
        SaveFigure(name="Won", question=Question(figure="won_deals", period="soon"))


def test_what_is_somebody_elses_own_is_left_to_them() -> None:
    for command in (
        ChangeSavedFigure(name="Mine"),
        ArchiveSavedFigure(),
        RestoreSavedFigure(),
    ):
        given(others).when(command, by=id_of("carl")).rejected("somebody else's own")
    shared = SavedFigureChanged(visibility=Visibility.SHARED)
    given(others, shared).when(ChangeSavedFigure(name="Ours"), by=id_of("carl")).then(
        SavedFigureChanged(name="Ours")
    )


def test_a_figure_is_put_away_and_taken_back() -> None:
    given(saved).when(ArchiveSavedFigure()).then(SavedFigureArchived())
    given(saved, SavedFigureArchived()).when(ArchiveSavedFigure()).nothing()
    given(saved, SavedFigureArchived()).when(RestoreSavedFigure()).then(SavedFigureRestored())
    given(saved, SavedFigureArchived()).when(ChangeSavedFigure(name="x")).rejected("archived")
    given(saved).when(ChangeSavedFigure(name=None)).rejected("name: a saved figure needs one")


def test_snapshots_are_due_from_when_they_are_scheduled() -> None:
    scheduled = SavedFigureChanged(schedule=NIGHTLY, scheduled_from=NOW)
    given(saved).when(ChangeSavedFigure(schedule=NIGHTLY)).then(scheduled)
    given(saved, scheduled).when(ChangeSavedFigure(schedule=NIGHTLY)).nothing()
    given(saved, scheduled).when(ChangeSavedFigure(schedule=None)).then(
        SavedFigureChanged(schedule=None)
    )
    state: Any = state_of(saved, scheduled)
    assert (state.is_scheduled, state.scheduled_from) == (True, NOW)
    state = state_of(saved, scheduled, SavedFigureChanged(schedule=None))
    assert (state.is_scheduled, state.scheduled_from) == (False, None)


def test_a_due_time_is_settled_once() -> None:
    written = SnapshotWritten(due_at=FIRST, log_position=7, manifest="ab")
    again = RecordSnapshot(due_at=FIRST, log_position=9, manifest="cd")
    given(saved).when(RecordSnapshot(due_at=FIRST, log_position=7, manifest="ab")).then(written)
    given(saved, written).when(again).nothing()
    given(saved, written).when(SkipSnapshots(first_due_at=FIRST, due_at=FIRST, times=1)).nothing()
    skipped = SnapshotsSkipped(first_due_at=FIRST, due_at=SECOND, times=2)
    given(saved).when(SkipSnapshots(first_due_at=FIRST, due_at=SECOND, times=2)).then(skipped)
    given(saved, skipped).when(again).nothing()


def test_a_problem_is_told_once_and_forgotten_when_a_snapshot_is_written() -> None:
    failure = RecordSnapshotFailure(due_at=FIRST, problem="OSError: No space left on device")
    failed = SnapshotFailed(due_at=FIRST, problem="OSError: No space left on device")
    given(saved).when(failure).then(failed)
    given(saved, failed).when(failure).nothing()
    state: Any = state_of(saved, failed)
    assert (state.snapshot_state, state.snapshot_due_at) == (SnapshotState.FAILED, None)
    state = state_of(saved, failed, SnapshotsSkipped(first_due_at=FIRST, due_at=FIRST, times=1))
    assert state.snapshot_problem == "OSError: No space left on device"
    state = state_of(saved, failed, SnapshotWritten(due_at=FIRST, log_position=7, manifest="ab"))
    assert (state.snapshot_state, state.snapshot_problem) == (SnapshotState.WRITTEN, None)
