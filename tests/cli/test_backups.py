"""Backups: what comes back, what does not, and what is no backup at all."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from api.services import Services
from commands.contacts import ChangeContact, RegisterContact
from commands.subject_requests import DecideErasure, IdentifySubject, ReceiveSubjectRequest
from domain.subject_requests import Kind, Method
from store import backup as backups
from store import tenants
from store.database import Database, home
from store.epoch_keys import EpochKeyFiles
from store.errors import BackupError
from store.tenants import Tenant
from store.transparency import retained
from tests.cli.conftest import Kept
from tests.store.deciding import let_go


class House:
    """A tenant that can be taken away and brought back."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        self.database, self.tenant = database, tenant
        self.open()

    def open(self) -> None:
        self.services = Services.open(self.database, self.tenant.name)

    def lose(self) -> None:
        """Everything in the database is gone; what is outside of it is not."""
        self.close()
        tenants.drop(self.database, self.tenant)

    def close(self) -> None:
        self.services.close()
        let_go(self.database, self.tenant)

    def register(self, name: str) -> UUID:
        return self.services.issue(RegisterContact(family_name=name, note=f"{name}'s note")).stream

    def erase(self, contact: UUID) -> None:
        ask = ReceiveSubjectRequest(kind=Kind.ERASURE, contact_id=contact)
        asked = self.services.issue(ask).stream
        self.services.issue(IdentifySubject(identified_by=Method.DOCUMENT), asked)
        self.services.issue(DecideErasure(), asked)
        self.services.erasures.carry_out(asked)

    def names(self) -> list[str | None]:
        """As the read model has them."""
        self.services.start_runner()
        assert self.services.runner.wait_for(self.services.log.head(), 30)
        with self.database.borrow("writer", self.tenant.schema) as connection:
            rows = connection.execute("SELECT family_name FROM contacts_v1 ORDER BY created_at")
            return [row[0] for row in rows]


@pytest.fixture
def house(database: Database, tenant: Tenant) -> Iterator[House]:
    house = House(database, tenant)
    yield house
    house.close()


def test_what_was_backed_up_comes_back_whole(kept: Kept, house: House, tmp_path: Path) -> None:
    grace = house.register("Hopper")
    house.services.integrator.catch_up()
    told = kept("backup", tmp_path / "a", "--json").done().json
    assert told["position"] == house.services.log.head()
    held = (tmp_path / "a").read_bytes()
    assert b"Hopper" not in held
    assert b"ContactRegistered" not in held
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0
    bodies = house.services.log.bodies(0, 100)
    house.lose()
    restored = kept("restore", tmp_path / "a", "--json").done().json
    assert (restored["ok"], restored["behind"], restored["erased_again"]) == (True, None, 0)
    house.open()
    assert house.services.log.bodies(0, 100) == bodies
    assert house.names() == ["Hopper"]
    house.services.issue(ChangeContact(note="goes on"), grace)
    assert kept("verify", "--json").done().json["ok"]


def test_one_backup_continues_another(kept: Kept, house: House, tmp_path: Path) -> None:
    ada, _ = house.register("Lovelace"), house.register("Hopper")
    kept("backup", tmp_path / "a").done()
    house.register("Hamilton")
    house.erase(ada)
    kept("backup", tmp_path / "b", "--after", tmp_path / "a").done()
    house.register("Johnson")
    kept("backup", tmp_path / "c", "--after", tmp_path / "b").done()
    head = house.services.log.head()
    house.lose()
    kept("restore", tmp_path / "b").failed(1, "Give the whole backup first")
    kept("restore", tmp_path / "a", tmp_path / "c").failed(1, "Give the whole backup first")
    said = kept("restore", *(tmp_path / one for one in "abc"), "--json").done().json
    assert (said["ok"], said["position"]) == (True, head)
    house.open()
    assert house.names() == [None, "Hopper", "Hamilton", "Johnson"]


def test_yesterdays_backup_does_not_come_up_with_whoever_was_erased_today(
    kept: Kept, house: House, tmp_path: Path
) -> None:
    ada, _ = house.register("Lovelace"), house.register("Hopper")
    house.services.integrator.catch_up()
    kept("backup", tmp_path / "yesterday").done()
    house.erase(ada)
    house.services.integrator.catch_up()
    house.lose()
    ran = kept("restore", tmp_path / "yesterday", "--json").done()
    assert ran.json["erased_again"] == 1
    assert "the database was put back" in ran.json["behind"]
    house.open()
    assert house.names() == [None, "Hopper"]
    assert house.services.log.load(ada)[0].personal_names == ["family_name", "note"]
    with house.database.connect("owner", house.tenant.schema) as owner:
        live = owner.execute(
            f"SELECT count(*) FROM {house.tenant.keys}.data_keys"
            " WHERE subject = %s AND wrapped IS NOT NULL",
            [ada],
        ).fetchone()
    assert live == (0,)


def test_a_backup_is_dark_once_its_epoch_is_over(kept: Kept, house: House, tmp_path: Path) -> None:
    house.register("Hopper")
    kept("backup", tmp_path / "a").done()
    EpochKeyFiles(home() / "epochs").destroy(house.tenant.name, 1)
    house.lose()
    kept("restore", tmp_path / "a").failed(1, "epoch key 1")
    assert house.tenant.name not in tenants.names(house.database)
    tenants.create(house.database, house.tenant.name)  # so that there is something to close
    EpochKeyFiles(home() / "epochs").create(house.tenant.name, 1)
    house.open()


def test_a_tenant_that_is_there_is_not_overwritten(
    kept: Kept, house: House, tmp_path: Path
) -> None:
    house.register("Hopper")
    kept("backup", tmp_path / "a").done()
    kept("restore", tmp_path / "a").failed(2, "There is already a tenant")
    kept("backup", tmp_path / "a").failed(1, "There is already a file")
    assert house.names() == ["Hopper"]


@pytest.mark.parametrize("seed", range(12))
def test_what_was_changed_or_cut_off_is_no_backup(
    kept: Kept, house: House, tmp_path: Path, seed: int
) -> None:
    """A byte, the end or the order: nothing of it is restored."""
    chance = random.Random(seed)
    house.register("Hopper")
    kept("backup", tmp_path / "a").done()
    whole = (tmp_path / "a").read_bytes()
    at = chance.randrange(len(whole))
    harmed = {
        0: whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :],
        1: whole[:at],
        2: whole[:at] + whole[at + chance.randrange(1, 9) :],
    }[seed % 3]
    print("harmed", seed % 3, "at", at, "of", len(whole))
    (tmp_path / "b").write_bytes(harmed)
    house.lose()
    retained_before = retained.kept(house.tenant)
    refused = kept("restore", tmp_path / "b")
    assert refused.code != 0, refused.out
    assert "Traceback" not in refused.err
    assert house.tenant.name not in tenants.names(house.database)
    assert retained.kept(house.tenant) == retained_before
    kept("restore", tmp_path / "a").done()
    house.open()


def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello\n")
    with pytest.raises(BackupError, match="is no backup of Kept"):
        backups.read_header(tmp_path / "a")
    (tmp_path / "a").write_text(json.dumps({"format": "kept-backup/9"}) + "\n")
    with pytest.raises(BackupError, match="is no backup of Kept"):
        backups.read_header(tmp_path / "a")
