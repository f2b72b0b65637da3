"""A rebuild in parts: by several processes, and gone on with when it was broken off."""

import os
import signal
from typing import Any
from uuid import UUID

import pytest

from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from domain.customers import Kind
from projections import DERIVED, PROJECTIONS
from projections import rebuild as rebuilding
from projections.customers import customers
from projections.filling import Part
from projections.kernel import ReadModel, RecordRow
from projections.rebuild import Rebuilt, rebuild
from store import drafts
from store.ranges import between, cuts
from store.workers import WorkerLost, Workers

MODELS: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)


class Cut(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


@pytest.fixture
def filled(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Some records with some history, folded, and parts of a few events."""
    monkeypatch.setattr(rebuilding, "WIDTH", 6)
    monkeypatch.setattr(rebuilding, "PARTS_A_WORKER", 1)
    for n in range(16):
        known = services.issue(RegisterCustomer(name=f"客户 {n}", kind=Kind.ORGANISATION)).stream
        for size in range(n % 3):
            services.issue(ChangeCustomer(size=size), known)
    services.runner.catch_up()
    return services


def rebuilt(services: Services, workers: int = 1, **how: Any) -> list[Rebuilt]:
    return rebuild(services.log, PROJECTIONS, DERIVED, MODELS, workers=workers, **how)


def equal_to_live(made: list[Rebuilt]) -> bool:
    return all(one.checksum == one.live_checksum for one in made)


def broken_off(
    services: Services, monkeypatch: pytest.MonkeyPatch, after: int, **how: Any
) -> list[int]:
    """The numbers of the parts that a rebuild has written before it is cut off."""
    run = Part.run
    done: list[int] = []

    def cut_off(part: Part, bench: Any) -> Any:
        if len(done) == after:
            raise Cut
        filled = run(part, bench)
        done.append(part.number)
        return filled

    with monkeypatch.context() as patched:
        patched.setattr(Part, "run", cut_off)
        with pytest.raises(Cut):
            rebuilt(services, **how)
    return done


def test_the_ranges_between_cuts_hold_every_stream_once(filled: Services) -> None:
    with filled.database.borrow("writer", filled.tenant.schema) as connection:
        found = cuts(connection, 6)
        assert len(found) >= 4
        assert cuts(connection, 6, found[:2])[:2] == found[:2]
        streams = connection.execute("SELECT DISTINCT stream FROM events").fetchall()
        within = [
            row
            for one in between(found)
            for row in connection.execute(
                f"SELECT DISTINCT stream FROM events WHERE {one.where('stream')}".encode()
            ).fetchall()
        ]
    assert sorted(within) == sorted(streams)


def test_several_processes_make_what_one_makes(filled: Services) -> None:
    alone, together = rebuilt(filled, 1), rebuilt(filled, 2)
    assert [one.checksum for one in together] == [one.checksum for one in alone]
    assert equal_to_live(together)
    assert {one.name: one.rows for one in together}["history"] == filled.log.head()


def test_a_rebuild_that_was_broken_off_is_gone_on_with(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = broken_off(filled, monkeypatch, after=2)
    known = filled.issue(RegisterCustomer(name="Later", kind=Kind.PERSON)).stream
    filled.issue(ChangeCustomer(size=9), known)
    filled.issue(ChangeCustomer(size=9), _first_customer(filled))
    filled.runner.catch_up()
    second = broken_off(filled, monkeypatch, after=1)
    assert first == [0, 1]
    assert second == [2]
    told: list[int] = []
    made = rebuild(
        *(filled.log, PROJECTIONS, DERIVED, MODELS),
        lambda what, done, of: told.append(done) if what == "fold" else None,
    )
    assert equal_to_live(made)
    assert told == sorted(told)
    with filled.database.connect("projector", filled.tenant.schema) as connection:
        assert drafts.unfinished(connection) is None


def test_one_that_was_broken_off_while_it_waited_for_readers_is_gone_on_with(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(rebuilding.Rebuild, "_swap", _cut)
        with pytest.raises(Cut):
            rebuilt(filled)
    filled.issue(ChangeCustomer(size=9), _first_customer(filled))
    filled.runner.catch_up()
    monkeypatch.setattr(Part, "run", _cut)  # all of them are written
    assert equal_to_live(rebuilt(filled))


def _cut(*_: object) -> None:
    raise Cut


def test_afresh_begins_anew(filled: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    assert broken_off(filled, monkeypatch, after=2) == [0, 1]
    assert broken_off(filled, monkeypatch, after=1, afresh=True) == [0]
    assert equal_to_live(rebuilt(filled))


def test_another_rebuild_than_the_one_that_was_broken_off_begins_anew(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broken_off(filled, monkeypatch, after=2) == [0, 1]
    (made,) = rebuild(filled.log, PROJECTIONS, DERIVED, [customers])
    assert (made.checksum, made.rows) == (made.live_checksum, 16)
    assert equal_to_live(rebuilt(filled))


def test_what_waits_in_a_part_waits_after_it_was_broken_off(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold, stream = type(customers).fold, _first_customer(filled)

    def failing(model: Any, key: Any, row: RecordRow | None, recorded: Any) -> Any:
        if model.name == "customers" and recorded.stream == stream:
            raise ValueError("客户")
        return fold(model, key, row, recorded)

    with monkeypatch.context() as patched:
        patched.setattr(type(customers), "fold", failing)
        assert broken_off(filled, monkeypatch, after=2) == [0, 1]
    rebuilt(filled)
    with filled.database.borrow("writer", filled.tenant.schema) as connection:
        parked = connection.execute("SELECT projection, stream, error FROM parked").fetchall()
    assert sorted(parked) == [
        (name, stream, f"ValueError in {name} at CustomerRegistered")
        for name in ("customers", "history")
    ]


def test_a_process_that_is_killed_is_said_and_the_others_end(
    filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Workers] = []
    begin = Workers.__init__

    def noting(workers: Workers, *given: Any) -> None:
        begin(workers, *given)
        begun.append(workers)
        victim = next(iter(workers._processes.values()))
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(Workers, "__init__", noting)
        with pytest.raises(WorkerLost, match="it goes on where it stood"):
            rebuilt(filled, 2)
    assert not any(one.is_alive() for one in begun[0]._processes.values())
    assert equal_to_live(rebuilt(filled, 2))


def _first_customer(services: Services) -> UUID:
    events = services.log.read(0, 50)
    return next(one.stream for one in events if one.type == "CustomerRegistered")
