"""Connections: each role by its own login or by stepping into it, and replaced when lost."""

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege

from store import embedded, tenants
from store.database import PATIENCE, Database, home, open_database
from store.event_log import EventLog
from tests.dsl import id_of
from tests.store.deciding import let_go, new_log, registered, stored

ONE = id_of("customer one")


def test_a_connection_that_was_lost_in_the_pool_is_replaced(log: EventLog) -> None:
    log.append(registered(ONE))
    with log.database.borrow("writer", log.tenant.schema) as idle:
        pid = idle.info.backend_pid
    with log.database.connect("writer") as killer:
        killer.execute("SELECT pg_terminate_backend(%s, 30000)", [pid])
    assert [one.version for one in log.load(ONE)] == [1]


def test_a_server_that_is_cut_off_is_not_waited_for_without_end(database: Database) -> None:
    told = conninfo_to_dict(database._conninfo("writer", "public"))
    assert told.items() >= PATIENCE.items()
    patient = Database({"writer": "host=localhost connect_timeout=99"})
    assert "connect_timeout=99" in patient._conninfo("writer", "public")


@pytest.mark.faults
def test_roles_still_log_in_after_their_home_lost_its_password(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    tenants.create(database, "kept")
    database.close()
    embedded.stop(tmp_path)
    (tmp_path / "postgres.password").unlink()
    again = open_database(tmp_path)
    try:
        for role in again.urls:
            with again.connect(role) as connection:
                assert connection.execute("SELECT session_user").fetchone() == (f"kept_{role}",)
        assert tenants.find(again, "kept").name == "kept"
    finally:
        again.close()
        embedded.stop(tmp_path)


def test_one_url_serves_every_role_with_a_warning(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with ``KEPT_DATABASE_URL``, on a database that others have made."""
    superuser = embedded.start(home()).url()
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("CREATE DATABASE elsewhere")
    monkeypatch.setenv("KEPT_DATABASE_URL", make_conninfo(superuser, dbname="elsewhere"))
    shared = open_database()
    assert "can step out of its role and change the log. Set KEPT_WRITER_URL" in shared.warnings[0]
    tenant = tenants.create(shared, "elsewhere")
    log = new_log(shared, tenant)
    log.append(registered(ONE))
    assert len(stored(log)) == 1
    with shared.connect("writer", tenant.schema) as writer:
        assert writer.execute("SELECT current_user").fetchone() == ("kept_writer",)
        with pytest.raises(InsufficientPrivilege):
            writer.execute("DELETE FROM events")
    log.close()
    let_go(shared, tenant)
    shared.close()
    assert "elsewhere" not in tenants.names(database)


def test_a_url_for_each_role_needs_no_warning(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT_DATABASE_URL", embedded.start(home()).url())
    for role, url in database.urls.items():
        monkeypatch.setenv(f"KEPT_{role.upper()}_URL", url)
    separate = open_database()
    assert separate.warnings == ()
    assert separate.urls == database.urls
