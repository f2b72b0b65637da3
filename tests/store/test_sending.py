"""Sets on their way to the database, past the cursor: the answer, and what goes wrong."""

import psycopg
import pytest

from store import batches, sending
from store.database import OUT_OF_REACH, Connection, Database
from store.tenants import Tenant


@pytest.fixture
def connection(database: Database, bare_tenant: Tenant) -> Connection:
    made = database.connect("writer", bare_tenant.schema)
    sending.prepare(made)
    return made


def nothing() -> list[batches.Packed]:
    parameters = batches.as_set([])
    assert parameters is not None
    return parameters


def test_every_parameter_is_declared_as_what_it_is() -> None:
    assert [type(one) for one in nothing()] == [*sending._KINDS]


def test_a_set_is_answered_and_the_connection_goes_on(connection: Connection) -> None:
    with connection:
        for _ in range(2):
            answer = sending.send(connection, nothing())
            assert answer is not None
            assert answer[0] == 0
            assert answer[1] > 1_700_000_000_000_000
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_error_has_the_class_that_the_database_gave_it(connection: Connection) -> None:
    with connection:
        wrong = nothing()
        wrong[0] = batches.Texts(["no id"])
        with pytest.raises(psycopg.errors.DatatypeMismatch):
            sending.send(connection, wrong)
        assert sending.send(connection, nothing()) is not None


@pytest.mark.faults
def test_a_lost_connection_is_out_of_reach(connection: Connection, database: Database) -> None:
    with database.connect("writer") as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.info.backend_pid])
    for _ in range(2):
        with pytest.raises(OUT_OF_REACH):
            sending.send(connection, nothing())
    assert connection.closed
