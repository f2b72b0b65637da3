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
from store.errors import SubjectErased, WrongEpochKey
from store.randomness import random_bytes
from store.tenants import Tenant

NONCE_BYTES: Final = 12
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
        self._by_id: OrderedDict[UUID, DataKey] = OrderedDict()
        self._by_subject: dict[tuple[UUID, str], DataKey] = {}
        self._lock = threading.Lock()
        self.epoch, epoch_key = _open_epoch(database, tenant, epoch_keys)
        self._wrapper = AESGCM(derived(epoch_key, "wrap data keys"))
        self._values_key = derived(epoch_key, "unique values")
        self._receipts_key = derived(epoch_key, "receipts")
        self._openings_key = derived(epoch_key, "erasure openings")
        self._addresses_key = derived(epoch_key, "suppressions")
        self.cursor_key = derived(epoch_key, "cursors")

    def value_hash(self, aggregate: str, field: str, value: str) -> bytes:
        """The keyed hash under which a unique value is held."""
        return keyed_hash(self._values_key, aggregate, field, value)

    def address_hash(self, kind: str, address: str, scope: str) -> bytes:
        """The keyed hash under which it is remembered that somebody at an address said no.

        Nobody can hash it anew once the address is erased, so a rotation has to keep its key.
        """
        return keyed_hash(self._addresses_key, kind, address, scope)

    def receipt_hash(self, client: str, key: str) -> bytes:
        """The keyed hash under which a client's idempotency key is held."""
        return keyed_hash(self._receipts_key, client, key)

    def request_hash(self, request: str) -> bytes:
        """The keyed hash of a request; not a plain digest, which could be guessed."""
        return keyed_hash(self._receipts_key, "request", request)

    def opening(self, request: UUID) -> bytes:
        """What opens the commitments of an erasure's certificate. It ends with the epoch, so that
        from then on nobody but whoever was given it can tell whom they name.
        """
        return derived(self._openings_key, str(request))

    def make(self, subject: UUID, category: str) -> DataKey:
        """A new key; it exists for others once an append has stored it."""
        key_id, drawn = uuid7(), random_bytes(KEY_BYTES + NONCE_BYTES)
        secret, nonce = drawn[:KEY_BYTES], drawn[KEY_BYTES:]
        wrapped = nonce + self._wrapper.encrypt(nonce, secret, _bound(key_id, subject, category))
        row = {
            "key_id": key_id,
            "subject": subject,
            "category": category,
            "epoch": self.epoch,
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
            SubjectErased: one of them was destroyed, or fenced to be, and not made anew.
        """
        found = {pair: key for pair in wanted if (key := self._by_subject.get(pair))}
        missing = [pair for pair in wanted if pair not in found and pair[0] not in born]
        if missing:
            with self._database.borrow("writer", self._tenant.schema) as connection:
                rows = connection.execute(
                    f"SELECT key_id, subject, category, wrapped, fenced_at IS NULL"
                    f" FROM {self._tenant.keys}.data_keys"
                    " WHERE (subject, category) IN (SELECT * FROM unnest(%s::uuid[], %s::text[]))"
                    " ORDER BY wrapped IS NOT NULL",
                    [[pair[0] for pair in missing], [pair[1] for pair in missing]],
                    binary=True,
                ).fetchall()
            live = [row for row in rows if row[3] is not None and row[4]]
            gone = {(row[1], row[2]) for row in rows if row not in live}
            for row in live:
                found[(row[1], row[2])] = self._unwrap(*row[:4])
            if gone - found.keys():
                raise SubjectErased
        return found

    def by_ids(self, connection: Connection, key_ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The live keys among these ids; a destroyed one is left out."""
        wanted = set(key_ids)
        found = {key_id: key for key_id in wanted if (key := self._by_id.get(key_id))}
        missing = [key_id for key_id in wanted if key_id not in found]
        if missing:
            rows = connection.execute(
                f"SELECT key_id, subject, category, wrapped FROM {self._tenant.keys}.data_keys"
                " WHERE key_id = ANY(%s) AND wrapped IS NOT NULL",
                [missing],
                binary=True,
            )
            for row in rows:
                found[row[0]] = self._unwrap(*row)
        return found

    def forget(self) -> None:
        """Drop every cached key, as after an erasure."""
        with self._lock:
            self._by_id.clear()
            self._by_subject.clear()

    def _unwrap(self, key_id: UUID, subject: UUID, category: str, wrapped: bytes) -> DataKey:
        secret = self._wrapper.decrypt(
            wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound(key_id, subject, category)
        )
        return self._remember(DataKey(key_id, subject, category, AESGCM(secret)))

    def _remember(self, key: DataKey) -> DataKey:
        with self._lock:
            self._by_id[key.key_id] = self._by_subject[(key.subject, key.category)] = key
            if len(self._by_id) > CACHE_SIZE:
                _, oldest = self._by_id.popitem(last=False)
                self._by_subject.pop((oldest.subject, oldest.category), None)
        return key


def _bound(key_id: UUID, subject: UUID, category: str) -> bytes:
    """What a wrapped key is bound to, so that it cannot be put in another's place."""
    return key_id.bytes + subject.bytes + category.encode()


def _open_epoch(database: Database, tenant: Tenant, epoch_keys: EpochKeys) -> tuple[int, bytes]:
    """The current epoch and its key, proved to be the one that the data keys were wrapped with."""
    query = (
        f"SELECT epoch, proof FROM {tenant.keys}.epochs WHERE destroyed_at IS NULL"
        " ORDER BY epoch DESC LIMIT 1"
    )
    with database.borrow("writer", tenant.schema) as connection:
        row = connection.execute(query).fetchone()
    if row is None:
        key = epoch_keys.create(tenant.name, 1)
        with database.connect("owner") as connection:
            connection.execute(
                f"INSERT INTO {tenant.keys}.epochs (epoch, proof) VALUES (1, %s)"
                " ON CONFLICT DO NOTHING",
                [_proof(key)],
            )
            row = connection.execute(query).fetchone()
            assert row is not None  # noqa: S101  just inserted, and never deleted
    key = epoch_keys.get(tenant.name, row[0])
    if bytes(row[1]) != _proof(key):
        raise WrongEpochKey(
            f"The epoch key {row[0]} of tenant {tenant.name} is not the one that its data "
            "was written with. Restore the right one from escrow."
        )
    return row[0], key


def _proof(epoch_key: bytes) -> bytes:
    return keyed_hash(derived(epoch_key, "proof"), "this is the key")
