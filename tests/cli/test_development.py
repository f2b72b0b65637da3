"""bench and test hand over to other programs."""

import importlib.util
import shutil
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Kept


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was run, instead of being run; mypy fails."""
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        ran.append(command)
        return SimpleNamespace(returncode=int(command[0].endswith("mypy") and len(command) == 1))

    monkeypatch.setattr(subprocess, "run", run)
    return ran


def test_test_runs_every_check_and_fails_if_one_does(kept: Kept, programs: list[list[str]]) -> None:
    ran = kept("test", "tests/cli", "-k", "nothing", "--tenant", "x")
    names = [" ".join(command).rpartition("/")[2] for command in programs]
    assert names[:2] == ["ruff check .", "ruff format --check ."]
    assert programs[-1][1:] == ["-m", "pytest", "tests/cli", "-k", "nothing", "--tenant", "x"]
    assert ran.code == 1
    assert "── pytest" in ran.err
    assert "kept: Failed: mypy." in ran.err


def test_spark_is_run_alone_where_it_is(
    kept: Kept, programs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, object] = {"pyspark": object(), "java": "/somewhere/java"}
    monkeypatch.setattr(importlib.util, "find_spec", found.get)
    monkeypatch.setattr(shutil, "which", found.get)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    kept("test", "--spark", "-k", "win_rate").done()
    assert [one[1:] for one in programs] == [
        ["-m", "pytest", "--numprocesses=0", "tests/analytics/test_spark.py", "-k", "win_rate"]
    ]
    del found["java"]
    kept("test", "--spark").failed(2, "There is no Java, which Spark needs.")
    del found["pyspark"]
    kept("test", "--spark").failed(2, "Run ./kept test --spark in the checkout.")
    assert len(programs) == 1


def test_bench_lists_and_refuses(kept: Kept) -> None:
    assert "append" in kept("bench").done().out.splitlines()
    kept("bench", "nonsense").failed(2, "There is no benchmark nonsense.")


def test_bench_reports(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    made = SimpleNamespace(run=lambda pairs, scale: {"ratio": 3.0, "pairs": pairs})
    monkeypatch.setitem(sys.modules, "benchmarks.append", made)
    report = kept("bench", "append", "--pairs", "1", "--json").done().json
    assert report == {"ratio": 3.0, "pairs": 1}


def test_the_launcher_names_the_entry_point() -> None:
    assert 'kept = "api.cli:main"' in (ROOT / "pyproject.toml").read_text()
