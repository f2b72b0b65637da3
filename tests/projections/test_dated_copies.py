"""Dated copies: all read models as they were, by their own independent account of the log."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from api.services import Services, create_tenant
from commands.customers import ArchiveCustomer, ChangeCustomer, RegisterCustomer
from commands.dispatcher import Order
from domain.customers import Kind, Level
from domain.envelope import SYSTEM, Envelope, Source
from projections import DERIVED, PROJECTIONS
from projections import rebuild as rebuilding
from projections.as_of import fold_as_of
from projections.customers import customers
from projections.dated_copies import Copied, copy_as_of
from projections.filling import Part
from projections.kernel import ReadModel
from projections.tables import row_from, table_of
from store import dated_copies, drafts
from store.database import Connection, Database
from store.dated_copies import CopyError, CopyGone, Wanted
from store.sql_reader import SqlRefused, ask

DAYS = [datetime(2025, 3, day, 12, tzinfo=UTC) for day in range(1, 9)]
"""Moments at which something was so, in no order of recording."""


class Cut(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


def at(services: Services, day: datetime, command: Any, record: UUID | None = None) -> UUID:
    """Issue a command as of a day in the past; gives its record."""
    envelope = Envelope(
        actor=SYSTEM, occurred_at=day, source=Source(kind="import"), command_id=uuid7()
    )
    return services.dispatcher.dispatch(Order(command, envelope, record)).stream


@pytest.fixture(scope="module")
def filled(database: Database) -> Iterator[Services]:
    """Customers whose changes were recorded in another order than they happened in."""
    create_tenant(database, "dated", "Asia/Shanghai")
    with (
        closing(Services.open(database, "dated")) as services,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(rebuilding, "WIDTH", 6)
        patched.setattr(rebuilding, "PARTS_A_WORKER", 1)
        _fill(services)
        yield services


def _fill(services: Services) -> None:
    for n in range(12):
        order = [DAYS[(n + k) % 7] for k in range(3)]
        one = at(services, order[0], RegisterCustomer(name=f"客户 {n}", kind=Kind.ORGANISATION))
        at(services, order[1], ChangeCustomer(size=n, level=[*Level][n % 3]), one)
        at(services, order[2], ChangeCustomer(name=f"Renamed {n}"), one)
        if n % 4 == 0:
            at(services, DAYS[7], ArchiveCustomer(), one)
    services.runner.catch_up()


def copied(services: Services, wanted: Wanted, workers: int = 1) -> Copied:
    return copy_as_of(services.log, PROJECTIONS, DERIVED, wanted, workers=workers)


def rows_of(services: Services, name: str) -> dict[UUID, Any]:
    """The customers of a copy."""
    with services.database.connect("writer", services.tenant.dated(name)) as connection:
        ids = connection.execute("SELECT id FROM customers_v1").fetchall()
        found = table_of(customers).load(connection, ids)
    return {one["id"]: row_from(customers, one) for one in found}


def expected(
    services: Services, as_of: datetime, as_known_at: datetime | None = None
) -> dict[UUID, Any]:
    """The same, each record folded by itself."""
    streams = {one.stream for one in services.log.read(0, 1_000) if one.type.startswith("Customer")}
    rows = {
        one: fold_as_of(customers, services.log.load(one), as_of, as_known_at) for one in streams
    }
    return {one: row for one, row in rows.items() if row is not None}


@pytest.fixture(scope="module")
def march(filled: Services) -> str:
    """The name of a copy."""
    copied(filled, Wanted("march", DAYS[6]))
    return "march"


@pytest.fixture
def projector(filled: Services) -> Iterator[Connection]:
    with filled.database.connect("projector", filled.tenant.schema) as connection:
        yield connection


def test_a_copy_is_what_every_record_was(filled: Services) -> None:
    """In both times: what happened later is not in it, nor what was not known yet."""
    half = filled.log.at([filled.log.head() // 2])[filled.log.head() // 2].recorded_at
    for number, (day, known) in enumerate(
        [(DAYS[2], None), (DAYS[5], half), (DAYS[0] - timedelta(days=1), None)]
    ):
        copied(filled, Wanted(f"c{number}", day, known))
        assert rows_of(filled, f"c{number}") == expected(filled, day, known)
    assert 0 < len(rows_of(filled, "c0")) < 12
    assert 0 < len(rows_of(filled, "c1")) < 12
    assert rows_of(filled, "c2") == {}


def test_a_copy_of_now_is_what_stands_live_in_every_read_model(
    filled: Services, projector: Connection
) -> None:
    filled.runner.catch_up()
    made = copied(filled, Wanted("now", datetime.now(UTC)))
    models: list[ReadModel] = [*PROJECTIONS, *DERIVED]
    live = {model.name: table_of(model).checksum(projector) for model in models}
    assert made.sums == live
    assert made.parked == []


def test_several_processes_make_what_one_makes(filled: Services) -> None:
    alone = copied(filled, Wanted("alone", DAYS[4]), workers=1)
    together = copied(filled, Wanted("together", DAYS[4]), workers=2)
    assert together.sums == alone.sums
    assert 0 < alone.sums["history"][0] < filled.log.head()


def test_one_that_was_broken_off_is_gone_on_with_and_hidden_until_it_is_whole(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Part.run
    done: list[int] = []

    def cut_off(part: Part, bench: Any) -> Any:
        if len(done) == 2:
            raise Cut
        done.append(part.number)
        return run(part, bench)

    with monkeypatch.context() as patched:
        patched.setattr(Part, "run", cut_off)
        with pytest.raises(Cut):
            copied(filled, Wanted("broken", DAYS[3]))
    with pytest.raises(SqlRefused, match="There is no such table"):
        ask(filled.database, filled.tenant, "SELECT * FROM customers", 5, "broken")
    with filled.database.connect("projector", filled.tenant.dated("broken")) as connection:
        assert sorted(drafts.marked(connection)) == done == [0, 1]
    before = expected(filled, DAYS[3])
    # Recorded since, of a day before: the copy was begun without it.
    at(filled, DAYS[0], RegisterCustomer(name="Late", kind=Kind.PERSON))
    copied(filled, Wanted("broken", DAYS[3]))
    assert rows_of(filled, "broken") == before


def test_people_ask_a_copy_in_sql_without_personal_columns(filled: Services, march: str) -> None:
    query = "SELECT count(*) FROM customers WHERE archived"
    assert ask(filled.database, filled.tenant, query, 5, march).rows == [(0,)]
    assert ask(filled.database, filled.tenant, query, 5).rows == [(3,)]
    for wrong in ("SELECT name FROM customers", "SELECT * FROM customers_v1"):
        with pytest.raises(SqlRefused):
            ask(filled.database, filled.tenant, wrong, 5, march)


def test_a_copy_has_the_indexes_of_the_live_tables(
    filled: Services, projector: Connection, march: str
) -> None:
    query = "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND tablename = 'customers_v1'"
    schemas = (filled.tenant.schema, filled.tenant.dated(march))
    live, copy = ({*projector.execute(query, [schema]).fetchall()} for schema in schemas)
    assert len(copy) > 5
    assert copy == live


def test_a_name_is_taken_once_and_has_a_form(
    filled: Services, projector: Connection, march: str
) -> None:
    for wanted in (Wanted(march, DAYS[6]), Wanted(march, DAYS[1])):
        with pytest.raises(CopyError, match=r"already a dated copy named march\. Choose another"):
            copied(filled, wanted)
    for wrong in ("", "March", "a-b", "1st", "a" * 17, 'a"; DROP'):
        with pytest.raises(CopyError, match="cannot name a dated copy"):
            copied(filled, Wanted(wrong, DAYS[6]))
    found = dated_copies.find(projector, march)
    assert found is not None
    assert (found.as_of, found.as_known_at, found.made_at is None) == (DAYS[6], None, False)


def test_one_that_is_dropped_while_it_is_made_says_so(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Part.run

    def dropping(part: Part, bench: Any) -> Any:
        if part.number == 1:
            dated_copies.drop(filled.database, filled.tenant, "gone")
        return run(part, bench)

    monkeypatch.setattr(Part, "run", dropping)
    with pytest.raises(CopyGone, match="Make it again"):
        copied(filled, Wanted("gone", DAYS[6]))
    with filled.database.connect("owner") as owner:
        known = owner.execute("SELECT nspname FROM pg_namespace").fetchall()
    assert filled.tenant.dated("gone") not in {name for (name,) in known}
    with pytest.raises(CopyError, match="There is no dated copy named gone"):
        dated_copies.drop(filled.database, filled.tenant, "gone")


def test_a_reader_cannot_make_or_change_a_copy(filled: Services, march: str) -> None:
    for role in ("reader", "writer"):
        with filled.database.connect(role, filled.tenant.dated(march)) as connection:
            for sql in ("CREATE TABLE more ()", "DELETE FROM customers_v1"):
                connection.execute("SET default_transaction_read_only = off")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(sql.encode())
