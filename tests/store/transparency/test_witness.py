"""A witness signs what continues what it signed, and nothing else (https://c2sp.org/tlog-witness)."""

import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from api.witness import create_witness
from store import durable_files
from store.event_log import EventLog
from store.transparency import merkle
from store.transparency.cosigning import Cosigner, WitnessAt, WitnessError, configured
from store.transparency.merkle import EMPTY_ROOT
from store.transparency.notes import Checkpoint, Signer, Verifier, opened
from store.transparency.proofs import check_bundle
from store.transparency.witness import SIZE, Answer, Witness, request_of
from store.verify import verify
from tests.store.deciding import WAIT, in_threads, until
from tests.store.transparency import trees
from tests.store.transparency.logs import append, integrated, integrator_of, notes, transparency_of

LOG = Signer.of("log.example/one", b"1" * 32)
IMPOSTOR = Signer.of("log.example/one", b"2" * 32)
STRANGER = Signer.of("log.example/other", b"3" * 32)
NOW = 1_795_333_077.6
LEAVES = trees.leaves(40)
FORK = [*LEAVES[:5], *trees.leaves(45)[40:], *LEAVES[5:]]


def note(size: int, signer: Signer = LOG, leaves: list[bytes] = LEAVES) -> str:
    """The checkpoint of a log of these leaves."""
    text = Checkpoint(signer.name, size, trees.tree_hash(leaves[:size])).text
    return f"{text}\n{signer.line(text)}"


def proof(old: int, new: int, leaves: list[bytes] = LEAVES) -> list[bytes]:
    return trees.proof(old, leaves[:new]) if old else []


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return made(tmp_path)


def made(directory: Path) -> Witness:
    logs = [LOG.verifier, STRANGER.verifier]
    return Witness("witness.example", directory / "witness", logs, lambda: NOW)


def asked(
    witness: Witness, old: int, new: int, signer: Signer = LOG, leaves: list[bytes] = LEAVES
) -> Answer:
    """What it answers to a request as it has to be."""
    request = request_of(old, proof(old, new, leaves), note(new, signer, leaves))
    return witness.add_checkpoint(request)


def assert_signed(witness: Witness, answer: Answer, size: int) -> None:
    assert answer.status == 200, answer.body
    text, [(verifier, at)] = opened(note(size) + answer.body, [witness.signer.verifier])
    assert (verifier.name, Checkpoint.parse(text).size) == ("witness.example", size)
    assert at == int(NOW)


def test_it_signs_the_first_checkpoint_and_those_that_continue_it(witness: Witness) -> None:
    for old, new in ((0, 7), (7, 7), (7, 8), (8, 31), (31, 40)):
        assert_signed(witness, asked(witness, old, new), new)


def test_the_first_one_may_be_empty(witness: Witness) -> None:
    assert trees.tree_hash([]) == EMPTY_ROOT
    for old, new in ((0, 0), (0, 0), (0, 3)):
        assert_signed(witness, asked(witness, old, new), new)


def test_who_knows_another_size_is_told_the_right_one(witness: Witness) -> None:
    asked(witness, 0, 7)
    for old, new in ((0, 9), (5, 9), (8, 9)):
        assert asked(witness, old, new) == Answer(409, "7\n", SIZE)
    assert_signed(witness, asked(witness, 7, 9), 9)


def test_it_signs_no_fork(witness: Witness) -> None:
    asked(witness, 0, 7)
    assert asked(witness, 7, 7, leaves=FORK) == Answer(409, "7\n", SIZE)
    for old, new in ((7, 8), (7, 20)):
        assert asked(witness, old, new, leaves=FORK).status == 422
    assert_signed(witness, asked(witness, 7, 8), 8)


def test_it_signs_no_rollback(witness: Witness) -> None:
    asked(witness, 0, 9)
    assert asked(witness, 0, 7) == Answer(409, "9\n", SIZE)
    assert asked(witness, 7, 7) == Answer(409, "9\n", SIZE)
    assert witness.add_checkpoint(request_of(9, [], note(7))).status == 400
    assert_signed(witness, asked(witness, 9, 10), 10)


def test_a_proof_that_proves_nothing_is_refused(witness: Witness) -> None:
    assert witness.add_checkpoint(request_of(0, [LEAVES[0]], note(7))).status == 422
    asked(witness, 0, 7)
    for wrong in ([], *trees.wrong_proofs(proof(7, 13))):
        answer = witness.add_checkpoint(request_of(7, wrong, note(13)))
        assert answer.status == (422 if {*map(len, wrong)} <= {32} else 400)
        assert answer.body.endswith(".\n")
    assert_signed(witness, asked(witness, 7, 13), 13)


