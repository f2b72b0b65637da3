"""The key store: one data key for each data subject and category, wrapped by the epoch key."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from uuid_utils.compat import uuid7

from store.database import Connection, Database
from store.durable_files import KEY_BYTES
from store.epoch_keys import EpochKeys, derived, keyed_hash
from store.epochs import NONCE_BYTES, Epochs, bound_to
from store.errors import SubjectErased
from store.randomness import random_bytes
from store.tenants import Tenant

CACHE_SIZE: Final = 50_000


@dataclass(frozen=True, slots=True)
class DataKey:
    """A live key; ``new`` until the append that brings it has stored it."""

    key_id: UUID
    subject: UUID
    category: str
    cipher: AESGCM
    new: dict[str, Any] | None = None


class KeyStore:
    """The data keys of one tenant, with those in use cached in memory, unwrapped."""

    def __init__(self, database: Database, tenant: Tenant, epoch_keys: EpochKeys) -> None:
        self._database, self._tenant = database, tenant
        self._by_id: OrderedDict[str, DataKey] = OrderedDict()
        self._by_subject: dict[tuple[UUID, str], DataKey] = {}
        self._lock = threading.Lock()
        self.epochs = Epochs(database, tenant, epoch_keys)
        self._values_key = self.epochs.hash_keys["unique values"]
        self._receipts_key = self.epochs.hash_keys["receipts"]
        self._addresses_key = self.epochs.hash_keys["suppressions"]
        self.cursor_key = self.epochs.secret("cursors")

    def value_hash(self, aggregate: str, field: str, value: str) -> bytes:
        """The keyed hash under which a unique value is held."""
        return keyed_hash(self._values_key, aggregate, field, value)

    def address_hash(self, kind: str, address: str, scope: str) -> bytes:
        """The keyed hash under which it is remembered that somebody at an address said no.

        Nobody can hash it anew once the address is erased, so its key outlives the epoch.
        """
        return keyed_hash(self._addresses_key, kind, address, scope)

    def receipt_hash(self, client: str, key: str) -> bytes:
        """The keyed hash under which a client's idempotency key is held."""
        return keyed_hash(self._receipts_key, client, key)

    def request_hash(self, request: str) -> bytes:
        """The keyed hash of a request; not a plain digest, which could be guessed."""
        return keyed_hash(self._receipts_key, "request", request)

    def opening(self, request: UUID, epoch: int) -> bytes:
        """What opens the commitments of an erasure's certificate. It ends with the epoch in which
        they were made, so that from then on only whoever was given it can tell whom they name.

        Raises:
            WrongEpochKey: that epoch is over.
        """
        return derived(self.epochs.secret("erasure openings", epoch), str(request))

    def make(self, subject: UUID, category: str) -> DataKey:
        """A new key; it exists for others once an append has stored it."""
        key_id, drawn = uuid7(), random_bytes(KEY_BYTES + NONCE_BYTES)
        secret, nonce = drawn[:KEY_BYTES], drawn[KEY_BYTES:]
        wrapped = self.epochs.wrap(secret, bound_to(key_id, subject, category), nonce)
        row = {
            "key_id": key_id,
            "subject": subject,
            "category": category,
            "epoch": self.epochs.current,
            "wrapped": wrapped.hex(),
        }
        return DataKey(key_id, subject, category, AESGCM(secret), row)

    def stored(self, key: DataKey) -> None:
        """An append has stored this new key: others may use it now."""
        self._remember(DataKey(key.key_id, key.subject, key.category, key.cipher))

    def of(
        self, wanted: Collection[tuple[UUID, str]], born: Collection[UUID] = ()
    ) -> dict[tuple[UUID, str], DataKey]:
        """The live keys of these (subject, category) pairs, as far as there are any.

        Those of subjects that are only just ``born`` are not asked for, unless they are known.

        Raises:
            SubjectErased: one of them was destroyed, or fenced to be, and none may follow it.
        """
        found = {pair: key for pair in wanted if (key := self._by_subject.get(pair))}
        missing = [pair for pair in wanted if pair not in found and pair[0] not in born]
        if missing:
            with self._database.borrow("writer", self._tenant.schema) as connection:
                rows = connection.execute(
                    "SELECT key_id, subject, category, epoch, wrapped, fenced_at IS NULL"
                    f" FROM {self._tenant.keys}.data_keys"
                    " WHERE (subject, category) IN (SELECT * FROM unnest(%s::uuid[], %s::text[]))"
                    " AND NOT renewable ORDER BY wrapped IS NOT NULL",
                    [[pair[0] for pair in missing], [pair[1] for pair in missing]],
                    binary=True,
                ).fetchall()
            live = [row for row in rows if row[4] is not None and row[5]]
            gone = {(row[1], row[2]) for row in rows if row not in live}
            for row in live:
                found[(row[1], row[2])] = self._unwrap(*row)
            if gone - found.keys():
                raise SubjectErased
        return found

    def by_ids(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, DataKey]:
        """The live keys among these ids, which are text (to look one up by its UUID takes three
        times as long); a destroyed one is left out.
        """
        wanted = set(key_ids)
        found = {key_id: key for key_id in wanted if (key := self._by_id.get(key_id))}
        missing = [key_id for key_id in wanted if key_id not in found]
        if missing:
            rows = connection.execute(
                "SELECT key_id, subject, category, epoch, wrapped, fenced_at IS NULL"
                f" FROM {self._tenant.keys}.data_keys"
                " WHERE key_id = ANY(%s::uuid[]) AND wrapped IS NOT NULL",
                [missing],
                binary=True,
            )
            for row in rows:
                found[str(row[0])] = self._unwrap(*row)
        return found

    def forget(self) -> None:
        """Drop every cached key, as after an erasure."""
        with self._lock:
            self._by_id.clear()
            self._by_subject.clear()

    def _unwrap(
        self, key_id: UUID, subject: UUID, category: str, epoch: int, wrapped: bytes, wraps: bool
    ) -> DataKey:
        secret = self.epochs.unwrap(epoch, wrapped, bound_to(key_id, subject, category))
        return self._remember(DataKey(key_id, subject, category, AESGCM(secret)), wraps)

    def _remember(self, key: DataKey, wraps: bool = True) -> DataKey:
        """For reading, and if it ``wraps`` what is new, for that too."""
        with self._lock:
            self._by_id[str(key.key_id)] = key
            if wraps:
                self._by_subject[(key.subject, key.category)] = key
            if len(self._by_id) > CACHE_SIZE:
                _, oldest = self._by_id.popitem(last=False)
                self._by_subject.pop((oldest.subject, oldest.category), None)
        return key
