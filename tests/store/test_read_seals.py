"""Seals of the read log: what is changed, taken away or slipped in is named by verify."""

from collections.abc import Iterator

import pytest
from psycopg.errors import RaiseException

from api import sealing
from api.sealing import WrongRetention, retention
from api.services import Services
from commands.kernel import Rejected
from commands.read_seals import ExpireReads
from domain.envelope import from_microseconds
from domain.read_seals import seal_id
from store.database import Database
from store.read_log import Entry
from store.transparency.merkle import check_inclusion, leaf_hash, root_of
from store.verify import verify
from tests.dsl import id_of
from tests.store.deciding import in_threads, until
from tests.store.reading import a_read, intruder, made_older, numbers, recorded

ANNA = id_of("anna")


@pytest.fixture
def house(services: Services) -> Iterator[Services]:
    yield services
    services.runner.close()


def read(house: Services, count: int = 1) -> None:
    with house.read_log.gathering() as gathered:
        for _ in range(count):
            house.read_log.record(a_read(ANNA))
    for one in gathered:
        one.wait_quietly()
        house.read_log.check(one)


def sealed(house: Services, *counts: int) -> None:
    """So many reads, each of these numbers under a seal of its own."""
    for count in counts:
        read(house, count)
        assert house.sealer.seal() == count
        house.runner.catch_up()


def seals(house: Services) -> list[tuple[int, int, str]]:
    """First, last and root of every seal."""
    events = [one for one in house.log.read(0, 10_000) if one.type == "ReadsSealed"]
    return [
        (e.body["data"]["first"], e.body["data"]["last"], e.body["data"]["root"]) for e in events
    ]


def faults(house: Services) -> list[str]:
    return [fault.sentence for fault in verify(house.log).faults]


def leaf(entry: Entry) -> bytes:
    return leaf_hash(entry.read_at.to_bytes(8) + entry.body.encode())


# Sealing.


def test_a_seal_is_an_event_with_the_root_over_the_reads(house: Services) -> None:
    sealed(house, 3, 1)
    found = recorded(house.log)
    assert seals(house) == [
        (1, 3, root_of([leaf(one) for one in found[:3]]).hex()),
        (4, 4, leaf(found[3]).hex()),
    ]
    last = house.log.load(seal_id(4))[-1]
    assert last.body["source"] == {"kind": "system"}
    assert last.event.given()["until"] == from_microseconds(found[3].read_at)
    assert verify(house.log).reads == 4
    assert faults(house) == []


def test_where_nothing_was_read_nothing_is_sealed(house: Services) -> None:
    sealed(house, 2)
    assert house.sealer.seal() == 0
    assert len(seals(house)) == 1


def test_a_seal_does_not_wait_for_the_read_model(house: Services) -> None:
    """Which may be late, or not there: the streams say what is sealed."""
    for _ in range(3):
        read(house)
        assert house.sealer.seal() == 1
    assert [one[:2] for one in seals(house)] == [(1, 1), (2, 2), (3, 3)]