def test_it_knows_its_logs_only(witness: Witness) -> None:
    assert asked(witness, 0, 7, Signer.of("nobody.example", b"4" * 32)).status == 404
    assert asked(witness, 0, 7, IMPOSTOR).status == 403
    text = note(7).partition("\n\n")[0]
    assert witness.add_checkpoint(f"old 0\n\n{text}\n\n{STRANGER.line(text)}").status == 403
    assert_signed(witness, asked(witness, 0, 7), 7)


def test_logs_do_not_meet(witness: Witness) -> None:
    asked(witness, 0, 7)
    assert asked(witness, 0, 3, STRANGER).status == 200
    assert asked(witness, 3, 4, STRANGER).status == 200
    assert_signed(witness, asked(witness, 7, 8), 8)


@pytest.mark.parametrize(
    "request_text",
    [
        *("", "\n\n", "old 0", "old 0\n", "nonsense", note(7), f"old\n\n{note(7)}"),
        *(f"old -1\n\n{note(7)}", f"old x\n\n{note(7)}", f"old 0 \n\n{note(7)}"),
        *(f"old ٣\n\n{note(7)}", f"new 0\n\n{note(7)}", f"old 0\nnonsense\n\n{note(7)}"),
        *(f"old 0\n{note(7)}", f"old 0\n\n{note(7)[:-1]}", "old 0\n\ntext\n\n— a AAAAAAA=\n"),
        f"old {'9' * 5_000}\n\n{note(7)}",
        request_of(0, [LEAVES[0]] * 64, note(7)),
        "\ufffd" * 1_000,
    ],
)
def test_what_is_no_request_is_refused(witness: Witness, request_text: str) -> None:
    answer = witness.add_checkpoint(request_text)
    assert answer.status == 400
    assert answer.body.endswith(".\n")
    assert_signed(witness, asked(witness, 0, 7), 7)


def test_it_remembers_after_a_restart(tmp_path: Path) -> None:
    first = made(tmp_path)
    asked(first, 0, 7)
    again = made(tmp_path)
    assert again.signer.verifier == first.signer.verifier
    assert asked(again, 0, 7, leaves=FORK) == Answer(409, "7\n", SIZE)
    assert_signed(first, asked(again, 7, 8), 8)


def test_a_refused_checkpoint_leaves_no_trace(tmp_path: Path) -> None:
    witness = made(tmp_path)
    asked(witness, 0, 7)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    asked(witness, 7, 9, leaves=FORK)
    asked(witness, 0, 7, IMPOSTOR)
    witness.add_checkpoint("nonsense")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_of_two_who_continue_at_once_both_are_on_one_line(witness: Witness) -> None:
    asked(witness, 0, 5)
    answers = in_threads(
        *[lambda: asked(witness, 5, 9), lambda: asked(witness, 5, 9, leaves=FORK)] * 4
    )
    signed = {at % 2 for at, answer in enumerate(answers) if answer.status == 200}
    assert len(signed) == 1


@contextmanager
def served(witness: Witness) -> Iterator[str]:
    """Its URL, while it is served in a thread."""
    config = uvicorn.Config(create_witness(witness), "127.0.0.1", 0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(WAIT)
    assert not thread.is_alive()


def posted(url: str, body: bytes) -> tuple[int, str, str]:
    request = urllib.request.Request(f"{url}/add-checkpoint", body)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=WAIT) as answer:  # noqa: S310
            return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode(), refused.headers["Content-Type"]


def test_it_answers_over_http(witness: Witness) -> None:
    with served(witness) as url:
        with urllib.request.urlopen(url, timeout=WAIT) as answer:  # noqa: S310
            assert Verifier.parse(answer.read().decode()) == witness.signer.verifier
        status, body, media = posted(url, request_of(0, [], note(7)).encode())
        assert (status, media) == (200, "text/plain; charset=utf-8")
        assert opened(note(7) + body, [witness.signer.verifier])
        conflict = posted(url, request_of(0, [], note(9)).encode())
        assert conflict[:2] == (409, "7\n")
        assert conflict[2].startswith("text/x.tlog.size")
        assert posted(url, b"\xff\xfe")[0] == 400
        assert posted(url, b"x" * 70_000)[0] == 413


@contextmanager
def watching(
    log: EventLog, directory: Path, name: str = "witness.example"
) -> Iterator[tuple[WitnessAt, Witness]]:
    """A witness of this log, over HTTP."""
    logs = [Verifier.parse(one) for one in transparency_of(log).vkeys()]
    witness = Witness(name, directory / name, logs, lambda: NOW)
    with served(witness) as url:
        yield WitnessAt(url, witness.signer.verifier), witness


