"""Tenants: each is a schema of its own, read models included, and nothing reaches across."""

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import psycopg

from domain.fields import CATEGORIES
from store.database import Connection, Database

DEFAULT: Final = "default"
_NAME: Final = re.compile(r"^[a-z][a-z0-9_]{0,40}$")
_MIGRATIONS: Final = (
    "0001_log",
    "0002_suppressions",
    "0003_transparency",
    "0004_reads",
    "0005_erasure",
    "0006_forgetting",
    "0007_retention",
    "0008_dated_copies",
)
"""Run once each, in order; a migration that was released is never edited."""
_REPEATABLE: Final = (
    "leaf_hash",
    "append",
    "append_set",
    "lease_numbers",
    "destroy_keys",
    "erase_subjects",
    "turn_epochs",
    "forbid_change",
    "grow_only",
    "append_reads",
    "expire_reads",
    "grants",
)
"""Functions and grants: each is whole in its file, and run again by every upgrade."""


class TenantError(Exception):
    """A tenant's name cannot be used, or no such tenant exists; the text says what to do."""


@dataclass(frozen=True)
class Tenant:
    """Where one tenant's data lies, and its time zone."""

    name: str
    zone: ZoneInfo

    @property
    def schema(self) -> str:
        return schema_of(self.name)

    @property
    def keys(self) -> str:
        return f"{self.schema}_keys"

    def dated(self, copy: str) -> str:
        """The schema of a dated copy of its read models; no tenant's name has a ``$``."""
        return f"asof_{self.name}${copy}"


def schema_of(name: str) -> str:
    """The schema of a tenant.

    Raises:
        TenantError: the name cannot be one.
    """
    if not _may_name(name):
        raise TenantError(
            f"{name!r} cannot name a tenant. Use small letters, digits and _, at most 41, "
            "beginning with a letter and not ending with _keys."
        )
    return f"kept_{name}"


def create(database: Database, name: str, time_zone: str = "UTC") -> Tenant:
    """Make the tenant's schemas and tables.

    Raises:
        TenantError: the name is taken or cannot be one, or there is no such time zone.
    """
    schema = schema_of(name)
    tenant = Tenant(name, _zone(time_zone))
    with database.connect("owner") as connection, connection.transaction():
        _one_at_a_time(connection)
        if _exists(connection, schema):
            raise TenantError(f"There is already a tenant named {name}. Choose another name.")
        connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(f"CREATE SCHEMA {schema}_keys")
        _migrate(connection, schema)
        connection.execute("INSERT INTO tenant (time_zone) VALUES (%s)", [time_zone])
    return tenant


def find(database: Database, name: str) -> Tenant:
    """The tenant of this name.

    Raises:
        TenantError: there is none.
    """
    schema = schema_of(name)
    try:
        with database.borrow("writer", schema) as connection:
            row = connection.execute("SELECT time_zone FROM tenant").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        row = None
    if row is None:
        raise _unknown(name)
    return Tenant(name, ZoneInfo(row[0]))


def exists(database: Database, name: str) -> bool:
    """Whether there is a tenant of this name, whatever else the name may be."""
    if not _may_name(name):
        return False
    with database.borrow("writer", "public") as connection:
        return _exists(connection, schema_of(name))


def names(database: Database) -> list[str]:
    """Every tenant's name."""
    with database.connect("owner") as connection:
        rows = connection.execute(
            "SELECT substr(nspname, 6) FROM pg_namespace"
            " WHERE nspname LIKE 'kept\\_%' AND nspname NOT LIKE '%\\_keys' ORDER BY nspname"
        ).fetchall()
    return [row[0] for row in rows]


def drop(database: Database, tenant: Tenant) -> None:
    """Take away a tenant that never came to be, such as one whose restore failed."""
    with database.connect("owner") as connection:
        drop_dated(connection, tenant)
    with database.connect("owner") as connection, connection.transaction():
        _one_at_a_time(connection)
        connection.execute(f"DROP SCHEMA {tenant.schema} CASCADE")
        connection.execute(f"DROP SCHEMA {tenant.keys} CASCADE")


def drop_dated(connection: Connection, tenant: Tenant) -> int:
    """Drop the schemas of all dated copies of its read models; gives how many there were."""
    schemas = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) ORDER BY nspname",
        [tenant.dated("")],
    ).fetchall()
    # One by one: a transaction holds a lock on each table and index until it ends.
    for (schema,) in schemas:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
    return len(schemas)


def upgrade(database: Database, name: str) -> list[str]:
    """Bring a tenant's tables and functions up to this release; gives the migrations that were run.

    Raises:
        TenantError: there is no tenant of this name.
    """
    schema = schema_of(name)
    with database.connect("owner") as connection, connection.transaction():
        _one_at_a_time(connection)
        if not _exists(connection, schema):
            raise _unknown(name)
        return _migrate(connection, schema)


def _may_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not name.endswith("_keys")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TenantError(
            f"{name!r} is no time zone. Write an IANA name such as Asia/Shanghai."
        ) from None


def _unknown(name: str) -> TenantError:
    return TenantError(f"There is no tenant named {name}. Make it with: kept tenants create {name}")


def _one_at_a_time(connection: Connection) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('kept tenants'))")


def _exists(connection: Connection, schema: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema])
    return found.fetchone() is not None


def _migrate(connection: Connection, schema: str) -> list[str]:
    connection.execute(f"SET LOCAL search_path = {schema}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name text PRIMARY KEY, run_at timestamptz DEFAULT now())"
    )
    done = {row[0] for row in connection.execute("SELECT name FROM migrations")}
    missing = [name for name in _MIGRATIONS if name not in done]
    for name in missing:
        connection.execute(_sql(name, schema))
        connection.execute("INSERT INTO migrations (name) VALUES (%s)", [name])
    for name in _REPEATABLE:
        connection.execute(_sql(name, schema))
    return missing


def _sql(name: str, schema: str) -> bytes:
    text = files("store.sql").joinpath(f"{name}.sql").read_text("utf-8")
    categories = ", ".join(f"'{one}'" for one in CATEGORIES)
    names = {"schema": schema, "keys": f"{schema}_keys", "categories": f"ARRAY[{categories}]"}
    return text.format(**names).encode()
