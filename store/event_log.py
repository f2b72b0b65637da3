"""The event log of one tenant: append what was decided, load a stream, read on from a position."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from domain.envelope import Envelope, Recorded
from store import codec
from store.batches import Entry
from store.codec import NewEvent, PersonalRow
from store.database import Connection, Database
from store.errors import (
    KeyReused,
    KeysRaced,
    ValueTaken,
    VersionConflict,
)
from store.group_commit import GroupCommitter, Waiting
from store.keys import DataKey, KeyStore
from store.numbers import Numbers
from store.tenants import Tenant

SELECTED: Final = (
    "SELECT e.position, e.recorded_at, e.body, p.subject::text, p.category, p.key_id::text,"
    " p.nonce, p.ciphertext FROM events e LEFT JOIN personal_data p USING (position)"
)
"""What :meth:`EventLog.opened` takes: an event once for each of its rows of personal data."""


class Receipt(NamedTuple):
    """What a command's caller gets: where its last event stands, and the hash by which it can be
    proved.
    """

    stream: UUID
    version: int
    position: int
    recorded_at: int
    """Microseconds since 1970-01-01 UTC."""
    leaf_hash: str
    replayed: bool = False
    """The same request was stored before; this is its first receipt again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that only one record may hold."""

    aggregate: str
    field: str
    value: str
    stream: UUID


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Who sent which key with which request."""

    client: str
    key: str
    request: str


@dataclass(slots=True)
class Decision:
    """What a command decided: all of it is stored, or nothing."""

    envelope: Envelope
    stream: UUID
    reads: Mapping[UUID, int]
    """Every stream that was read or is written, at the version at which it was read."""
    events: list[NewEvent]
    claims: Iterable[Claim] = ()
    releases: Iterable[Claim] = ()
    idempotency: Idempotency | None = None
    born: frozenset[UUID] = field(default_factory=frozenset)
    """Streams that this decision begins: their keys need no looking up."""


