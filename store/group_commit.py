"""The group committer: while one batch is being committed, the next one gathers.

One thread and one connection a process and tenant. Every command gets an outcome of its own. A
connection that is lost is made anew and the same batch is sent again; the log knows a command that
it stored already.
"""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final

import orjson
import psycopg

from store import batches, sending
from store.batches import Entry, Packed, size
from store.database import OUT_OF_REACH, Connection
from store.errors import LogFull, LogUnavailable

MAX_BATCH: Final = 256
"""Commands in one transaction."""
MAX_BATCH_BYTES: Final = 16_000_000
"""Of the commands in one transaction; PostgreSQL takes no JSON array above 256 MB."""
MAX_WAITING: Final = 4_096
"""Commands in the queue; one more is answered by :class:`LogFull`."""
SEVERAL: Final = 4
"""Entries of a batch from which on others are likely to come within moments."""
TURN: Final = 0.002
"""Seconds after which whoever computes lets a committer have its turn. An event loop takes longer
to decide for all who wait than a batch to be stored: with Python's own 5 ms it would decide for all
of them while nothing is being stored, and then wait for all of them.
"""
RECONNECT_FOR: Final = 30.0
"""Seconds for which a batch is tried again after its connection was lost. A database that stays
away for longer is asked once for each batch, so that those who wait are told soon."""
RECONNECT_EVERY: Final = 0.1

log = logging.getLogger(__name__)

Outcome = tuple[str, dict[str, Any] | None]


class Waiting:
    """A command on its way into the log; :meth:`wait` for its outcome."""

    __slots__ = ("_done", "_then", "entry", "error", "outcome", "size")

    def __init__(self, entry: Entry, size: int) -> None:
        self.entry, self.size = entry, size
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self._then: Callable[[], None] | None = None
        # A raw lock held until the outcome is there: a tenth of the cost of an Event or a Future.
        self._done = threading.Lock()
        self._done.acquire()

    def wait(self) -> Outcome:
        """Block until the outcome is durable.

        Raises:
            LogUnavailable: the database stayed out of reach.
        """
        self.wait_quietly()
        if self.error is not None:
            raise self.error
        assert self.outcome is not None  # noqa: S101  set before the lock is released
        return self.outcome

    def wait_quietly(self) -> None:
        """Block until there is an outcome or an error."""
        self._done.acquire()

    @property
    def is_settled(self) -> bool:
        """Whether :meth:`wait` returns at once."""
        return self.outcome is not None or self.error is not None

    def call(self, then: Callable[[], None]) -> None:
        """Call this once the outcome is there, in any thread and perhaps twice."""
        self._then = then
        if self.is_settled:
            then()

    def settle(self, outcome: Outcome | None, error: Exception | None = None) -> None:
        self.outcome, self.error = outcome, error
        self._done.release()
        then = self._then
        if then is None:
            return
        try:
            then()
        except Exception as failed:  # the others of the batch are still waiting
            log.warning("a waiter could not be called: %s", type(failed).__name__)


