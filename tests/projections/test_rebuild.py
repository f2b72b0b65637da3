"""A rebuild beside the live tables: the same numbers twice, and nobody who reads notices."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from api.services import Services
from commands.contacts import RegisterContact
from commands.customers import ArchiveCustomer, ChangeCustomer, RegisterCustomer
from domain.customers import Customer, Kind, Level
from domain.envelope import SYSTEM, Recorded
from domain.fields import PersonalMark, Public
from projections import DERIVED, PROJECTIONS, tables
from projections import rebuild as rebuilding
from projections.customers import CustomerRow, customers
from projections.kernel import Projection, ReadModel, RecordRow, Serve
from projections.preparing import prepare
from projections.readers import Reader
from projections.rebuild import Rebuilt, rebuild
from projections.runner import Runner
from projections.ticket_changes import ticket_changes
from store import embedded
from store.database import Connection, LockTimeout, home
from store.event_log import EventLog, Receipt
from store.lists import Query
from store.tracking import Tracking

MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
PATIENCE: Final = 60.0


@dataclass
class Busy:
    """Threads that write until told to stop."""

    services: Services
    streams: list[UUID]
    done: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Busy":
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(3)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            stream = self.streams[(number + turn * 7) % len(self.streams)]
            self.services.issue(ChangeCustomer(size=turn, level=[*Level][turn % 3]), stream)
            if turn % 5 == 0:
                register(self.services, f"{number}/{turn}")
            self.done += 1


def register(services: Services, name: str) -> Receipt:
    return services.issue(RegisterCustomer(name=name, kind=Kind.ORGANISATION))


def all_of(services: Services, *chosen: ReadModel) -> list[Rebuilt]:
    return rebuild(services.log, PROJECTIONS, DERIVED, chosen or MODELS)


def in_thread(work: Callable[[], Any]) -> "tuple[ThreadPoolExecutor, Any]":
    pool = ThreadPoolExecutor(1)
    return pool, pool.submit(work)


@pytest.fixture
def filled(services: Services) -> Services:
    """Some records with some history, folded."""
    for n in range(12):
        customer = register(services, f"Customer {n}").stream
        services.issue(ChangeCustomer(level=[*Level][n % 3], size=n), customer)
        if n % 4 == 0:
            services.issue(ArchiveCustomer(), customer)
        services.issue(RegisterContact(family_name=f"Li {n}"))
    services.runner.catch_up()
    return services


@pytest.fixture
def connection(services: Services) -> Iterator[Connection]:
    """A connection of somebody who reads."""
    with services.database.connect("writer", services.tenant.schema) as opened:
        yield opened


def count(connection: Connection, table: str = "customers_v1") -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


# The same tables


def test_the_tables_of_a_new_tenant_are_those_that_a_rebuild_makes(
    services: Services, connection: Connection
) -> None:
    made = _described(connection)
    assert {one[0] for one in made} >= {"customers_v1", "history_v1"}
    all_of(services)
    assert _described(connection) == made


def _described(connection: Connection) -> list[tuple[Any, ...]]:
    """Tables, views and indexes of read models: columns, definitions, and who may do what."""
    found = connection.execute(
        "SELECT c.relname, c.relkind, c.relowner::regrole::text, c.relacl::text,"
        " CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) END,"
        " (SELECT array_agg(ROW(attname, atttypid::regtype, attcollation)::text ORDER BY attnum)"
        "  FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)"
        " FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace"
        " AND c.relname !~ '_former(_|$)' ORDER BY 1"
    )
    return found.fetchall()


# The same numbers


def test_two_rebuilds_and_the_live_table_have_the_same_checksums(filled: Services) -> None:
    first, second = all_of(filled), all_of(filled)
    assert [one.checksum for one in first] == [one.checksum for one in second]
    assert [one.checksum for one in first] == [one.live_checksum for one in first]
    rows = {one.name: one.rows for one in first}
    assert (rows["customers"], rows["contacts"], rows["pipelines"]) == (12, 12, 1)
    assert rows["history"] == filled.log.head()


def test_one_model_is_rebuilt_and_the_others_are_left_alone(
    filled: Services, connection: Connection
) -> None:
    before = _oids(connection)
    (made,) = all_of(filled, customers)
    assert made.checksum == made.live_checksum
    changed = {name for name, oid in _oids(connection).items() if oid != before.get(name)}
    assert changed == {"customers_v1", "customers_v1_former"}


def test_only_what_a_model_follows_is_read(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    opened = EventLog.opened

    def noting(*given: Any) -> list[Recorded]:
        found = opened(*given)
        read.extend(one.type for one in found)
        return found

    monkeypatch.setattr(EventLog, "opened", noting)
    all_of(filled, customers)
    assert 0 < len(read) < filled.log.head()
    assert customers.steps.keys() >= {*read}
    read.clear()
    all_of(filled, ticket_changes)
    assert read == []  # there are no tickets


def _oids(connection: Connection) -> dict[str, int]:
    found = connection.execute(
        "SELECT relname, oid FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace = current_schema()::regnamespace"
    )
    return dict(found.fetchall())


def test_second_stages_alone_are_rebuilt_equal(filled: Services) -> None:
    made = all_of(filled, *DERIVED)
    assert [one.name for one in made] == [one.name for one in DERIVED]
    assert all(one.checksum == one.live_checksum for one in made)


def test_a_rebuild_joins_the_live_tables_where_they_stand(filled: Services) -> None:
    """Not ahead of them: what is derived of its rows would be missed, or counted as changed."""
    filled.issue(ChangeCustomer(name="Not folded yet"), register(filled, "New").stream)
    (made,) = all_of(filled, customers)
    assert made.checksum == made.live_checksum
    with filled.database.borrow("writer", filled.tenant.schema) as borrowed:
        positions = Tracking(borrowed).positions(MODELS)
    assert len({*positions.values()}) == 1
    filled.runner.catch_up()
    assert all(one.checksum == one.live_checksum for one in all_of(filled))


def test_live_tables_that_are_far_behind_are_passed_if_all_are_made_anew(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or what they lack would be folded event by event, however much it is."""
    monkeypatch.setattr("projections.rebuild.FAR_BEHIND", 2)
    behind = filled.runner.position()
    for n in range(3):
        register(filled, f"Not folded yet {n}")
    all_of(filled)
    assert filled.runner.position() == filled.log.head() > behind
    filled.issue(ChangeCustomer(name="Afterwards"), register(filled, "New").stream)
    filled.runner.catch_up()
    assert all(one.checksum == one.live_checksum for one in all_of(filled))


