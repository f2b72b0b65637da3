"""Verifying a tenant's log from its raw entries, trusting nothing but the keys.

Entries are gone through twice, in one snapshot and a few at a time: by position (dense, times never
going back, each the one that is in the tree and under the checkpoints) and by stream (versions,
columns against the body, canonical form, commitments, and what the unique values must be after the
last event). Then the entries of the read log, against the seals that are in the log.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from store.database import Connection
from store.event_log import EventLog
from store.transparency import retained, timestamps
from store.transparency.signing import SigningKeys
from store.transparency.timestamps import Authority
from store.transparency.verifying import Tree
from store.verify_entries import Checker, Entry, Keys, PersonalData, Tell
from store.verify_reads import Reads

CHUNK: Final = 2_000
"""Rows whose keys are looked up together."""
REPORT_EVERY: Final = 1_000
MOST_FAULTS: Final = 100

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""

_ENTRIES: Final = (
    "SELECT e.stream, e.version, e.position, e.type, e.recorded_at, e.body,"
    " p.subject, p.category, p.key_id, p.nonce, p.blind, p.ciphertext"
    " FROM events e LEFT JOIN personal_data p USING (position)"
    " ORDER BY e.stream, e.version, e.position"
)
_ENTRY_TYPES: Final = (
    *("uuid", "int4", "int8", "text", "int8", "text"),
    *("uuid", "text", "uuid", "bytea", "bytea", "bytea"),
)
_WITHOUT_EVENT: Final = (
    "SELECT p.position, p.category FROM personal_data p"
    " WHERE NOT EXISTS (SELECT FROM events e WHERE e.position = p.position)"
)


class Fault(NamedTuple):
    """What is wrong, and at which position; None where it is at none."""

    position: int | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence if self.position is None else f"{self.position}: {self.sentence}"


@dataclass(slots=True)
class Verified:
    """What was gone through, and what is wrong."""

    most_faults: int = MOST_FAULTS
    events: int = 0
    streams: int = 0
    rows: int = 0
    """Of personal data."""
    erased: int = 0
    """Commitments to rows that an erasure took away."""
    reads: int = 0
    """Entries of the read log."""
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list)
    """The first of them."""

    def tell(self, position: int | None, sentence: str) -> None:
        """Something is wrong."""
        self.fault_count += 1
        if len(self.faults) < self.most_faults:
            self.faults.append(Fault(position, sentence))

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": self.fault_count == 0,
            "events": self.events,
            "streams": self.streams,
            "personal_rows": self.rows,
            "erased_rows": self.erased,
            "reads": self.reads,
            "fault_count": self.fault_count,
            "faults": [one._asdict() for one in self.faults],
        }


def verify(
    log: EventLog,
    progress: Progress = lambda what, done, of: None,
    most_faults: int = MOST_FAULTS,
) -> Verified:
    """Go through the whole log as it is at this moment; appends go on meanwhile."""
    found = Verified(most_faults)
    outside = retained.kept(log.tenant)  # before the snapshot, or it might be ahead of it
    with ExitStack() as stack:
        main, values, keys = (
            stack.enter_context(log.database.connect("writer", log.tenant.schema)) for _ in range(3)
        )
        _share_snapshot(main, values, keys)
        signing = SigningKeys(log.database, log.tenant)
        head = _positions(main, Tree(values, signing, outside, found.tell), found, progress)
        authority = Authority.configured()
        timestamps.compare(values, authority.roots if authority else (), found.tell)
        _streams(log, (main, values, keys), found, head, progress)
        for position, category in _copied(main, _WITHOUT_EVENT, ("int8", "text")):
            found.tell(position, f"A row of personal data ({category}) belongs to no event.")
        found.reads = Reads(main, values, found.tell).verify()
    return found


def _share_snapshot(first: Connection, *others: Connection) -> None:
    """Let all of them see the same moment, whatever is appended or erased meanwhile."""
    first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    row = first.execute("SELECT pg_export_snapshot()").fetchone()
    for other in others:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        other.execute(f"SET TRANSACTION SNAPSHOT '{row[0] if row else ''}'")


def _positions(connection: Connection, tree: Tree, found: Verified, progress: Progress) -> int:
    """Positions are dense from 1, no entry was recorded before the one in front of it, and each is
    the one that is in the tree.
    """
    counted = connection.execute("SELECT max(position) FROM events").fetchone()
    head = counted[0] or 0 if counted else 0
    last, last_time = 0, 0
    query = "SELECT position, recorded_at, body FROM events ORDER BY position"
    for position, recorded_at, body in _copied(connection, query, ("int8", "int8", "text")):
        if position == last:
            found.tell(position, "Two entries stand at this position.")
        elif position != last + 1:
            gap = f"{last + 1}" if position == last + 2 else f"{last + 1} to {position - 1}"
            found.tell(position, f"No entry stands at {gap}, before this one.")
        if recorded_at < last_time:
            found.tell(position, "The entry was recorded before the one in front of it.")
        tree.add(position, recorded_at, body)
        last, last_time = position, recorded_at
        if position % REPORT_EVERY == 0:
            progress("positions", position, head)
    tree.finish()
    progress("positions", head, head)
    return head


def _streams(
    log: EventLog,
    connections: tuple[Connection, Connection, Connection],
    found: Verified,
    head: int,
    progress: Progress,
) -> None:
    main, values, key_connection = connections
    tell: Tell = found.tell
    keys = Keys(log.keys, key_connection, log.tenant.keys)
    held = _Held(values, log, tell)
    checker = Checker(keys, tell, held.check)
    for rows in _chunks(_copied(main, _ENTRIES, _ENTRY_TYPES)):
        keys.look_up({row[8] for row in rows if row[8] is not None})
        for _, group in groupby(rows, itemgetter(0, 1, 2)):
            first, *rest = group
            secrets = [PersonalData(*row[6:]) for row in (first, *rest) if row[6] is not None]
            checker.check(Entry(*first[:6]), secrets)
            found.events += 1
            found.rows += len(secrets)
            if found.events % REPORT_EVERY == 0:
                progress("entries", found.events, head)
    checker.finish()
    held.check(None, None, None)
    found.streams, found.erased = checker.streams, checker.erased
    progress("entries", head, head)


class _Held:
    """The unique values that are held, gone through beside the streams, in the same order."""

    def __init__(self, connection: Connection, log: EventLog, tell: Tell) -> None:
        query = "SELECT stream, aggregate, field, value_hash FROM unique_values ORDER BY stream"
        self._rows = _copied(connection, query, ("uuid", "text", "text", "bytea"))
        self._next = next(self._rows, None)
        self._keys, self._tell = log.keys, tell

    def check(self, stream: UUID | None, state: Any, position: int | None) -> None:
        """Compare with what a stream's state claims; None: all streams have been gone through."""
        while self._next is not None and (stream is None or self._next[0] < stream):
            owner, aggregate, name, _ = self._next
            self._tell(None, f"A unique {name} of {aggregate} is held by {owner}, which is none.")
            self._next = next(self._rows, None)
        held: set[tuple[str, str, bytes]] = set()
        while self._next is not None and self._next[0] == stream:
            held.add((self._next[1], self._next[2], bytes(self._next[3])))
            self._next = next(self._rows, None)
        if stream is None or state is None:
            return
        claimed = {
            (state.AGGREGATE, name, self._keys.value_hash(state.AGGREGATE, name, value))
            for name, value in state.claims()
            if value
        }
        for _, name, _ in claimed - held:
            self._tell(position, f"The record {stream} has a unique {name} that nobody holds.")
        for _, name, _ in held - claimed:
            self._tell(position, f"The record {stream} holds a unique {name} it does not have.")


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Some rows at a time; those of one entry stay together."""
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        if len(chunk) >= CHUNK and row[:3] != chunk[-1][:3]:
            yield chunk
            chunk = []
        chunk.append(row)
    yield chunk


def _copied(connection: Connection, query: str, types: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query as they come, without holding them all."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode()) as copy,
    ):
        copy.set_types(types)
        yield from copy.rows()
