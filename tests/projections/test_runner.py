"""The runner: batches, rows that wait, and what it survives."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.erasure_steps import Marked, MarkErased
from commands.skipped_events import SkipEvent
from commands.subject_requests import ReceiveSubjectRequest
from domain.customers import Customer, CustomerChanged, CustomerRegistered, Kind, Level
from domain.envelope import SYSTEM, Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from domain.skipped_events import SKIPPED_EVENTS
from domain.subject_requests import Kind as RequestKind
from projections import DERIVED, PROJECTIONS, runner
from projections.customers import customers
from projections.kernel import Projection, RecordRow, Row
from projections.preparing import prepare
from projections.readers import Reader
from projections.rebuild import rebuild
from projections.runner import Runner
from projections.tables import table_of
from store.lists import Query
from store.read_models import Table
from store.tracking import Overtaken, Tracking

PATIENCE = 30.0
READER = Reader(SYSTEM, "admin", "test")


@dataclass
class Weak:
    """A customers projection with a step that fails as long as something is in ``fails_on``."""

    fails_on: set[Level | None] = field(default_factory=set)
    projection: Projection = field(init=False)

    def __post_init__(self) -> None:
        self.projection = Projection(
            "customers", 1, customers.row, customers.serves, customers.search
        ).follows(Customer)

        @self.projection.on(CustomerChanged)
        def step(row: RecordRow, event: CustomerChanged, recorded: Recorded) -> RecordRow:
            if event.level in self.fails_on:
                raise ValueError(f"cannot bear {row!r}")
            return row

    @property
    def projections(self) -> list[Projection]:
        return [self.projection if one.name == "customers" else one for one in PROJECTIONS]


class TallyRow(Row):
    """How often a step was taken for a customer."""

    count: Public[int, "figure"] = 0


tally = Projection("tally", 1, TallyRow)


@tally.on(CustomerRegistered, CustomerChanged)
def add_one(row: TallyRow, event: Event, recorded: Recorded) -> TallyRow:
    """Not what a good step does: it shows an event that is folded twice."""
    return replace(row, count=row.count + 1)


def register(services: Services, name: str = "Acme") -> UUID:
    return services.issue(RegisterCustomer(name=name, kind=Kind.ORGANISATION)).stream


def change(services: Services, customer: UUID, **fields: Any) -> int:
    return services.issue(ChangeCustomer(**fields), customer).position


def row(services: Services, customer: UUID) -> dict[str, Any]:
    with services.database.borrow("writer", services.tenant.schema) as connection:
        (found,) = table_of(customers).load(connection, [(customer,)])
    return found


def parked(services: Services) -> dict[str, tuple[UUID, int, str]]:
    with services.database.borrow("writer", services.tenant.schema) as connection:
        found = connection.execute("SELECT projection, stream, position, error FROM parked")
        return {name: (stream, position, error) for name, stream, position, error in found}


def assert_equal_to_a_rebuild(services: Services) -> None:
    services.runner.catch_up()
    for made in rebuild(services.log, PROJECTIONS, DERIVED, (*PROJECTIONS, *DERIVED)):
        assert made.checksum == made.live_checksum, made.name


def until(is_so: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    done = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if is_so():
            return
        done.wait(0.02)
    raise AssertionError("it did not come to pass")


Opener = Callable[..., Runner]


@pytest.fixture
def open_runner(services: Services) -> Iterator[Opener]:
    """Makes runners on the tenant's log; of a weak projection, if one is given."""
    opened: list[Runner] = []

    def open_one(weak: Weak | None = None, kind: type[Runner] = Runner) -> Runner:
        projections = PROJECTIONS if weak is None else weak.projections
        opened.append(kind(services.log, projections, DERIVED))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def running(services: Services) -> Services:
    services.start_runner()
    return services


# Following the log


def test_the_read_models_follow_in_batches_of_any_size(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 3)
    streams = [register(services, f"Customer {n}") for n in range(4)]
    for level in (Level.A, Level.B):
        for stream in streams:
            change(services, stream, level=level)
    assert services.runner.catch_up() == services.log.head()
    assert services.runner.position() == services.log.head()
    assert [row(services, stream)["level"] for stream in streams] == ["B"] * 4
    assert_equal_to_a_rebuild(services)


