"""The data keys of the rows at hand, as the snapshot has them: live, destroyed, or not there."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.database import Connection
from store.epochs import Epochs
from store.verify.rows import fields, raw_rows

UNWRAPPED: Final = 50_000
"""Keys that a worker keeps unwrapped: people come back in many ranges."""


class HeldKey(NamedTuple):
    """A row of data_keys, and what it unwraps to."""

    subject: bytes
    subject_text: str
    category: str
    is_destroyed: bool
    cipher: AESGCM | None
    """None if it was destroyed, or does not unwrap."""


def key_rows(connection: Connection, schema: str, key_ids: Iterable[bytes]) -> list[bytes]:
    """The rows of these keys in the order of their ids, as far as there are any."""
    wanted = ",".join(one.hex() for one in key_ids)
    query = (
        "SELECT key_id, subject, category, epoch, destroyed_at IS NOT NULL, wrapped"
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
        key_id, subject, category, epoch, destroyed, wrapped = fields(row)
        is_destroyed = destroyed != b"\x00"
        bound = key_id + subject + category  # as store.epochs binds them, without making ids
        cipher = (
            None
            if is_destroyed
            else _unwrapped(self._epochs, int.from_bytes(epoch), wrapped, bound)
        )
        name = subject.hex()
        text = f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"
        return key_id, HeldKey(subject, text, category.decode(), is_destroyed, cipher)


def _unwrapped(epochs: Epochs, epoch: int, wrapped: bytes, bound: bytes) -> AESGCM | None:
    try:
        return AESGCM(epochs.unwrap(epoch, wrapped, bound))
    except (InvalidTag, ValueError):
        return None