def test_progress_is_told(filled: Services) -> None:
    told: list[tuple[str, int, int]] = []
    rebuild(
        filled.log,
        PROJECTIONS,
        DERIVED,
        MODELS,
        lambda what, done, of: told.append((what, done, of)),
    )
    assert told[-1] == ("index", len(MODELS), len(MODELS))
    assert ("fold", filled.log.head(), filled.log.head()) in told


# Nobody who reads notices


def test_under_writers_readers_see_whole_tables_and_no_error(filled: Services) -> None:
    events = filled.log.read(0, 100)
    archived = {one.stream for one in events if one.type == "CustomerArchived"}
    streams = [*{one.stream for one in events if one.type == "CustomerRegistered"} - archived]
    filled.start_runner()
    stop = threading.Event()
    failures: list[BaseException] = []
    seen = {"stable": 0, "prepared": 0, "pages": 0}

    def read(what: str, look: Callable[[], int]) -> None:
        most = 0
        try:
            while not stop.is_set():
                now = look()
                assert now >= most, f"{what}: {now} after {most}"
                most, seen[what] = now, seen[what] + 1
        except BaseException as failure:
            failures.append(failure)

    with ExitStack() as stack:
        schema = filled.tenant.schema
        reader = stack.enter_context(filled.database.connect("reader", schema))
        writer = stack.enter_context(filled.database.connect("writer", schema))

        def stable() -> int:
            row = reader.execute("SELECT count(*) FROM customers", prepare=True).fetchone()
            return int(row[0]) if row else 0

        def prepared() -> int:
            query = "SELECT count(*), max(position) FROM customers_v1 WHERE id IS NOT NULL"
            row = writer.execute(query, prepare=True).fetchone()
            return int(row[1]) if row else 0

        def pages() -> int:
            query = Query(sort="number", count=True, limit=5)
            page = filled.gate.page(Reader(SYSTEM, "admin", "test"), "customers", query)
            assert len(page.items) == 5
            return page.count or 0

        looks = {"stable": stable, "prepared": prepared, "pages": pages}
        threads = [threading.Thread(target=read, args=look) for look in looks.items()]
        for thread in threads:
            thread.start()
        with Busy(filled, streams) as busy:
            rounds = [all_of(filled) for _ in range(3)]
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    assert busy.done > 20
    assert min(seen.values()) > 20
    for made in (one for models in rounds for one in models):
        assert made.checksum == made.live_checksum, made.name
    assert filled.runner.wait_for(filled.log.head(), PATIENCE)
    assert filled.is_running
    assert all(one.checksum == one.live_checksum for one in all_of(filled))


