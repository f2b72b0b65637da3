"""Figures and exports on the command line."""

import csv
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.services import Services
from commands.customers import RegisterCustomer
from commands.saved_figures import SaveFigure
from domain.customers import Kind
from domain.saved_figures import Question
from domain.snapshot_schedules import Every, SnapshotSchedule
from tests.cli.conftest import ROOT, Kept


def test_figures_are_listed_and_shown(kept: Kept) -> None:
    listed = kept("analytics", "--json").done().json
    assert "win_rate" in [one["name"] for one in listed]
    shown = kept("analytics", "win_rate", "--language", "zh").done().out
    assert shown.splitlines()[0].split("\t")[-1] == "赢单率 (%)"
    found = kept("analytics", "win_rate", "--by", "owner_id", "--by", "year", "--json").done().json
    assert [one["name"] for one in found["by"]] == ["owner_id", "year"]
    assert found["data"] == []


def test_figures_are_written_to_files(kept: Kept, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    kept("analytics", "customer_stages", "--by", "level", "--output", path).done()
    with path.open(encoding="utf-8-sig", newline="") as text:
        assert [*csv.reader(text)] == [["level", "customers (customers)"]]
    kept("analytics", "win_rate", "--output", tmp_path / "a.doc").failed(2, "no such kind of file")


def test_figures_of_an_export_need_no_database_of_their_own(kept: Kept, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = kept("export", "parquet", folder, "--json").done().json
    assert done["entries"] == done["position"] > 0
    again = kept("export", "parquet", folder).done().out
    assert "0 entries were added, 0 read models written" in again
    live = kept("analytics", "backlog", "--json").done().json
    there = kept("analytics", "backlog", "--on", folder, "--json").done().json
    assert there == live
    explained = kept("analytics", "backlog", "--explain", "--json").done().json
    assert (explained["data"], explained["next_cursor"]) == ([], None)


def test_the_query_is_shown_for_every_engine(kept: Kept) -> None:
    shown = {
        engine: kept("analytics", "win_rate", "--by", "week", "--sql", engine).done().out
        for engine in ("postgres", "duckdb", "spark")
    }
    assert "CAST(DATE_TRUNC('week', CAST(`t0`.`closed_on` AS TIMESTAMP)) AS DATE)" in shown["spark"]
    assert len({*shown.values()}) == len(shown)
    assert all(one.startswith("SELECT ") and "win_rate_whole" in one for one in shown.values())


def test_figures_and_dashboards_as_they_were(kept: Kept, services: Services) -> None:
    services.issue(RegisterCustomer(name="Wren", kind=Kind.PERSON))
    moment = datetime.now(UTC).isoformat()
    services.issue(RegisterCustomer(name="Moss", kind=Kind.PERSON))
    asked = ("analytics", "customer_stages", "--by", "kind", "--json")
    live = kept(*asked).done().json
    assert [one["figures"]["customers"] for one in live["data"]] == [2]
    dated = kept(*asked, "--as-of", moment).done().json
    assert [one["figures"]["customers"] for one in dated["data"]] == [1]
    assert (live["as_of"], dated["as_of"] is None) == (None, False)
    kept("analytics", "win_rate", "--as-of", "2126-01-01").failed(2, "--as-of: is not over yet")

    listed = kept("dashboard", "--language", "zh").done().out
    assert "经营看板" in listed
    shown = kept("dashboard", "customers", "--as-of", moment, "--json").done().json
    stages = next(one for one in shown["panels"] if one["name"] == "customer_stages")
    assert [one["figures"]["customers"] for one in stages["data"]] == [1]
    told = kept("dashboard", "customers").done().out
    assert "# Customers by stage\nstage\tcustomers (customers)\nprospect\t2\n" in told
    kept("dashboard", "weather").failed(2, "There is no dashboard weather. There are: sales")


def test_what_was_saved_is_asked_again_and_written_when_it_is_due(
    kept: Kept, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT_SNAPSHOTS", str(tmp_path))
    assert "No saved figure has a schedule." in kept("snapshots").done().out
    question = Question(figure="customer_stages", by=("kind",), version=0)
    nightly = SnapshotSchedule(every=Every.DAILY, hour=6)
    services.issue(RegisterCustomer(name="Wren", kind=Kind.PERSON))
    services.issue(SaveFigure(name="Kinds", question=question, schedule=nightly))
    for text in ("kinds", "SF-1"):
        told = kept("analytics", "--saved", text).done()
        assert "person\t1" in told.out
        assert "The definition is at version 1, and was at 0." in told.err
    found = kept("analytics", "--saved", "Kinds", "--json").done().json
    assert found["has_moved"] is True
    kept("analytics", "--saved", "Sorts").failed(2, "There is no record Sorts")
    kept("analytics", "win_rate", "--saved", "Kinds").failed(2, "Leave out the rest")
    [listed] = kept("snapshots", "--json").done().json
    assert (listed["number"], listed["every"], listed["state"]) == ("SF-1", "daily", None)
    assert "Nothing is due." in kept("snapshots", "--once").done().out

    (tmp_path / services.tenant.name).write_text("a file is in the way")
    services.snapshots.take(datetime.now(UTC) + timedelta(days=1))
    services.runner.catch_up()
    problem = "the last snapshot of SF-1 could not be written (NotADirectoryError"
    assert problem in kept("status").done().out


def test_what_cannot_be_asked_is_said_in_a_sentence(kept: Kept, tmp_path: Path) -> None:
    kept("analytics", "mood").failed(2, "name: is no figure. There are: won_deals")
    kept("analytics", "win_rate", "--where", "won").failed(2, "Write it as stage=won")
    kept("analytics", "win_rate", "--from", "spring").failed(2, "from: is no day")
    kept("analytics", "win_rate", "--on", tmp_path).failed(2, "The folder holds no export")
    kept("export", "parquet", tmp_path / "out", "--personal", "clear").failed(
        2, "copy: is not named in KEPT_COPIES"
    )


def test_whoever_asks_for_no_figure_does_not_wait_for_ibis() -> None:
    heavy = "{'ibis', 'duckdb', 'pyarrow'}"
    script = f"import sys, api.app, api.cli; print({heavy} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
