"""A proof convinces whoever has it and a key that they know, and cannot be bent."""

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from store.codec import leaf_entry
from store.event_log import EventLog
from store.transparency import merkle, tiles
from store.transparency.merkle import ProofError
from store.transparency.notes import COSIGNATURE, NoteError, Signer
from store.transparency.proofs import MOST_ENTRIES, NotIntegrated, check_bundle
from store.transparency.tiles import Tile
from tests.store.deciding import in_threads
from tests.store.transparency.logs import (
    append,
    integrated,
    integrator_of,
    notes,
    rows,
    said,
    tamper,
    transparency_of,
    true_root,
)

STRANGER = Signer.of("stranger", b"7" * 32).verifier.vkey
WITNESS = Signer.of("witness.example", b"8" * 32, COSIGNATURE)
Bundle = dict[str, Any]


def read(bundle: Bundle) -> Bundle:
    """As it is after it was sent as JSON."""
    made: Bundle = json.loads(json.dumps(bundle))
    return made


@pytest.fixture
def bundle(log: EventLog) -> Bundle:
    """The proof of three entries."""
    integrated(log, 7, 300)
    return read(transparency_of(log).bundle([1, 200, 307]))


def test_any_receipt_turns_into_a_proof(log: EventLog) -> None:
    receipts = append(log, 300)
    integrator_of(log).catch_up()
    proved = read(transparency_of(log).bundle([one.position for one in receipts]))
    checked = check_bundle(proved, transparency_of(log).vkeys())
    assert checked.is_trusted
    assert checked.positions == tuple(range(1, 301))
    assert checked.checkpoint == said(notes(log)[-1])
    leaves = {
        entry["position"]: merkle.leaf_hash(
            leaf_entry(entry["recorded_at"], entry["body"].encode())
        )
        for entry in proved["entries"]
    }
    assert leaves == {one.position: bytes.fromhex(one.leaf_hash) for one in receipts}


def test_a_proof_holds_while_the_log_grows(log: EventLog) -> None:
    receipts = append(log, 5)
    integrator_of(log).catch_up()
    transparency = transparency_of(log)
    early = read(transparency.bundle([3]))

    def grow() -> None:
        integrated(log, *[20] * 5)

    def prove() -> list[int]:
        return [check_bundle(transparency.bundle([3])).checkpoint.size for _ in range(30)]

    grown, *sizes = in_threads(grow, prove, prove)
    assert grown is None
    assert all(found == sorted(found) for found in sizes)
    assert check_bundle(early).positions == (receipts[2].position,)


def test_an_entry_that_is_too_new_is_asked_for_again(log: EventLog) -> None:
    append(log, 1)
    with pytest.raises(NotIntegrated, match="Ask again in a second"):
        transparency_of(log).bundle([1])
    integrator_of(log).catch_up()
    append(log, 1)
    with pytest.raises(NotIntegrated):
        transparency_of(log).bundle([1, 2])
    assert transparency_of(log).bundle([1])["entries"]


def test_what_is_not_there_cannot_be_proved(log: EventLog) -> None:
    integrated(log, 3)
    for wrong in (0, -1, 4, 2**62, 2**70):
        with pytest.raises(ProofError, match=f"no entry at position {wrong}"):
            transparency_of(log).bundle([1, wrong])
    for count in (0, MOST_ENTRIES + 1):
        with pytest.raises(ProofError, match="Ask for 1 to 10,000 entries"):
            transparency_of(log).bundle([1] * count)


def test_each_entry_is_proved_once(log: EventLog) -> None:
    integrated(log, 3)
    assert check_bundle(transparency_of(log).bundle([3, 1, 3, 1])).positions == (1, 3)


def test_who_knows_the_key_can_trust_a_proof(bundle: Bundle) -> None:
    [vkey] = bundle["vkeys"]
    checked = check_bundle(bundle, [vkey])
    assert checked.is_trusted
    assert checked.signed_by == (vkey,)
    assert check_bundle(bundle, [STRANGER, vkey]).is_trusted


def test_a_proof_that_vouches_for_itself_says_so(bundle: Bundle) -> None:
    assert not check_bundle(bundle).is_trusted