def test_many_reads_get_several_seals(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.read_ranges.MOST_SEALED", 4)
    read(house, 10)
    assert house.sealer.seal() == 10
    assert [one[:2] for one in seals(house)] == [(1, 4), (5, 8), (9, 10)]
    assert faults(house) == []


def test_two_who_seal_at_once_seal_everything_once(house: Services, database: Database) -> None:
    read(house, 5)
    others = [Services.open(database, house.tenant.name) for _ in range(3)]
    counts = in_threads(*(one.sealer.seal for one in others))
    assert sum(counts) == 5
    assert len(seals(house)) == 1
    for one in others:
        one.close()


def test_a_process_that_ends_seals_what_was_read_through_it(
    house: Services, database: Database
) -> None:
    other = Services.open(database, house.tenant.name)
    other.close()
    assert seals(house) == []
    other = Services.open(database, house.tenant.name)
    read(other)
    other.close()
    assert [one[:2] for one in seals(house)] == [(1, 1)]


def test_a_process_that_serves_seals_now_and_then(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_EVERY", 0.01)
    house.start_runner()
    read(house, 2)
    until(lambda: sum(last - first + 1 for first, last, _ in seals(house)) == 2)


def test_what_cannot_be_sealed_now_is_sealed_later(
    house: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_EVERY", 0.01)
    read(house)
    failed: list[str] = []
    seal = house.sealer.seal

    def once() -> int:
        if not failed:
            failed.append("so")
            raise OSError
        return seal()

    monkeypatch.setattr(house.sealer, "seal", once)
    house.start_runner()
    until(lambda: seals(house))
    assert failed == ["so"]


def test_an_entry_is_proved_by_its_path_to_the_root(house: Services) -> None:
    sealed(house, 1, 7)
    for number in range(2, 9):
        found = house.read_ranges.inclusion(number, 2, 8)
        assert found is not None
        root = bytes.fromhex(seals(house)[1][2])
        check_inclusion(leaf(found.entry), number - 2, 7, found.path, root)
    assert house.read_ranges.inclusion(9, 2, 9) is None
    assert house.read_ranges.inclusion(8, 2, 9) is None


# Damage.

DAMAGE = {
    "UPDATE reads SET read_at = read_at - 1 WHERE number = 3": "are not those that were sealed",
    "UPDATE reads SET body = replace(body, 'name', 'note') WHERE number = 3": "are not those that",
    "DELETE FROM reads WHERE number = 3": "No read stands at 3, before the one at 4.",
    "DELETE FROM reads WHERE number >= 5": "The reads 4 to 6 were sealed here, but 2 of them",
    "DELETE FROM reads": "The reads 1 to 3 were sealed here, but 3 of them are missing.",
    "UPDATE reads SET number = 9 WHERE number = 2": "No read stands at 2, before the one at 3.",
    "UPDATE reads SET body = '{}' WHERE number = 6": "Read 6: the body is not one of a read.",
    "UPDATE reads SET body = ' ' || body WHERE number = 6": "Read 6: the body is not in canonical",
    "UPDATE reads SET subjects = '{}' WHERE number = 3": "Read 3: the columns differ from the body",
    "UPDATE reads SET door = 'cli' WHERE number = 7": "Read 7: the columns differ from the body",
    "UPDATE reads SET actor = gen_random_uuid() WHERE number = 1": "Read 1: the columns differ",
    "UPDATE events SET body = replace(body, 'until\":\"2', 'until\":\"1') WHERE type LIKE 'Re%'": (
        "The reads 1 to 3 end at another time than is said here."
    ),
    "UPDATE reads SET read_at = 5 WHERE number = 7": "Read 7: it was before the one in front",
    "DELETE FROM events WHERE type = 'ReadsSealed' AND body LIKE '%\"first\":1,%'": (
        "The reads 4 to 6 are sealed here, but the seals before end at 0."
    ),
    "UPDATE events SET body = replace(body, '\"last\":6', '\"last\":7') WHERE type LIKE 'Re%'": (
        "The reads 4 to 7 are not those that were sealed here."
    ),
}


@pytest.mark.parametrize("sql", DAMAGE)
def test_whatever_is_done_to_reads_or_seals_is_named(
    house: Services, database: Database, sql: str
) -> None:
    sealed(house, 3, 3)
    read(house)
    assert faults(house) == []
    with intruder(database, house.tenant) as owner:
        assert owner.execute(sql.encode()).rowcount > 0
    assert [one for one in faults(house) if DAMAGE[sql] in one], faults(house)


def test_an_entry_that_was_slipped_in_is_named(house: Services, database: Database) -> None:
    """Numbers are taken, so whoever slips one in has to move the others."""
    sealed(house, 3)
    with intruder(database, house.tenant) as owner:
        owner.execute("UPDATE reads SET number = number + 10 WHERE number > 1")
        owner.execute(
            "INSERT INTO reads SELECT 2, read_at, actor, door, model, subjects, body FROM reads"
            " WHERE number = 1"
        )
        owner.execute("UPDATE reads SET number = number - 9 WHERE number > 10")
    assert faults(house) == ["The reads 1 to 3 are not those that were sealed here."]


def test_what_is_not_sealed_yet_is_still_checked(house: Services, database: Database) -> None:
    read(house, 3)
    with intruder(database, house.tenant) as owner:
        owner.execute("DELETE FROM reads WHERE number = 2")
    assert faults(house) == ["No read stands at 2, before the one at 3."]


def test_what_is_damaged_is_not_sealed(house: Services, database: Database) -> None:
    read(house, 3)
    with intruder(database, house.tenant) as owner:
        owner.execute("DELETE FROM reads WHERE number = 2")
    with pytest.raises(LookupError):
        house.sealer.seal()
    assert seals(house) == []


# Retention.


def test_whole_ranges_expire_when_their_time_is_over(house: Services, database: Database) -> None:
    read(house, 5)
    made_older(database, house.tenant, days=20)
    house.sealer.seal()
    read(house, 2)
    house.sealer.seal()
    house.runner.catch_up()
    assert house.sealer.expire(days=21) == 0
    assert house.sealer.expire(days=10) == 5
    assert numbers(recorded(house.log)) == [6, 7]
    [given_up] = [one for one in house.log.read(0, 1_000) if one.type == "ReadsExpired"]
    assert given_up.body["data"] == {"last": 5, "days": 10}
    assert faults(house) == []
    assert house.sealer.expire(days=10) == 0
    read(house)
    assert numbers(recorded(house.log)) == [6, 7, 8]
    house.sealer.seal()
    assert faults(house) == []


def test_numbers_go_on_after_everything_expired(house: Services, database: Database) -> None:
    read(house, 3)
    made_older(database, house.tenant, days=20)
    house.sealer.seal()
    house.runner.catch_up()
    assert house.sealer.expire(days=10) == 3
    assert recorded(house.log) == []
    assert faults(house) == []
    read(house)
    assert numbers(recorded(house.log)) == [4]
    assert house.sealer.seal() == 1
    assert faults(house) == []


def test_after_a_crash_between_the_event_and_the_deletion_it_goes_on(
    house: Services, database: Database
) -> None:
    read(house, 3)
    made_older(database, house.tenant, days=20)
    house.sealer.seal()
    house.runner.catch_up()
    house.issue(ExpireReads(days=10), seal_id(1))
    assert faults(house) == []
    assert house.sealer.expire(days=10) == 3
    assert len([one for one in house.log.load(seal_id(1)) if one.type == "ReadsExpired"]) == 1


def test_what_remains_of_an_expired_range_is_named(house: Services, database: Database) -> None:
    read(house, 3)
    made_older(database, house.tenant, days=20)
    house.sealer.seal()
    house.runner.catch_up()
    house.issue(ExpireReads(days=10), seal_id(1))
    with intruder(database, house.tenant) as owner:
        owner.execute("DELETE FROM reads WHERE number = 2")
    assert faults(house) == ["The reads 1 to 3 were sealed here, but 1 of them are missing."]


def test_reads_are_not_given_up_before_their_time(house: Services) -> None:
    sealed(house, 2)
    with pytest.raises(Rejected, match="These reads are kept until"):
        house.issue(ExpireReads(days=1), seal_id(1))


def test_an_event_that_gives_them_up_too_early_is_a_fault(
    house: Services, database: Database
) -> None:
    read(house, 2)
    made_older(database, house.tenant, days=20)
    house.sealer.seal()
    house.issue(ExpireReads(days=10), seal_id(1))
    with intruder(database, house.tenant) as owner:
        owner.execute(
            "UPDATE events SET body = replace(body, '\"days\":10', '\"days\":30')"
            " WHERE type = 'ReadsExpired'"
        )
    assert "The reads 1 to 2 were given up before their time was over." in faults(house)


def test_only_what_expired_may_be_deleted(house: Services, database: Database) -> None:
    read(house, 2)
    made_older(database, house.tenant, days=20)
    house.sealer.seal()
    read(house)
    house.runner.catch_up()
    assert house.sealer.expire(days=10) == 2
    with database.connect("owner", house.tenant.schema) as owner:
        with pytest.raises(RaiseException, match="append-only"):
            owner.execute("DELETE FROM reads")
        assert owner.execute("DELETE FROM reads WHERE number <= 2").rowcount == 0


@pytest.mark.parametrize(("text", "days"), [("", 1_095), (" 30 ", 30), ("36500", 36_500)])
def test_the_retention_is_configured(text: str, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_READ_LOG_DAYS", text)
    assert retention() == days


@pytest.mark.parametrize("text", ["0", "-1", "36501", "ten", "1.5", "٣", "9" * 30])
def test_a_retention_that_is_none_is_refused_with_a_sentence(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT_READ_LOG_DAYS", text)
    with pytest.raises(WrongRetention, match="Give one from 1 to 36500"):
        retention()


def test_it_expires_though_it_cannot_seal(
    house: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_EVERY", 0.01)
    monkeypatch.setattr(sealing, "EXPIRE_EVERY", 0.01)
    monkeypatch.setenv("KEPT_READ_LOG_DAYS", "10")
    read(house, 4)
    made_older(database, house.tenant, days=20)
    house.sealer.seal()

    def never() -> int:
        raise LookupError

    monkeypatch.setattr(house.sealer, "seal", never)
    house.start_runner()
    until(lambda: not recorded(house.log))


def test_the_process_that_serves_expires_too(
    house: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEAL_EVERY", 0.01)
    monkeypatch.setattr(sealing, "EXPIRE_EVERY", 0.01)
    monkeypatch.setenv("KEPT_READ_LOG_DAYS", "10")
    read(house, 4)
    made_older(database, house.tenant, days=20)
    house.start_runner()
    until(lambda: not recorded(house.log))
    assert faults(house) == []