def test_checkpoints_are_cosigned(log: EventLog, tmp_path: Path) -> None:
    integrated(log, 7)
    with watching(log, tmp_path) as (at, witness):
        cosigner = Cosigner(log, [at])
        assert cosigner.cosign() == 1
        for more in (1, 300):
            integrated(log, more)
            assert cosigner.cosign() == 1
        again = Cosigner(log, [at])  # of another process, which does not know the size
        integrated(log, 1)
        assert again.cosign() == 1
    for one in notes(log):
        assert opened(one, [witness.signer.verifier])[1] == [(at.verifier, int(NOW))]
    bundle = transparency_of(log).bundle([3])
    assert check_bundle(bundle, [witness.signer.verifier.vkey]).is_trusted
    assert verify(log).faults == []


def test_a_checkpoint_is_cosigned_once(log: EventLog, tmp_path: Path) -> None:
    integrated(log, 7)
    with watching(log, tmp_path) as (at, _):
        for _ in range(3):
            assert Cosigner(log, [at]).cosign() == 1
    assert notes(log)[0].count("— witness.example ") == 1


def test_a_witness_that_is_away_does_not_hinder_the_others(
    log: EventLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    integrated(log, 7)
    with watching(log, tmp_path, "gone.example") as (gone, _):
        pass
    with watching(log, tmp_path) as (here, _), watching(log, tmp_path, "third") as (third, _):
        assert Cosigner(log, [gone, here, third]).cosign() == 2
    assert [one.name for one, _ in opened(notes(log)[0], [here.verifier, third.verifier])[1]] == [
        "witness.example",
        "third",
    ]
    assert "gone.example does not sign" in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "nonsense"),
        Answer(200, ""),
        Answer(200, IMPOSTOR.line("text\n")),
        Answer(409, "nonsense"),
        Answer(409, "9" * 5_000),
        Answer(409, "1000000"),
        Answer(409, "7"),
        Answer(500, "x"),
        Answer(403, "no"),
    ],
)
def test_what_a_witness_must_not_answer_is_not_kept(
    log: EventLog, tmp_path: Path, answer: Answer
) -> None:
    integrated(log, 7)
    before = notes(log)
    with watching(log, tmp_path) as (at, witness):
        witness.add_checkpoint = lambda request: answer  # type: ignore[method-assign]
        assert Cosigner(log, [at]).cosign() == 0
    assert notes(log) == before


def test_of_an_answer_only_the_signature_is_kept(log: EventLog, tmp_path: Path) -> None:
    integrated(log, 7)
    with watching(log, tmp_path) as (at, witness):
        sign: Callable[[str], Answer] = witness.add_checkpoint

        def talkative(request: str) -> Answer:
            line = sign(request).body
            return Answer(200, STRANGER.line("x\n") * 9 + line + STRANGER.line("y\n") * 9)

        witness.add_checkpoint = talkative  # type: ignore[method-assign]
        assert Cosigner(log, [at]).cosign() == 1
    assert notes(log)[0].count("\n— ") == 2


def test_a_log_that_was_put_back_gets_no_signature(
    log: EventLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    integrated(log, 7)
    with watching(log, tmp_path) as (at, witness):
        vkey = transparency_of(log).vkeys()[0]
        origin = Verifier.parse(vkey).name
        ahead = Checkpoint(origin, 9, merkle.leaf_hash(b"x"))
        note = f"{ahead.text}\n{LOG.line(ahead.text)}"
        durable_files.write(witness._path(origin), note.encode())
        assert Cosigner(log, [at]).cosign() == 0
    assert "knows a larger log than this one" in caplog.text


def test_it_follows_what_the_integrator_signs(log: EventLog, tmp_path: Path) -> None:
    integrated(log, 1)
    with watching(log, tmp_path) as (at, witness):
        cosigner = Cosigner(log, [at])
        cosigner.start()
        integrator = integrator_of(log)
        integrator.on_checkpoint(cosigner.hear)
        append(log, 1)
        integrator.catch_up()
        until(lambda: "— witness.example " in notes(log)[-1])
        cosigner.close()
    assert opened(notes(log)[-1], [witness.signer.verifier])


def test_without_a_checkpoint_there_is_nothing_to_sign(log: EventLog) -> None:
    cosigner = Cosigner(log, [])
    cosigner.start()
    assert cosigner.cosign() == 0
    cosigner.close()


def test_witnesses_are_configured_with_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEPT_WITNESSES", raising=False)
    assert configured() == []
    vkeys = [one.verifier.vkey for one in (LOG, STRANGER)]
    text = f"https://one.example/a/ {vkeys[0]}, http://two.example {vkeys[1]},"
    monkeypatch.setenv("KEPT_WITNESSES", text)
    assert configured() == [
        WitnessAt("https://one.example/a", LOG.verifier),
        WitnessAt("http://two.example", STRANGER.verifier),
    ]


@pytest.mark.parametrize(
    "text",
    ["nonsense", "https://one.example", "https://one.example key", f"ftp://x {LOG.verifier.vkey}"],
)
def test_a_witness_that_is_written_wrongly_is_named(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(WitnessError, match=r"^KEPT_WITNESSES: "):
        configured(text)
