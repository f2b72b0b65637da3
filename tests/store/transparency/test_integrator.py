"""The tree follows the log, one process at a time, and never continues what was not signed."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege, RaiseException

from store.database import Database, Role, home
from store.event_log import EventLog
from store.tracking import Tracking
from store.transparency import integrator as module
from store.transparency import merkle, retained, tiles
from store.transparency.integrator import LEASE, Integrator, TreeDamaged
from store.transparency.notes import NoteError, opened
from store.transparency.proofs import check_bundle
from store.transparency.signing import WrongSigningKey
from store.transparency.stored import read_tile
from store.verify import verify
from tests.store.conftest import Opener
from tests.store.deciding import WAIT, in_threads, until
from tests.store.transparency.logs import (
    append,
    assert_right,
    integrated,
    integrator_of,
    keys_of,
    notes,
    rows,
    said,
    sizes,
    tamper,
    transparency_of,
)


@contextmanager
def running(integrator: Integrator) -> "Iterator[Queue[str]]":
    """It follows the log in a thread; gives the checkpoints as they are signed."""
    signed: Queue[str] = Queue()
    integrator.on_checkpoint(signed.put)
    thread = threading.Thread(target=integrator.run)
    thread.start()
    yield signed
    integrator.stop()
    thread.join(WAIT)
    assert not thread.is_alive()


def signed_at(signed: "Queue[str]", size: int) -> None:
    """Wait for the checkpoint of so many entries. What is appended at once may be committed, and so
    signed, in several steps.
    """
    while (reached := said(signed.get(timeout=WAIT)).size) < size:
        pass
    assert reached == size


def test_everything_in_the_log_is_brought_into_the_tree(log: EventLog) -> None:
    append(log, 3)
    assert integrator_of(log).catch_up() == 3
    append(log, 600)
    assert integrator_of(log).catch_up() == 603
    assert sizes(log) == [3, 603]
    assert_right(log)
    held = rows(log, "SELECT level, index, octet_length(hashes) / 32 FROM tiles ORDER BY 1, 2")
    assert held == [(0, 0, 256), (0, 1, 256), (0, 2, 91), (1, 0, 2)]


def test_an_empty_log_has_no_checkpoint(log: EventLog) -> None:
    assert integrator_of(log).catch_up() == 0
    assert notes(log) == []
    assert retained.kept(log.tenant) is None


def test_without_anything_new_nothing_is_signed(log: EventLog) -> None:
    integrated(log, 5)
    assert [integrator_of(log).catch_up() for _ in range(3)] == [5, 5, 5]
    assert sizes(log) == [5]


def test_a_long_log_is_brought_in_in_batches(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 100)
    append(log, 350)
    assert integrator_of(log).catch_up() == 350
    assert sizes(log) == [100, 200, 300, 350]
    assert_right(log)


def test_each_checkpoint_continues_the_one_before(log: EventLog) -> None:
    integrated(log, 1, 1, 5, 250, 300)
    with log.database.borrow("writer", log.tenant.schema) as connection:
        node = tiles.reader(lambda level, index: read_tile(connection, level, index))
        for old, new in pairwise([said(note) for note in notes(log)]):
            proof = merkle.consistency(old.size, new.size, node)
            merkle.check_consistency(old.size, old.root, new.size, new.root, proof)


def test_it_follows_whoever_appends(log: EventLog) -> None:
    """And is at most a second behind: it is woken, and pauses for less."""
    assert module.PAUSE + module.POLL < 1
    with running(integrator_of(log)) as signed:
        receipts = in_threads(*[lambda: append(log, 40)] * 4)
        last = max(one[-1].position for one in receipts)
        signed_at(signed, last)
        [late] = append(log, 1)
        assert said(signed.get(timeout=WAIT)).size == late.position == last + 1
    assert len(notes(log)) < 100
    assert_right(log)
    assert verify(log).faults == []


def test_what_others_append_is_found_without_being_woken(open_log: Opener, log: EventLog) -> None:
    with running(integrator_of(log)) as signed:
        append(open_log(log.tenant), 3)
        signed_at(signed, 3)


def test_of_two_one_leads(log: EventLog) -> None:
    with running(integrator_of(log)) as first:
        append(log, 1)
        first.get(timeout=WAIT)
        with running(integrator_of(log)) as second:
            append(log, 5)
            signed_at(first, 6)
            assert integrator_of(log).catch_up() == 6
            assert second.empty()
    with running(integrator_of(log)) as third:
        append(log, 1)
        assert said(third.get(timeout=WAIT)).size == 7
    assert_right(log)


def test_who_waits_for_the_lease_takes_over(database: Database, log: EventLog) -> None:
    append(log, 2)
    with database.connect("projector", log.tenant.schema) as leader:
        assert Tracking(leader).lease(LEASE)
        with running(integrator_of(log)) as signed:
            assert integrator_of(log).catch_up() == 0
            leader.close()
            assert said(signed.get(timeout=WAIT)).size == 2
    assert_right(log)


def test_a_lost_connection_leaves_nothing_half_written(
    database: Database, log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    """It is cut after the tiles were written and before the checkpoint was."""
    integrated(log, 3)
    before = rows(log, "SELECT * FROM tiles")
    with database.connect("owner", log.tenant.schema) as owner, owner.transaction():
        owner.execute("LOCK TABLE checkpoints IN SHARE MODE")
        with running(integrator_of(log)) as signed:
            append(log, 300)
            with database.connect("projector", log.tenant.schema) as killer:
                until(lambda: _killed_while_waiting(killer))
                assert rows(log, "SELECT * FROM tiles") == before
                assert sizes(log) == [3]
                until(lambda: "starts over" in caplog.text)
            owner.execute("COMMIT")
            signed_at(signed, 303)
    assert sizes(log) == [3, 303]
    assert_right(log)


def _killed_while_waiting(killer: Any) -> bool:
    row = killer.execute(
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_locks"
        " WHERE NOT granted AND relation = 'checkpoints'::regclass"
    ).fetchone()
    return row is not None


def test_a_crash_before_the_checkpoint_was_kept_outside_is_made_good(log: EventLog) -> None:
    integrated(log, 3)
    early = notes(log)[0]
    integrated(log, 3)
    retained.keep(log.tenant, early)
    integrated(log, 3)
    assert_right(log)


DAMAGES = {
    "UPDATE tiles SET hashes = decode(repeat('00', octet_length(hashes)), 'hex')"
    " WHERE level = 0 AND index = 1": "is not the one that was signed at 300",
    "UPDATE tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE level = 1": (
        "is not the one that was signed at 300"
    ),
    "UPDATE tiles SET hashes = substr(hashes, 1, 32) WHERE level = 0 AND index = 1": (
        "is not the one that was signed at 300"
    ),
    "DELETE FROM tiles WHERE level = 1": "is not the one that was signed at 300",
    "DELETE FROM tiles": "is not the one that was signed at 300",
    "UPDATE checkpoints SET note = replace(note, '300', '301') WHERE size = 300": (
        "cannot be believed"
    ),
    "UPDATE checkpoints SET note = 'nonsense' WHERE size = 300": "cannot be believed",
    "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 10)"
    " WHERE size = 300": "is of 10 entries instead of 300",
    "UPDATE checkpoints SET size = 299 WHERE size = 300": "is of 300 entries instead of 299",
    "DELETE FROM checkpoints WHERE size = 300": "of 300 entries was signed before",
    "DELETE FROM checkpoints": "of 300 entries was signed before",
    "DELETE FROM events WHERE position >= 300": "The log ends at 299, but its tree at 300",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_tree_is_not_continued(log: EventLog, damage: str) -> None:
    integrated(log, 10, 290)
    if "events" not in damage:
        append(log, 5)
    tamper(log, damage)
    before = notes(log)
    with pytest.raises(TreeDamaged, match=DAMAGES[damage]):
        integrator_of(log).catch_up()
    assert notes(log) == before
    assert verify(log).fault_count > 0


def test_a_tree_that_is_damaged_while_it_grows_is_not_continued(
    log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    with running(integrator_of(log)) as signed:
        append(log, 10)
        signed_at(signed, 10)
        tamper(log, "UPDATE tiles SET hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1)")
        append(log, 10)
        until(lambda: "is not the one that was signed at 10" in caplog.text)
        assert signed.empty()
    assert sizes(log)[-1] == 10
    assert caplog.records[-1].levelno == logging.ERROR


def test_a_database_that_was_put_back_is_not_continued(log: EventLog) -> None:
    """By somebody who put back all of it: log, tree and checkpoints agree with each other."""
    integrated(log, 10, 290)
    newest = notes(log)[-1]
    tamper(
        log,
        "DELETE FROM events WHERE position > 10",
        "DELETE FROM personal_data WHERE position > 10",
        "DELETE FROM checkpoints WHERE size > 10",
        "DELETE FROM tiles WHERE (level, index) <> (0, 0)",
        "UPDATE tiles SET hashes = substr(hashes, 1, 320)",
    )
    for more in (0, 5, 400):
        append(log, more)
        with pytest.raises(TreeDamaged, match=r"of 300 entries was signed before: .* put back"):
            integrator_of(log).catch_up()
    assert sizes(log) == [10]
    assert retained.kept(log.tenant) == newest
    assert any("kept outside the database" in one.sentence for one in verify(log).faults)


def test_a_fork_of_the_log_is_not_continued(log: EventLog) -> None:
    """The same size and a good signature, but other entries: two histories under one name."""
    integrated(log, 10)
    other = said(notes(log)[0])
    with log.database.connect("projector", log.tenant.schema) as connection:
        [signer] = keys_of(log).signers(connection)
    forked = type(other)(other.origin, 10, merkle.leaf_hash(b"another"))
    retained.keep(log.tenant, f"{forked.text}\n{signer.line(forked.text)}")
    append(log, 1)
    with pytest.raises(TreeDamaged, match="is not the one that was signed at 10"):
        integrator_of(log).catch_up()
    assert [one.position for one in verify(log).faults] == [10]


def test_a_note_kept_outside_that_nobody_of_ours_signed_is_no_ground(log: EventLog) -> None:
    integrated(log, 10)
    retained.keep(log.tenant, "nonsense")
    append(log, 1)
    with pytest.raises(TreeDamaged, match="cannot be believed"):
        integrator_of(log).catch_up()
    assert "kept outside" in verify(log).faults[0].sentence


def test_the_origin_is_given_once(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_LOG_ORIGIN", "log.example.com/")
    integrated(log, 1)
    assert said(notes(log)[0]).origin == f"log.example.com/{log.tenant.name}"
    monkeypatch.setenv("KEPT_LOG_ORIGIN", "other.example.com")
    integrated(log, 1)
    assert {said(note).origin for note in notes(log)} == {f"log.example.com/{log.tenant.name}"}


def test_two_logs_never_have_one_name(log: EventLog, neighbour: EventLog) -> None:
    integrated(log, 1)
    integrated(neighbour, 1)
    assert said(notes(log)[0]).origin != said(notes(neighbour)[0]).origin


def test_a_new_key_signs_beside_the_old_one_until_that_retires(log: EventLog) -> None:
    integrated(log, 2)
    keys = keys_of(log)
    early = transparency_of(log).bundle([1, 2])
    with log.database.connect("projector", log.tenant.schema) as connection:
        [old] = keys.signers(connection)
        new = keys.add(connection)
        integrated(log, 1)
        both = notes(log)[-1]
        assert {one for one, _ in opened(both, [new.verifier, old.verifier])[1]} == {
            new.verifier,
            old.verifier,
        }
        assert keys.retire(connection, old.verifier.key_id.hex())
    integrated(log, 1)
    assert opened(notes(log)[-1], [new.verifier])
    with pytest.raises(NoteError, match="signed by none"):
        opened(notes(log)[-1], [old.verifier])
    assert check_bundle(early, [old.verifier.vkey]).positions == (1, 2)
    assert transparency_of(log).vkeys() == [new.verifier.vkey, old.verifier.vkey]
    assert_right(log)
    assert verify(log).faults == []


def test_somebody_has_to_sign(log: EventLog) -> None:
    integrated(log, 1)
    keys = keys_of(log)
    with log.database.connect("projector", log.tenant.schema) as connection:
        [only] = keys.signers(connection)
        assert not keys.retire(connection, only.verifier.key_id.hex())
        second = keys.add(connection)
        assert not keys.retire(connection, "00000000")
        assert keys.retire(connection, second.verifier.key_id.hex())
        assert not keys.retire(connection, second.verifier.key_id.hex())
        assert [one.verifier for one in keys.signers(connection)] == [only.verifier]


def test_a_retirement_that_races_with_another_leaves_one_who_signs(log: EventLog) -> None:
    integrated(log, 1)
    keys = keys_of(log)
    with log.database.connect("projector", log.tenant.schema) as connection:
        ids = [keys.signers(connection)[0].verifier.key_id.hex()]
        ids.append(keys.add(connection).verifier.key_id.hex())

    def retire(key_id: str) -> bool:
        with log.database.connect("projector", log.tenant.schema) as connection:
            return keys.retire(connection, key_id)

    assert sorted(in_threads(*[lambda one=one: retire(one) for one in ids])) == [False, True]


def key_files_of(log: EventLog) -> list[Path]:
    return sorted((home() / "signing" / log.tenant.name).iterdir())


def test_a_signing_key_is_a_file_for_nobody_else_to_read(log: EventLog) -> None:
    integrated(log, 1)
    [path] = key_files_of(log)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert len(path.read_bytes()) == 32


def test_a_signing_key_that_is_missing_or_another_signs_nothing(log: EventLog) -> None:
    integrated(log, 1)
    append(log, 1)
    [path] = key_files_of(log)
    held = path.read_bytes()
    path.write_bytes(b"x" * 32)
    with pytest.raises(WrongSigningKey, match=r"holds another key .* Restore the right one"):
        integrator_of(log).catch_up()
    path.unlink()
    with pytest.raises(WrongSigningKey, match=r"is missing at .* Restore it from escrow"):
        integrator_of(log).catch_up()
    assert sizes(log) == [1]
    path.write_bytes(held)
    assert integrator_of(log).catch_up() == 2
    assert_right(log)


CHANGES = [
    "UPDATE tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1)",
    "UPDATE tiles SET hashes = substr(hashes, 1, 32)",
    "UPDATE tiles SET index = 7",
    "UPDATE tiles SET level = 7",
    "DELETE FROM tiles",
    "TRUNCATE tiles",
    "UPDATE checkpoints SET note = 'x' || note",
    "UPDATE checkpoints SET note = left(note, 9)",
    "UPDATE checkpoints SET size = size + 1",
    "UPDATE checkpoints SET number = number + 1",
    "DELETE FROM checkpoints",
    "TRUNCATE checkpoints",
]
KEYS_TAKEN_BACK = [
    "UPDATE signing_keys SET vkey = 'another'",
    "UPDATE signing_keys SET number = 7",
    "DELETE FROM signing_keys",
    "TRUNCATE signing_keys",
]
OTHERS = [
    "INSERT INTO tiles VALUES (0, 9, decode(repeat('00', 32), 'hex'))",
    "INSERT INTO checkpoints VALUES (9, 9, 'note')",
    "INSERT INTO signing_keys VALUES (9, 'key')",
    "UPDATE tiles SET hashes = hashes || hashes",
    "UPDATE checkpoints SET note = note || 'more'",
    "UPDATE tenant SET origin = 'another'",
]


@pytest.mark.parametrize("role", ["writer", "eraser", "reader"])
def test_only_the_projector_writes_the_tree(database: Database, log: EventLog, role: Role) -> None:
    integrated(log, 3)
    with database.connect(role, log.tenant.schema) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for sql in CHANGES + OTHERS:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(sql.encode())
    assert verify(log).faults == []


@pytest.mark.parametrize("role", ["projector", "owner"])
def test_nobody_takes_back_what_was_signed(database: Database, log: EventLog, role: Role) -> None:
    integrated(log, 3)
    with database.connect(role, log.tenant.schema) as connection:
        for sql in CHANGES:
            with pytest.raises((InsufficientPrivilege, RaiseException), match=r"denied|only grows"):
                connection.execute(sql.encode())
        switches = ["ALTER TABLE tiles DISABLE TRIGGER ALL", "DROP TABLE checkpoints"]
        for sql in switches + KEYS_TAKEN_BACK if role == "projector" else []:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(sql.encode())
    assert verify(log).faults == []


def test_one_tenants_tree_says_nothing_of_another(log: EventLog, neighbour: EventLog) -> None:
    integrated(log, 3)
    assert integrator_of(neighbour).catch_up() == 0
    assert notes(neighbour) == []
    assert transparency_of(neighbour).checkpoint() is None