def test_a_reader_waits_for_what_it_wrote_within_a_bound(running: Services) -> None:
    position = change(running, register(running), level=Level.A)
    assert running.runner.wait_for(position, PATIENCE)
    assert not running.runner.wait_for(position + 1, 0.05)


def test_a_reader_hears_of_the_progress_of_another_process(
    services: Services, open_runner: Opener, running: Services
) -> None:
    position = register_and_position(services)
    elsewhere = open_runner()
    until(lambda: elsewhere.wait_for(position, 0.05))


def register_and_position(services: Services) -> int:
    return change(services, register(services), level=Level.A)


def test_a_stopped_runner_leaves_its_batch_whole(running: Services, open_runner: Opener) -> None:
    for n in range(20):
        register(running, f"Customer {n}")
    running.runner.stop()
    until(lambda: not running.is_running)
    again = open_runner()
    assert again.catch_up() == running.log.head()
    assert_equal_to_a_rebuild(running)


# Rows that wait


def test_a_failing_step_parks_its_row_and_the_others_go_on(
    services: Services, open_runner: Opener
) -> None:
    weak = Weak({Level.B})
    fragile = open_runner(weak)
    waits, goes_on = register(services, "Waits"), register(services, "Goes on")
    change(services, waits, level=Level.A)
    failed_at = change(services, waits, level=Level.B, name="Wang Xiaoming")
    fragile.catch_up()
    change(services, waits, level=Level.C)
    change(services, goes_on, level=Level.C)
    assert fragile.catch_up() == services.log.head()
    assert row(services, waits)["level"] == "A"
    assert row(services, goes_on)["level"] == "C"
    assert parked(services) == {
        name: (waits, failed_at, f"ValueError in {name} at CustomerChanged")
        for name in ("customers", "history")
    }


def test_a_retry_folds_the_row_anew_and_its_history_too(
    services: Services, open_runner: Opener
) -> None:
    weak = Weak({Level.B})
    fragile = open_runner(weak)
    customer = register(services)
    change(services, customer, level=Level.B)
    fragile.catch_up()
    change(services, customer, level=Level.C)
    fragile.catch_up()
    assert not fragile.retry_parked("customers", customer)
    assert parked(services).keys() == {"customers", "history"}
    weak.fails_on.clear()
    assert fragile.retry_parked("customers", customer)
    assert parked(services) == {}
    assert row(services, customer)["level"] == "C"
    assert_equal_to_a_rebuild(services)


def test_a_row_goes_on_without_an_event_that_is_skipped_also_in_a_rebuild(
    services: Services, open_runner: Opener
) -> None:
    fragile = open_runner(weak := Weak({Level.B}))
    customer = register(services)
    failing = change(services, customer, level=Level.B)
    fragile.catch_up()
    change(services, customer, size=7)
    fragile.catch_up()
    skip = SkipEvent(read_model="customers", position=failing, record_id=customer)
    services.issue(skip, SKIPPED_EVENTS)
    assert fragile.retry_parked("customers", customer)
    assert parked(services) == {}
    shown = row(services, customer)
    assert (shown["level"], shown["size"]) == (None, 7)
    change(services, customer, size=8)
    fragile.catch_up()
    made = rebuild(services.log, weak.projections, DERIVED, (*weak.projections, *DERIVED))
    assert all(one.checksum == one.live_checksum for one in made)
    assert parked(services) == {}
    assert row(services, customer)["size"] == 8
    # As it was is told without the event as well, and so is what was from what to what.
    before = services.gate.as_of(READER, "customers", customer)
    assert before is not None
    assert (before["level"], before["size"]) == (None, 8)
    facts = services.gate.history(READER, Query({"id": customer}, sort="position")).items
    assert [(one["field"], one["from"], one["to"]) for one in facts][-3:] == [
        ("CustomerChanged", None, None),
        ("size", None, 7),
        ("size", 7, 8),
    ]


