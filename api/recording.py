"""Reads through the gate from the event loop: each is recorded before anything is given out, and
waiting for that costs no thread.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from api.settling import Settling
from store.group_commit import Waiting
from store.read_log import ReadLog

T = TypeVar("T")


class Recording:
    """Runs reads of one tenant so that none is given out before it is recorded."""

    def __init__(self, read_log: ReadLog, settling: Settling) -> None:
        self._read_log, self._settling = read_log, settling

    async def in_thread(self, limiter: CapacityLimiter, read: Callable[..., T], *given: Any) -> T:
        """Read in a thread.

        Raises:
            ReadNotRecorded: it could not be recorded.
        """
        result, gathered = await anyio.to_thread.run_sync(
            self._gather, read, given, limiter=limiter
        )
        await self._settle(gathered)
        return result

    async def at_once(self, read: Callable[..., T], *given: Any) -> T:
        """Read here and now: only what asks nobody.

        Raises:
            ReadNotRecorded: it could not be recorded.
        """
        result, gathered = self._gather(read, given)
        await self._settle(gathered)
        return result

    def _gather(self, read: Callable[..., T], given: tuple[Any, ...]) -> tuple[T, list[Waiting]]:
        with self._read_log.gathering() as gathered:
            return read(*given), gathered

    async def _settle(self, gathered: list[Waiting]) -> None:
        for waiting in gathered:
            await self._settling.wait(waiting)
            self._read_log.check(waiting)
