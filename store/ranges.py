"""Ranges of streams, so that a log can be gone through in parts: each stream is in one only."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import UUID

from store.database import Connection

_CUTS: Final = (
    "SELECT stream FROM (SELECT stream, row_number() OVER (ORDER BY stream, version) AS number"
    " FROM events {where}) AS numbered WHERE number % {width} = 0"
)
_ROUNDED: Final = (1 << 64) - 1


class Range(NamedTuple):
    """The streams from ``low`` to before ``high``; None is where there is no bound."""

    low: UUID | None = None
    high: UUID | None = None

    def where(self, column: str) -> str:
        """As a condition, true of a range without bounds."""
        low = [f"{column} >= '{self.low}'"] if self.low else []
        high = [f"{column} < '{self.high}'"] if self.high else []
        return " AND ".join(low + high) or "true"


EVERYTHING: Final = Range()


def cuts(connection: Connection, width: int, before: Sequence[UUID] = ()) -> list[UUID]:
    """Where to cut the log so that :func:`between` the cuts lie more or less ``width`` entries;
    earlier cuts stay, and further ones come after them.

    No cut is the id of a record: half of it is zeroes.
    """
    found = [*before]
    where = f"WHERE stream >= '{before[-1]}'" if before else ""
    for (stream,) in connection.execute(_CUTS.format(where=where, width=width).encode()):
        cut = UUID(int=stream.int & ~_ROUNDED)
        if not found or cut > found[-1]:
            found.append(cut)
    return found


def between(cuts: Sequence[UUID]) -> list[Range]:
    """The ranges that cuts make: one more than there are cuts."""
    return [Range(*pair) for pair in pairwise([None, *cuts, None])]
