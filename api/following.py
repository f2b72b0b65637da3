"""Following the event log: wanted events after a position, at once or as soon as there are some."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import anyio.to_thread
from starlette.types import Receive

from api.access import Caller
from api.tailer import Filter, facts_of
from domain.envelope import Recorded
from projections.readers import Reader
from store.event_log import EventLog

T = TypeVar("T")
SCANNED: Final = 1_000
"""Events that are read at once while looking for those that a filter wants."""
SCAN_SECONDS: Final = 0.5
"""How long one request looks; it then answers how far it has come."""
FEW: Final = 20
"""Events that are worth no thread of their own to be written as JSON."""


@dataclass(frozen=True, slots=True)
class Found:
    """Wanted events after a position, and up to where all of them are here."""

    events: list[Recorded]
    reached: int
    is_at_head: bool


async def next_events(caller: Caller, wanted: Filter, after: int, limit: int, wait: float) -> Found:
    """Wanted events after a position, waiting for the first one if there is none yet."""
    served = caller.served
    log, tailer = served.services.log, served.tailer
    deadline = time.monotonic() + wait
    while True:
        # The tailer is some milliseconds behind, which only who waits anyway may be.
        recent = tailer.recent(wanted, after, limit) if wait else None
        if recent is not None:
            reached = recent[-1].position if len(recent) == limit else max(after, tailer.position)
            found = Found(recent, reached, is_at_head=len(recent) < limit)
        else:
            found = await anyio.to_thread.run_sync(
                scan, log, wanted, after, limit, limiter=served.scans
            )
        left = deadline - time.monotonic()
        if found.events or not found.is_at_head or left <= 0 or tailer.is_stopped:
            return found
        after = found.reached
        if not await tailer.wait(wanted, after, left):
            return Found([], max(after, tailer.position), is_at_head=True)


def scan(log: EventLog, wanted: Filter, after: int, limit: int) -> Found:
    """Look through the log, for a bounded time; only what is wanted is decrypted."""
    if wanted.stream is not None:
        return _scan_stream(log, wanted, UUID(wanted.stream), after, limit)
    if wanted == Filter():
        events = log.read(after, limit)
        reached = events[-1].position if events else after
        return Found(events, reached, is_at_head=len(events) < limit)
    deadline = time.monotonic() + SCAN_SECONDS
    positions: list[int] = []
    is_at_head = False
    while len(positions) < limit and not is_at_head and time.monotonic() < deadline:
        bodies = log.bodies(after, SCANNED)
        is_at_head = len(bodies) < SCANNED
        for position, body in bodies:
            after = position
            if wanted.matches(facts_of(body)):
                positions.append(position)
                if len(positions) == limit:
                    is_at_head = False
                    break
    found = log.at(positions) if positions else {}
    return Found([found[one] for one in positions], after, is_at_head)


def _scan_stream(log: EventLog, wanted: Filter, stream: UUID, after: int, limit: int) -> Found:
    """One record's events are found by index, wherever they are."""
    head = log.head()
    events = [
        one
        for one in log.load(stream)
        if after < one.position <= head and wanted.matches(facts_of(one.body))
    ]
    if len(events) >= limit:
        return Found(events[:limit], events[limit - 1].position, is_at_head=False)
    return Found(events, max(after, head), is_at_head=True)


async def shown(caller: Caller, reader: Reader, events: list[Recorded]) -> list[dict[str, Any]]:
    """Events as the gate shows them to this caller, once that is recorded.

    Raises:
        ReadNotRecorded: it could not be.
    """
    gate, recording = caller.served.services.gate, caller.served.recording
    if len(events) <= FEW:
        return await recording.at_once(gate.events, reader, events)
    return await recording.in_thread(caller.served.scans, gate.events, reader, events)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """Do this until it is done, or until the client has left; then None."""
    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for task in (doing, leaving):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
