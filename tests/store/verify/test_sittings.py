"""A verification that was interrupted goes on, and hides nothing that changed meanwhile."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from uuid_utils.compat import uuid7

from store.database import home
from store.event_log import EventLog
from store.verify import verify
from tests.store.deciding import registered, renamed
from tests.store.transparency.logs import append, integrated, intruder, rows, tamper
from tests.store.verify.interrupting import interrupt, narrow, resumed

EVENTS = 323


@pytest.fixture
def grown(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventLog]:
    """A log of several ranges. The first of them has a record with an e-mail."""
    narrow(monkeypatch)
    first = uuid7()
    log.append(registered(first, claims=()))
    log.append(renamed(first, at=1))
    integrated(log, 301)
    append(log, 20)
    yield log
    assert not file_of(log)


def file_of(log: EventLog) -> bytes:
    path = home() / "verify" / f"{log.tenant.name}.json"
    return path.read_bytes() if path.exists() else b""


def first_stream(log: EventLog) -> str:
    return str(rows(log, "SELECT stream FROM events WHERE position = 1")[0][0])


def test_it_goes_on_where_it_stood_and_finds_the_same(grown: EventLog) -> None:
    whole = verify(grown)
    interrupt(grown, 0.6)
    found, [said] = resumed(grown)
    assert found == whole
    assert (found.events, found.fault_count) == (EVENTS, 0)
    assert 0.6 <= said.done < 1
    assert said.head == EVENTS


def test_it_is_interrupted_as_often_as_one_likes(grown: EventLog) -> None:
    for share in (0.2, 0.5, 0.9):
        interrupt(grown, share)
    found, [said] = resumed(grown)
    assert found.events == EVENTS
    assert said.done >= 0.9


def test_the_file_is_for_nobody_else_and_names_no_record(grown: EventLog) -> None:
    interrupt(grown, 0.6)
    path = home() / "verify" / f"{grown.tenant.name}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    streams = {str(row[0]) for row in rows(grown, "SELECT stream FROM events")}
    assert not [one for one in streams if one in path.read_text()]
    resumed(grown)


def test_afresh_starts_over(grown: EventLog) -> None:
    interrupt(grown, 0.6)
    said: list[object] = []
    assert verify(grown, afresh=True, goes_on=said.append).events == EVENTS
    assert said == []


def test_a_file_that_is_not_ours_is_not_believed(grown: EventLog) -> None:
    interrupt(grown, 0.6)
    path = home() / "verify" / f"{grown.tenant.name}.json"
    written = path.read_bytes()
    for forged in (
        re.sub(rb'"events":\d+', b'"events":99999', written, count=1),
        written[:-9],
        b"",
        b"\xff" + written,
        written.partition(b"\n")[2],
    ):
        assert forged != written
        path.write_bytes(forged)
        found, said = resumed(grown)
        assert (found.events, said) == (EVENTS, [])


CHANGES = (
    "UPDATE events SET body = body || ' ' WHERE stream = '{first}'",
    "UPDATE events SET type = 'CustomerLost' WHERE position = 2",
    "UPDATE events SET version = 9 WHERE position = 2",
    "UPDATE events SET stream = gen_random_uuid() WHERE position = 2",
    "UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 2",
    "DELETE FROM events WHERE position = 2",
    "DELETE FROM personal_data WHERE position = 2",
    "UPDATE personal_data SET ciphertext = ciphertext || '\\x00' WHERE position = 2",
    "UPDATE personal_data SET blind = '\\x00' WHERE position = 2",
    "UPDATE {keys}.data_keys SET wrapped = wrapped || '\\x00' WHERE subject = '{first}'",
    "UPDATE {keys}.data_keys SET wrapped = NULL, destroyed_at = now() WHERE subject = '{first}'",
    "UPDATE {keys}.data_keys SET category = 'trace' WHERE subject = '{first}'",
    "DELETE FROM {keys}.data_keys WHERE subject = '{first}'",
    "INSERT INTO unique_values VALUES ('customers', 'emails', '\\x01', '{first}')",
    "INSERT INTO unique_values VALUES ('customers', 'emails', '\\x01', gen_random_uuid())",
    "UPDATE tiles SET hashes = '\\x00' || substr(hashes, 2) WHERE level = 0 AND index = 0",
)


def test_what_is_changed_between_two_sittings_is_found(grown: EventLog) -> None:
    """In the parts that were gone through before it was changed: as a full run finds it."""
    interrupt(grown, 0.9)
    path, first = home() / "verify" / f"{grown.tenant.name}.json", first_stream(grown)
    written = path.read_bytes()
    for change in CHANGES:
        with changed(grown, change.format(first=first, keys=grown.tenant.keys)):
            path.write_bytes(written)
            found, [_] = resumed(grown)
            assert found.fault_count > 0, change
            assert found == verify(grown), change
    path.write_bytes(written)
    found, [_] = resumed(grown)
    assert found.faults == []


@contextmanager
def changed(log: EventLog, change: str) -> Iterator[None]:
    """In here the table is another; afterwards it is what it was."""
    table = change.removeprefix("INSERT INTO ").removeprefix("DELETE FROM ")
    table = table.removeprefix("UPDATE ").split()[0]
    with intruder(log) as owner:
        owner.execute(f"CREATE TABLE before_it AS TABLE {table}".encode())
        assert owner.execute(change.encode()).rowcount
    yield
    with intruder(log) as owner:
        owner.execute(f"DELETE FROM {table}".encode())
        owner.execute(f"INSERT INTO {table} TABLE before_it".encode())
        owner.execute("DROP TABLE before_it")


def test_what_was_wrong_before_is_told_again(grown: EventLog) -> None:
    tamper(grown, "UPDATE events SET type = 'CustomerLost' WHERE position = 2")
    interrupt(grown, 0.9)
    found, [_] = resumed(grown)
    assert "The column type differs from the body." in [one.sentence for one in found.faults]
    assert found == verify(grown)


def test_what_is_made_good_between_two_sittings_is_good(grown: EventLog) -> None:
    tamper(grown, "UPDATE events SET type = 'CustomerLost' WHERE position = 2")
    interrupt(grown, 0.9)
    tamper(grown, "UPDATE events SET type = 'CustomerChanged' WHERE position = 2")
    assert resumed(grown)[0].faults == []


def test_an_erasure_between_two_sittings_is_no_fault(grown: EventLog) -> None:
    interrupt(grown, 0.9)
    with grown.database.connect("eraser", grown.tenant.schema) as connection:
        connection.execute("SELECT destroy_keys(%s, NULL)", [first_stream(grown)])
    found, [_] = resumed(grown)
    assert found.faults == []
    assert found.erased == 2


def test_an_erasure_that_is_denied_between_two_sittings_is_found(grown: EventLog) -> None:
    with grown.database.connect("eraser", grown.tenant.schema) as connection:
        connection.execute("SELECT destroy_keys(%s, NULL)", [first_stream(grown)])
    interrupt(grown, 0.9)
    first = first_stream(grown)
    tamper(grown, f"DELETE FROM {grown.tenant.keys}.data_keys WHERE subject = '{first}'")
    found, [_] = resumed(grown)
    assert [one.position for one in found.faults] == [1, 2]


def test_what_is_appended_between_two_sittings_is_verified_too(grown: EventLog) -> None:
    interrupt(grown, 0.9)
    log_of_one_record = first_stream(grown)
    append(grown, 100)
    assert log_of_one_record
    found, [said] = resumed(grown)
    assert (found.events, found.faults) == (EVENTS + 100, [])
    assert said.head == EVENTS
