"""One reader of new events for each process and tenant, which wakes those who want them.

However many feeds wait, a new event is read once. Nobody who waits costs anything while nothing of
theirs comes: they stand in an index by the most telling part of their filter.
"""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from domain.envelope import Recorded
from store.database import OUT_OF_REACH
from store.event_log import EventLog

RING: Final = 2_000
"""New events that are kept in memory for those who come back for more."""
RING_SECONDS: Final = 10.0
"""For so long at most, since they hold personal values that may be erased meanwhile."""
CHUNK: Final = 500
PAUSE: Final = 0.02
"""Seconds between two reads, so that under load many commits are read at once."""
POLL: Final = 0.25
"""Seconds after which the log is looked at even if nobody said that it has grown."""
RETRY: Final = 1.0
IDLE: Final = 5.0
"""Seconds without anybody waiting, after which nothing is read any more."""

log = logging.getLogger("kept.api")

Key = tuple[str, str]
_TELLING: Final = ("stream", "actor", "type", "aggregate", "source")
_ANY: Final[Key] = ("", "")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a feed wants: those that agree in everything that is given."""

    stream: str | None = None
    actor: str | None = None
    type: str | None = None
    aggregate: str | None = None
    source: str | None = None

    @property
    def key(self) -> Key:
        """The most telling part."""
        given = ((name, getattr(self, name)) for name in _TELLING)
        return next(((name, value) for name, value in given if value is not None), _ANY)

    def matches(self, recorded: Recorded) -> bool:
        """Whether the event is wanted."""
        return all(
            wanted is None or wanted == value
            for wanted, value in zip(
                (self.stream, self.actor, self.type, self.aggregate, self.source),
                facts(recorded),
                strict=True,
            )
        )


def facts(recorded: Recorded) -> tuple[str, str, str, str, str]:
    """What filters compare, in their order."""
    body: dict[str, Any] = recorded.body
    aggregate = recorded.event.AGGREGATE.AGGREGATE
    return body["stream"], body["actor"], body["type"], aggregate, body["source"]["kind"]


@dataclass(slots=True, eq=False)
class _Waiter:
    filter: Filter
    after: int
    woken: asyncio.Future[None]


@dataclass(slots=True)
class _Ring:
    """The newest events, in order and without a gap."""

    events: deque[tuple[float, Recorded]] = field(default_factory=lambda: deque(maxlen=RING))

    def add(self, events: Sequence[Recorded]) -> None:
        now = time.monotonic()
        self.events.extend((now, recorded) for recorded in events)

    def expire(self) -> None:
        oldest = time.monotonic() - RING_SECONDS
        while self.events and self.events[0][0] < oldest:
            self.events.popleft()

    def after(self, position: int) -> Iterator[Recorded]:
        return (recorded for _, recorded in self.events if recorded.position > position)


class Tailer:
    """Reads on while somebody waits. Everything but :meth:`hear` runs on the event loop."""

    def __init__(self, log: EventLog, loop: asyncio.AbstractEventLoop) -> None:
        self.position = 0
        """Up to where everybody who waits has been told."""
        self.is_stopped = False
        self._log, self._loop = log, loop
        self._ring = _Ring()
        self._waiting: defaultdict[Key, set[_Waiter]] = defaultdict(set)
        self._grown = asyncio.Event()
        self._is_told = False
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        log.on_commit(self.hear)

    def hear(self, position: int) -> None:
        """The log has grown: from any thread, and without waiting."""
        if self._task is not None and not self._is_told:
            self._is_told = True
            with suppress(RuntimeError):  # the loop is closed, so nobody waits
                self._loop.call_soon_threadsafe(self._grown.set)

    def recent(self, wanted: Filter, after: int, limit: int) -> list[Recorded] | None:
        """Wanted events after a position, if memory still reaches back so far."""
        if self._task is None or not self._reaches(after):
            return None
        found: list[Recorded] = []
        for recorded in self._ring.after(after):
            if wanted.matches(recorded):
                found.append(recorded)
                if len(found) == limit:
                    break
        return found

    async def wait(self, wanted: Filter, after: int, within: float) -> bool:
        """Wait until there may be a wanted event after a position; False if none came in time.

        After False there is none up to :attr:`position`.
        """
        await self._start()
        if self.is_stopped or not self._reaches(after) or self.recent(wanted, after, 1):
            return True
        waiter = _Waiter(wanted, after, self._loop.create_future())
        self._waiting[wanted.key].add(waiter)
        try:
            async with asyncio.timeout(within):
                await waiter.woken
        except TimeoutError:
            return False
        finally:
            self._forget(waiter)
        return True

    def stop(self) -> None:
        """Nobody waits any longer, from now on."""
        self.is_stopped = True
        self._wake_all()

    async def close(self) -> None:
        """Stop, and stop reading."""
        self.stop()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _reaches(self, after: int) -> bool:
        ring = self._ring.events
        return after >= (ring[0][1].position - 1 if ring else self.position)

    async def _start(self) -> None:
        async with self._starting:
            if self._task is None and not self.is_stopped:
                self.position = await asyncio.to_thread(self._log.head)
                self._grown.set()
                self._task = self._loop.create_task(self._follow())

    async def _follow(self) -> None:
        try:
            await self._read_on()
        except Exception as failure:
            log.error("the feeds' reader starts over: %s", type(failure).__name__)
        finally:
            self._ring, self._task = _Ring(), None
            self._wake_all()  # whoever waits looks for itself, and starts it anew

    async def _read_on(self) -> None:
        idle_since = time.monotonic()
        while self._waiting or time.monotonic() - idle_since < IDLE:
            if self._waiting:
                idle_since = time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._grown.wait()
            self._grown.clear()
            self._is_told = False
            self._ring.expire()
            try:
                while await self._read() == CHUNK:
                    pass
            except OUT_OF_REACH:
                await asyncio.sleep(RETRY)
            await asyncio.sleep(PAUSE)

    async def _read(self) -> int:
        events = await asyncio.to_thread(self._log.read, self.position, CHUNK)
        if events:
            self._ring.add(events)
            self.position = events[-1].position
            for recorded in events:
                self._tell(recorded)
        return len(events)

    def _tell(self, recorded: Recorded) -> None:
        for key in (_ANY, *zip(_TELLING, facts(recorded), strict=True)):
            for waiter in [*self._waiting.get(key, ())]:
                if recorded.position > waiter.after and waiter.filter.matches(recorded):
                    _wake(waiter)
                    self._forget(waiter)

    def _wake_all(self) -> None:
        for waiter in [one for waiters in self._waiting.values() for one in waiters]:
            _wake(waiter)

    def _forget(self, waiter: _Waiter) -> None:
        waiters = self._waiting.get(waiter.filter.key)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[waiter.filter.key]


def _wake(waiter: _Waiter) -> None:
    if not waiter.woken.done():
        waiter.woken.set_result(None)
