"""A witness (https://c2sp.org/tlog-witness): it signs a log's checkpoint only if that continues the
last one that it signed, so that a log cannot show two histories, nor go back.

Whoever runs one elsewhere needs to trust Kept for nothing: what it knows is one note a log.
"""

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from store import durable_files
from store.transparency.merkle import EMPTY_ROOT, HASH_BYTES, ProofError, check_consistency
from store.transparency.notes import (
    COSIGNATURE,
    Checkpoint,
    NoteError,
    Signer,
    Verifier,
    decoded,
    opened,
    parts,
)

MOST_BYTES: Final = 64_000
"""Of a request."""
MOST_OF_A_PROOF: Final = 63
"""Hashes."""
_SIZE: Final = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"


class Answer(NamedTuple):
    """What the witness answers: an HTTP status, a body and its media type."""

    status: int
    body: str
    media: str = TEXT


class Witness:
    """Watches the logs whose verifier keys it was given. Its state is a folder of its own."""

    def __init__(
        self, name: str, directory: Path, logs: Iterable[Verifier], clock: Callable[[], float]
    ) -> None:
        self._directory, self._clock = directory, clock
        self._logs: dict[str, list[Verifier]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        secret = durable_files.make_secret(directory / "key" / "witness.key")
        self.signer = Signer.of(name, secret, COSIGNATURE)
        self._lock = threading.Lock()

    def add_checkpoint(self, request: str) -> Answer:
        """Sign the checkpoint of a request, or say why not."""
        try:
            old, proof, note = _read(request)
            origin = Checkpoint.parse(parts(note)[0]).origin
        except NoteError as wrong:
            return Answer(400, f"{wrong}\n")
        verifiers = self._logs.get(origin)
        if verifiers is None:
            return Answer(404, "This witness does not watch a log of this origin.\n")
        try:
            text, _ = opened(note, verifiers)
        except NoteError as wrong:
            return Answer(403, f"{wrong}\n")
        with self._lock:
            return self._continue(Checkpoint.parse(text), old, proof, text, note)

    def _continue(
        self, new: Checkpoint, old: int, proof: list[bytes], text: str, note: str
    ) -> Answer:
        known = self._known(new.origin)
        size, root = (known.size, known.root) if known else (0, EMPTY_ROOT)
        if old > new.size:
            return Answer(400, "The old size is larger than the checkpoint's.\n")
        if old != size or (new.size == size and new.root != root):
            return Answer(409, f"{size}\n", SIZE)
        try:
            check_consistency(size, root, new.size, new.root, proof)
        except ProofError as wrong:
            return Answer(422, f"{wrong}\n")
        # Durable before anybody has the signature.
        durable_files.write(self._path(new.origin), note.encode())
        return Answer(200, self.signer.line(text, int(self._clock())))

    def _known(self, origin: str) -> Checkpoint | None:
        note = durable_files.read(self._path(origin))
        return None if note is None else Checkpoint.parse(parts(note.decode())[0])

    def _path(self, origin: str) -> Path:
        return self._directory / f"{hashlib.sha256(origin.encode()).hexdigest()}.note"


def request_of(old: int, proof: Iterable[bytes], note: str) -> str:
    """What a log sends to its witness."""
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof), "", ""]
    return "\n".join(lines) + note


def _read(request: str) -> tuple[int, list[bytes], str]:
    head, gap, note = request.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, size = first.partition(" ")
    if not gap or word != "old" or not _SIZE.fullmatch(size) or len(lines) > MOST_OF_A_PROOF:
        raise NoteError(
            "The request has to be: old <size>, the proof's lines, an empty one, the note."
        )
    proof = [decoded(line) for line in lines]
    if any(len(one) != HASH_BYTES for one in proof):
        raise NoteError("A line of the proof is no hash of 32 bytes in Base64.")
    return int(size), proof, note
