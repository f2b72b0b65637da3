"""Who may do what is held by the database, not by good manners."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege, RaiseException

from store.database import Connection, Database, Role
from store.event_log import EventLog
from store.tenants import Tenant
from tests.dsl import id_of
from tests.store.deciding import registered, renamed, stored

ONE = id_of("customer one")
EVENT = f"(99, '{ONE}', 99, 'CustomerLost', 1, '{{}}')"
KEY = f"('{ONE}', '{ONE}', 'identity', 1, '\\x00')"

CHANGES_THE_LOG = [
    f"INSERT INTO events VALUES {EVENT}",
    f"COPY (VALUES {EVENT}) TO PROGRAM 'true'",
    "UPDATE events SET body = '{}'",
    "DELETE FROM events",
    "DELETE FROM events WHERE false",
    "TRUNCATE events",
    "ALTER TABLE events DISABLE TRIGGER append_only",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "ALTER TABLE events ADD COLUMN more text",
    "ALTER TABLE events OWNER TO CURRENT_USER",
    "ALTER TABLE events RENAME TO others",
    "DROP TABLE events CASCADE",
    "DROP TRIGGER append_only ON events",
    "CREATE TRIGGER more BEFORE INSERT ON events EXECUTE FUNCTION forbid_change()",
    "CREATE RULE nothing AS ON INSERT TO events DO INSTEAD NOTHING",
    "CREATE INDEX more ON events (type)",
    "DROP FUNCTION append(jsonb)",
    "CREATE OR REPLACE FUNCTION forbid_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
    "ALTER FUNCTION append(jsonb) RESET ALL",
    "LOCK TABLE events IN SHARE MODE",
    "LOCK TABLE append_lock IN EXCLUSIVE MODE",
    "DROP SCHEMA {schema} CASCADE",
    "DROP TABLE {keys}.data_keys",
    "CREATE TABLE {keys}.more ()",
    "UPDATE {keys}.data_keys SET wrapped = NULL, destroyed_at = now()",
    f"INSERT INTO {{keys}}.data_keys VALUES {KEY}",
    "UPDATE {keys}.epochs SET proof = ''",
    "SET ROLE kept_owner",
    "SET SESSION AUTHORIZATION kept_owner",
    "SET session_replication_role = replica",
    "UPDATE unique_values SET stream = NULL",
    "INSERT INTO unique_values VALUES ('customers', 'emails', '', NULL)",
    "INSERT INTO personal_data SELECT * FROM personal_data",
    "UPDATE personal_data SET ciphertext = ''",
    "UPDATE command_receipts SET receipt = '{}'",
    "INSERT INTO command_receipts VALUES ('', '', '{}')",
    "UPDATE numbers SET next = 1",
    "UPDATE tenant SET time_zone = 'UTC'",
    "INSERT INTO api_keys VALUES ('a', '', NULL, 'admin')",
    "UPDATE api_keys SET role = 'admin'",
    "INSERT INTO migrations VALUES ('0001_log')",
    "INSERT INTO erasures VALUES (NULL)",
    "DELETE FROM erasures",
    "UPDATE {keys}.hash_keys SET wrapped = ''",
    "UPDATE {keys}.data_keys SET fenced_at = NULL",
    "UPDATE {keys}.data_keys SET renewable = true",
]
CHANGES_THE_READ_LOG = [
    f"INSERT INTO reads VALUES (9, 1, '{ONE}', 'http', 'customers', '{{}}', '{{}}')",
    "UPDATE reads SET body = '{}'",
    "DELETE FROM reads",
    "TRUNCATE reads",
    "UPDATE reads_expired SET number = 9",
    "ALTER TABLE reads DISABLE TRIGGER ALL",
    "LOCK TABLE read_lock IN EXCLUSIVE MODE",
]
OUTLIVES = ["DELETE FROM suppressions", "TRUNCATE suppressions", "DELETE FROM suppressions_reached"]
"""What addresses remember of refusals goes with nobody."""
ERASES = [
    f"SELECT destroy_keys('{ONE}', NULL)",
    f"SELECT fence_subjects('{ONE}', '{{{ONE}}}', '{{identity}}', true)",
    f"SELECT destroy_subjects('{ONE}', '{{{ONE}}}', '{{identity}}', 0, '{{}}', true)",
    f"SELECT release_values('{ONE}', 1, '{{}}')",
    "SELECT begin_epoch(2, '', '{}', '{}')",
    "SELECT rewrap_keys('{}', '{}', 2)",
    "SELECT end_epoch(1)",
    "SELECT * FROM erasure_streams",
    "DELETE FROM personal_data",
    "DELETE FROM unique_values",
    "DELETE FROM command_receipts",
]
WRITES = ["SELECT append('[]')", "SELECT lease_numbers('customers', 1)"]
READS = [
    "SELECT * FROM events",
    "SELECT * FROM personal_data",
    "SELECT * FROM {keys}.data_keys",
    "SELECT * FROM {keys}.epochs",
]
SECRETS = ["SELECT * FROM command_receipts", "SELECT * FROM unique_values"]
ACCESS = ["SELECT * FROM api_keys"]
REMEMBERED = ["SELECT * FROM suppressions"]
REMEMBERS = [
    "INSERT INTO suppressions VALUES ('', 'asked', 1, 1)",
    "UPDATE suppressions_reached SET position = 0",
]
LOOKS_WHO_READ = ["SELECT * FROM reads", "SELECT * FROM reads_expired"]
RECORDS_READS = ["SELECT append_reads('{}', '{}', '{}', '{}', '{}', false)"]
KEEPS = ["UPDATE projections SET position = 0", "DELETE FROM parked", "CREATE TABLE more ()"]
KEEPS += ["UPDATE dated_copies SET used_at = now()"]
COPIES = ["DELETE FROM dated_copies", "UPDATE dated_copies SET as_of = now()"]
"""A copy is a schema, and its owner makes and drops it."""

EVERYTHING = CHANGES_THE_LOG + CHANGES_THE_READ_LOG + LOOKS_WHO_READ + RECORDS_READS
EVERYTHING += OUTLIVES + ERASES + WRITES + READS + SECRETS + ACCESS
EVERYTHING += REMEMBERED + REMEMBERS + KEEPS + COPIES
MAY: dict[Role, list[str]] = {
    "writer": LOOKS_WHO_READ + RECORDS_READS + READS + SECRETS + ACCESS + WRITES + REMEMBERED,
    "projector": READS + REMEMBERED + REMEMBERS + KEEPS,
    "eraser": ERASES + SECRETS + READS[1:],
    "reader": [],
}


@pytest.fixture(params=MAY)
def role(request: pytest.FixtureRequest) -> Role:
    role: Role = request.param
    return role


@pytest.fixture
def connection(database: Database, log: EventLog, role: Role) -> Iterator[Connection]:
    """The role's own login on a tenant with one customer; nothing that it does is kept."""
    log.append(registered(ONE, claims=("wf@example.com",), key="k1"))
    with database.connect(role, log.tenant.schema) as connection:
        yield connection
    assert len(stored(log)) == 1
    assert log.append(renamed(ONE, at=1)).position == 2


