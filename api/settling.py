"""From the threads that commit back to the event loop: told once, however much was settled."""

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial

from store.group_commit import Waiting


class Settling:
    """Lets tasks of one event loop wait for what is committed, without a thread each."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._settled: deque[asyncio.Future[None]] = deque()
        self._is_told = False

    async def wait(self, waiting: Waiting) -> None:
        """Return once there is an outcome or an error."""
        settled = self._loop.create_future()
        waiting.call(partial(self._hear, settled))
        await settled

    def _hear(self, settled: asyncio.Future[None]) -> None:
        """In the committer's thread. The loop is told once, however many were stored meanwhile."""
        self._settled.append(settled)
        if not self._is_told:
            self._is_told = True
            with suppress(RuntimeError):  # the loop is closed, so nobody waits
                self._loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        self._is_told = False
        while self._settled:
            settled = self._settled.popleft()
            if not settled.done():
                settled.set_result(None)
