"""Figures and exports on the command line."""

import csv
import subprocess
import sys
from pathlib import Path

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


def test_what_cannot_be_asked_is_said_in_a_sentence(kept: Kept, tmp_path: Path) -> None:
    kept("analytics", "mood").failed(2, "name: is no figure. There are: won_deals")
    kept("analytics", "win_rate", "--where", "won").failed(2, "Write it as stage=won")
    kept("analytics", "win_rate", "--from", "spring").failed(2, "from: is no day")
    kept("analytics", "win_rate", "--on", tmp_path).failed(2, "The folder holds no export")
    kept("export", "parquet", tmp_path / "out", "--personal", "clear").failed(
        2, "copy: is not named in KEPT_COPIES"
    )


def test_whoever_asks_for_no_figure_does_not_wait_for_ibis_or_scipy() -> None:
    heavy = "{'ibis', 'duckdb', 'pyarrow', 'numpy', 'scipy'}"
    script = f"import sys, api.app, api.cli; print({heavy} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
