"""Ranges of the read log: what the next seal covers, the proof of one entry, and what may go."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from store.database import Connection
from store.event_log import EventLog
from store.read_log import Entry
from store.transparency import merkle
from store.transparency.merkle import HASH_BYTES

MOST_SEALED: Final = 65_536
"""Entries under one seal; more of them get several seals."""

# The database hashes: the entries need not be brought here for it.
_LEAVES: Final = (
    "SELECT count(*), max(read_at), string_agg(sha256('\\x00'::bytea || int8send(read_at)"
    " || convert_to(body, 'UTF8')), ''::bytea ORDER BY number)"
    " FROM reads WHERE number BETWEEN %s AND %s"
)


@dataclass(frozen=True, slots=True)
class Range:
    """Entries that are sealed together."""

    first: int
    last: int
    root: bytes
    until: int
    """When the last of them was read, in microseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An entry, and its audit path (RFC 6962) to the root of the seal over its range."""

    entry: Entry
    path: list[bytes]


class ReadRanges:
    """Those of one tenant."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def from_(self, first: int) -> Range | None:
        """The entries from this number on, as far as one seal covers them; None if there are none
        yet.

        Raises:
            LookupError: some are missing.
        """
        with self._borrowed() as connection:
            row = connection.execute("SELECT max(number) FROM reads").fetchone()
            head = row[0] or 0 if row else 0
            if head < first:
                return None
            last = min(head, first + MOST_SEALED - 1)
            leaves, until = _leaves(connection, first, last)
        return Range(first, last, merkle.root_of(leaves), until)

    def inclusion(self, number: int, first: int, last: int) -> Inclusion | None:
        """An entry with its path in the range that is sealed; None if it, or another of the range,
        is missing.
        """
        with self._borrowed() as connection:
            row = connection.execute(
                "SELECT number, read_at, body FROM reads WHERE number = %s", [number]
            ).fetchone()
            if row is None:
                return None
            try:
                leaves, _ = _leaves(connection, first, last)
            except LookupError:
                return None

        def node(level: int, index: int) -> bytes:
            return merkle.root_of(leaves[index << level : (index + 1) << level])

        return Inclusion(Entry(*row), merkle.inclusion(number - first, len(leaves), node))

    def expire(self, seal: UUID, last: int) -> int:
        """Delete the entries up to the last one of a seal, for which an event of that seal has to
        say that they expired; gives how many there were.
        """
        with self._log.database.borrow("eraser", self._log.tenant.schema) as connection:
            row = connection.execute("SELECT expire_reads(%s, %s)", [seal, last]).fetchone()
        return row[0] if row else 0

    def _borrowed(self) -> Any:
        return self._log.database.borrow("writer", self._log.tenant.schema)


def _leaves(connection: Connection, first: int, last: int) -> tuple[list[bytes], int]:
    """The hashes of a range's entries, and when the last of them was read."""
    row = connection.execute(_LEAVES, [first, last], binary=True).fetchone()
    if row is None or row[0] != last - first + 1:
        raise LookupError("entries of the read log are missing")
    hashes = bytes(row[2])
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)], row[1]