def test_a_runner_leaves_out_what_was_skipped_when_it_folds_a_record_anew(
    services: Services, open_runner: Opener
) -> None:
    """As after an erasure; it has seen the skip by then, or its row would wait again."""
    fragile = open_runner(Weak({Level.B}))
    customer = register(services)
    failing = change(services, customer, level=Level.B)
    fragile.catch_up()
    skip = SkipEvent(read_model="customers", position=failing, record_id=customer)
    services.issue(skip, SKIPPED_EVENTS)
    assert open_runner(Weak({Level.B})).retry_parked("customers", customer)
    asked = ReceiveSubjectRequest(kind=RequestKind.ERASURE, customer_id=customer)
    request = services.issue(asked).stream
    services.issue(MarkErased(records=(Marked(kind="customers", stream=customer),)), request)
    fragile.catch_up()
    assert parked(services) == {}
    assert row(services, customer)["version"] == 3


def test_a_retry_of_what_is_not_parked_changes_nothing(services: Services) -> None:
    customer = register(services)
    services.runner.catch_up()
    assert services.runner.retry_parked("customers", customer)
    assert_equal_to_a_rebuild(services)


def test_a_retry_in_the_middle_of_a_batch_loses_no_event(
    services: Services, open_runner: Opener
) -> None:
    """The batch left the parked row's events out; folded anew, it must have them."""
    weak = Weak({Level.B})
    fragile = open_runner(weak)
    customer = register(services)
    change(services, customer, level=Level.B)
    fragile.catch_up()
    weak.fails_on.clear()
    change(services, customer, level=Level.C)

    retry = threading.Thread(target=lambda: fragile.retry_parked("customers", customer))

    class Interrupted(Runner):
        def _write(self, *arguments: Any) -> Any:
            if not retry.ident:
                retry.start()
                retry.join(0.2)  # it has to wait for this batch, or has been in time for it
            return super()._write(*arguments)

    open_runner(weak, Interrupted).catch_up()
    retry.join()
    assert parked(services) == {}
    assert row(services, customer)["level"] == "C"
    assert_equal_to_a_rebuild(services)


def test_a_row_is_retried_while_the_runner_runs(services: Services, open_runner: Opener) -> None:
    weak = Weak({Level.B})
    services.runner = open_runner(weak)
    services.start_runner()
    customer = register(services)
    assert services.runner.wait_for(change(services, customer, level=Level.B), PATIENCE)
    weak.fails_on.clear()
    writing = threading.Event()

    def write() -> None:
        while not writing.is_set():
            change(services, customer, size=len(written))
            written.append(1)

    written: list[int] = []
    writer = threading.Thread(target=write)
    writer.start()
    until(lambda: len(written) > 10)
    assert services.runner.retry_parked("customers", customer)
    until(lambda: len(written) > 30)
    writing.set()
    writer.join()
    assert services.runner.wait_for(services.log.head(), PATIENCE)
    assert parked(services) == {}
    assert services.is_running
    assert row(services, customer)["size"] == len(written) - 1


def test_a_rebuild_unparks_what_folds_now_and_parks_what_does_not(
    services: Services, open_runner: Opener
) -> None:
    weak = Weak({Level.B})
    fragile = open_runner(weak)
    customer = register(services)
    change(services, customer, level=Level.B)
    fragile.catch_up()
    rebuild(services.log, weak.projections, DERIVED, (weak.projection, *DERIVED))
    assert parked(services).keys() == {"customers", "history"}
    rebuild(services.log, PROJECTIONS, DERIVED, (customers, *DERIVED))
    assert parked(services) == {}
    assert_equal_to_a_rebuild(services)


# What it survives


def test_a_lost_connection_parks_nothing_and_is_made_again(running: Services) -> None:
    customer = register(running)
    assert running.runner.wait_for(running.log.head(), PATIENCE)
    for size in range(3):
        end_backends(running, "kept-projector")
        assert running.runner.wait_for(change(running, customer, size=size), PATIENCE)
    assert parked(running) == {}
    assert running.is_running
    assert row(running, customer)["size"] == 2


