"""What docs/running.md says of backups: none holds a value in the clear, and all come back."""

import re
import shlex
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from api.services import Services
from commands.customers import RegisterCustomer
from domain.customers import Kind
from domain.envelope import SYSTEM
from projections import DERIVED, PROJECTIONS
from projections.preparing import prepare
from projections.readers import Reader
from store import binaries, embedded
from store.database import Database, home, open_database
from store.lists import Query
from store.tenants import upgrade
from store.verify import verify

PAGE = Path(__file__).parents[2] / "docs" / "running.md"
CANARY = "Zk7QpW2xVn9LtR4m"


@pytest.fixture
def programs(database: Database) -> Path:
    """PostgreSQL's own programs, those of the embedded server."""
    install, _ = binaries.choose(home() / "postgres", None)
    return install / "bin"


def the_backup_command() -> list[str]:
    text = re.search(r"^pg_dump .*?(?=^```)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert text is not None
    return shlex.split(text.group().replace("\\\n", " "))


def silent(what: str, done: int, of: int) -> None:
    """Progress that nobody looks at."""


def found(services: Services) -> list[str]:
    query = Query(search=CANARY, sort="id")
    answer = services.gate.page(Reader(SYSTEM, "admin", "tests"), "customers", query)
    return [row["name"] for row in answer.items]


def test_the_backup_holds_no_value_and_restores_all_of_them(
    services: Services, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.issue(RegisterCustomer(name=f"星 {CANARY}", kind=Kind.ORGANISATION))
    services.runner.catch_up()
    assert found(services) == [f"星 {CANARY}"]
    server = embedded.start(home()).url()
    tenant = services.tenant.name

    def run(program: str, *arguments: str) -> None:
        subprocess.run([str(programs / program), *arguments], cwd=tmp_path, check=True)

    command = [part.replace("$KEPT_DATABASE_URL", server) for part in the_backup_command()]
    run(*command, f"--schema=kept_{tenant}", f"--schema=kept_{tenant}_keys")
    run("pg_restore", "--file=plain.sql", "kept.dump")
    dumped = (tmp_path / "plain.sql").read_text("utf-8")
    assert "CREATE TABLE" in dumped
    assert CANARY not in dumped

    restored = make_conninfo(server, dbname="restored")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS restored")
        connection.execute("CREATE DATABASE restored")
    run("pg_restore", f"--dbname={restored}", "kept.dump")
    monkeypatch.setenv("KEPT_DATABASE_URL", restored)
    other = open_database()
    try:
        upgrade(other, tenant)
        again = Services.open(other, tenant)
        assert {*prepare(again.log, PROJECTIONS, DERIVED)} >= {"customers", "history"}
        assert found(again) == [f"星 {CANARY}"]
        assert verify(again.log, silent, 10).faults == []
        again.close()
    finally:
        other.close()
