"""Epochs turn over: what lives goes on, and what was destroyed before opens nowhere any more."""

from datetime import UTC, datetime, timedelta

import pytest

from store.database import home
from store.epoch_keys import EpochKeyFiles
from store.errors import KeysRaced, WrongEpochKey
from store.event_log import EventLog
from store.verify import verify
from tests.dsl import id_of
from tests.store.conftest import Opener
from tests.store.deciding import in_threads, names, registered, renamed

ONE, TWO, THREE = id_of("one"), id_of("two"), id_of("three")
LATER = timedelta(days=1)


def later() -> datetime:
    return datetime.now(UTC) + LATER


def wrapped(log: EventLog) -> dict[int, int]:
    """How many live keys each epoch wraps."""
    with log.database.connect("owner", log.tenant.schema) as owner:
        rows = owner.execute(
            f"SELECT epoch, count(*) FROM {log.tenant.keys}.data_keys"
            " WHERE wrapped IS NOT NULL GROUP BY 1"
        ).fetchall()
    return dict(rows)


def test_what_lives_is_wrapped_anew_and_read_as_before(log: EventLog, open_log: Opener) -> None:
    log.append(registered(ONE))
    epochs = log.keys.epochs
    assert epochs.begin()
    assert (epochs.current, wrapped(log)) == (2, {1: 1})
    assert epochs.rewrap() == 1
    assert epochs.rewrap() == 0
    assert wrapped(log) == {2: 1}
    assert epochs.end(later()) == [1]
    assert not (home() / "epochs" / log.tenant.name / "1.key").exists()
    for reader in (log, open_log(log.tenant)):
        assert names(reader, ONE) == ["Acme"]
        assert verify(reader).faults == []


def test_keyed_hashes_go_on(log: EventLog, open_log: Opener) -> None:
    """Values stay taken, requests stay answered, and addresses keep what they remember."""
    first = log.append(registered(ONE, claims=("a@example.com",), key="k1"))
    address = log.keys.address_hash("emails", "a@example.com", "email")
    for _ in range(2):
        log.keys.epochs.begin()
        log.keys.epochs.rewrap()
        log.keys.epochs.end(later())
    other = open_log(log.tenant)
    assert other.keys.epochs.current == 3
    assert other.holder("customers", "emails", "a@example.com") == ONE
    assert other.keys.address_hash("emails", "a@example.com", "email") == address
    again = other.append(registered(ONE, claims=("a@example.com",), key="k1"))
    assert (again.replayed, again.position) == (True, first.position)


def test_a_process_that_did_not_notice_writes_under_the_new_epoch(
    log: EventLog, open_log: Opener
) -> None:
    other = open_log(log.tenant)
    log.append(registered(ONE))
    log.keys.epochs.begin()
    with pytest.raises(KeysRaced):  # whereupon the dispatcher decides again
        other.append(registered(TWO))
    other.append(registered(TWO))
    other.append(renamed(ONE, at=1))
    assert wrapped(log) == {1: 1, 2: 1}
    assert names(log, ONE) == ["Acme", "Acme & Co"]


def test_of_many_who_begin_an_epoch_one_does(log: EventLog, open_log: Opener) -> None:
    log.append(registered(ONE))
    others = [open_log(log.tenant) for _ in range(4)]
    begun = in_threads(*(one.keys.epochs.begin for one in others))
    assert sorted(begun) == [False, False, False, True]
    assert {one.keys.epochs.current for one in others} == {2}
    in_threads(*(one.keys.epochs.rewrap for one in others))
    assert wrapped(log) == {2: 1}
    assert names(log, ONE) == ["Acme"]


def test_an_epoch_that_something_living_needs_is_not_ended(log: EventLog) -> None:
    log.append(registered(ONE))
    log.keys.epochs.begin()
    assert log.keys.epochs.end(later()) == []
    log.keys.epochs.rewrap()
    assert log.keys.epochs.end(datetime.now(UTC) - LATER) == []
    assert log.keys.epochs.end(later()) == [1]
    assert log.keys.epochs.end(later()) == []


def test_a_copy_from_before_is_dark_once_its_epoch_is_over(log: EventLog, open_log: Opener) -> None:
    """Keys and rows are put back as they were in a backup; only the epoch's key is not in it."""
    log.append(registered(ONE))
    log.append(registered(TWO))
    keys = log.tenant.keys
    with log.database.connect("owner", log.tenant.schema) as owner:
        copied = owner.execute(
            f"SELECT wrapped FROM {keys}.data_keys WHERE subject = %s", [ONE]
        ).fetchall()
        rows = owner.execute("SELECT * FROM personal_data WHERE subject = %s", [ONE]).fetchall()
    with log.database.connect("eraser", log.tenant.schema) as eraser:
        eraser.execute("SELECT destroy_keys(%s, NULL)", [ONE])
    moment = datetime.now(UTC)
    assert log.keys.epochs.dark_since(moment) is None
    log.keys.epochs.begin()
    log.keys.epochs.rewrap()
    assert log.keys.epochs.dark_since(moment) is None
    log.keys.epochs.end(later())
    assert log.keys.epochs.dark_since(moment) is not None

    with log.database.connect("owner", log.tenant.schema) as owner:
        owner.execute(
            f"UPDATE {keys}.data_keys SET wrapped = %s, destroyed_at = NULL"
            " WHERE subject = %s AND category = 'identity'",
            [copied[0][0], ONE],
        )
        for row in rows:
            owner.execute("INSERT INTO personal_data VALUES (%s,%s,%s,%s,%s,%s,%s)", row)
    other = open_log(log.tenant)
    with pytest.raises(WrongEpochKey, match="epoch key 1"):
        other.load(ONE)
    assert names(other, TWO) == ["Acme"]


def test_a_crash_between_key_and_mark_is_made_good(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(registered(ONE))
    log.keys.epochs.begin()
    log.keys.epochs.rewrap()
    destroy = EpochKeyFiles.destroy

    def crashing(self: EpochKeyFiles, tenant: str, epoch: int) -> None:
        destroy(self, tenant, epoch)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EpochKeyFiles, "destroy", crashing)
        with pytest.raises(KeyboardInterrupt):
            log.keys.epochs.end(later())
    assert log.keys.epochs.end(later()) == [1]
    assert names(log, ONE) == ["Acme"]
