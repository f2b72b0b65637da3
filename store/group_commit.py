"""The group committer: while one batch is being committed, the next one gathers.

One thread and one connection a process and tenant. Every command gets an outcome of its own. A
connection that is lost is made anew and the same batch is sent again; the log knows a command that
it stored already.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

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
        self._done.acquire()
        if self.error is not None:
            raise self.error
        assert self.outcome is not None  # noqa: S101  set before the lock is released
        return self.outcome

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
        self._thread = threading.Thread(target=self._run, name="kept-group-commit", daemon=True)
        self._thread.start()

    def submit(self, entry: Entry) -> Waiting:
        """Queue a command.

        Raises:
            LogFull: too many are waiting; nothing was queued.
        """
        waiting = Waiting(entry, size(entry))
        with self._lock:
            if len(self._queue) >= self._max_waiting or self._closing:
                raise LogFull
            self._queue.append(waiting)
            if self._is_idle:
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
                batch = self._next_batch()
            try:
                self._commit(batch)
            except Exception as error:  # must not end the thread that everybody waits for
                log.error("a batch was not settled: %s", type(error).__name__)
                for waiting in batch:
                    if not waiting.is_settled:
                        waiting.settle(None, error)

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
        as_set = batches.as_set(entries)
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                    sending.prepare(self._connection)
                outcomes = as_set and self._as_set(self._connection, entries, as_set)
                if not outcomes:
                    outcomes = self._one_by_one(self._connection, entries)
                self._lost_at = None
                return outcomes
            except OUT_OF_REACH as lost:
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

    @staticmethod
    def _as_set(
        connection: Connection, entries: list[Entry], parameters: list[Packed]
    ) -> list[Outcome]:
        """Store all at once; an empty list, and nothing stored, if one of them is not to be."""
        stored = sending.send(connection, parameters)
        return [*batches.receipts(entries, *stored)] if stored else []

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
