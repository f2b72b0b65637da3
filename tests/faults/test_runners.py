"""Runners in processes of their own: two at once, and one that is killed in mid-batch."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import pytest

from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from domain.customers import Kind
from projections import DERIVED
from projections.preparing import prepare
from projections.rebuild import rebuild
from projections.runner import Runner
from projections.tables import table_of
from tests.faults.following import TALLIED, tally
from tests.faults.house import PATIENCE, ROOT, until

Process = subprocess.Popen[str]


@pytest.fixture
def customer(services: Services) -> UUID:
    """Somebody whose changes are counted."""
    prepare(services.log, TALLIED, DERIVED)
    return services.issue(RegisterCustomer(name="Acme", kind=Kind.ORGANISATION)).stream


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def follow(processes: list[Process], services: Services, hold: str = "") -> Process:
    """Another runner, ready when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.following", services.tenant.name, hold],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    processes.append(process)
    assert said(process) == "following"
    return process


def said(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def change(services: Services, customer: UUID, times: int) -> int:
    """Changes; gives the position of the last."""
    return max(services.issue(ChangeCustomer(size=n), customer).position for n in range(times))


def assert_each_event_counted_once(services: Services, customer: UUID, events: int) -> None:
    with services.database.borrow("writer", services.tenant.schema) as connection:
        (row,) = table_of(tally).load(connection, [(customer,)])
    assert row["count"] == events
    for made in rebuild(services.log, TALLIED, DERIVED, (*TALLIED, *DERIVED)):
        assert made.checksum == made.live_checksum, made.name


def test_a_runner_that_is_killed_in_the_middle_of_a_batch_leaves_nothing_behind(
    services: Services, customer: UUID, processes: list[Process]
) -> None:
    position = change(services, customer, 20)
    held = follow(processes, services, "hold")
    assert said(held) == "in the middle"
    with closing(Runner(services.log, TALLIED, DERIVED)) as other:
        before = other.position()
        assert before < position
        held.kill()
        until(lambda: takes_the_lease(other), "the lease is free")
        assert other.catch_up() == position
    assert_each_event_counted_once(services, customer, 21)


def takes_the_lease(runner: Runner) -> bool:
    """Whether the database has noticed that the holder is gone."""
    from store.tracking import LEASE, Tracking  # noqa: PLC0415

    return Tracking(runner._connect()).lease(LEASE)


def test_of_two_runners_one_works_and_the_other_takes_over_when_it_dies(
    services: Services, customer: UUID, processes: list[Process]
) -> None:
    first = follow(processes, services)
    change(services, customer, 10)
    until(lambda: services.runner.position() == services.log.head(), "the first one follows")
    second = follow(processes, services)
    change(services, customer, 10)
    until(lambda: services.runner.position() == services.log.head(), "it goes on")
    first.kill()
    position = change(services, customer, 10)
    until(lambda: services.runner.position() == position, "the second one takes over", PATIENCE)
    assert second.poll() is None
    assert_each_event_counted_once(services, customer, 31)
