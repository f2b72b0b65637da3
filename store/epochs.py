"""The epochs of a tenant: whose key wraps the data keys now, and which are over.

A new one begins now and then; the live keys are wrapped anew, and when the last backup is to have
gone dark the old key is destroyed. From then on nothing that was copied before opens any more, and
with it the keys of everybody who was erased since.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.database import Connection, Database
from store.epoch_keys import EpochKeys, derived, keyed_hash
from store.errors import WrongEpochKey
from store.progress import Progress, untold
from store.randomness import random_bytes
from store.tenants import Tenant

NONCE_BYTES: Final = 12
HASH_KEYS: Final = ("unique values", "receipts", "suppressions")
"""What keyed hashes are made with: they go on from epoch to epoch."""
AT_ONCE: Final = 1_000
"""Keys that are wrapped anew together."""


class Epochs:
    """Thread-safe."""

    def __init__(self, database: Database, tenant: Tenant, provider: EpochKeys) -> None:
        self._database, self._tenant, self.provider = database, tenant, provider
        self._opened: dict[int, bytes] = {}
        self._wrappers: dict[int, AESGCM] = {}
        self.current = self._newest() or self._first()
        self.hash_keys = self._hash_keys()
        """By name, of :data:`HASH_KEYS`."""

    def refresh(self) -> None:
        """Another process may have begun a new one."""
        self.current = self._newest() or self.current

    def secret(self, purpose: str, epoch: int | None = None) -> bytes:
        """A key for one purpose that ends with an epoch, or else with the current one.

        Raises:
            WrongEpochKey: that epoch is over.
        """
        return derived(self._key(epoch or self.current), purpose)

    def wrap(self, secret: bytes, bound: bytes, nonce: bytes) -> bytes:
        """Wrap a key by the current epoch's; ``nonce`` comes first in what is given."""
        return nonce + self._wrapper(self.current).encrypt(nonce, secret, bound)

    def unwrap(self, epoch: int, wrapped: bytes, bound: bytes) -> bytes:
        """The key that an epoch wrapped.

        Raises:
            WrongEpochKey: the key of that epoch is missing or another.
        """
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        return self._wrapper(epoch).decrypt(nonce, sealed, bound)

    def begin(self) -> bool:
        """Begin a new epoch; False if another process was first."""
        number = self.current + 1
        key = self.provider.create(self._tenant.name, number)
        wrapper = AESGCM(derived(key, "wrap hash keys"))
        secrets = []
        for name in HASH_KEYS:
            nonce = random_bytes(NONCE_BYTES)
            bound = f"{number}/{name}".encode()
            secrets.append(nonce + wrapper.encrypt(nonce, self.hash_keys[name], bound))
        with self._eraser() as eraser:
            row = eraser.execute(
                "SELECT begin_epoch(%s, %s, %s, %s)",
                [number, _proof(key), [*HASH_KEYS], secrets],
            ).fetchone()
        self.refresh()
        return bool(row and row[0])

    def rewrap(self, progress: Progress = untold) -> int:
        """Wrap every live key by the current epoch's; gives how many that were."""
        done = 0
        last: tuple[int, UUID] = (0, UUID(int=0))
        with self._eraser() as eraser:
            while True:
                rows = eraser.execute(
                    "SELECT key_id, subject, category, epoch, wrapped"
                    f" FROM {self._tenant.keys}.data_keys"
                    " WHERE (epoch, key_id) > (%s, %s) AND epoch < %s AND wrapped IS NOT NULL"
                    " ORDER BY epoch, key_id LIMIT %s",
                    [*last, self.current, AT_ONCE],
                    binary=True,
                ).fetchall()
                if not rows:
                    return done
                last = (rows[-1][3], rows[-1][0])
                eraser.execute(
                    "SELECT rewrap_keys(%s, %s, %s)",
                    [
                        [row[0] for row in rows],
                        [self._rewrapped(*row) for row in rows],
                        self.current,
                    ],
                )
                done += len(rows)
                progress("wrap keys", done, 0)

    def end(self, before: datetime) -> list[int]:
        """Destroy the keys of epochs that were retired before this moment, and wrap nothing that
        lives; gives their numbers.
        """
        keys = self._tenant.keys
        with self._eraser() as eraser:
            rows = eraser.execute(
                f"SELECT epoch FROM {keys}.epochs e WHERE retired_at < %s AND destroyed_at IS NULL"
                f" AND NOT EXISTS (SELECT FROM {keys}.data_keys d"
                " WHERE d.epoch = e.epoch AND d.wrapped IS NOT NULL)",
                [before],
            ).fetchall()
            for (number,) in rows:
                # First the key: what is marked as destroyed must not come back with a crash.
                self.provider.destroy(self._tenant.name, number)
                eraser.execute("SELECT end_epoch(%s)", [number])
                self._opened.pop(number, None)
                self._wrappers.pop(number, None)
        return [row[0] for row in rows]

    def began(self) -> datetime:
        """When the current one did."""
        with self._database.borrow("writer", self._tenant.schema) as connection:
            row = connection.execute(
                f"SELECT created_at FROM {self._tenant.keys}.epochs WHERE epoch = %s",
                [self.current],
            ).fetchone()
        assert row is not None  # noqa: S101  epochs are never deleted
        found: datetime = row[0]
        return found

    def dark_since(self, moment: datetime) -> datetime | None:
        """Since when nothing opens that was wrapped before a moment; None while something does."""
        with self._database.borrow("writer", self._tenant.schema) as connection:
            row = connection.execute(
                "SELECT bool_and(destroyed_at IS NOT NULL), max(destroyed_at)"
                f" FROM {self._tenant.keys}.epochs WHERE created_at <= %s",
                [moment],
            ).fetchone()
        found: datetime | None = row[1] if row and row[0] else None
        return found

    def _rewrapped(
        self, key_id: UUID, subject: UUID, category: str, epoch: int, wrapped: bytes
    ) -> bytes:
        bound = bound_to(key_id, subject, category)
        return self.wrap(self.unwrap(epoch, wrapped, bound), bound, random_bytes(NONCE_BYTES))

    def _wrapper(self, epoch: int) -> AESGCM:
        found = self._wrappers.get(epoch)
        if found is None:
            found = self._wrappers[epoch] = AESGCM(derived(self._key(epoch), "wrap data keys"))
        return found

    def _hash_keys(self) -> dict[str, bytes]:
        with self._database.borrow("writer", self._tenant.schema) as connection:
            rows = connection.execute(
                f"SELECT name, wrapped FROM {self._tenant.keys}.hash_keys WHERE epoch = %s",
                [self.current],
            ).fetchall()
        key = self._key(self.current)
        wrapper = AESGCM(derived(key, "wrap hash keys"))
        kept = {
            name: wrapper.decrypt(
                bytes(wrapped[:NONCE_BYTES]),
                bytes(wrapped[NONCE_BYTES:]),
                f"{self.current}/{name}".encode(),
            )
            for name, wrapped in rows
        }
        return {name: kept.get(name) or derived(key, name) for name in HASH_KEYS}

    def _key(self, epoch: int) -> bytes:
        """An epoch's key, proved to be the one that was used before."""
        found = self._opened.get(epoch)
        if found is None:
            with self._database.borrow("writer", self._tenant.schema) as connection:
                row = connection.execute(
                    f"SELECT proof FROM {self._tenant.keys}.epochs WHERE epoch = %s", [epoch]
                ).fetchone()
            found = self.provider.get(self._tenant.name, epoch)
            if row is None or bytes(row[0]) != _proof(found):
                raise WrongEpochKey(
                    f"The epoch key {epoch} of tenant {self._tenant.name} is not the one that its "
                    "data was written with. Restore the right one from escrow."
                )
            self._opened[epoch] = found
        return found

    def _newest(self) -> int | None:
        with self._database.borrow("writer", self._tenant.schema) as connection:
            row = connection.execute(
                f"SELECT max(epoch) FROM {self._tenant.keys}.epochs WHERE destroyed_at IS NULL"
            ).fetchone()
        return row[0] if row else None

    def _first(self) -> int:
        key = self.provider.create(self._tenant.name, 1)
        with self._database.connect("owner") as owner:
            owner.execute(
                f"INSERT INTO {self._tenant.keys}.epochs (epoch, proof) VALUES (1, %s)"
                " ON CONFLICT DO NOTHING",
                [_proof(key)],
            )
        return self._newest() or 1

    def _eraser(self) -> Connection:
        return self._database.connect("eraser", self._tenant.schema)


def bound_to(key_id: UUID, subject: UUID, category: str) -> bytes:
    """What a wrapped key is bound to, so that it cannot be put in another's place."""
    return key_id.bytes + subject.bytes + category.encode()


def _proof(epoch_key: bytes) -> bytes:
    return keyed_hash(derived(epoch_key, "proof"), "this is the key")
