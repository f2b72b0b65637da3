"""Read-your-writes: how far the read models are, and waiting until they are far enough.

Everything but the listener runs on the event loop, and nobody who waits holds a thread.
"""

import asyncio
from bisect import insort
from contextlib import suppress
from typing import Final

from projections.runner import Runner
from store.database import OUT_OF_REACH

POLL: Final = 0.05
"""Seconds between two looks, where the runner is in another process."""


class Progress:
    """The position up to which one tenant's read models are known to have folded."""

    def __init__(
        self, runner: Runner, loop: asyncio.AbstractEventLoop, *, follows: bool = True
    ) -> None:
        self.position = 0
        self._runner, self._loop = runner, loop
        self.follows = follows
        """The runner works in this process, and so it tells."""
        self._reported = 0
        self._is_told = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._poller: asyncio.Task[None] | None = None
        if follows:
            runner.on_progress(self._hear)

    def look(self) -> int:
        """The position, asked for where the runner is elsewhere; blocks, so in a thread."""
        return self.position if self.follows else self._runner.position()

    async def start(self) -> None:
        """Find out where the read models are."""
        self._move(await asyncio.to_thread(self._runner.position))

    async def reach(self, position: int, within: float) -> bool:
        """Wait until every read model has folded ``position``; False if that takes too long."""
        if self.position >= position:
            return True
        if not self.follows and (self._poller is None or self._poller.done()):
            self._poller = asyncio.create_task(self._poll())
        reached = self._loop.create_future()
        entry = (position, id(reached), reached)
        insort(self._waiting, entry)
        try:
            async with asyncio.timeout(within):
                await reached
        except TimeoutError:
            return self.position >= position
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)
        return self.position >= position

    async def close(self) -> None:
        """Answer those who wait as things are."""
        if self._poller is not None:
            self._poller.cancel()
        while self._waiting:
            self._wake(self._waiting.pop()[2])

    def _hear(self, position: int) -> None:
        """In the runner's thread. The loop is told once, however often it is called meanwhile."""
        self._reported = position
        if not self._is_told:
            self._is_told = True
            with suppress(RuntimeError):  # the loop is closed, so nobody waits
                self._loop.call_soon_threadsafe(self._catch_up)

    def _catch_up(self) -> None:
        self._is_told = False
        self._move(self._reported)

    def _move(self, position: int) -> None:
        # It may go back: a server that is lost takes the last commits of the runner along.
        self.position = position
        while self._waiting and self._waiting[0][0] <= self.position:
            self._wake(self._waiting.pop(0)[2])

    async def _poll(self) -> None:
        while self._waiting:
            with suppress(*OUT_OF_REACH):
                self._move(await asyncio.to_thread(self._runner.position))
            await asyncio.sleep(POLL)

    @staticmethod
    def _wake(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)