def test_an_export_that_has_read_the_table_keeps_it_to_its_end(
    filled: Services, connection: Connection
) -> None:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert count(connection) == 12
        pool, result = in_thread(lambda: all_of(filled, customers))
        register(filled, "Meanwhile")
        with pytest.raises(TimeoutError):
            result.result(1.0)
        assert count(connection) == 12
    with pool:
        (made,) = result.result(PATIENCE)
    assert made.rows == 12
    assert count(connection) == 12
    assert filled.runner.catch_up() == filled.log.head()
    assert count(connection) == 13


def test_an_export_that_comes_to_the_table_late_finds_it_as_it_was(
    filled: Services, connection: Connection
) -> None:
    """Its snapshot is older than the rebuilt table, in which it would see nothing at all."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert count(connection, "contacts_v1") == 12
        pool, result = in_thread(lambda: all_of(filled, customers))
        with pytest.raises(TimeoutError):
            result.result(1.0)
        assert count(connection) == 12
    with pool:
        (made,) = result.result(PATIENCE)
    assert made.checksum == made.live_checksum


@pytest.mark.parametrize("table", ["customers_v1", "contacts_v1"], ids=["locked", "snapshot"])
def test_a_rebuild_that_waits_in_vain_leaves_all_as_it_was(
    table: str, filled: Services, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "SWAP_SECONDS", 0.2)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert count(connection, table) == 12
        with pytest.raises(LockTimeout):
            all_of(filled, customers)
        assert count(connection) == 12
    register(filled, "After")
    filled.runner.catch_up()
    assert count(connection) == 13
    monkeypatch.undo()
    (made,) = all_of(filled, customers)
    assert made.checksum == made.live_checksum


def test_the_view_of_a_sql_user_lives_on_and_shows_the_new_table(filled: Services) -> None:
    schema = filled.tenant.schema
    with psycopg.connect(embedded.start(home()).url(), autocommit=True) as analyst:
        analyst.execute(
            f"CREATE VIEW {schema}.big_ones AS"
            f" SELECT number, level FROM {schema}.customers WHERE size > 5".encode()
        )

        def shown() -> int:
            row = analyst.execute(
                f"SELECT count(*) FROM {schema}.big_ones".encode(), prepare=True
            ).fetchone()
            return int(row[0]) if row else 0

        assert shown() == 6
        for turn in (1, 2):
            all_of(filled, customers)
            filled.issue(ChangeCustomer(size=100), register(filled, f"Big {turn}").stream)
            filled.runner.catch_up()
            assert shown() == 6 + turn


def test_two_rebuilds_at_once_take_turns(filled: Services) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [*pool.map(lambda _: all_of(filled, customers), range(2))]
    assert both[0] == both[1]


def test_the_former_table_stays_for_the_way_back(filled: Services, connection: Connection) -> None:
    all_of(filled, customers)
    filled.issue(ChangeCustomer(size=1), register(filled, "New").stream)
    filled.runner.catch_up()
    with filled.database.connect("projector", filled.tenant.schema) as projector:
        assert count(projector, "customers_v1_former") == 12
        assert count(projector, "customers_v1") == 13


# A changed description


@dataclass
class Described:
    """The customers by another description."""

    row: type[RecordRow] = CustomerRow
    version: int = 1
    serves: tuple[Serve, ...] = customers.serves

    @property
    def projection(self) -> Projection:
        return Projection(
            "customers", self.version, self.row, self.serves, customers.search
        ).follows(Customer)

    @property
    def projections(self) -> list[Projection]:
        return [self.projection if one.name == "customers" else one for one in PROJECTIONS]


class Counted(CustomerRow):
    """With a column more."""

    more: Public[int, "figure"] = 7


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Projection]]:
    """What a release says that describes the customers otherwise, as after an upgrade."""

    def say(**changes: Any) -> list[Projection]:
        monkeypatch.setattr(tables, "_tables", {})
        return Described(**changes).projections

    return say


def test_what_did_not_change_is_not_prepared_again(filled: Services) -> None:
    assert prepare(filled.log, PROJECTIONS, DERIVED) == []


@pytest.mark.parametrize(
    "change",
    [{"row": Counted}, {"serves": (Serve("level"),)}, {"version": 2}],
    ids=["column", "index", "version"],
)
def test_a_changed_description_is_folded_from_the_log_before_it_serves(
    change: dict[str, Any], filled: Services, described: Callable[..., list[Projection]]
) -> None:
    filled.issue(ChangeCustomer(size=3), register(filled, "Not folded yet").stream)
    projections = described(**change)
    assert prepare(filled.log, projections, DERIVED) == ["customers"]
    assert prepare(filled.log, projections, DERIVED) == []
    with closing(Runner(filled.log, projections, DERIVED)) as runner:
        assert runner.catch_up() == filled.log.head()
    made = rebuild(filled.log, projections, DERIVED, (*projections, *DERIVED))
    assert [one.checksum for one in made] == [one.live_checksum for one in made]
    with filled.database.connect("reader", filled.tenant.schema) as reader:
        assert count(reader, "customers") == 13
        if change.get("row") is Counted:
            assert reader.execute("SELECT DISTINCT more FROM customers").fetchall() == [(7,)]


def test_a_new_version_stands_beside_the_old_one_to_which_one_can_go_back(
    filled: Services, described: Callable[..., list[Projection]], connection: Connection
) -> None:
    projections = described(version=2)
    prepare(filled.log, projections, DERIVED)
    assert count(connection, "customers_v1") == count(connection, "customers_v2") == 12
    filled.issue(ChangeCustomer(level=Level.A), register(filled, "Since then").stream)
    with closing(Runner(filled.log, projections, DERIVED)) as runner:
        runner.catch_up()
    described()  # the former release again
    assert filled.runner.catch_up() == filled.log.head()
    assert all(one.checksum == one.live_checksum for one in all_of(filled))


def test_a_change_that_would_break_a_users_view_leaves_all_as_it_was(
    filled: Services, described: Callable[..., list[Projection]]
) -> None:
    schema = filled.tenant.schema
    with psycopg.connect(embedded.start(home()).url(), autocommit=True) as analyst:
        analyst.execute(
            f"CREATE VIEW {schema}.levels AS SELECT level FROM {schema}.customers".encode()
        )
    projections = described(row=_without_level())
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        prepare(filled.log, projections, DERIVED)
    described()
    register(filled, "After")
    assert filled.runner.catch_up() == filled.log.head()
    with psycopg.connect(embedded.start(home()).url()) as analyst:
        assert count(analyst, f"{schema}.levels") == 13


def _without_level() -> type[RecordRow]:
    class Shorter(CustomerRow):
        """With a public column made personal, which takes it away from SQL users."""

    info = Shorter.model_fields["level"]
    info.metadata = [PersonalMark("profile")]
    return Shorter
