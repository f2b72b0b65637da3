"""Snapshots: each due time is settled once, whole or not at all, and without a name."""

import csv
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pyarrow import parquet  # type: ignore[import-untyped]

from api.analytics import snapshot_files
from api.services import Services
from api.snapshots import IN_TIME, Outcome
from commands.customers import RegisterCustomer
from commands.saved_figures import ChangeSavedFigure, SaveFigure
from commands.users import ActivateUser, InviteUser
from domain.customers import Kind
from domain.saved_figures import Question, SavedFigure, SnapshotState
from domain.snapshot_schedules import Every, FileFormat, SnapshotSchedule
from store.database import home

NOW = datetime.now(ZoneInfo("Asia/Shanghai")).replace(minute=0, second=0, microsecond=0)
SCHEDULE = SnapshotSchedule(every=Every.DAILY, hour=NOW.hour)
DUE = NOW + timedelta(days=1)
BY_OWNER = Question(figure="customer_stages", by=("owner_id",), version=1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEPT_SNAPSHOTS", str(tmp_path / "out"))
    return tmp_path / "out"


@pytest.fixture
def figure(services: Services, folder: Path) -> UUID:
    """Customers by owner, written every day at this hour."""
    owner = services.issue(InviteUser(name="Anna Ahrens", email="a@example.com")).stream
    services.issue(ActivateUser(), owner)
    services.issue(RegisterCustomer(name="Star", kind=Kind.ORGANISATION, owner_id=owner))
    command = SaveFigure(name="Annas Kunden", question=BY_OWNER, schedule=SCHEDULE)
    return scheduled(services, command)


def scheduled(services: Services, command: SaveFigure) -> UUID:
    saved = services.issue(command).stream
    services.runner.catch_up()
    return saved


def state(services: Services, figure: UUID) -> SavedFigure:
    found: Any = services.dispatcher.state(SavedFigure, figure).state
    assert isinstance(found, SavedFigure)
    return found


def whats(found: list[Outcome]) -> list[str]:
    return [one.what for one in found]


def snapshots_in(folder: Path) -> list[Path]:
    return sorted(one.parent for one in folder.rglob("manifest.json"))


def test_what_is_due_is_written_once_with_a_manifest_and_without_a_name(
    services: Services, figure: UUID, folder: Path
) -> None:
    assert services.snapshots.take(DUE - timedelta(seconds=1)) == []
    [written] = services.snapshots.take(DUE)
    assert (written.what, written.due_at) == ("written", DUE)
    assert services.snapshots.take(DUE + timedelta(seconds=5)) == []
    [there] = snapshots_in(folder)
    assert str(there) == written.detail
    assert there.name == f"{DUE:%Y-%m-%dT%H%M}"
    manifest = json.loads((there / "manifest.json").read_bytes())
    [file] = manifest["files"]
    content = (there / file["name"]).read_bytes()
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert (manifest["due_at"], manifest["version"]) == (DUE.isoformat(), 1)
    assert 0 < manifest["position"] < services.log.head()
    rows = [*csv.reader(content.decode("utf-8-sig").splitlines())]
    assert rows[0] == ["owner", "customers (customers)"]
    assert [(row[0][:2], row[1]) for row in rows[1:]] == [("U-", "1")]
    everything = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    names = " ".join(map(str, folder.rglob("*")))
    for personal in ("Anna", "Ahrens", "Kunden"):
        assert personal.encode() not in everything
        assert personal not in names
    told = state(services, figure)
    assert (told.snapshot_state, told.snapshot_due_at) == (SnapshotState.WRITTEN, DUE)


def test_two_servers_settle_a_due_time_once(services: Services, figure: UUID, folder: Path) -> None:
    head = services.log.head()
    with (
        closing(Services.open(services.database, services.tenant.name)) as other,
        ThreadPoolExecutor(4) as threads,
    ):
        both = [one.snapshots for one in (services, other)]
        begun = [threads.submit(both[n % 2].take, DUE) for n in range(6)]
        found = [outcome for one in begun for outcome in one.result()]
    assert whats(found) == ["written"]
    assert len(snapshots_in(folder)) == 1
    assert services.log.head() == head + 1


def test_one_that_was_killed_before_it_was_recorded_is_recorded_as_it_lies_there(
    services: Services, figure: UUID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(services.snapshots, "_issue", kill)
        with pytest.raises(Killed):
            services.snapshots.take(DUE)
    [there] = snapshots_in(folder)
    was = (there / "manifest.json").read_bytes()
    services.issue(RegisterCustomer(name="Later", kind=Kind.PERSON))
    assert whats(services.snapshots.take(DUE)) == ["written"]
    assert (there / "manifest.json").read_bytes() == was
    [event] = [one for one in services.log.load(figure) if one.type == "SnapshotWritten"]
    assert event.event.manifest == hashlib.sha256(was).hexdigest()  # type: ignore[attr-defined]


def test_what_was_begun_and_not_finished_is_swept_away(
    services: Services, figure: UUID, folder: Path
) -> None:
    place = folder / services.tenant.name / "SF-1"
    draft = place / ".killed"
    draft.mkdir(parents=True)
    (draft / "customer_stages.csv").write_text("half")
    assert whats(services.snapshots.take(DUE)) == ["written"]
    assert [one.name for one in place.iterdir()] == [f"{DUE:%Y-%m-%dT%H%M}"]


def test_a_folder_that_cannot_be_written_to_is_told_and_tried_again(
    services: Services, figure: UUID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("a file is in the way")
    for _ in range(2):
        assert whats(services.snapshots.take(DUE)) == ["failed"]
    told = state(services, figure)
    assert told.snapshot_state is SnapshotState.FAILED
    assert told.snapshot_problem == "NotADirectoryError: Not a directory"
    failures = [one for one in services.log.load(figure) if one.type == "SnapshotFailed"]
    assert len(failures) == 1
    folder.unlink()
    assert whats(services.snapshots.take(DUE + timedelta(minutes=1))) == ["written"]
    assert state(services, figure).snapshot_problem is None


def test_after_a_downtime_what_can_no_longer_be_told_is_skipped(
    services: Services, figure: UUID, folder: Path
) -> None:
    """Nothing happened meanwhile, so the last due time can be told; then something did."""
    days = DUE + timedelta(days=3)
    first = services.snapshots.take(days + timedelta(hours=5))
    assert [(one.what, one.due_at) for one in first] == [
        ("skipped", days - timedelta(days=1)),
        ("written", days),
    ]
    [event] = [one for one in services.log.load(figure) if one.type == "SnapshotsSkipped"]
    assert event.event.times == 3  # type: ignore[attr-defined]
    assert services.snapshots.take(days + timedelta(hours=6)) == []


def test_what_came_too_late_is_skipped(
    services: Services, figure: UUID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.snapshots, "_nothing_since", lambda moment: False)
    late = DUE + IN_TIME + timedelta(seconds=1)
    assert whats(services.snapshots.take(late)) == ["skipped"]
    assert snapshots_in(folder) == []
    assert state(services, figure).snapshot_state is SnapshotState.SKIPPED


def test_whether_something_was_recorded_since_is_seen(services: Services, figure: UUID) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    assert services.snapshots._nothing_since(datetime.now(UTC))
    assert not services.snapshots._nothing_since(before)


def test_a_dashboard_is_a_file_for_each_figure_in_any_format(
    services: Services, folder: Path
) -> None:
    question = Question(dashboard="customers")
    for form in FileFormat:
        schedule = SnapshotSchedule(every=Every.DAILY, hour=NOW.hour, format=form)
        command = SaveFigure(name=f"As {form}", question=question, schedule=schedule)
        scheduled(services, command)
    assert whats(services.snapshots.take(DUE)) == ["written"] * 4
    panels = {"customer_stages", "customer_activity", "source_effectiveness"}
    for there, form in zip(snapshots_in(folder), FileFormat, strict=True):
        files = {one.name for one in there.iterdir()} - {"manifest.json"}
        assert files == {f"{name}.{form}" for name in panels}
    table = parquet.read_table(next(folder.rglob("customer_stages.parquet")))
    assert table.column_names == ["stage", "customers"]


def test_what_is_put_away_or_no_longer_scheduled_is_not_written(
    services: Services, figure: UUID, folder: Path
) -> None:
    services.issue(ChangeSavedFigure(schedule=None), figure)
    assert services.snapshots.take(DUE) == []  # whatever the read model says yet


def test_a_figure_that_cannot_be_asked_any_more_holds_no_other_up(
    services: Services, figure: UUID, folder: Path
) -> None:
    gone = SaveFigure(name="Gone", question=Question(figure="gone"), schedule=SCHEDULE)
    missing = scheduled(services, gone)
    later = SaveFigure(name="Later", question=BY_OWNER, schedule=SCHEDULE)
    scheduled(services, later)
    assert sorted(whats(services.snapshots.take(DUE))) == ["failed", "written", "written"]
    assert state(services, missing).snapshot_problem == "UnknownFigure"


def test_where_snapshots_lie(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert snapshot_files.root() == folder
    monkeypatch.delenv("KEPT_SNAPSHOTS")
    assert snapshot_files.root() == home() / "snapshots"
