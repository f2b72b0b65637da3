"""Signed notes and checkpoints are those of C2SP, and say nothing that no trusted key signed."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.transparency.merkle import EMPTY_ROOT, leaf_hash
from store.transparency.notes import (
    COSIGNATURE,
    MOST_BYTES,
    Checkpoint,
    NoteError,
    Signer,
    Verifier,
    decoded,
    opened,
    parts,
    signed,
)

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
    "b6KE6RyyBwJnAM=\n"
)
"""The example of golang.org/x/mod/sumdb/note."""
GO_NOTE = f"{GO_TEXT}\n{GO_LINE}"

LOG = Signer.of("log.example/one", b"1" * 32)
OTHER = Signer.of("log.example/other", b"2" * 32)
WITNESS = Signer.of("witness.example", b"3" * 32, COSIGNATURE)
CHECKPOINT = Checkpoint("log.example/one", 1_042, leaf_hash(b"root"))


def test_the_example_of_go_is_read() -> None:
    verifier = Verifier.parse(GO_KEY)
    assert opened(GO_NOTE, [verifier]) == (GO_TEXT, [(verifier, None)])
    assert verifier.vkey == GO_KEY
    assert verifier.key_id.hex() == "c74f20a3"
    assert parts(GO_NOTE) == (GO_TEXT, [GO_LINE.removesuffix("\n")])


@given(st.integers(0, len(GO_NOTE) - 1), st.characters(codec="utf-8"))
def test_no_letter_of_a_note_can_be_another(at: int, letter: str) -> None:
    if letter != GO_NOTE[at]:
        with pytest.raises(NoteError):
            opened(GO_NOTE[:at] + letter + GO_NOTE[at + 1 :], [Verifier.parse(GO_KEY)])


@given(st.integers(0, len(GO_NOTE) - 1))
def test_half_a_note_is_none(length: int) -> None:
    with pytest.raises(NoteError):
        opened(GO_NOTE[:length], [Verifier.parse(GO_KEY)])


def test_who_signed_is_told() -> None:
    note = signed(CHECKPOINT.text, [LOG, OTHER]) + WITNESS.line(CHECKPOINT.text, 1_700_000_000)
    everybody = [LOG.verifier, OTHER.verifier, WITNESS.verifier]
    text, found = opened(note, everybody)
    assert found == [(everybody[0], None), (everybody[1], None), (everybody[2], 1_700_000_000)]
    assert Checkpoint.parse(text) == CHECKPOINT
    assert opened(note, everybody[1:2])[1] == [(everybody[1], None)]


def test_keys_that_nobody_trusts_say_nothing() -> None:
    note = signed(CHECKPOINT.text, [LOG, OTHER])
    assert [one.name for one, _ in opened(note, [LOG.verifier])[1]] == ["log.example/one"]
    with pytest.raises(NoteError, match=r"signed by none of the keys .* \(witness.example\)"):
        opened(note, [WITNESS.verifier])
    with pytest.raises(NoteError, match=r"signed by none .* \(nobody\)"):
        opened(note, [])


def test_another_key_of_the_same_name_is_another() -> None:
    impostor = Signer.of(LOG.name, b"4" * 32)
    with pytest.raises(NoteError, match="signed by none"):
        opened(signed(CHECKPOINT.text, [impostor]), [LOG.verifier])


def test_a_signature_under_the_wrong_key_id_is_refused() -> None:
    impostor = Signer.of(LOG.name, b"4" * 32)
    made = base64.b64decode(impostor.line(CHECKPOINT.text).split(" ")[2])
    forged = base64.b64encode(LOG.verifier.key_id + made[4:]).decode()
    with pytest.raises(NoteError, match=r"signature of log.example/one is not of this text"):
        opened(f"{CHECKPOINT.text}\n— {LOG.name} {forged}\n", [LOG.verifier])


def test_one_wrong_signature_spoils_the_note() -> None:
    note = signed(CHECKPOINT.text, [LOG]) + OTHER.line("another text\n")
    assert opened(note, [LOG.verifier])
    with pytest.raises(NoteError, match=r"signature of log.example/other is not of this text"):
        opened(note, [LOG.verifier, OTHER.verifier])


def test_a_text_may_have_empty_lines() -> None:
    text = "one\n\n\ntwo\n"
    assert opened(signed(text, [LOG]), [LOG.verifier])[0] == text


@pytest.mark.parametrize(
    "note",
    [
        *("", "\n", "\n\n", "text", "text\n", "text\n\n", "text\n\n\n", f"text\n{GO_LINE}"),
        *(f"text\n\n{GO_LINE[:-1]}", f"text\n\n{GO_LINE}\n", f"{GO_TEXT}\n{GO_LINE}more\n"),
        *("text\n\n— name\n", "text\n\n- name AAAAAAA=\n", "text\n\n—name AAAAAAA=\n"),
        *("text\n\n— name  AAAAAAA=\n", "text\n\n— name AAAAAAA= \n", "text\n\n— a b AAAAAAA=\n"),
        *("text\n\n— name AAAAAA==\n", "text\n\n— name AAAAAAA\n", "text\n\n— name AAAAAAB=\n"),
        *("text\n\n— name ÄÄÄÄÄÄÄ=\n", "text\n\n— name AAAA-_A=\n"),
        "text\n\n" + GO_LINE * (MOST_BYTES // len(GO_LINE) + 1),
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError, match="no signed note"):
        opened(note, [Verifier.parse(GO_KEY)])


@pytest.mark.parametrize(
    "vkey",
    [
        *("", "+", "++", "name", "name+c74f20a3", "name+c74f20a3+", GO_KEY[:-1], GO_KEY + "A"),
        *(GO_KEY.replace("c74f", "c74e"), GO_KEY.replace("Peter", "Pater"), GO_KEY[5:]),
        *(GO_KEY.replace("+ARpc", "+CRpc"), GO_KEY.replace("+", " ")),
        *(GO_KEY.replace("c74f", "C74F"), GO_KEY.removesuffix("W") + "X"),
    ],
)
def test_a_verifier_key_is_read_whole_or_not_at_all(vkey: str) -> None:
    with pytest.raises(NoteError, match=r"no Ed25519 verifier key|names another key"):
        Verifier.parse(vkey)


def test_a_name_has_neither_blanks_nor_plusses() -> None:
    for name in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(NoteError):
            Verifier.parse(Verifier(name, 1, b"1" * 32).vkey)


def test_a_verifier_key_is_found_in_what_was_copied_around_it() -> None:
    for signer in (LOG, WITNESS):
        assert Verifier.parse(f" {signer.verifier.vkey}\n") == signer.verifier


def test_the_key_id_of_a_cosignature_is_that_of_c2sp() -> None:
    public = WITNESS.private.public_key().public_bytes_raw()
    expected = hashlib.sha256(b"witness.example\n\x04" + public).digest()[:4]
    assert WITNESS.verifier.key_id == expected
    assert base64.b64decode(WITNESS.line("text\n", 7).split(" ")[2])[:4] == expected


def test_a_cosignature_is_over_its_time_too() -> None:
    line = WITNESS.line(CHECKPOINT.text, 1_700_000_000)
    made = base64.b64decode(line.split(" ")[2])
    assert made[4:12] == (1_700_000_000).to_bytes(8)
    message = f"cosignature/v1\ntime 1700000000\n{CHECKPOINT.text}"
    WITNESS.private.public_key().verify(made[12:], message.encode())
    later = base64.b64encode(made[:4] + (1_700_000_001).to_bytes(8) + made[12:]).decode()
    with pytest.raises(NoteError, match="is not of this text"):
        opened(f"{CHECKPOINT.text}\n— witness.example {later}\n", [WITNESS.verifier])


@pytest.mark.parametrize("length", [5, 8, 12, 13, 75, 77])
def test_a_cosignature_that_is_cut_off_is_refused(length: int) -> None:
    made = base64.b64decode(WITNESS.line(CHECKPOINT.text, 7).split(" ")[2]) + b"\0"
    line = f"— witness.example {base64.b64encode(made[:length]).decode()}\n"
    with pytest.raises(NoteError, match="is not of this text"):
        opened(f"{CHECKPOINT.text}\n{line}", [WITNESS.verifier])


def test_a_key_signs_as_what_it_is_only() -> None:
    """The same secret as a log's and as a witness's: one signature is not the other."""
    both = Signer.of("both", b"5" * 32), Signer.of("both", b"5" * 32, COSIGNATURE)
    for one, other in (both, both[::-1]):
        with pytest.raises(NoteError, match="signed by none"):
            opened(signed("text\n", [one]), [other.verifier])


def test_a_checkpoint_is_three_lines_and_more() -> None:
    assert CHECKPOINT.text.split("\n")[:2] == ["log.example/one", "1042"]
    assert Checkpoint.parse(CHECKPOINT.text) == CHECKPOINT
    assert Checkpoint.parse(f"{CHECKPOINT.text}an extension\n") == CHECKPOINT
    empty = Checkpoint("log", 0, EMPTY_ROOT)
    assert Checkpoint.parse(empty.text) == empty


ROOT = base64.b64encode(leaf_hash(b"root")).decode()


@pytest.mark.parametrize(
    "text",
    [
        *("", "log\n", "log\n1\n", f"\n1\n{ROOT}\n", f"log\n-1\n{ROOT}\n", f"log\n01\n{ROOT}\n"),
        *(f"log\n1.0\n{ROOT}\n", f"log\n\n{ROOT}\n", f"log\n١\n{ROOT}\n", f"log\n 1\n{ROOT}\n"),
        *(f"log\n{'9' * 20}\n{ROOT}\n", "log\n1\n\n", "log\n1\nAAAA\n", f"log\n1\n{ROOT[:-1]}\n"),
        *(f"log\n1\n{ROOT}=\n", f"log\n1\n {ROOT}\n", f"log\n+1\n{ROOT}\n"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError, match="no checkpoint"):
        Checkpoint.parse(text)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 60), st.characters(codec="ascii"))
def test_base64_has_one_writing(held: bytes, at: int, letter: str) -> None:
    text = base64.b64encode(held).decode()
    assert decoded(text) == held
    at %= len(text)
    assert (decoded(text[:at] + letter + text[at + 1 :]) == held) == (letter == text[at])