def test_a_role_may_do_what_it_is_for_and_nothing_else(
    connection: Connection, role: Role, log: EventLog
) -> None:
    allowed = [sql for sql in EVERYTHING if _may(connection, sql, log.tenant)]
    assert allowed == [sql for sql in EVERYTHING if sql in MAY[role]]


def _may(connection: Connection, sql: str, tenant: Tenant) -> bool:
    """Whether the statement is carried out; it is taken back in any case."""
    if "{schema}" in sql or "{keys}" in sql:
        sql = sql.replace("{schema}", tenant.schema).replace("{keys}", tenant.keys)
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET TRANSACTION READ WRITE")
            connection.execute(sql.encode())
    except InsufficientPrivilege:
        return False
    return True


def test_each_role_logs_in_as_itself(connection: Connection, role: Role) -> None:
    row = connection.execute("SELECT session_user, current_user").fetchone()
    assert row == (f"kept_{role}", f"kept_{role}")
    flags = connection.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert flags == (False,) * 5
    groups = connection.execute(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = current_user::regrole"
    ).fetchall()
    # Statistics of other sessions: a rebuilt read model is shown when no older snapshot is open.
    assert groups == ([("pg_read_all_stats",)] if role == "projector" else [])


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET body = '{}'",
        "UPDATE events SET body = body WHERE false",
        "DELETE FROM events",
        "TRUNCATE events",
    ],
)
def test_even_the_owner_changes_the_log_by_no_slip(
    log: EventLog, database: Database, sql: str
) -> None:
    log.append(registered(ONE))
    with database.connect("owner", log.tenant.schema) as owner:
        with pytest.raises(RaiseException, match="the event log is append-only"):
            owner.execute(sql.encode())
        with pytest.raises(InsufficientPrivilege):
            owner.execute("SET session_replication_role = replica")
    assert len(stored(log)) == 1


