"""How much lay with whom: how many tickets at a time, and how evenly they were spread."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from projections.what_if.kernel import share

H = TypeVar("H")
_MICROSECOND: Final = timedelta(microseconds=1)


class Span(NamedTuple):
    """A time in which a ticket was in work."""

    start: datetime
    end: datetime


class Load(NamedTuple):
    """Of one holder."""

    tickets: int
    mean: Decimal | None
    """Open tickets on average over the whole time, the holder's idle hours included."""
    most: int
    """Open at once."""


class Held(NamedTuple):
    """One time in which somebody had a ticket."""

    ticket: UUID
    span: Span


def loads(held: Mapping[H, Iterable[Held]], whole: Span) -> dict[H, Load]:
    """What each holder had, over the whole time."""
    return {holder: _load([*spans], whole) for holder, spans in held.items()}


def imbalance(found: Mapping[H, Load]) -> Decimal | None:
    """The mean load of whoever had most, as a multiple of that of all: 1 is even."""
    means = [one.mean for one in found.values() if one.mean is not None]
    return share(max(means) * len(means), sum(means), 1) if means else None


def _load(held: list[Held], whole: Span) -> Load:
    changes = sorted(change for one in held for change in ((one.span.start, 1), (one.span.end, -1)))
    now = most = 0
    for _, change in changes:  # at one moment, what ends ends first
        now += change
        most = max(most, now)
    took = sum((one.span.end - one.span.start) // _MICROSECOND for one in held)
    mean = share(took, (whole.end - whole.start) // _MICROSECOND, 1)
    return Load(len({one.ticket for one in held}), mean, most)


@dataclass(slots=True)
class OpenTickets(Generic[H]):
    """How many tickets each holder has at a moment, as they are given out in order of time."""

    now: Counter[H] = field(default_factory=Counter)
    _coming: list[tuple[datetime, int, H]] = field(default_factory=list)

    def at(self, moment: datetime) -> None:
        """Go on to a later moment."""
        while self._coming and self._coming[0][0] <= moment:
            _, change, holder = heappop(self._coming)
            self.now[holder] += change

    def give(self, holder: H, spans: Iterable[Span]) -> None:
        """A ticket that is in work for these times."""
        for span in spans:
            heappush(self._coming, (span.start, 1, holder))
            heappush(self._coming, (span.end, -1, holder))
