"""From the event loop into the log and back, without ever waiting for the database on the loop.

A command whose records are in memory is decided on the loop and given to the group committer, which
says once a batch that receipts are there: two hand-overs between threads for all of them. A thread
each, as for the others, costs three times as much as the decision.
"""

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

import anyio.to_thread
from anyio import CapacityLimiter

from commands.dispatcher import Dispatcher, Order, Sent
from store.errors import KeysRaced, LogFull, VersionConflict
from store.event_log import Receipt

THREADS: Final = 64
"""Commands at once that have to ask the database before they can be decided."""


class Issuer:
    """Issues the commands of one tenant, within a bound."""

    def __init__(
        self, dispatcher: Dispatcher, loop: asyncio.AbstractEventLoop, max_waiting: int
    ) -> None:
        self._dispatcher, self._loop, self._max_waiting = dispatcher, loop, max_waiting
        self._limiter = CapacityLimiter(THREADS)
        self._on_their_way = 0
        self._turns: dict[UUID, deque[asyncio.Future[None]] | None] = {}
        """Records that a command is being issued for, and the others that wait for their turn."""
        self._settled: deque[asyncio.Future[None]] = deque()
        self._is_told = False

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
            stream = order.stream
            if stream is None:
                return await self._issue(order)
            if stream in self._turns:
                await self._wait_for_turn(stream)
            else:
                self._turns[stream] = None
            try:
                return await self._issue(order)
            finally:
                self._pass_turn(stream)
        finally:
            self._on_their_way -= 1

    async def _issue(self, order: Order) -> Receipt:
        sent = self._dispatcher.send(order)
        if sent is not None:
            settled = self._loop.create_future()
            sent.waiting.call(partial(self._hear, settled))
            await settled
            outcome = sent.waiting.outcome
            if outcome is not None and outcome[0] == "stored":
                return self._dispatcher.receive(sent)
        # Refused, or not to be decided without asking: what may wait is done in a thread.
        return await anyio.to_thread.run_sync(self._ask, sent, order, limiter=self._limiter)

    async def _wait_for_turn(self, stream: UUID) -> None:
        """Commands for one record wait for each other here, instead of all deciding on one state,
        of which all but one would have to decide again, and again.
        """
        mine = self._loop.create_future()
        others = self._turns[stream]
        if others is None:  # hardly ever anybody waits
            others = self._turns[stream] = deque()
        others.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it was given the turn, and goes nowhere
                self._pass_turn(stream)
            raise

    def _pass_turn(self, stream: UUID) -> None:
        others = self._turns[stream]
        while others:
            following = others.popleft()
            if not following.done():
                following.set_result(None)
                return
        del self._turns[stream]

    def _ask(self, sent: Sent | None, order: Order) -> Receipt:
        if sent is not None:
            with suppress(VersionConflict, KeysRaced):  # somebody was faster: decide again
                return self._dispatcher.receive(sent)
        return self._dispatcher.dispatch(order)

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
