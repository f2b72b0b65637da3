"""One reader of new events for each process and tenant, which wakes those who want them.

However many feeds wait, a new event is looked at once, and decrypted once if somebody wants it.
Nobody who waits costs anything while nothing of theirs comes: they stand in an index by the most
telling part of their filter.
"""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from domain.envelope import Recorded, kind_of
from store.database import OUT_OF_REACH
from store.event_log import EventLog

RING: Final = 2_000
"""New events that are remembered for those who come back for more."""
RING_SECONDS: Final = 10.0
"""For so long at most, since they may hold personal values that are erased meanwhile."""
CHUNK: Final = 500
PAUSE: Final = 0.03
"""Seconds between two reads, so that under load many commits are read at once."""
POLL: Final = 0.25
"""Seconds after which the log is looked at even if nobody said that it has grown."""
RETRY: Final = 1.0
IDLE: Final = 5.0
"""Seconds without anybody waiting, after which nothing is read any more."""

log = logging.getLogger("kept.api")

Facts = tuple[str, str, str, str, str]
"""Of an event: stream, actor, type, aggregate and source, the most telling first."""
Key = tuple[int, str]
"""A place in the facts, and what stands there."""
_ANY: Final[Key] = (-1, "")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a feed wants: those that agree in everything that is given."""

    stream: str | None = None
    actor: str | None = None
    type: str | None = None
    aggregate: str | None = None
    source: str | None = None

    @property
    def given(self) -> list[Key]:
        """What is given, the most telling first."""
        wanted = (self.stream, self.actor, self.type, self.aggregate, self.source)
        return [(place, value) for place, value in enumerate(wanted) if value is not None]

    def matches(self, facts: Facts) -> bool:
        """Whether an event with these facts is wanted."""
        return all(facts[place] == value for place, value in self.given)


def facts_of(body: dict[str, Any]) -> Facts:
    """What filters compare."""
    return body["stream"], body["actor"], body["type"], kind_of(body), body["source"]["kind"]


@dataclass(slots=True, eq=False)
class _Waiter:
    filter: Filter
    after: int
    woken: asyncio.Future[None]


@dataclass(slots=True)
class _New:
    """An event of late; decrypted only where somebody waited for it."""

    position: int
    facts: Facts
    came_at: float
    recorded: Recorded | None = None


class Tailer:
    """Reads on while somebody waits. Everything but :meth:`hear` runs on the event loop."""

    def __init__(
        self, log: EventLog, loop: asyncio.AbstractEventLoop, remembered: int = RING
    ) -> None:
        self.position = 0
        """Up to where everybody who waits has been told."""
        self.is_stopped = False
        self._log, self._loop = log, loop
        self._ring: deque[_New] = deque(maxlen=remembered)
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
        """Wanted events after a position, if they are all in memory."""
        if self._task is None or not self._reaches(after):
            return None
        found: list[Recorded] = []
        for new in self._new_to(wanted, after):
            if new.recorded is None:
                return None
            found.append(new.recorded)
            if len(found) == limit:
                break
        return found

    async def wait(self, wanted: Filter, after: int, within: float) -> bool:
        """Wait until there is a wanted event after a position; False if none came in time.

        After False there is none up to :attr:`position`.
        """
        await self._start()
        if self.is_stopped or not self._reaches(after) or any(self._new_to(wanted, after)):
            return True
        waiter = _Waiter(wanted, after, self._loop.create_future())
        self._waiting[_key(waiter)].add(waiter)
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

    def _new_to(self, wanted: Filter, after: int) -> Iterator[_New]:
        return (new for new in self._ring if new.position > after and wanted.matches(new.facts))

    def _reaches(self, after: int) -> bool:
        """Whether memory goes back to this position without a gap."""
        return after >= (self._ring[0].position - 1 if self._ring else self.position)

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
            self._ring.clear()
            self._task = None
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
            try:
                while await self._read() == CHUNK:
                    pass
            except OUT_OF_REACH:
                await asyncio.sleep(RETRY)
            self._expire()
            await asyncio.sleep(PAUSE)

    async def _read(self) -> int:
        bodies = await asyncio.to_thread(self._log.bodies, self.position, CHUNK)
        now = time.monotonic()
        news = [_New(position, facts_of(body), now) for position, body in bodies]
        wanted = {new.position for new in news for _ in self._who_want(new)}
        if wanted:
            recorded = await asyncio.to_thread(self._log.at, wanted)
            for new in news:
                new.recorded = recorded.get(new.position)
        # From here to the end nobody comes between: who waited, and who waited since, are told.
        for new in news:
            self._ring.append(new)
            self.position = new.position
            for waiter in [*self._who_want(new)]:
                _wake(waiter)
        return len(bodies)

    def _who_want(self, new: _New) -> Iterator[_Waiter]:
        for key in (_ANY, *enumerate(new.facts)):
            for waiter in self._waiting.get(key, ()):
                if new.position > waiter.after and waiter.filter.matches(new.facts):
                    yield waiter

    def _expire(self) -> None:
        oldest = time.monotonic() - RING_SECONDS
        while self._ring and self._ring[0].came_at < oldest:
            self._ring.popleft()

    def _wake_all(self) -> None:
        for waiter in [one for waiters in self._waiting.values() for one in waiters]:
            _wake(waiter)

    def _forget(self, waiter: _Waiter) -> None:
        waiters = self._waiting[_key(waiter)]
        waiters.discard(waiter)
        if not waiters:
            del self._waiting[_key(waiter)]


def _key(waiter: _Waiter) -> Key:
    return next(iter(waiter.filter.given), _ANY)


def _wake(waiter: _Waiter) -> None:
    if not waiter.woken.done():
        waiter.woken.set_result(None)