def test_who_knows_a_witness_can_trust_a_proof(bundle: Bundle) -> None:
    text = said(bundle["checkpoint"]).text
    with pytest.raises(NoteError, match="none of the keys"):
        check_bundle(bundle, [WITNESS.verifier.vkey])
    bundle["checkpoint"] += WITNESS.line(text, 1_700_000_000)
    checked = check_bundle(bundle, [WITNESS.verifier.vkey])
    assert checked.signed_by == (WITNESS.verifier.vkey,)
    assert len(check_bundle(bundle, [*bundle["vkeys"], WITNESS.verifier.vkey]).signed_by) == 2


def test_another_key_does_not_make_a_proof_trusted(bundle: Bundle) -> None:
    with pytest.raises(NoteError, match=r"none of the keys that are trusted here \(stranger\)"):
        check_bundle(bundle, [STRANGER])
    with pytest.raises(NoteError, match="no Ed25519 verifier key"):
        check_bundle(bundle, ["nonsense"])


def test_a_forger_with_a_key_of_their_own_is_not_trusted(bundle: Bundle) -> None:
    forger = Signer.of(said(bundle["checkpoint"]).origin, b"9" * 32)
    forged = deepcopy(bundle)
    entry = forged["entries"][0]
    entry["body"], entry["proof"] = "{}", []
    root = merkle.leaf_hash(leaf_entry(entry["recorded_at"], b"{}"))
    text = type(said(bundle["checkpoint"]))(forger.name, 1, root).text
    forged |= {"checkpoint": f"{text}\n{forger.line(text)}", "vkeys": [forger.verifier.vkey]}
    forged["entries"] = [entry]
    assert not check_bundle(forged).is_trusted
    with pytest.raises(NoteError, match="none of the keys"):
        check_bundle(forged, bundle["vkeys"])


