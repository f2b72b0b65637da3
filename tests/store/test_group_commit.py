"""The group committer: lost connections, broken commands, a full queue, and an orderly end."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from uuid_utils.compat import uuid7

from domain.customers import CustomerChanged
from store import group_commit
from store.database import Database
from store.errors import LogFull, LogUnavailable, Unrecordable
from store.event_log import EventLog
from store.group_commit import GroupCommitter
from store.tenants import Tenant
from tests.dsl import id_of
from tests.store.conftest import Opener
from tests.store.deciding import (
    decision,
    held_up,
    in_threads,
    new_log,
    registered,
    renamed,
    stored,
    until,
    waiting_for_lock,
)
from tests.store.proxy import Proxy, Step

ONE = id_of("customer one")


@pytest.fixture
def proxy(database: Database) -> Iterator[Proxy]:
    with Proxy(database) as proxy:
        yield proxy


@pytest.fixture
def remote(proxy: Proxy, bare_tenant: Tenant) -> Iterator[EventLog]:
    """A log whose connections go through the proxy, and are open."""
    log = new_log(proxy.database, bare_tenant)
    log.append(registered(ONE))
    yield log
    log.close()


# Lost connections.


@pytest.mark.faults
@pytest.mark.parametrize("step", ["request", "answer"])
def test_a_batch_whose_connection_was_lost_is_stored_once(
    remote: EventLog, log: EventLog, proxy: Proxy, step: Step
) -> None:
    """Behind a commit the answer is lost; the same batch is sent again and gets it."""
    several = decision(ONE, CustomerChanged(name="B"), CustomerChanged(note="n"), at=1)
    for number, order in enumerate(
        [
            renamed(uuid7(), at=0, claims=("wf@example.com",)),
            several,
            registered(uuid7(), key="k1", claims=("王@例子.中国",)),
            renamed(ONE, at=3, releases=("wf@example.com",)),
        ]
    ):
        positions = log.head() + len(order.events)
        is_stored = threading.Event()

        def committed(positions: int = positions, is_stored: threading.Event = is_stored) -> None:
            until(lambda: log.head() == positions)
            is_stored.set()

        proxy.lose_next(step, committed if step == "answer" else lambda: None)
        receipt = remote.append(order)
        assert proxy.lost == number + 1
        assert is_stored.is_set() == (step == "answer")
        last = log.last_receipt(order.stream)
        assert last is not None
        assert (receipt.position, receipt.leaf_hash) == (last.position, last.leaf_hash)
        assert receipt.position == positions
    assert len(stored(log)) == 6
    assert log.load(ONE)[-1].event == remote.load(ONE)[-1].event


@pytest.mark.faults
def test_a_whole_batch_is_sent_again_after_its_answer_was_lost(
    remote: EventLog, log: EventLog, proxy: Proxy, database: Database
) -> None:
    orders = [registered(uuid7(), claims=(f"{n}@example.com",)) for n in range(30)]
    orders += [registered(orders[0].stream)]
    with held_up(database, remote):
        sent = [remote.submit(one) for one in orders]
        # The first answer is the plug's, the one after it is the batch's.
        proxy.lose_next("answer", lambda: until(lambda: log.head() == 32), skip=1)
    receipts = [
        remote.receive(order, *waiting)
        for order, waiting in zip(orders[:-1], sent[:-1], strict=True)
    ]
    assert [one.position for one in receipts] == [*range(3, 33)]
    with pytest.raises(Exception, match=r"is at version 1, not 0"):
        remote.receive(orders[-1], *sent[-1])
    assert len(stored(log)) == 32


@pytest.mark.faults
def test_a_backend_that_goes_on_without_its_client_stores_nothing_twice(
    remote: EventLog, log: EventLog, proxy: Proxy, database: Database
) -> None:
    with database.connect("owner", log.tenant.schema) as owner, owner.transaction():
        owner.execute("LOCK TABLE append_lock IN EXCLUSIVE MODE")
        proxy.lose_next("client")
        order = renamed(ONE, at=1)
        waiting = remote.submit(order)
        with database.connect("owner", log.tenant.schema) as observer:
            until(lambda: waiting_for_lock(observer) == 2)
    assert remote.receive(order, *waiting).position == 2
    with database.connect("owner", log.tenant.schema) as observer:
        until(lambda: waiting_for_lock(observer) == 0)
    assert remote.append(renamed(ONE, at=2)).position == 3
    assert len(stored(log)) == 3


@pytest.mark.faults
def test_a_backend_that_is_terminated_in_the_middle_is_replaced(
    log: EventLog, database: Database
) -> None:
    log.append(registered(ONE))
    with held_up(database, log), database.connect("writer") as writer:
        order = renamed(ONE, at=1)
        waiting = log.submit(order)
        ended = writer.execute(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l"
            " JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE NOT granted AND relname = 'append_lock' AND nspname = %s",
            [log.tenant.schema],
        ).fetchall()
        assert ended == [(True,)]
    assert log.receive(order, *waiting).version == 2
    assert len(stored(log)) == 3


@pytest.mark.faults
def test_a_database_that_stays_away_is_told_and_loses_nothing_acknowledged(
    remote: EventLog, log: EventLog, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "RECONNECT_FOR", 0.2)
    monkeypatch.setattr(group_commit, "MAX_BATCH", 5)
    proxy.refuse()
    orders = [renamed(ONE, at=1) for _ in range(20)]
    sent = [remote.submit(one) for one in orders]
    for order, waiting in zip(orders, sent, strict=True):
        with pytest.raises(LogUnavailable, match="Try again in a few seconds"):
            remote.receive(order, *waiting)
    assert len(stored(log)) == 1


# Commands that break.


def test_an_error_in_one_command_of_a_batch_does_not_hurt_the_others(
    log: EventLog, database: Database
) -> None:
    unread = renamed(ONE, at=0)
    unread.reads = {}
    event = {"stream": "no id", "version": 1, "type": "T", "body": "{}"}
    garbled = {"events": [event], "reads": [], "stream": "no id", "version": 1}
    log.append(registered(ONE))
    with held_up(database, log):
        good = [registered(uuid7()) for _ in range(3)]
        waits = [log.submit(good[0])[0], log.submit(unread)[0], log.send(garbled)]
        waits += [log.submit(one)[0] for one in good[1:]]
    outcomes: list[Any] = []
    for waiting in waits:
        try:
            outcomes.append(waiting.wait()[0])
        except Exception as error:
            outcomes.append(type(error))
    broken = [psycopg.errors.UniqueViolation, AttributeError]
    assert outcomes == ["stored", *broken, "stored", "stored"]
    assert len(stored(log)) == 5


def test_rows_that_belong_to_no_event_of_their_command_are_refused(log: EventLog) -> None:
    """Or a writer could lay personal data beside the events of others, past and to come."""
    log.append(registered(ONE))
    for n in (0, 2, -2):
        entry, _ = log._entry(registered(uuid7()), {})
        entry["personal"][0]["n"] = n
        with pytest.raises((psycopg.errors.NotNullViolation, OverflowError)):
            log.send(entry).wait()
    assert len(stored(log)) == 1


@pytest.mark.parametrize(
    "value", ["a\0b", "a\ud800b", "\\\0"], ids=["NUL", "half a character", "after a backslash"]
)
@pytest.mark.parametrize("field", ["industry", "note"])
def test_what_postgresql_cannot_hold_is_refused_with_a_sentence(
    log: EventLog, field: str, value: str
) -> None:
    with pytest.raises(Unrecordable, match=r"not valid Unicode\. Give"):
        log.append(decision(ONE, CustomerChanged.of({field: value})))
    fine = CustomerChanged.of({field: "a\\u0000b \\ ☺ 𝄞 \x01\x7f"})
    assert log.append(decision(ONE, fine)).position == 1
    assert log.load(ONE)[0].event == fine


def test_batches_are_bounded_in_bytes(
    log: EventLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_BATCH_BYTES", 10_000)
    sizes: list[int] = []
    send = GroupCommitter._send

    def measured(committer: GroupCommitter, batch: list[Any]) -> Any:
        sizes.append(sum(one.size for one in batch))
        return send(committer, batch)

    monkeypatch.setattr(GroupCommitter, "_send", measured)
    notes = ["x" * 2_000] * 9 + ["x" * 20_000]
    orders = [decision(uuid7(), CustomerChanged(note=note)) for note in notes]
    with held_up(database, log):
        sent = [log.submit(one) for one in orders]
    positions = [
        log.receive(one, *waiting).position for one, waiting in zip(orders, sent, strict=True)
    ]
    assert positions == [*range(2, 12)]
    assert len(sizes) > 3
    assert all(size < 10_000 for size in sizes[:-1])
    assert sizes[-1] > 20_000


# The queue, and the end.


def test_a_full_queue_says_so_and_nothing_is_lost(
    open_log: Opener, bare_tenant: Tenant, database: Database
) -> None:
    log = open_log(bare_tenant, max_waiting=8)
    with held_up(database, log):
        orders = [registered(uuid7()) for _ in range(8)]
        sent = [log.submit(one) for one in orders]
        refused = in_threads(*(lambda: log.append(registered(uuid7())) for _ in range(10)))
    assert all(isinstance(one, LogFull) and one.retry_after for one in refused)
    receipts = [log.receive(one, *waiting) for one, waiting in zip(orders, sent, strict=True)]
    assert [one.position for one in receipts] == [*range(2, 10)]
    assert len(stored(log)) == 9
    assert log.append(registered(uuid7())).position == 10


def test_closing_lets_what_waits_through_and_takes_no_more(
    open_log: Opener, bare_tenant: Tenant, database: Database
) -> None:
    log = open_log(bare_tenant)
    with held_up(database, log):
        sent = [log.submit(registered(uuid7()))[0] for _ in range(300)]
        closing = threading.Thread(target=log.close)
        closing.start()
        until(lambda: log._committer._closing)
        with pytest.raises(LogFull):
            log.submit(registered(uuid7()))
    closing.join()
    assert {one.wait()[0] for one in sent} == {"stored"}
    assert len(stored(open_log(bare_tenant))) == 301


def test_a_listener_that_fails_stops_nothing(log: EventLog) -> None:
    def fail(position: int) -> None:
        raise ValueError(position)

    log.on_commit(fail)
    assert [log.append(registered(uuid7())).position for _ in range(3)] == [1, 2, 3]


def test_a_waiter_that_cannot_be_called_keeps_no_other_waiting(
    log: EventLog, database: Database
) -> None:
    def gone() -> None:
        raise RuntimeError("Event loop is closed")

    with held_up(database, log):
        sent = [log.submit(registered(uuid7()))[0] for _ in range(3)]
        sent[0].call(gone)
    assert [one.wait()[0] for one in sent] == ["stored"] * 3


def test_every_waiter_gets_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One exception raised by many threads would gather all of their tracebacks."""

    def connect() -> Any:
        raise psycopg.errors.AdminShutdown

    monkeypatch.setattr(group_commit, "RECONNECT_FOR", 0.0)
    committer = GroupCommitter(connect)
    errors: list[Exception] = []
    for waiting in [committer.submit({"events": []}) for _ in range(3)]:
        with pytest.raises(LogUnavailable):
            waiting.wait()
        errors.append(waiting.error)  # type: ignore[arg-type]
    committer.close()
    assert len({id(one) for one in errors}) == 3
