"""What holds for every command: help at once, errors in a sentence, --tenant wherever it stands."""

import subprocess
import sys

import pytest

from api.cli import app
from api.cli.errors import explained
from api.cli.shared import Failure
from store.database import Database
from store.errors import LogUnavailable
from store.tenants import TenantError
from tests.cli.conftest import ROOT, Kept, process

HEAVY = ("psycopg", "pydantic", "fastapi", "rich", "eventsourcing", "domain", "store.event_log")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, api.cli; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert not {*HEAVY} & {*loaded}


def test_help_lists_every_command_with_a_sentence() -> None:
    ran = process("--help")
    out, err = ran.communicate(timeout=60)
    assert ran.returncode == 0, err
    for command in ("demo", "serve", "status", "rebuild", "history", "sql", "verify", "import"):
        assert f"\n  {command} " in out


@pytest.mark.parametrize("name", [one.name for one in app.registered_groups])
def test_a_group_without_a_command_shows_its_help(name: str) -> None:
    if name in ("parked", "reads"):
        return  # it lists what is parked, or was read
    ran = process(str(name))
    out, err = ran.communicate(timeout=60)
    assert "Commands:" in out + err


def test_an_unknown_command_is_refused(kept: Kept) -> None:
    ran = kept("frobnicate")
    assert ran.code == 2
    assert "No such command 'frobnicate'" in ran.err


def test_an_unknown_tenant_is_refused(kept: Kept) -> None:
    ran = kept("history", "--tenant", "nobody")
    ran.failed(2, "There is no tenant named nobody. Make it with: kept tenants create nobody")


def test_the_tenant_may_stand_behind_the_command(database: Database, kept: Kept) -> None:
    kept("history", "--tenant=default").done()
    kept("history", "--tenant", "default", "--json").done()


def test_a_database_that_is_not_there_is_not_made_by_looking(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, kept: Kept
) -> None:
    home = tmp_path_factory.mktemp("nowhere") / "none"
    monkeypatch.setenv("KEPT_HOME", str(home))
    for command in (["history"], ["verify"], ["sql", "SELECT 1"], ["keys", "list"]):
        kept(*command).failed(2, "There is no database in")
    kept("status").done()
    assert not home.exists()


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (Failure("Not like that."), 2, "Not like that."),
        (Failure("It broke.", code=1), 1, "It broke."),
        (TenantError("There is none."), 2, "There is none."),
        (LogUnavailable(), 1, "The event log cannot be reached"),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x: Permission denied"),
        (ZeroDivisionError("by zero"), 1, "KEPT_DEBUG=1"),
    ],
)
def test_every_error_is_a_sentence(error: Exception, code: int, part: str) -> None:
    sentence, found = explained(error)
    assert found == code
    assert part in sentence
    assert "\n" not in sentence