def changed_text(text: str) -> list[str]:
    """The text with another letter at some places, shorter and longer."""
    places = {*range(0, len(text), max(1, len(text) // 40)), len(text) - 1}
    others = [text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :] for at in places]
    return [*others, text[:-1], text[1:], text + "x", "x" + text, ""]


def changed(value: Any) -> list[Any]:
    """What a value could be instead."""
    if isinstance(value, str):
        return [*changed_text(value), None, 7, [value]]
    if isinstance(value, int):
        return [value + 1, value - 1, -value, 0, value + 2**64, str(value), value + 0.5, None, []]
    return [None, 7, "x", {}, value[:-1], value[1:], [*value, "AAAA"], [*value, value[-1]]]


@pytest.mark.parametrize("name", ["position", "recorded_at", "body", "proof"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_no_field_of_an_entry_can_be_another(bundle: Bundle, name: str, number: int) -> None:
    held = bundle["entries"][number][name]
    for other in changed(held):
        bundle["entries"][number][name] = other
        refused(bundle)
    del bundle["entries"][number][name]
    refused(bundle)
    bundle["entries"][number][name] = held
    assert check_bundle(bundle).positions == (1, 200, 307)


def test_no_hash_of_a_proof_can_be_another(bundle: Bundle) -> None:
    proof = bundle["entries"][1]["proof"]
    for at, held in enumerate(proof):
        for other in changed(held):
            proof[at] = other
            refused(bundle)
        proof[at] = held
    bundle["entries"][1]["proof"] = proof[::-1]
    refused(bundle)


def test_no_letter_of_a_checkpoint_can_be_another(bundle: Bundle) -> None:
    note = bundle["checkpoint"]
    for at in range(len(note)):
        bundle["checkpoint"] = note[:at] + chr(ord(note[at]) ^ 1) + note[at + 1 :]
        refused(bundle)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.pop("format"),
        lambda one: one.update(format="kept-proof/2"),
        lambda one: one.pop("checkpoint"),
        lambda one: one.pop("vkeys"),
        lambda one: one.pop("entries"),
        lambda one: one.update(entries=[]),
        lambda one: one.update(entries={}),
        lambda one: one.update(entries=None),
        lambda one: one.update(entries=["x"]),
        lambda one: one.update(vkeys=[]),
        lambda one: one.update(vkeys=None),
        lambda one: one.update(vkeys="x"),
        lambda one: one.update(vkeys=[STRANGER]),
        lambda one: one.update(vkeys=[7]),
        lambda one: one.update(checkpoint=None),
        lambda one: one.update(checkpoint=one["checkpoint"].encode()),
        lambda one: one["entries"][0].update(body="\ud800"),
        lambda one: one["entries"][0].update(position=True),
        lambda one: one["entries"].reverse() or one["entries"][0].update(position=1),
    ],
)
def test_what_was_damaged_is_refused(bundle: Bundle, change: Callable[[Bundle], Any]) -> None:
    change(bundle)
    refused(bundle, own_keys_only=True)


@pytest.mark.parametrize("wrong", [None, 7, "x", [], [1], {}])
def test_what_is_no_proof_is_refused(wrong: Any) -> None:
    with pytest.raises(ProofError):
        check_bundle(wrong)


def refused(bundle: Bundle, own_keys_only: bool = False) -> None:
    """It proves nothing: not by its own keys, and not to somebody who trusts them."""
    for trusted in ([],) if own_keys_only else ([], [bundle["vkeys"][0], STRANGER]):
        with pytest.raises((ProofError, NoteError)) as found:
            check_bundle(bundle, trusted)
        assert str(found.value).endswith((".", ")."))


def test_that_the_log_only_grew_can_be_proved(log: EventLog) -> None:
    integrated(log, 7, 93, 200)
    transparency = transparency_of(log)
    for old, new in (
        (1, 300),
        (7, 100),
        (100, 300),
        (99, 257),
        (256, 300),
        (300, 300),
        (300, None),
    ):
        given = transparency.consistency(old, new)
        roots = [decode(given[one]["root"]) for one in ("old", "new")]
        sizes = [given[one]["size"] for one in ("old", "new")]
        assert sizes == [old, new or 300]
        assert roots == [true_root(log, size) for size in sizes]
        proof = [decode(one) for one in given["proof"]]
        merkle.check_consistency(sizes[0], roots[0], sizes[1], roots[1], proof)


def decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def test_trees_that_are_not_there_cannot_be_compared(log: EventLog) -> None:
    integrated(log, 7)
    append(log, 1)
    for old, new in ((1, 8), (8, None), (8, 9), (0, 7), (5, 4), (-1, 7)):
        with pytest.raises(ProofError):
            transparency_of(log).consistency(old, new)


def test_tiles_are_given_as_wide_as_the_tree_is(log: EventLog) -> None:
    integrated(log, 300)
    append(log, 5)
    transparency = transparency_of(log)
    for tile, width in ((Tile(0, 0), 256), (Tile(0, 1, 44), 44), (Tile(1, 0, 1), 1)):
        assert len(transparency.tile(tile) or b"") == 32 * width
    full = transparency.tile(Tile(0, 0)) or b""
    assert transparency.tile(Tile(0, 0, 9)) == full[: 9 * 32]
    for tile in (Tile(0, 1), Tile(0, 1, 45), Tile(0, 2, 1), Tile(1, 0, 2), Tile(2, 0, 1)):
        assert transparency.tile(tile) is None
    for tile in (Tile(None, 1), Tile(None, 1, 45), Tile(None, 2, 1)):
        assert transparency.tile(tile) is None


def test_bundles_hold_the_entries_of_their_tile(log: EventLog) -> None:
    integrated(log, 300)
    transparency = transparency_of(log)
    for number, width in ((0, 256), (1, 44), (0, 3)):
        hashes = tiles.split(transparency.tile(Tile(0, number, width)) or b"")
        left = transparency.tile(Tile(None, number, width)) or b""
        found = []
        while left:
            length = int.from_bytes(left[:2])
            found.append(merkle.leaf_hash(left[2 : 2 + length]))
            left = left[2 + length :]
        assert found == hashes


def test_a_log_that_has_nothing_proves_nothing(log: EventLog) -> None:
    transparency = transparency_of(log)
    assert transparency.checkpoint() is None
    assert transparency.vkeys() == []
    assert transparency.tile(Tile(0, 0, 1)) is None
    with pytest.raises(ProofError):
        transparency.bundle([1])
    with pytest.raises(ProofError):
        transparency.consistency(1)


def test_a_body_that_was_changed_proves_nothing(log: EventLog) -> None:
    integrated(log, 3)
    tamper(log, "UPDATE events SET body = replace(body, '\"version\":1', '\"version\":2')")
    with pytest.raises(ProofError, match="Entry 1: The proof leads to another root"):
        check_bundle(transparency_of(log).bundle([1, 2]))
    assert rows(log, "SELECT count(*) FROM checkpoints") == [(1,)]
