"""The read log: durable before anything is given out, dense, append-only, and found by index."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.errors import RaiseException
from uuid_utils.compat import uuid7

from domain.envelope import SYSTEM, from_microseconds
from store import group_commit
from store.codec import canonical
from store.database import Database
from store.event_log import EventLog
from store.lists import BadCursor
from store.read_entries import Asked, entries
from store.read_log import MOST_RECORDS, ReadLog, ReadNotRecorded, body_of, subjects_of
from store.tenants import Tenant
from tests.dsl import id_of
from tests.store.deciding import in_threads, new_log, registered, until
from tests.store.proxy import Proxy, Step
from tests.store.reading import a_read, numbers, recorded

ANNA, BERT = id_of("anna"), id_of("bert")


@pytest.fixture
def reads(log: EventLog) -> Iterator[ReadLog]:
    found = ReadLog(log)
    yield found
    found.close()


# What an entry says.


def test_an_entry_names_who_read_what_and_holds_no_value(log: EventLog, reads: ReadLog) -> None:
    before = datetime.now(UTC)
    reads.record(a_read(ANNA, fields=["phones", "name"], asked=["emails"]))
    [entry] = recorded(log)
    body = body_of(entry)
    assert entry.number == 1
    assert before <= from_microseconds(entry.read_at) <= datetime.now(UTC)
    assert canonical(body).decode() == entry.body
    assert len(body.pop("blind")) == 32
    assert body == {
        "schema": 1,
        "actor": str(SYSTEM),
        "client": "a test",
        "role": "sales",
        "door": "http",
        "purpose": "sales",
        "read_model": "customers",
        "records": [str(ANNA)],
        "count": 1,
        "fields": ["name", "phones"],
        "asked": ["emails"],
    }


def test_the_subjects_are_named_where_they_are_not_the_records(
    log: EventLog, reads: ReadLog
) -> None:
    ticket = id_of("ticket")
    reads.record(a_read(records={ticket: [ANNA, BERT], id_of("other"): [ANNA]}))
    [entry] = recorded(log)
    assert body_of(entry)["records"] == [str(ticket), str(id_of("other"))]
    assert subjects_of(body_of(entry)) == [str(ANNA), str(BERT)]
    assert recorded(log, subject=BERT) == [entry]
    assert recorded(log, subject=ticket) == []


def test_two_reads_of_the_same_have_different_hashes(log: EventLog, reads: ReadLog) -> None:
    """So that nobody can try what a neighbour in a proof might have read."""
    for _ in range(2):
        reads.record(a_read(ANNA))
    first, second = recorded(log)
    assert first.body != second.body


def test_a_large_read_makes_several_entries(log: EventLog, reads: ReadLog) -> None:
    records = [uuid7() for _ in range(2 * MOST_RECORDS + 1)]
    reads.record(a_read(*records))
    found = [body_of(one) for one in recorded(log)]
    assert [one["count"] for one in found] == [MOST_RECORDS, MOST_RECORDS, 1]
    assert [one for body in found for one in body["records"]] == [*map(str, records)]


# Durable first.


def test_entries_of_many_threads_are_dense_in_time_and_all_there(
    log: EventLog, open_log: Any, bare_tenant: Tenant
) -> None:
    """Two processes, sixteen threads each."""
    logs = [ReadLog(log), ReadLog(open_log(bare_tenant))]
    people = [uuid7() for _ in range(32)]

    def work(number: int) -> None:
        for _ in range(10):
            logs[number % 2].record(a_read(people[number]))
            assert people[number].hex in _subjects(log)

    outcomes = in_threads(*(lambda n=n: work(n) for n in range(32)))
    assert outcomes == [None] * 32
    found = recorded(log)
    assert numbers(found) == [*range(1, 321)]
    assert [one.read_at for one in found] == sorted(one.read_at for one in found)
    assert all(len(recorded(log, subject=one)) == 10 for one in people)
    for one in logs:
        one.close()


def _subjects(log: EventLog) -> set[str]:
    with log.database.borrow("writer", log.tenant.schema) as connection:
        rows = connection.execute("SELECT DISTINCT unnest(subjects) FROM reads").fetchall()
    return {row[0].hex for row in rows}


def test_what_comes_while_a_batch_is_committed_is_one_batch(
    log: EventLog, reads: ReadLog, database: Database
) -> None:
    with database.connect("owner", log.tenant.schema) as owner:
        with owner.transaction():
            owner.execute("LOCK TABLE read_lock IN EXCLUSIVE MODE")
            with reads.gathering() as gathered:
                reads.record(a_read(ANNA))
                until(lambda: _waits(database, log.tenant))
                for _ in range(20):
                    reads.record(a_read(BERT))
            assert not any(one.is_settled for one in gathered)
        for one in gathered:
            one.wait_quietly()
            reads.check(one)
    assert len({one.read_at for one in recorded(log, subject=BERT)}) == 1
    assert len(recorded(log)) == 21


def _waits(database: Database, tenant: Tenant) -> bool:
    with database.connect("owner", tenant.schema) as observer:
        row = observer.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'read_lock'::regclass"
        ).fetchone()
    return bool(row and row[0])


def test_a_read_that_cannot_be_recorded_is_refused(
    log: EventLog, reads: ReadLog, database: Database
) -> None:
    with database.connect("owner", log.tenant.schema) as owner:
        owner.execute("REVOKE EXECUTE ON FUNCTION append_reads FROM kept_writer")
        with pytest.raises(ReadNotRecorded, match="Try again in a few seconds"):
            reads.record(a_read(ANNA))
        owner.execute("GRANT EXECUTE ON FUNCTION append_reads TO kept_writer")
    reads.record(a_read(BERT))
    assert [subjects_of(body_of(one)) for one in recorded(log)] == [[str(BERT)]]


def test_what_is_gathered_tells_that_it_was_not_recorded(
    log: EventLog, reads: ReadLog, database: Database
) -> None:
    with database.connect("owner", log.tenant.schema) as owner:
        owner.execute("REVOKE EXECUTE ON FUNCTION append_reads FROM kept_writer")
        with reads.gathering() as gathered:
            reads.record(a_read(ANNA))
        gathered[0].wait_quietly()
        with pytest.raises(ReadNotRecorded):
            reads.check(gathered[0])
        owner.execute("GRANT EXECUTE ON FUNCTION append_reads TO kept_writer")


def test_nothing_is_recorded_after_the_end(log: EventLog) -> None:
    reads = ReadLog(log)
    reads.close()
    with pytest.raises(ReadNotRecorded):
        reads.record(a_read(ANNA))


@pytest.mark.faults
@pytest.mark.parametrize("step", ["request", "answer"])
def test_an_entry_whose_connection_was_lost_is_there_once(
    log: EventLog, database: Database, bare_tenant: Tenant, step: Step
) -> None:
    with Proxy(database) as proxy:
        remote = new_log(proxy.database, bare_tenant)
        reads = ReadLog(remote)
        reads.record(a_read(BERT))
        is_there = threading.Event()

        def committed() -> None:
            until(lambda: recorded(log, subject=ANNA))
            is_there.set()

        proxy.lose_next(step, committed if step == "answer" else lambda: None)
        reads.record(a_read(ANNA))
        assert proxy.lost == 1
        assert is_there.is_set() == (step == "answer")
        assert len(recorded(log, subject=ANNA)) == 1
        assert numbers(recorded(log)) == [1, 2]
        reads.close()
        remote.close()


@pytest.mark.faults
def test_while_the_database_stays_away_nothing_is_given_out(
    log: EventLog, database: Database, bare_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "RECONNECT_FOR", 0.2)
    with Proxy(database) as proxy:
        remote = new_log(proxy.database, bare_tenant)
        reads = ReadLog(remote)
        proxy.refuse()
        with pytest.raises(ReadNotRecorded):
            reads.record(a_read(ANNA))
        assert recorded(log) == []
        reads.close()
        remote.close()


# Append-only.


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE reads SET body = '{}'",
        "UPDATE reads SET subjects = '{}'",
        "DELETE FROM reads",
        "TRUNCATE reads",
    ],
)
def test_even_the_owner_changes_no_entry_by_a_slip(
    log: EventLog, reads: ReadLog, database: Database, sql: str
) -> None:
    reads.record(a_read(ANNA))
    with (
        database.connect("owner", log.tenant.schema) as owner,
        pytest.raises(RaiseException, match="the read log is append-only"),
    ):
        owner.execute(sql.encode())
    assert len(recorded(log)) == 1


def test_nothing_expires_that_no_event_gave_up(
    log: EventLog, reads: ReadLog, database: Database
) -> None:
    reads.record(a_read(ANNA))
    other = log.append(registered(uuid7())).stream
    with database.connect("eraser", log.tenant.schema) as eraser:
        for stream in (other, uuid7()):
            with pytest.raises(RaiseException, match="no event says that these reads have expired"):
                eraser.execute("SELECT expire_reads(%s, 1)", [stream])
    assert len(recorded(log)) == 1


# Looking into it.


def test_entries_are_found_by_who_whom_when_what_and_where(log: EventLog, reads: ReadLog) -> None:
    actor = uuid7()
    reads.record(a_read(ANNA, actor=actor))
    reads.record(a_read(BERT, actor=actor, door="feed", model="events"))
    reads.record(a_read(ANNA, BERT))
    assert numbers(recorded(log, subject=ANNA)) == [1, 3]
    assert numbers(recorded(log, actor=actor)) == [1, 2]
    assert numbers(recorded(log, model="events")) == [2]
    assert numbers(recorded(log, door="http", subject=BERT)) == [3]
    assert numbers(recorded(log, door="cli")) == []
    times = [from_microseconds(one.read_at) for one in recorded(log)]
    tick = timedelta(microseconds=1)
    assert numbers(recorded(log, since=times[1])) == [2, 3]
    assert numbers(recorded(log, until=times[1])) == [1, 2]
    assert numbers(recorded(log, since=times[0] + tick, until=times[2] - tick)) == [2]
    assert numbers(recorded(log, since=times[2] + tick)) == []
    assert numbers(recorded(log, until=times[0] - tick)) == []


def test_pages_go_on_where_the_one_before_ended(log: EventLog, reads: ReadLog) -> None:
    with reads.gathering() as gathered:
        for _ in range(25):
            reads.record(a_read(ANNA))
    for one in gathered:
        one.wait_quietly()
    asked = Asked(subject=ANNA)
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page, cursor = entries(log, asked, 10, cursor)
        seen += numbers(page)
        reads.record(a_read(ANNA))  # what comes meanwhile moves nothing
        if cursor is None:
            break
    assert seen == [*range(25, 0, -1)]
    _, cursor = entries(log, asked, 10)
    with pytest.raises(BadCursor):
        entries(log, Asked(subject=BERT), 10, cursor)


def test_every_question_is_answered_by_an_index(log: EventLog, reads: ReadLog) -> None:
    with reads.gathering() as gathered:
        for _ in range(300):
            reads.record(a_read())
    for one in gathered:
        one.wait_quietly()
    questions = {
        "subjects @> ARRAY['{id}'::uuid]": "reads_by_subject",
        "actor = '{id}'": "reads_by_actor",
        "door = 'none'": "reads_by_door",
        "model = 'none'": "reads_by_model",
        "read_at >= 99999999999999999": "reads_by_time",
    }
    with log.database.connect("owner", log.tenant.schema) as owner:
        owner.execute("ANALYZE reads")
        owner.execute("SET enable_seqscan = off")
        for where, index in questions.items():
            query = f"EXPLAIN SELECT number FROM reads WHERE {where.format(id=ANNA)}"
            plan = "\n".join(row[0] for row in owner.execute(query.encode()))
            assert index in plan
