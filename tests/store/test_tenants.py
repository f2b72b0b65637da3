"""Tenants: made once, brought up to date by anybody at any time, and strangers to each other."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from store import dated_copies, tenants
from store.database import Database
from store.dated_copies import Wanted
from store.event_log import EventLog
from store.places import place_of_schema
from store.tenants import TenantError
from tests.store.deciding import contents, in_threads, registered, stored

SQL = Path(tenants.__file__).with_name("sql")


def test_a_tenant_is_made_once_however_many_try(database: Database) -> None:
    results = in_threads(*(lambda: tenants.create(database, "rush") for _ in range(8)))
    made = [one for one in results if isinstance(one, tenants.Tenant)]
    refused = [str(one) for one in results if isinstance(one, TenantError)]
    assert len(made) == 1
    assert refused == ["There is already a tenant named rush. Choose another name."] * 7
    assert "rush" in tenants.names(database)


def test_upgrading_is_idempotent_and_may_happen_at_once_while_others_write(
    log: EventLog, database: Database
) -> None:
    log.append(registered(uuid7()))
    before = contents(database, log.tenant)
    name = log.tenant.name
    works = [lambda: tenants.upgrade(database, name)] * 6
    results = in_threads(*works, *(lambda: log.append(registered(uuid7())) for _ in range(20)))
    assert results[:6] == [[]] * 6
    assert len(stored(log)) == 21
    assert contents(database, log.tenant)["events"][0] in before["events"]


def test_an_upgrade_runs_what_is_missing(bare_tenant: tenants.Tenant, database: Database) -> None:
    with database.connect("owner", bare_tenant.schema) as owner:
        owner.execute(
            "CREATE OR REPLACE FUNCTION leaf_hash(recorded_at bigint, body text)"
            " RETURNS text LANGUAGE sql IMMUTABLE RETURN 'old'"
        )
    assert tenants.upgrade(database, bare_tenant.name) == []
    with database.connect("writer", bare_tenant.schema) as writer:
        (hashed,) = writer.execute("SELECT leaf_hash(1, 'x')").fetchone() or ("",)
    assert len(hashed) == 64


@pytest.mark.parametrize("name", ["", "Acme", "1st", "a" * 42, "a;b", "a_keys", "a b", "é"])
def test_a_name_that_cannot_be_a_schema_is_refused_with_a_sentence(
    database: Database, name: str
) -> None:
    with pytest.raises(TenantError, match="cannot name a tenant"):
        tenants.create(database, name)
    with pytest.raises(TenantError):
        tenants.find(database, name)


def test_a_tenant_that_is_not_there(database: Database) -> None:
    for look in (tenants.find, tenants.upgrade):
        with pytest.raises(TenantError, match=r"no tenant named nobody\. Make it with: kept"):
            look(database, "nobody")
    assert "nobody" not in tenants.names(database)


def test_what_exists(database: Database, bare_tenant: tenants.Tenant) -> None:
    assert tenants.exists(database, bare_tenant.name)
    for name in ("nobody", f"{bare_tenant.name}_keys", f"{bare_tenant.name}\n", "", "../x", "é"):
        assert not tenants.exists(database, name)


def test_a_tenant_without_a_time_zone_is_not_made(database: Database) -> None:
    for zone in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(TenantError, match=r"is no time zone\. Write an IANA name"):
            tenants.create(database, "martian", zone)
    assert "martian" not in tenants.names(database)


def test_a_tenant_keeps_its_zone(database: Database, bare_tenant: tenants.Tenant) -> None:
    assert tenants.find(database, bare_tenant.name) == bare_tenant
    assert bare_tenant.zone.key == "Asia/Shanghai"


def test_with_a_tenant_its_dated_copies_go(log: EventLog, database: Database) -> None:
    dated_copies.begin(log, Wanted("march", datetime(2026, 3, 31, tzinfo=UTC)))
    schema = log.tenant.dated("march")
    place = place_of_schema(schema)
    assert place is not None
    assert place.erased == "Every copy is dropped; whoever needs it makes it anew."
    assert log.tenant.name in tenants.names(database)
    assert not any("march" in name for name in tenants.names(database))
    tenants.drop(database, log.tenant)
    with database.connect("owner") as owner:
        known = owner.execute("SELECT nspname FROM pg_namespace").fetchall()
    assert not {schema, log.tenant.schema} & {name for (name,) in known}


def test_functions_with_more_rights_than_their_caller_search_nothing_that_others_create() -> None:
    """The projector may create in a tenant's schema, and its operators would be found there."""
    for path in SQL.glob("*.sql"):
        for function in path.read_text().split("CREATE OR REPLACE FUNCTION")[1:]:
            head = function.partition("$$")[0]
            if "SECURITY DEFINER" in head or "RETURNS trigger" in head:
                assert "SET search_path = pg_catalog, pg_temp" in head, path.name


def test_every_function_has_its_callers_named(
    bare_tenant: tenants.Tenant, database: Database
) -> None:
    with database.connect("owner", bare_tenant.schema) as owner:
        rows = owner.execute(
            "SELECT proname, coalesce(array_to_string(proacl, ' '), 'everybody') FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace ORDER BY 1"
        ).fetchall()
    callers = {
        name: {one.partition("=")[0] for one in rights.split()} - {"kept_owner"}
        for name, rights in rows
    }
    assert callers == {
        "append": {"kept_writer"},
        "append_reads": {"kept_writer"},
        "append_set": {"kept_writer"},
        "begin_epoch": {"kept_eraser"},
        "destroy_keys": {"kept_eraser"},
        "destroy_subjects": {"kept_eraser"},
        "end_epoch": {"kept_eraser"},
        "fence_subjects": {"kept_eraser"},
        "release_values": {"kept_eraser"},
        "rewrap_keys": {"kept_eraser"},
        "expire_reads": {"kept_eraser"},
        "forbid_change": set(),
        "grow_only": set(),
        "keep_reads": set(),
        "leaf_hash": {"kept_writer", "kept_projector"},
        "lease_numbers": {"kept_writer"},
    }
