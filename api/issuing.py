"""From the event loop to the dispatcher and back, within a bound."""

from functools import partial
from typing import Final

import anyio.to_thread
from anyio import CapacityLimiter

from commands.dispatcher import Dispatcher, Order
from store.errors import LogFull
from store.event_log import Receipt

THREADS: Final = 64
"""Commands that are decided or committed at once; the group committer makes batches of them."""


class Issuer:
    """Issues commands in threads, so that the event loop never waits for the database."""

    def __init__(self, dispatcher: Dispatcher, max_waiting: int) -> None:
        self._dispatcher, self._max_waiting = dispatcher, max_waiting
        self._limiter = CapacityLimiter(THREADS)
        self._on_their_way = 0

    async def issue(self, order: Order) -> Receipt:
        """Decide and store a command; returns when it is durable.

        Raises:
            LogFull: too many are on their way.
            Exception: whatever :meth:`commands.dispatcher.Dispatcher.dispatch` raises.
        """
        if self._on_their_way >= self._max_waiting:
            raise LogFull
        self._on_their_way += 1
        try:
            return await anyio.to_thread.run_sync(
                partial(self._dispatcher.dispatch, order), limiter=self._limiter
            )
        finally:
            self._on_their_way -= 1

    async def close(self) -> None:
        """Nothing to let go of: the server has waited for its requests."""
