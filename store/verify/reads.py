"""Verifying the read log against its seals, which are events of the log: every entry that was
sealed is there as it was, unless the log says that its time was over.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from domain.envelope import from_microseconds
from store import codec
from store.codec import leaf_entry
from store.database import Connection
from store.read_log import subjects_of
from store.transparency.merkle import leaf_hash, root_of
from store.verify.found import Tell

_SEALS: Final = (
    "SELECT position, (data ->> 'first')::bigint AS first, (data ->> 'last')::bigint AS last,"
    " data ->> 'root' AS root, data ->> 'until' AS until FROM (SELECT position,"
    " body::jsonb -> 'data' AS data FROM events WHERE type = 'ReadsSealed') AS sealed"
    " ORDER BY 2, 1"
)
_EXPIRED: Final = (
    "SELECT position, recorded_at, (body::jsonb -> 'data' ->> 'last')::bigint,"
    " (body::jsonb -> 'data' ->> 'days')::integer FROM events WHERE type = 'ReadsExpired'"
    " ORDER BY position"
)
_ENTRIES: Final = (
    "SELECT number, read_at, actor::text, door, model, subjects::text[], body"
    " FROM reads ORDER BY number"
)


class Seal(NamedTuple):
    """What an event says of a range."""

    position: int
    first: int
    last: int
    root: str
    until: str

    @property
    def reads(self) -> str:
        return f"The reads {self.first:,} to {self.last:,}"


class Reads:
    """Takes the entries in the order of their numbers and compares as it goes."""

    def __init__(self, connection: Connection, other: Connection, tell: Tell) -> None:
        self._connection, self._other, self._tell = connection, other, tell
        self._expired: dict[int, tuple[int, datetime, int]] = {
            last: (position, from_microseconds(recorded_at), days)
            for position, recorded_at, last, days in connection.execute(_EXPIRED)
        }
        self._gone = max(self._expired, default=0)
        """The last read that may be missing."""
        self.count = 0

    def verify(self) -> int:
        """Go through all of them; gives how many entries there are."""
        with self._other.cursor("seals_verified") as rows:
            rows.execute(_SEALS)
            self._compare(self._in_a_row(Seal(*row) for row in rows))
        for position, _, _ in self._expired.values():
            self._tell(position, "Reads expired whose seal does not exist.")
        return self.count

    def _in_a_row(self, seals: Iterator[Seal]) -> Iterator[Seal]:
        """Each seal begins where the one before ended, and none expired too early."""
        reached = 0
        for seal in seals:
            if seal.first != reached + 1 or seal.last < seal.first:
                self._tell(
                    seal.position,
                    f"{seal.reads} are sealed here, but the seals before end at {reached:,}.",
                )
            reached = max(reached, seal.last)
            said = self._expired.pop(seal.last, None)
            if said is not None:
                position, recorded_at, days = said
                if datetime.fromisoformat(seal.until) + timedelta(days=days) > recorded_at:
                    self._tell(position, f"{seal.reads} were given up before their time was over.")
            yield seal

    def _compare(self, seals: Iterator[Seal]) -> None:
        seal = next(seals, None)
        leaves: list[bytes] = []
        last = last_time = 0
        with self._connection.cursor("reads_verified") as rows:
            rows.execute(_ENTRIES)
            for row in rows:
                number = row[0]
                while seal is not None and number > seal.last:
                    self._close(seal, leaves, last_time)
                    seal, leaves = next(seals, None), []
                self._check_gap(max(last, min(self._gone, number - 1)) + 1, number)
                if row[1] < last_time:
                    self._tell(None, f"Read {number:,}: it was before the one in front of it.")
                self._check(row)
                last, last_time = number, row[1]
                self.count += 1
                if seal is not None and seal.first <= number:
                    leaves.append(leaf_hash(leaf_entry(row[1], row[-1].encode())))
        while seal is not None:
            self._close(seal, leaves, last_time)
            seal, leaves = next(seals, None), []

    def _close(self, seal: Seal, leaves: list[bytes], until: int) -> None:
        """All entries of a range have come."""
        if not leaves and seal.last <= self._gone:
            return  # their time is over
        missing = seal.last - seal.first + 1 - len(leaves)
        if missing > 0:
            self._tell(
                seal.position,
                f"{seal.reads} were sealed here, but {missing:,} of them are missing.",
            )
        elif root_of(leaves).hex() != seal.root:
            self._tell(seal.position, f"{seal.reads} are not those that were sealed here.")
        elif datetime.fromisoformat(seal.until) != from_microseconds(until):
            self._tell(seal.position, f"{seal.reads} end at another time than is said here.")

    def _check_gap(self, expected: int, number: int) -> None:
        if number != expected:
            gap = f"{expected:,}" if number == expected + 1 else f"{expected:,} to {number - 1:,}"
            self._tell(None, f"No read stands at {gap}, before the one at {number:,}.")

    def _check(self, row: tuple[Any, ...]) -> None:
        """The body is canonical, and the columns are what it says."""
        number, _, actor, door, model, subjects, text = row
        try:
            body = orjson.loads(text)
            is_canonical = codec.canonical(body).decode() == text
            said = (body["actor"], body["door"], body["read_model"], subjects_of(body))
        except (orjson.JSONDecodeError, TypeError, KeyError):
            self._tell(None, f"Read {number:,}: the body is not one of a read.")
            return
        if not is_canonical:
            self._tell(None, f"Read {number:,}: the body is not in canonical form.")
        if said != (actor, door, model, subjects):
            self._tell(None, f"Read {number:,}: the columns differ from the body.")
