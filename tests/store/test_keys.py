"""The key store: one key for each data subject and category, under the right epoch key."""

import stat
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from domain.customers import CustomerChanged
from domain.fields import CATEGORIES, ERASED
from store.database import Database, home
from store.durable_files import KEY_BYTES
from store.epoch_keys import EpochKeyFiles
from store.errors import SubjectErased, WrongEpochKey
from store.event_log import EventLog
from store.keys import DataKey, KeyStore
from store.tenants import Tenant
from tests.dsl import id_of
from tests.store.conftest import Opener
from tests.store.deciding import decision, in_threads, registered, renamed

ONE, TWO = id_of("customer one"), id_of("customer two")


def keys_of(database: Database, tenant: Tenant, folder: Path) -> KeyStore:
    return KeyStore(database, tenant, EpochKeyFiles(folder))


def test_an_epoch_key_is_a_file_for_its_owner_only(log: EventLog) -> None:
    path = home() / "epochs" / log.tenant.name / "1.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.read_bytes()) == KEY_BYTES
    assert [one.name for one in path.parent.iterdir()] == ["1.key"]


def test_a_wrong_epoch_key_is_refused_with_a_sentence(log: EventLog, tmp_path: Path) -> None:
    log.append(registered(ONE))
    with pytest.raises(WrongEpochKey, match=r"is missing at .*\. Restore it from escrow; without"):
        keys_of(log.database, log.tenant, tmp_path)
    EpochKeyFiles(tmp_path).create(log.tenant.name, 1)
    with pytest.raises(WrongEpochKey, match=r"is not the one that its data was written with\."):
        keys_of(log.database, log.tenant, tmp_path)
    key = tmp_path / log.tenant.name / "1.key"
    key.write_bytes((home() / "epochs" / log.tenant.name / "1.key").read_bytes()[:-1])
    with pytest.raises(WrongEpochKey):
        keys_of(log.database, log.tenant, tmp_path)


def test_another_tenants_epoch_key_opens_nothing(
    log: EventLog, neighbour: EventLog, tmp_path: Path
) -> None:
    taken = tmp_path / log.tenant.name
    taken.mkdir()
    key = (home() / "epochs" / neighbour.tenant.name / "1.key").read_bytes()
    (taken / "1.key").write_bytes(key)
    with pytest.raises(WrongEpochKey):
        keys_of(log.database, log.tenant, tmp_path)


def test_many_who_open_a_tenant_first_make_one_epoch(
    database: Database, bare_tenant: Tenant, tmp_path: Path
) -> None:
    opened = in_threads(*(lambda: keys_of(database, bare_tenant, tmp_path) for _ in range(12)))
    assert {type(one) for one in opened} == {KeyStore}
    assert len({one.value_hash("a", "b", "c") for one in opened}) == 1
    assert [one.name for one in (tmp_path / bare_tenant.name).iterdir()] == ["1.key"]


def test_two_machines_that_open_a_tenant_first_do_not_write_under_two_keys(
    database: Database, bare_tenant: Tenant, tmp_path: Path
) -> None:
    opened = in_threads(
        *(lambda n=n: keys_of(database, bare_tenant, tmp_path / f"{n}") for n in range(6))
    )
    kinds = [type(one) for one in opened]
    assert kinds.count(KeyStore) == 1
    assert kinds.count(WrongEpochKey) == 5


def test_every_subject_and_category_has_a_key_of_its_own(log: EventLog) -> None:
    several = CustomerChanged(name="B", note="n", tags=("t",), emails=("wf@example.com",))
    for stream in (ONE, TWO):
        log.append(decision(stream, several))
    log.append(renamed(ONE, at=1))
    categories = ["contact", "content", "identity", "profile"]
    assert _key_rows(log) == sorted((one, name) for one in (ONE, TWO) for name in categories)


def test_the_reason_of_a_command_is_personal_too(log: EventLog) -> None:
    log.append(renamed(ONE, at=0, reason="she asked for it"))
    assert log.load(ONE)[0].trace == {"reason": "she asked for it"}
    assert "trace" in [category for _, category in _key_rows(log)]
    _erase(log, ONE)
    erased = log.load(ONE)[0]
    assert erased.trace == {"reason": ERASED}
    assert "$reason" in erased.personal_names


