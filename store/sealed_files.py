"""Files of any length under one key: a line in the clear, then frames.

A frame is four bytes of length, and AES-256-GCM over at most a mebibyte, bound to the line, to the
frame's number and to whether it is the last (STREAM; Hoang, Reyhanitabar, Rogaway and Vizár, 2015),
so that none can be changed, moved, left out or cut off. A key serves one file.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.errors import BackupError

FRAME: Final = 1 << 20
"""Bytes of a frame, before it is encrypted."""
NONCE_BYTES: Final = 12
LENGTH_BYTES: Final = 4


def seal(file: IO[bytes], line: bytes, key: bytes, blocks: Iterator[bytes]) -> None:
    """Write the blocks as frames."""
    cipher, number, held = AESGCM(key), 0, bytearray()
    for block in blocks:
        held += block
        while len(held) > FRAME:
            _write_frame(file, cipher, line, number, bytes(held[:FRAME]), is_last=False)
            del held[:FRAME]
            number += 1
    _write_frame(file, cipher, line, number, bytes(held), is_last=True)


def _write_frame(
    file: IO[bytes], cipher: AESGCM, line: bytes, number: int, plain: bytes, *, is_last: bool
) -> None:
    sealed = cipher.encrypt(number.to_bytes(NONCE_BYTES), plain, _bound(line, is_last))
    file.write(len(sealed).to_bytes(LENGTH_BYTES) + sealed)


class Opened:
    """What was sealed, as many bytes at a time as are asked for."""

    def __init__(self, file: IO[bytes], line: bytes, key: bytes, path: Path) -> None:
        self._frames, self._held = _frames(file, line, key, path), bytearray()

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end.

        Raises:
            BackupError: the file was changed, or cut off.
        """
        while len(self._held) < count:
            frame = next(self._frames, None)
            if frame is None:
                break
            self._held += frame
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken


def _frames(file: IO[bytes], line: bytes, key: bytes, path: Path) -> Iterator[bytes]:
    """The plain frames, each checked before it is given."""
    cipher, number = AESGCM(key), 0
    sealed = _sealed(file)
    while sealed:
        following = _sealed(file)
        try:
            yield cipher.decrypt(number.to_bytes(NONCE_BYTES), sealed, _bound(line, not following))
        except InvalidTag:
            raise BackupError(
                f"{path} was damaged or cut off in its frame {number + 1}. Take another copy of it."
            ) from None
        sealed, number = following, number + 1
    if number == 0:
        raise BackupError(f"{path} was cut off. Take another copy of it.")


def _sealed(file: IO[bytes]) -> bytes:
    length = int.from_bytes(file.read(LENGTH_BYTES))
    return file.read(min(length, 2 * FRAME))


def _bound(line: bytes, is_last: bool) -> bytes:
    return hashlib.sha256(line).digest() + (b"\x01" if is_last else b"\x00")
