"""Signed notes and checkpoints (https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint).

A note is a text, an empty line, and a line for each signature. A checkpoint is a note of which the
first three lines are the log's origin, its size and its root.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from store.transparency.merkle import HASH_BYTES

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
"""A witness's signature, which has a time (https://c2sp.org/tlog-cosignature)."""
ID_BYTES: Final = 4
TIME_BYTES: Final = 8
MOST_BYTES: Final = 64_000
_LINE: Final = re.compile(r"— (\S+) (\S+)")
_NAME: Final = re.compile(r"[^\s+]+")


class NoteError(ValueError):
    """A text is no note, or no key's that is trusted has signed it; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under its name. Its ``vkey`` is how people hand it on."""

    name: str
    kind: int
    public: bytes
    """32 bytes."""

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which a signature names its key."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:ID_BYTES]

    @property
    def vkey(self) -> str:
        """``name+id+key``."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """From its text.

        Raises:
            NoteError: it is none, or of a kind that is not known here.
        """
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = decoded(encoded)
        if not key or key[0] not in (ED25519, COSIGNATURE) or len(key) != 1 + HASH_BYTES:
            raise NoteError(f"{vkey!r} is no Ed25519 verifier key. Give one as name+id+key.")
        made = cls(name, key[0], key[1:])
        if made.key_id.hex() != key_id or not _NAME.fullmatch(name):
            raise NoteError(f"{vkey!r} names another key than it holds. Copy it again, whole.")
        return made

    def check(self, text: str, signature: bytes) -> int | None:
        """Check a signature of this key; gives the time of a witness's, in seconds since 1970.

        Raises:
            InvalidSignature: it is not of this text by this key.
        """
        at: int | None = None
        message = text.encode()
        if self.kind == COSIGNATURE:
            at = int.from_bytes(signature[:TIME_BYTES])
            signature, message = signature[TIME_BYTES:], _witnessed(text, at)
        Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        return at


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under its name."""

    name: str
    private: Ed25519PrivateKey
    kind: int = ED25519

    @classmethod
    def of(cls, name: str, secret: bytes, kind: int = ED25519) -> Self:
        """From the 32 bytes of its secret."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(secret), kind)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def line(self, text: str, at: int = 0) -> str:
        """The signature line; ``at`` is the time of a witness, in seconds since 1970."""
        if self.kind == COSIGNATURE:
            signed = at.to_bytes(TIME_BYTES) + self.private.sign(_witnessed(text, at))
        else:
            signed = self.private.sign(text.encode())
        encoded = base64.b64encode(self.verifier.key_id + signed).decode()
        return f"— {self.name} {encoded}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its origin, its size, and the root over so many entries."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text of a note.

        Raises:
            NoteError: it is no checkpoint.
        """
        origin, *lines = text.split("\n")
        size, root = (*lines, "", "")[:2]
        if not origin or not re.fullmatch(r"0|[1-9]\d{0,18}", size, re.ASCII):
            raise NoteError("The note is no checkpoint: its second line is no size.")
        hashed = decoded(root)
        if len(hashed) != HASH_BYTES:
            raise NoteError("The note is no checkpoint: its third line is no root of 32 bytes.")
        return cls(origin, int(size), hashed)


def statement(origin: str, title: str, document: bytes) -> str:
    """What a log's key signs of a document. Its second line is no number, so that it can never pass
    for a checkpoint.
    """
    return f"{origin}\n{title}\n{hashlib.sha256(document).hexdigest()}\n"


def signed(text: str, signers: Iterable[Signer]) -> str:
    """The note of a text."""
    return f"{text}\n{''.join(signer.line(text) for signer in signers)}"


Signature = tuple[Verifier, int | None]
"""Who signed, and when in seconds since 1970 if it is a witness, who says so."""


def opened(note: str, verifiers: Sequence[Verifier]) -> tuple[str, list[Signature]]:
    """The text of a note, and who of the given has signed it.

    Raises:
        NoteError: it is no note, none of them signed it, or a signature of one of them is wrong.
    """
    text, lines = parts(note)
    known = {(one.name, one.key_id): one for one in verifiers}
    found: list[Signature] = []
    for line in lines:
        name, signature = signature_of(line)
        verifier = known.get((name, signature[:ID_BYTES]))
        if verifier is None:
            continue  # of a key that we do not know, which says nothing
        try:
            found.append((verifier, verifier.check(text, signature[ID_BYTES:])))
        except InvalidSignature:
            raise NoteError(f"The signature of {name} is not of this text.") from None
    if not found:
        names = ", ".join(one.name for one in verifiers) or "nobody"
        raise NoteError(f"The note is signed by none of the keys that are trusted here ({names}).")
    return text, found


def parts(note: str) -> tuple[str, list[str]]:
    """The text of a note, and its signature lines.

    Raises:
        NoteError: it is none.
    """
    text, gap, signatures = note.rpartition("\n\n")
    if not gap or not signatures.endswith("\n") or len(note) > MOST_BYTES:
        raise NoteError("This is no signed note: signatures follow the text after an empty line.")
    return f"{text}\n", signatures[:-1].split("\n")


def signature_of(line: str) -> tuple[str, bytes]:
    """The name on a signature line, and the signature, which begins with the key's id.

    Raises:
        NoteError: it is none.
    """
    found = _LINE.fullmatch(line)
    signature = decoded(found[2]) if found else b""
    if found is None or len(signature) <= ID_BYTES:
        raise NoteError("This is no signed note: a signature line is not in its form.")
    return found[1], signature


def _witnessed(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def decoded(text: str) -> bytes:
    """From Base64 in its one writing, so that no bit of it can change unnoticed; else nothing."""
    try:
        made = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return made if base64.b64encode(made) == text.encode() else b""