def test_a_ciphertext_opens_nowhere_else(log: EventLog, database: Database) -> None:
    """A row of personal data that somebody moved to another event is not taken for that event's."""
    log.append(renamed(ONE, at=0, name="first"))
    log.append(renamed(ONE, at=1, name="second"))
    with database.connect("owner", log.tenant.schema) as owner:
        owner.execute("DELETE FROM personal_data WHERE position = 2")
        owner.execute("UPDATE personal_data SET position = 2")
    with pytest.raises(InvalidTag):
        log.load(ONE)


def test_erasing_takes_keys_and_rows_and_leaves_the_log(
    log: EventLog, open_log: Opener, database: Database
) -> None:
    elsewhere = open_log(log.tenant)
    log.append(registered(ONE))
    log.append(registered(TWO))
    body = log.read(0, 1)[0].body
    elsewhere.load(ONE)
    _erase(log, ONE)
    with database.connect("owner", log.tenant.schema) as owner:
        held = owner.execute(
            f"SELECT subject, wrapped IS NULL FROM {log.tenant.keys}.data_keys".encode()
        ).fetchall()
        rows = owner.execute("SELECT DISTINCT subject FROM personal_data").fetchall()
    # Of the erased one a key in every category, so that none can be begun.
    assert sorted(held) == sorted([*[(ONE, True)] * len(CATEGORIES), (TWO, False)])
    assert rows == [(TWO,)]
    assert log.read(0, 1)[0].body == body
    for reader in (log, elsewhere, open_log(log.tenant)):
        assert [getattr(one.event, "name", None) for one in reader.read(0, 9)] == [ERASED, "Acme"]


def test_erasing_is_for_once_and_a_second_time_does_nothing(log: EventLog) -> None:
    log.append(registered(ONE))
    assert _erase(log, ONE) == 1
    assert _erase(log, ONE) == 0
    assert _erase(log, TWO) == 0
    with pytest.raises(SubjectErased):
        log.keys.of([(ONE, "identity")])


def test_forgotten_keys_are_read_again_while_they_live(log: EventLog) -> None:
    log.append(registered(ONE))
    log.keys.forget()
    assert log.keys._by_id == {} == log.keys._by_subject
    log.append(renamed(ONE, at=1))
    assert log.load(ONE)[1].event == CustomerChanged(name="Acme & Co")
    assert len(log.keys._by_id) == 1


def test_a_bounded_number_of_keys_is_kept_in_memory(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.keys.CACHE_SIZE", 3)
    subjects = [id_of(f"customer {n}") for n in range(6)]
    for one in subjects:
        log.append(registered(one))
    assert len(log.keys._by_id) == len(log.keys._by_subject) == 3
    assert all(log.append(renamed(one, at=1)).version == 2 for one in subjects)


def test_a_key_is_bound_to_its_subject_and_category(log: EventLog, database: Database) -> None:
    log.append(registered(ONE))
    with database.connect("owner") as owner:
        owner.execute(f"UPDATE {log.tenant.keys}.data_keys SET subject = %s".encode(), [TWO])
    log.keys.forget()
    with pytest.raises(InvalidTag):
        log.keys.of([(TWO, "identity")])


def _erase(log: EventLog, subject: UUID) -> int:
    with log.database.connect("eraser", log.tenant.schema) as eraser:
        row = eraser.execute("SELECT destroy_keys(%s, NULL)", [subject]).fetchone()
    log.keys.forget()
    assert row is not None
    return int(row[0])


def _key_rows(log: EventLog) -> list[tuple[UUID, str]]:
    with log.database.connect("writer") as writer:
        rows = writer.execute(f"SELECT subject, category FROM {log.tenant.keys}.data_keys".encode())
        return sorted((row[0], row[1]) for row in rows)


def test_a_key_does_not_show_itself(log: EventLog) -> None:
    key: DataKey = log.keys.make(ONE, "identity")
    assert key.new is not None
    assert str(key.new["wrapped"]) not in repr(log.keys)
    assert log.database.urls["writer"] not in repr(log.database)