class GroupCommitter:
    """Sends what threads submit to the log in batches. Close it to let the last ones through."""

    NAME: ClassVar = "kept-group-commit"
    """Of its thread."""
    STATEMENT: ClassVar = sending.APPEND_SET
    """What a batch is stored by."""
    GATHER: ClassVar = 0.0
    """Seconds for which a batch gathers at most until it is as large as the one before, if several
    come at once."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        after_commit: Callable[[int], None] = lambda position: None,
        *,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._connect, self._after_commit, self._max_waiting = connect, after_commit, max_waiting
        self._connection: Connection | None = None
        self._queue: deque[Waiting] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._is_idle = self._closing = False
        self._lost_at: float | None = None
        self._enough = 0
        """Entries with which a batch that gathers is as large as the one before."""
        sys.setswitchinterval(min(sys.getswitchinterval(), TURN))
        self._thread = threading.Thread(target=self._run, name=self.NAME, daemon=True)
        self._thread.start()

    def submit(self, entry: Entry) -> Waiting:
        """Queue a command.

        Raises:
            LogFull: too many are waiting; nothing was queued.
        """
        waiting = Waiting(entry, self.size(entry))
        with self._lock:
            if len(self._queue) >= self._max_waiting or self._closing:
                raise LogFull
            self._queue.append(waiting)
            if self._is_idle or len(self._queue) == self._enough:
                self._is_idle = False
                self._wake.notify()
        return waiting

    def close(self) -> None:
        """Commit what is queued, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        if self._connection is not None:
            self._connection.close()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._closing:
                    self._is_idle = True
                    self._wake.wait()
                if not self._queue:
                    return
                if self._enough >= SEVERAL:
                    self._wake.wait_for(self._has_enough, self.GATHER)
                batch = self._next_batch()
                self._enough = len(batch) if self.GATHER else 0
            try:
                self._commit(batch)
            except Exception as error:  # must not end the thread that everybody waits for
                log.error("a batch was not settled: %s", type(error).__name__)
                for waiting in batch:
                    if not waiting.is_settled:
                        waiting.settle(None, error)

    def _has_enough(self) -> bool:
        return self._closing or len(self._queue) >= self._enough

    def _next_batch(self) -> list[Waiting]:
        batch, total = [self._queue.popleft()], 0
        while self._queue and len(batch) < MAX_BATCH:
            total += batch[-1].size
            if total + self._queue[0].size > MAX_BATCH_BYTES:
                break
            batch.append(self._queue.popleft())
        return batch

    def _commit(self, batch: list[Waiting]) -> None:
        try:
            outcomes = self._send(batch)
        except Exception as error:
            if _is_passing(error):
                for waiting in batch:
                    waiting.settle(None, LogUnavailable())
                return
            self._lost_at = None  # it did answer
            if len(batch) == 1:
                batch[0].settle(None, error)
            else:  # whichever of them the error comes from, the others must not suffer
                for waiting in batch:
                    self._commit([waiting])
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.settle(outcome)
            stored = [d["position"] for o, d in outcomes if o == "stored" and d is not None]
            if stored:
                self._tell(max(stored))

    def _tell(self, position: int) -> None:
        try:
            self._after_commit(position)
        except Exception as error:  # must not end the thread that everybody waits for
            log.warning("a listener failed: %s", type(error).__name__)

    def _send(self, batch: list[Waiting]) -> list[Outcome]:
        entries = [waiting.entry for waiting in batch]
        packed = self.pack(entries)
        is_again = False
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                    self.STATEMENT.prepare(self._connection)
                outcomes = self.store(self._connection, entries, packed, is_again)
                self._lost_at = None
                return outcomes
            except OUT_OF_REACH as lost:
                is_again = True
                if not _is_passing(lost):
                    raise
                if self._connection is not None:
                    self._connection.close()
                now = time.monotonic()
                self._lost_at = self._lost_at or now
                if now - self._lost_at >= RECONNECT_FOR:
                    raise
                # Nothing tells when a server is back, so it is asked.
                with self._wake:
                    self._wake.wait_for(lambda: False, RECONNECT_EVERY)

    size = staticmethod(size)
    """About how many bytes an entry takes."""
    pack = staticmethod(batches.as_set)
    """A batch as its statement takes it; None where it has to be stored one by one."""

    def store(
        self,
        connection: Connection,
        entries: list[Entry],
        packed: list[Packed] | None,
        is_again: bool,
    ) -> list[Outcome]:
        """Store a batch in one transaction; an outcome for each. ``is_again``: it was sent before,
        and whether it was stored is not known.
        """
        stored = packed and self.STATEMENT.execute(connection, [one.data for one in packed])
        if stored:
            before, recorded_us = stored[0]
            return [*batches.receipts(entries, before, recorded_us)]
        return self._one_by_one(connection, entries)

    @staticmethod
    def _one_by_one(connection: Connection, entries: list[Entry]) -> list[Outcome]:
        payload = orjson.dumps(entries).decode()
        query = "SELECT outcome, detail FROM append(%s::jsonb)"
        return [(row[0], row[1]) for row in connection.execute(query, [payload])]


def _is_passing(error: Exception) -> bool:
    """Whether the connection or the server is to blame, and not what was sent.

    Class 54 are PostgreSQL's own limits; 57014 is a statement that took too long for somebody.
    """
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return isinstance(error, OUT_OF_REACH) and (
        state is None or not (state.startswith("54") or state == "57014")
    )
