"""The same is found by whatever number of processes, in whatever ranges; and they end."""

import pytest
from psycopg.errors import DivisionByZero, UndefinedColumn
from uuid_utils.compat import uuid7

from store.event_log import EventLog
from store.verify import positions, run, streams, verify
from store.verify.bench import setup_of
from store.verify.rows import raw_rows
from store.workers import WorkerLost, Workers
from tests.store.deciding import registered, renamed
from tests.store.transparency.logs import append, integrated, tamper
from tests.store.verify.interrupting import NARROW, Dies, Fails, narrow

DAMAGE = (
    "UPDATE events SET body = replace(body, '{', '{ ') WHERE position % 100 = 7",
    "UPDATE events SET recorded_at = 5 WHERE position IN (256, 257, 513)",
    "UPDATE events SET version = 7 WHERE position % 90 = 5",
    "DELETE FROM events WHERE position IN (10, 11, 256, 300) OR position BETWEEN 500 AND 520",
    "DELETE FROM personal_data WHERE position % 60 = 3",
    "UPDATE personal_data SET blind = '\\x00' WHERE position % 70 = 4",
    "INSERT INTO unique_values SELECT 'customers', 'emails', int8send(g), gen_random_uuid()"
    " FROM generate_series(1, 5) AS g",
    "UPDATE checkpoints SET note = replace(note, '400', '401') WHERE size = 400",
)


@pytest.fixture
def grown(log: EventLog) -> EventLog:
    """A log of three narrow ranges of positions."""
    stream = uuid7()
    log.append(registered(stream))
    for version in range(1, 4):
        log.append(renamed(stream, at=version))
    integrated(log, 100, 296, 200)
    append(log, 30)
    return log


def test_the_faults_are_the_same_however_the_work_is_shared(
    grown: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(grown, *DAMAGE)
    at_once = verify(grown)
    narrow(monkeypatch, chunk=streams.CHUNK)
    by_one = verify(grown)
    by_three = verify(grown, workers=3)
    assert by_three == by_one
    assert by_one.fault_count == at_once.fault_count > 40
    assert sorted(by_one.faults, key=str) == sorted(at_once.faults, key=str)
    assert verify(grown, most_faults=7, workers=1).faults == by_one.faults[:7]


@pytest.mark.parametrize("missing", ["position = 257", "position BETWEEN 200 AND 520"])
def test_a_gap_across_ranges_is_one_fault(
    grown: EventLog, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    narrow(monkeypatch)
    tamper(
        grown,
        f"DELETE FROM events WHERE {missing}",
        f"DELETE FROM personal_data WHERE {missing}",
    )
    assert len(verify(grown).faults) == 1


def test_an_empty_log_is_verified(log: EventLog) -> None:
    found = verify(log)
    assert (found.events, found.streams, found.faults) == (0, 0, [])


@pytest.mark.parametrize(
    ("count", "ranges"), [(0, 1), (1, 1), (NARROW, 1), (NARROW + 1, 2), (3 * NARROW, 3)]
)
def test_every_position_is_in_one_range(
    count: int, ranges: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch)
    made = positions.position_ranges(count)
    assert [one.low for one in made] == [NARROW * number for number in range(ranges)]
    assert [one.high for one in made] == [one.low for one in made[1:]] + [None]


def test_a_process_that_dies_is_told_in_a_sentence(log: EventLog) -> None:
    """And what goes wrong in one of them goes wrong here."""
    with log.database.connect("writer", log.tenant.schema) as connection:
        moment, _ = run._moment(log, connection, 100)
        for task, error in ((Dies(), WorkerLost), (Fails(), UndefinedColumn)):
            workers = Workers(setup_of(log, moment), 1)
            with pytest.raises(error):
                list(workers.run([task]))
            workers.close()


def test_rows_that_fail_midway_say_why_and_leave_the_connection(log: EventLog) -> None:
    """What has come is taken without psycopg, so an error among it is, too."""
    with log.database.connect("writer", log.tenant.schema) as connection:
        rows = raw_rows(connection, "SELECT 1 / (50000 - g) FROM generate_series(1, 90000) AS g")
        with pytest.raises(DivisionByZero):
            list(rows)
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
