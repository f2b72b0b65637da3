"""Verifying a range of streams: versions, columns, canonical form, commitments, and what the unique
values must be after the last event.

A range is the streams between two ids. A digest over all that was looked at (entries, personal
data, keys, unique values) lets a later sitting tell that nothing of it is another.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.envelope import from_microseconds
from store.codec import BLIND_BYTES
from store.collecting import collector_waits
from store.database import Connection
from store.epochs import NONCE_BYTES
from store.keys import KeyStore
from store.ranges import Range, between, cuts
from store.verify.bench import Bench
from store.verify.entries import Checker, Entry, Missing, PersonalData
from store.verify.found import Tell, Verified
from store.verify.keys import HeldKey, key_rows
from store.verify.rows import fields, raw_rows

WIDTH: Final = 8_192
"""Entries of a range, more or less: a stream is in one only."""
ID_BYTES: Final = 16
CHUNK: Final = 4_000
"""Rows in memory at once."""

# The fields of one length stand in front; the last ones are, with their lengths, what a commitment
# is over.
_ENTRIES: Final = (
    "SELECT e.stream, e.version, e.position, e.recorded_at, p.position IS NOT NULL,"
    " coalesce(p.key_id, '00000000-0000-0000-0000-000000000000'), e.type, e.body,"
    " p.blind, p.nonce, p.subject, p.category, p.ciphertext"
    " FROM events e LEFT JOIN personal_data p USING (position) WHERE {where}"
    " ORDER BY e.stream, e.version, e.position, p.subject, p.category"
)
_FRONT: Final = struct.Struct(">2x 4x16s 4xi 4xq 4xq 4x? 4x16s i")
_SECRET: Final = struct.Struct(">i16x i12s i16s i")
_ADDRESS: Final = slice(2, 2 + 20 + 8 + 12)
"""Where the fields stand that say which entry a row is of."""
_KEY: Final = slice(_FRONT.size - 20, _FRONT.size - 4)
_NO_KEY: Final = bytes(16)


class Checked(NamedTuple):
    """What was found in a range."""

    found: Verified
    digest: str
    """In hex, over all that was looked at."""
    was_known: bool
    """Whether it is what it was in an earlier sitting, and was not looked at more closely."""


class Streams(NamedTuple):
    """The streams from ``low`` to before ``high``; None is where there is no bound.

    ``known`` is what an earlier sitting found in which nothing was wrong.
    """

    low: UUID | None
    high: UUID | None
    known: Checked | None = None

    def run(self, bench: Bench) -> Checked:
        """Go through them."""
        if self.known is not None:
            again = _Reading(self, bench)
            for _ in again.chunks():
                pass
            if again.finished(self.known.found.erased) == self.known.digest:
                return self.known._replace(was_known=True)
        return _check(self, bench)

    def where(self, column: str) -> str:
        """The range as a condition."""
        return Range(self.low, self.high).where(column)


def stream_ranges(connection: Connection, before: Sequence[UUID] = ()) -> list[Streams]:
    """The ranges of a log: those that the cuts of an earlier sitting make, and others after."""
    return [Streams(*one) for one in between(cuts(connection, WIDTH, before))]


def _check(task: Streams, bench: Bench) -> Checked:
    found, reading = bench.found(), _Reading(task, bench)
    held = _Held(reading.values, bench.keys, found.tell)
    at_hand: dict[bytes, HeldKey] = {}
    checker = Checker(at_hand, found.tell, held.check)
    for rows, their_keys in reading.chunks():
        at_hand.clear()
        at_hand.update(bench.keyring.opened(their_keys))
        with collector_waits():
            for entry, secrets in _entries(rows):
                checker.check(entry, secrets)
                found.events += 1
                found.rows += len(secrets)
        found.erased += _explained(checker.missing, bench, found.tell)
        checker.missing.clear()
    checker.finish()
    held.check_rest()
    found.streams = checker.streams
    return Checked(found, reading.finished(found.erased), False)


class _Reading:
    """Reads a range, and digests what it reads."""

    def __init__(self, task: Streams, bench: Bench) -> None:
        self._task, self._bench = task, bench
        self._digest = hashlib.sha256()
        query = (
            "SELECT stream, aggregate, field, value_hash FROM unique_values"
            f" WHERE {task.where('stream')} ORDER BY stream, aggregate, field, value_hash"
        )
        self.values = [*raw_rows(bench.other, query)]
        """The unique values that the range's streams hold."""
        self._take(self.values)

    def chunks(self) -> Iterator[tuple[list[bytes], list[bytes]]]:
        """Some rows of entries at a time, and those of their keys; the rows of one entry stay
        together.
        """
        query = _ENTRIES.format(where=self._task.where("e.stream"))
        chunk: list[bytes] = []
        for row in raw_rows(self._bench.ranges, query):
            if len(chunk) >= CHUNK and row[_ADDRESS] != chunk[-1][_ADDRESS]:
                yield self._with_keys(chunk)
                chunk = []
            chunk.append(row)
        yield self._with_keys(chunk)

    def finished(self, erased: int) -> str:
        """The digest. If an erasure had to explain something, it is also over all of these."""
        if erased:
            self._digest.update(self._bench.moment.destroyed)
        return self._digest.hexdigest()

    def _with_keys(self, rows: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        self._take(rows)
        wanted = {row[_KEY] for row in rows} - {_NO_KEY}
        keys = key_rows(self._bench.other, self._bench.tenant.keys, wanted)
        self._take(keys)
        return rows, keys

    def _take(self, rows: Sequence[bytes]) -> None:
        """Which rows these are: each says itself where it ends."""
        self._digest.update(len(rows).to_bytes(8))
        self._digest.update(b"".join(rows))


def _entries(rows: Iterable[bytes]) -> Iterator[tuple[Entry, list[PersonalData]]]:
    stream, stream_bytes, address = UUID(int=0), b"", b""
    entry: Entry | None = None
    secrets: list[PersonalData] = []
    for row in rows:
        found, version, position, recorded_at, is_row, key_id, length = _FRONT.unpack_from(row)
        named = _FRONT.size + length
        body = named + 4 + int.from_bytes(row[named : named + 4])
        if row[_ADDRESS] != address:
            if entry is not None:
                yield entry, secrets
            if found != stream_bytes:
                stream, stream_bytes = UUID(bytes=found), found
            address, secrets = row[_ADDRESS], []
            kind = row[_FRONT.size : named].decode()
            entry = Entry(stream, version, position, recorded_at, kind, row[named + 4 : body])
        if is_row:
            secrets.append(_secret(key_id, row[body:]))
    if entry is not None:
        yield entry, secrets


def _secret(key_id: bytes, committed: bytes) -> PersonalData:
    if len(committed) >= _SECRET.size:
        blind, nonces, nonce, subjects, subject, length = _SECRET.unpack_from(committed)
        if blind == BLIND_BYTES and nonces == NONCE_BYTES and subjects == ID_BYTES:
            end = _SECRET.size + length
            category = committed[_SECRET.size : end]
            return PersonalData(key_id, nonce, subject, category, committed[end + 4 :], committed)
    _, nonce, subject, category, ciphertext = fields(committed, 0)  # somebody changed it
    return PersonalData(key_id, nonce, subject, category, ciphertext, committed)


def _explained(missing: Sequence[Missing], bench: Bench, tell: Tell) -> int:
    """How much of what is missing an erasure took away; the rest is told."""
    if not missing:
        return 0
    gone: dict[tuple[UUID, str], datetime] = {
        (subject, category): until
        for subject, category, until in bench.other.execute(
            "SELECT subject, category, max(coalesce(fenced_at, destroyed_at))"
            f" FROM {bench.tenant.keys}.data_keys WHERE destroyed_at IS NOT NULL"
            " AND (subject, category) IN (SELECT * FROM unnest(%s::uuid[], %s::text[]))"
            " GROUP BY 1, 2",
            [[one.subject for one in missing], [one.category for one in missing]],
        )
    }
    erased = 0
    for position, recorded_at, subject, category in missing:
        # What came after lies under another key, which that erasure did not take.
        until = gone.get((subject, category))
        if until is not None and from_microseconds(recorded_at) <= until:
            erased += 1
        else:
            tell(
                position,
                f"A row of personal data ({category}) is missing, and no erasure says why.",
            )
    return erased


class _Held:
    """The unique values that a range's streams hold, against those that they are to hold."""

    def __init__(self, rows: Iterable[bytes], keys: KeyStore, tell: Tell) -> None:
        self._held: dict[bytes, set[tuple[str, str, bytes]]] = {}
        for row in rows:
            stream, aggregate, name, value_hash = fields(row)
            one = aggregate.decode(), name.decode(), value_hash
            self._held.setdefault(stream, set()).add(one)
        self._keys, self._tell = keys, tell

    def check(self, stream: UUID, state: Any, position: int) -> None:
        """Compare with what a stream's state claims; None if that is not known."""
        held = self._held.pop(stream.bytes, set())
        if state is None:
            return
        claimed = {
            (state.AGGREGATE, name, self._keys.value_hash(state.AGGREGATE, name, value))
            for name, value in state.claims()
            if value
        }
        for _, name, _ in sorted(claimed - held):
            self._tell(position, f"The record {stream} has a unique {name} that nobody holds.")
        for _, name, _ in sorted(held - claimed):
            self._tell(position, f"The record {stream} holds a unique {name} it does not have.")

    def check_rest(self) -> None:
        """All streams of the range have been gone through."""
        for owner, values in self._held.items():
            for aggregate, name, _ in sorted(values):
                stream = UUID(bytes=owner)
                self._tell(
                    None, f"A unique {name} of {aggregate} is held by {stream}, which is none."
                )
