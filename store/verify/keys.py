"""The data keys of the rows at hand, as the snapshot has them: live, destroyed, or not there."""

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.database import Connection
from store.epochs import Epochs
from store.verify.rows import raw_rows

UNWRAPPED: Final = 50_000
"""Keys that a worker keeps unwrapped: people come back in many ranges."""
_FRONT: Final = struct.Struct(">2x 4x16s 4x16s 4xi 4x? i")
"""The fields of one length, and the length of the category."""


class HeldKey(NamedTuple):
    """A row of data_keys, and what it unwraps to."""

    subject: bytes
    subject_text: str
    category: bytes
    category_text: str
    is_destroyed: bool
    cipher: AESGCM | None
    """None if it was destroyed, or does not unwrap."""


def key_rows(connection: Connection, schema: str, key_ids: Iterable[bytes]) -> list[bytes]:
    """The rows of these keys in the order of their ids, as far as there are any."""
    wanted = ",".join(one.hex() for one in key_ids)
    query = (
        "SELECT key_id, subject, epoch, destroyed_at IS NOT NULL, category, wrapped"
        f" FROM {schema}.data_keys WHERE key_id = ANY('{{{wanted}}}'::uuid[]) ORDER BY key_id"
    )
    return [*raw_rows(connection, query)] if wanted else []


class Keyring:
    """Unwraps keys, and remembers those of late."""

    def __init__(self, epochs: Epochs) -> None:
        self._epochs = epochs
        self._remembered = lru_cache(UNWRAPPED)(self._opened)

    def opened(self, rows: Iterable[bytes]) -> dict[bytes, HeldKey]:
        """The keys of these rows, by their ids."""
        return dict(map(self._remembered, rows))

    def _opened(self, row: bytes) -> tuple[bytes, HeldKey]:
        key_id, subject, epoch, is_destroyed, length = _FRONT.unpack_from(row)
        end = _FRONT.size + length
        category = row[_FRONT.size : end]
        cipher = None
        if not is_destroyed:
            bound = key_id + subject + category  # as store.epochs binds them, without making ids
            cipher = _unwrapped(self._epochs, epoch, row[end + 4 :], bound)
        name = subject.hex()
        text = f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"
        return key_id, HeldKey(subject, text, category, category.decode(), is_destroyed, cipher)


def _unwrapped(epochs: Epochs, epoch: int, wrapped: bytes, bound: bytes) -> AESGCM | None:
    try:
        return AESGCM(epochs.unwrap(epoch, wrapped, bound))
    except (InvalidTag, ValueError):
        return None