class EventLog:
    """Thread-safe. One for each tenant in a process; close it to let the last commits through."""

    def __init__(self, database: Database, tenant: Tenant, keys: KeyStore, **limits: int) -> None:
        self.database, self.tenant, self.keys = database, tenant, keys
        self.numbers = Numbers(database, tenant)
        self._listeners: list[Callable[[int], None]] = []
        self._committer = GroupCommitter(
            lambda: database.connect("writer", tenant.schema), self._committed, **limits
        )

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._committer.close()

    def append(self, decision: Decision) -> Receipt:
        """Store a decision; returns when it is durable.

        Raises:
            VersionConflict, ValueTaken, KeyReused, SubjectErased, KeysRaced, EventTooLarge,
            LogFull, LogUnavailable: see :mod:`store.errors`; in every case but the last nothing was
            stored.
        """
        waiting, new_keys = self.submit(decision)
        return self.receive(decision, waiting, new_keys)

    def submit(
        self, decision: Decision, keys_ahead: dict[tuple[UUID, str], DataKey] | None = None
    ) -> tuple[Waiting, list[DataKey]]:
        """Encrypt and queue a decision; :meth:`receive` waits for it.

        ``keys_ahead`` holds the new keys of decisions about the same record that are queued before
        it, and takes up those that this one brings.
        """
        ahead = {} if keys_ahead is None else keys_ahead
        entry, new_keys = self._entry(decision, ahead)
        waiting = self._committer.submit(entry)
        for key in new_keys:
            ahead[(key.subject, key.category)] = key
        return waiting, new_keys

    def receive(self, decision: Decision, waiting: Waiting, new_keys: list[DataKey]) -> Receipt:
        """The receipt of a submitted decision, or the error that :meth:`append` describes."""
        outcome, detail = waiting.wait()
        if outcome == "stored" and detail is not None:
            receipt = _receipt(detail)
            if not receipt.replayed:
                for key in new_keys:
                    self.keys.stored(key)
            return receipt
        if outcome == "version_conflict" and detail is not None:
            raise VersionConflict(UUID(detail["stream"]), detail["expected"], detail["actual"])
        if outcome == "value_taken" and detail is not None:
            raise ValueTaken(detail["aggregate"], detail["field"], UUID(detail["stream"]))
        if outcome == "key_reused":
            raise KeyReused
        if outcome == "epoch_over":
            self.keys.epochs.refresh()
            raise KeysRaced
        if outcome == "key_raced":
            self.keys.of([(key.subject, key.category) for key in new_keys])  # the winner's
            raise KeysRaced
        self.keys.forget()
        self.keys.of(_pairs(decision))  # raises, unless others may follow those
        raise KeysRaced

    def send(self, entry: Entry) -> Waiting:
        """Queue a command that the caller put together.

        Raises:
            LogFull: too many are waiting.
        """
        return self._committer.submit(entry)

    def receipt_of(self, idempotency: Idempotency) -> Receipt | None:
        """The receipt that this idempotency key was answered with before.

        Raises:
            KeyReused: the key came with another request.
        """
        with self.database.borrow("writer", self.tenant.schema) as connection:
            row = connection.execute(
                "SELECT request_hash, receipt FROM command_receipts WHERE client_and_key_hash = %s",
                [self.keys.receipt_hash(idempotency.client, idempotency.key)],
            ).fetchone()
        if row is None:
            return None
        if bytes(row[0]) != self.keys.request_hash(idempotency.request):
            raise KeyReused
        return _receipt({**row[1], "replayed": True})

    def last_receipt(self, stream: UUID) -> Receipt | None:
        """The receipt of a stream's last event; None where there is no such stream."""
        with self.database.borrow("writer", self.tenant.schema) as connection:
            row = connection.execute(
                "SELECT version, position, recorded_at, leaf_hash(recorded_at, body) FROM events"
                " WHERE stream = %s ORDER BY version DESC LIMIT 1",
                [stream],
            ).fetchone()
        return Receipt(stream, *row) if row else None

    def load(self, stream: UUID, after_version: int = 0) -> list[Recorded]:
        """A stream's events after a version, in order; personal fields decrypted, or Erased."""
        with self.database.borrow("writer", self.tenant.schema) as connection:
            return self._read(
                connection,
                "e.stream = %s AND e.version > %s ORDER BY e.version",
                [stream, after_version],
            )

    def load_many(self, streams: Mapping[UUID, int]) -> list[Recorded]:
        """The events of several streams, each up to a position, in the log's order."""
        with self.database.borrow("writer", self.tenant.schema) as connection:
            return self._read(
                connection,
                "e.stream = ANY(%s) AND e.position <= %s ORDER BY e.position",
                [list(streams), max(streams.values(), default=0)],
            )

    def read(self, after: int, limit: int) -> list[Recorded]:
        """Up to ``limit`` events after a position, in order."""
        with self.database.borrow("writer", self.tenant.schema) as connection:
            return self.read_on(connection, after, limit)

    def read_on(self, connection: Connection, after: int, limit: int) -> list[Recorded]:
        """The same on a connection of the caller's, inside its transaction."""
        # Positions are dense, so a range of them is a limit that needs no sort.
        return self._read(
            connection,
            "e.position > %s AND e.position <= %s ORDER BY e.position",
            [after, after + limit],
        )

    def bodies(self, after: int, limit: int) -> list[tuple[int, dict[str, Any]]]:
        """Up to ``limit`` events after a position, as position and body: nothing is decrypted."""
        with self.database.borrow("writer", self.tenant.schema) as connection:
            rows = connection.execute(
                "SELECT position, body FROM events WHERE position > %s AND position <= %s"
                " ORDER BY position",
                [after, after + limit],
                binary=True,
            ).fetchall()
        return [(position, orjson.loads(body)) for position, body in rows]

    def at(self, positions: Iterable[int]) -> dict[int, Recorded]:
        """The events at these positions."""
        with self.database.borrow("writer", self.tenant.schema) as connection:
            found = self._read(
                connection, "e.position = ANY(%s) ORDER BY e.position", [list(positions)]
            )
        return {recorded.position: recorded for recorded in found}

    def head(self) -> int:
        """The last position; 0 of an empty log."""
        with self.database.borrow("writer", self.tenant.schema) as connection:
            row = connection.execute("SELECT max(position) FROM events").fetchone()
        return row[0] or 0 if row else 0

    def holder(self, aggregate: str, field: str, value: str) -> UUID | None:
        """The record that holds a unique value."""
        return self.holders(aggregate, field, [value]).get(value)

    def holders(self, aggregate: str, field: str, values: Iterable[str]) -> dict[str, UUID]:
        """The records that hold these unique values, by value."""
        hashes = {self.keys.value_hash(aggregate, field, value): value for value in values}
        with self.database.borrow("writer", self.tenant.schema) as connection:
            rows = connection.execute(
                "SELECT value_hash, stream FROM unique_values"
                " WHERE aggregate = %s AND field = %s AND value_hash = ANY(%s)",
                [aggregate, field, list(hashes)],
                binary=True,
            ).fetchall()
        return {hashes[row[0]]: row[1] for row in rows}

    def on_commit(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call ``listener(position)`` after each batch that this process committed; it must not
        block.

        Gives what makes an end of that.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _committed(self, position: int) -> None:
        for listener in tuple(self._listeners):
            listener(position)

    def _entry(
        self, decision: Decision, keys_ahead: Mapping[tuple[UUID, str], DataKey]
    ) -> tuple[Entry, list[DataKey]]:
        """A decision as ``append`` takes it, and the keys that it brings."""
        _check_claims(decision.claims)
        parts = [codec.take_apart(new, decision.envelope) for new in decision.events]
        keys, new_keys = self._keys_for(codec.subjects(parts), decision.born, keys_ahead)
        header = codec.header(decision.envelope)
        rows, personal = [], []
        for n, part in enumerate(parts, start=1):
            row, secret = codec.seal(part, header, keys, n)
            rows.append(row)
            personal += secret
        entry: dict[str, Any] = {
            "id": decision.envelope.command_id,
            "stream": decision.stream,
            "version": _version(decision),
            "reads": [{"stream": s, "version": v} for s, v in decision.reads.items()],
            "events": rows,
        }
        if personal:
            entry["personal"] = personal
            fresh = {key.key_id for key in new_keys}
            entry["live_keys"] = [k.key_id for k in keys.values() if k.key_id not in fresh]
        if new_keys:
            entry["new_keys"] = [key.new for key in new_keys]
        for name, claims in (("claims", decision.claims), ("releases", decision.releases)):
            if claims:
                entry[name] = [self._claim(claim) for claim in claims]
        if decision.idempotency is not None:
            who = decision.idempotency
            entry["idempotency_key"] = self.keys.receipt_hash(who.client, who.key).hex()
            entry["request_hash"] = self.keys.request_hash(who.request).hex()
        return entry, new_keys

    def _keys_for(
        self,
        pairs: set[tuple[UUID, str]],
        born: frozenset[UUID],
        ahead: Mapping[tuple[UUID, str], DataKey],
    ) -> tuple[dict[tuple[UUID, str], DataKey], list[DataKey]]:
        if not pairs:
            return {}, []
        keys = {pair: ahead[pair] for pair in pairs if pair in ahead} if ahead else {}
        keys |= self.keys.of(pairs - keys.keys() if keys else pairs, born)
        if len(keys) == len(pairs):
            return keys, []
        new_keys = [self.keys.make(*pair) for pair in pairs if pair not in keys]
        return keys | {(key.subject, key.category): key for key in new_keys}, new_keys

    def _claim(self, claim: Claim) -> dict[str, Any]:
        hashed = self.keys.value_hash(claim.aggregate, claim.field, claim.value)
        return {
            "aggregate": claim.aggregate,
            "field": claim.field,
            "hash": hashed.hex(),
            "stream": claim.stream,
        }

    def _read(self, connection: Connection, where: str, parameters: list[Any]) -> list[Recorded]:
        rows = connection.execute(f"{SELECTED} WHERE {where}", parameters, binary=True).fetchall()
        return self.opened(connection, rows)

    def opened(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[Recorded]:
        """The events of rows that :data:`SELECTED` gave, in their order, each once. What lies under
        a key that is gone, or in a row whose personal columns are None, reads as Erased.
        """
        keys = self.keys.by_ids(connection, {row[5] for row in rows if row[5] is not None})
        entries: dict[int, tuple[int, str, list[PersonalRow]]] = {}
        for row in rows:
            position = row[0]
            if position not in entries:
                entries[position] = (row[1], row[2], [])
            if row[3] is not None:
                entries[position][2].append(PersonalRow._make(row[3:]))
        return [codec.unseal(position, *entry, keys) for position, entry in entries.items()]


def _version(decision: Decision) -> int:
    """Of the command's own record, after it."""
    for new in reversed(decision.events):
        if new.stream == decision.stream:
            return new.version
    return decision.reads.get(decision.stream, 0)


def _pairs(decision: Decision) -> set[tuple[UUID, str]]:
    return codec.subjects(codec.take_apart(new, decision.envelope) for new in decision.events)


def _check_claims(claims: Iterable[Claim]) -> None:
    """The append tells a claim from what is stored; of two in one command, only this does."""
    holders: dict[tuple[str, str, str], UUID] = {}
    for claim in claims:
        holder = holders.setdefault((claim.aggregate, claim.field, claim.value), claim.stream)
        if holder != claim.stream:
            raise ValueTaken(claim.aggregate, claim.field, holder)


def _receipt(detail: Mapping[str, Any]) -> Receipt:
    stream = detail["stream"]  # as JSON has it, or as whoever stored a set has it
    return Receipt(
        stream if isinstance(stream, UUID) else UUID(stream),
        detail["version"],
        detail["position"],
        detail["recorded_at"],
        detail["leaf_hash"],
        detail.get("replayed", False),
    )