def test_what_a_server_lost_with_its_last_commits_is_waited_for_again(running: Services) -> None:
    """The runner does not wait for the disk, so what it said to have folded may be gone."""
    customer = register(running)
    position = change(running, customer, level=Level.A)
    assert running.runner.wait_for(position, PATIENCE)
    told: list[int] = []
    running.runner.on_progress(told.append)
    end_backends(running, "kept-projector")
    until(lambda: told[-1:] == [position])
    assert told[0] == 0


def end_backends(services: Services, application: str) -> None:
    """End connections of a kind, as a network does."""
    with services.database.connect("projector", services.tenant.schema) as connection:
        connection.execute("SET application_name = ''")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            " AND pid <> pg_backend_pid()",
            [application],
        )


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("disk full"),
        psycopg.DataError("of a kind that nobody thought of"),
        psycopg.errors.UndefinedTable("just being swapped"),
        ValueError("nor that one"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_outside_of_steps_parks_nothing_and_does_not_end_the_runner(
    error: Exception, running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = register(running)
    assert running.runner.wait_for(running.log.head(), PATIENCE)
    failures = [error]
    write = Table.write

    def fails_once(self: Table, *arguments: Any) -> None:
        if failures:
            raise failures.pop()
        write(self, *arguments)

    monkeypatch.setattr(Table, "write", fails_once)
    monkeypatch.setattr(runner, "RETRY", 0.01)
    assert running.runner.wait_for(change(running, customer, level=Level.C), PATIENCE)
    assert not failures
    assert parked(running) == {}
    assert row(running, customer)["level"] == "C"


def test_two_runners_at_once_fold_no_event_twice(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 2)
    projections = [*PROJECTIONS, tally]
    prepare(services.log, projections, DERIVED)
    customer = register(services)
    overtaken: list[str] = []
    done = threading.Event()

    def fold() -> None:
        with closing(Runner(services.log, projections, DERIVED)) as one:
            go_on(one)

    def go_on(one: Runner) -> None:
        while not done.is_set() or one.position() < services.log.head():
            try:
                one.catch_up()
            except (Overtaken, psycopg.OperationalError) as error:
                overtaken.append(type(error).__name__)

    threads = [threading.Thread(target=fold) for _ in range(3)]
    for thread in threads:
        thread.start()
    for size in range(60):
        change(services, customer, size=size)
    done.set()
    for thread in threads:
        thread.join()
    with services.database.borrow("writer", services.tenant.schema) as connection:
        (counted,) = table_of(tally).load(connection, [(customer,)])
    assert counted["count"] == 61
    assert_equal_to_a_rebuild(services)


def test_the_lease_is_taken_over_when_its_holder_goes(
    services: Services, open_runner: Opener
) -> None:
    first, second = (open_runner() for _ in range(2))
    threads = [threading.Thread(target=one.run, daemon=True) for one in (first, second)]
    for thread in threads:
        thread.start()
    assert first.wait_for(register_and_position(services), PATIENCE)
    first.stop()
    threads[0].join()
    position = register_and_position(services)
    assert second.wait_for(position, PATIENCE)
    second.stop()
    threads[1].join()
    assert second.position() >= position


def test_models_at_different_positions_fold_to_the_same_history(services: Services) -> None:
    """As after a rebuild of one of them: each takes up where it stands."""
    customer = register(services)
    services.runner.catch_up()
    for level in (Level.A, Level.B, Level.C):
        change(services, customer, level=level)
    rebuild(services.log, PROJECTIONS, DERIVED, [customers])
    services.runner.catch_up()
    assert_equal_to_a_rebuild(services)
    with services.database.borrow("writer", services.tenant.schema) as connection:
        found = connection.execute(
            "SELECT fields FROM history_v1 WHERE id = %s ORDER BY position", [customer]
        ).fetchall()
    assert [fields for (fields,) in found[1:]] == [["level"]] * 3


def test_positions_of_a_runner_are_those_of_the_table(services: Services) -> None:
    register(services)
    services.runner.catch_up()
    with services.database.borrow("writer", services.tenant.schema) as connection:
        positions = Tracking(connection).positions(services.runner.models)
    assert set(positions.values()) == {services.log.head()}
