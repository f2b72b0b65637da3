"""kept log and kept verify --bundle: what an auditor is given, and what they do with it."""

import json
from pathlib import Path

import pytest

from api.services import Services
from commands.customers import RegisterCustomer
from domain.customers import Kind
from store.event_log import Receipt
from store.transparency.notes import Verifier, opened
from tests.cli.conftest import Kept

STRANGER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@pytest.fixture
def receipt(services: Services) -> Receipt:
    """Of a customer."""
    return services.issue(RegisterCustomer(name="星河科技", kind=Kind.ORGANISATION))


@pytest.fixture
def bundle(kept: Kept, receipt: Receipt, tmp_path: Path) -> Path:
    """The proof of that customer, in a file."""
    path = tmp_path / "proof.json"
    ran = kept("log", "prove", str(receipt.position), "--output", path).done()
    assert f"1 entry is proved in {path}" in ran.err
    return path


def vkeys(kept: Kept) -> list[str]:
    return [one["vkey"] for one in kept("log", "keys", "--json").done().json["keys"]]


def test_a_checkpoint_is_of_the_whole_log(kept: Kept, receipt: Receipt) -> None:
    note = kept("log", "checkpoint").done().out
    shown = kept("log", "checkpoint", "--json").done().json
    assert shown["size"] == receipt.position
    assert shown["note"] == note
    text, _ = opened(note, [Verifier.parse(one) for one in shown["vkeys"]])
    assert text.split("\n")[:2] == [shown["origin"], str(receipt.position)]


def test_a_proof_is_checked_without_a_database(
    kept: Kept, bundle: Path, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    [vkey] = vkeys(kept)
    monkeypatch.setenv("KEPT_DATABASE_URL", "postgresql://nowhere.invalid/none")
    ran = kept("verify", "--bundle", bundle, "--vkey", vkey).done()
    assert ran.out.startswith("1 entry is in the log ")
    assert f"signed by {vkey}" in ran.out
    assert ran.err == ""
    report = kept("verify", "--bundle", bundle, "--vkey", vkey, "--json").done().json
    assert report["ok"] is report["is_trusted"] is True
    assert report["positions"] == [receipt.position]
    assert report["signed_by"] == [vkey]


def test_a_proof_that_vouches_for_itself_says_so(kept: Kept, bundle: Path) -> None:
    ran = kept("verify", "--bundle", bundle).done()
    assert "The key came with the proof. Compare it with one you know" in ran.err
    assert kept("verify", "--bundle", bundle, "--json").done().json["is_trusted"] is False


def test_a_proof_that_nobody_trusted_has_signed_is_refused(kept: Kept, bundle: Path) -> None:
    kept("verify", "--bundle", bundle, "--vkey", STRANGER).failed(2, "(PeterNeumann)")
    kept("verify", "--bundle", bundle, "--vkey", "nonsense").failed(2, "Give one as name+id+key.")


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('\\"version\\":1', '\\"version\\":2', "leads to another root"),
        ('"recorded_at": ', '"recorded_at": 1', "leads to another root"),
        ('"position": ', '"position": 9', "There is no leaf"),
        ("kept.local", "kept.global", "names another key than it holds"),
        ('"vkeys": [', '"vkeys": ["x", ', "no Ed25519 verifier key"),
        ("kept-proof/1", "kept-proof/9", "no proof of the form"),
        ('"entries"', '"entires"', "no proof of Kept, or was damaged"),
        ("{", "[", "is not JSON"),
    ],
)
def test_a_proof_that_was_bent_is_refused(
    kept: Kept, bundle: Path, old: str, new: str, part: str
) -> None:
    text = bundle.read_text("utf-8")
    assert old in text
    bundle.write_text(text.replace(old, new), "utf-8")
    ran = kept("verify", "--bundle", bundle)
    ran.failed(ran.code, part)
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("held", [b"", b"\xff", b"[]", b"null", b"[" * 100_000])
def test_what_is_no_proof_is_refused(kept: Kept, tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(held)
    ran = kept("verify", "--bundle", path)
    ran.failed(ran.code, "proof")
    assert ran.code in (1, 2)


def test_a_proof_that_is_not_there(kept: Kept, tmp_path: Path) -> None:
    kept("verify", "--bundle", tmp_path / "none.json").failed(1, "none.json: No such file")


def test_several_entries_are_proved_at_once(kept: Kept, receipt: Receipt) -> None:
    bundle = kept("log", "prove", "1", str(receipt.position), "1").done().json
    assert [one["position"] for one in bundle["entries"]] == [1, receipt.position]


def test_what_is_not_in_the_log_cannot_be_proved(kept: Kept, receipt: Receipt) -> None:
    kept("log", "prove", "999").failed(2, "There is no entry at position 999.")


def test_keys_rotate(kept: Kept, services: Services, bundle: Path) -> None:
    [old] = vkeys(kept)
    kept("log", "retire-key", old.split("+")[1]).failed(2, "kept log rotate-key")
    ran = kept("log", "rotate-key").done()
    new = ran.out.strip()
    assert "Hand this key on" in ran.err
    assert vkeys(kept) == [old, new]
    services.issue(RegisterCustomer(name="Another", kind=Kind.ORGANISATION))
    both = kept("log", "checkpoint").done().out
    for one in (old, new):
        assert opened(both, [Verifier.parse(one)])
    kept("log", "retire-key", "00000000").failed(2, "No key 00000000 signs")
    assert kept("log", "retire-key", old.split("+")[1]).done().out == "Retired.\n"
    services.issue(RegisterCustomer(name="Third", kind=Kind.ORGANISATION))
    note = kept("log", "checkpoint").done().out
    assert note.count("\n— ") == 1
    assert opened(note, [Verifier.parse(new)])
    kept("verify", "--bundle", bundle, "--vkey", old).done()
    kept("verify").done()
    listed = kept("log", "keys").done().out
    assert "verifier key" in listed
    assert kept("log", "keys", "--json").json["keys"][0]["retired_at"] is not None


def test_a_new_tenant_can_name_its_key_before_anything_is_signed(
    kept: Kept, services: Services
) -> None:
    assert vkeys(kept) == []
    new = kept("log", "rotate-key").done().out.strip()
    assert new in vkeys(kept)


def test_a_witness_needs_to_know_whom_it_watches(kept: Kept, tmp_path: Path) -> None:
    arguments = ("--name", "w.example", "--directory", tmp_path / "w")
    ran = kept("witness", "--log", "nonsense", *arguments)
    ran.failed(ran.code, "no Ed25519 verifier key")
    assert ran.code != 0


def test_verify_names_what_was_put_back(kept: Kept, services: Services, receipt: Receipt) -> None:
    kept("log", "checkpoint").done()
    with services.database.connect("owner", services.tenant.schema) as owner:
        owner.execute("ALTER TABLE checkpoints DISABLE TRIGGER ALL")
        owner.execute("ALTER TABLE tiles DISABLE TRIGGER ALL")
        owner.execute("DELETE FROM checkpoints")
        owner.execute("DELETE FROM tiles")
    services.issue(RegisterCustomer(name="Another", kind=Kind.ORGANISATION))
    kept("log", "checkpoint").failed(1, "the database was put back. Nothing is signed")
    ran = kept("verify", "--json")
    assert ran.code == 1
    assert any("kept outside the database" in one["sentence"] for one in ran.json["faults"])
    assert json.dumps(ran.json)