HIJACKS = [
    "CREATE FUNCTION {s}.evil(numeric, integer) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN"
    " DELETE FROM {s}.unique_values; RETURN $1 * $2::numeric; END $$;"
    " CREATE OPERATOR {s}.* (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = {s}.evil)",
    "CREATE FUNCTION {s}.evil(jsonb, jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
    " DELETE FROM {s}.unique_values; RETURN NULL; END $$;"
    " CREATE OPERATOR {s}.->> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = {s}.evil)",
    "CREATE FUNCTION {s}.cardinality(bytea[]) RETURNS integer LANGUAGE sql AS 'SELECT 0'",
    "CREATE FUNCTION {s}.decode(text, varchar) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea'",
    "CREATE FUNCTION {s}.leaf_hash(integer, text) RETURNS text LANGUAGE sql AS 'SELECT 1::text'",
]


def test_what_the_projector_creates_never_runs_as_the_owner(
    log: EventLog, database: Database
) -> None:
    """An operator that fits better than PostgreSQL's own would be taken, if looked for there."""
    log.append(registered(ONE, claims=("wf@example.com",)))
    with database.connect("projector", log.tenant.schema) as projector:
        for sql in HIJACKS:
            projector.execute(sql.replace("{s}", log.tenant.schema).encode())
    with pytest.raises(Exception, match="is at version 1, not 0"):
        log.append(registered(ONE))
    assert log.append(renamed(ONE, at=1, key="k1")).position == 2
    assert log.append(renamed(ONE, at=1, key="k1")).replayed
    assert log.holder("customers", "emails", "wf@example.com") == ONE
    with database.connect("eraser", log.tenant.schema) as eraser:
        assert eraser.execute("SELECT destroy_keys(%s, NULL)", [ONE]).fetchone() == (2,)


def test_a_reader_cannot_hold_up_the_log(log: EventLog, database: Database) -> None:
    """Anybody may take any advisory lock, for as long as they like; so none is in the way."""
    with database.connect("reader", log.tenant.schema) as reader:
        for oid in _oids(reader, log.tenant):
            reader.execute("SELECT pg_advisory_lock(%s)", [oid])
        assert log.append(registered(ONE)).position == 1


def _oids(connection: Connection, tenant: Tenant) -> list[Any]:
    rows = connection.execute(
        "SELECT c.oid::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = %s",
        [tenant.schema],
    )
    return [row[0] for row in rows]


def test_one_tenants_connection_reads_nothing_of_another(
    log: EventLog, neighbour: EventLog
) -> None:
    """What is not qualified is looked for in the tenant's own schema and nowhere else."""
    neighbour.append(registered(ONE, claims=("wf@example.com",), key="k1"))
    assert log.head() == 0
    assert log.load(ONE) == []
    assert log.read(0, 10) == []
    assert log.holder("customers", "emails", "wf@example.com") is None
    assert log.keys.of([(ONE, "identity")]) == {}
    for role in ("writer", "projector", "eraser", "reader"):
        with log.database.connect(role, log.tenant.schema) as connection:
            shown = connection.execute("SHOW search_path").fetchone()
            assert shown == (log.tenant.schema,)
