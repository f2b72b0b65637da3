"""The group committer: while one batch is being committed, the next one gathers.

One thread and one connection a process and tenant. Every command gets an outcome of its own. A connection that is
lost is made anew and the same batch is sent again; the log knows a command that it stored already.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from store.database import Connection
from store.errors import LogFull, LogUnavailable

MAX_BATCH: Final = 256
"""Commands in one transaction."""
MAX_WAITING: Final = 4_096
"""Commands in the queue; one more is answered by :class:`LogFull`."""
RECONNECT_FOR: Final = 30.0
"""Seconds for which a batch is tried again after its connection was lost."""
RECONNECT_EVERY: Final = 0.1

Outcome = tuple[str, dict[str, Any] | None]


@dataclass(slots=True)
class Waiting:
    """A command on its way into the log; :meth:`wait` for its outcome."""

    entry: bytes
    touches: frozenset[Any] = frozenset()
    """What else in a batch it must not meet: streams that it writes, values that it claims, keys that it brings."""
    reads: frozenset[Any] = frozenset()
    """Streams that it read; others may read them too, but none may write them."""
    outcome: Outcome | None = None
    error: Exception | None = None
    _done: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        # A raw lock held until the outcome is there: a tenth of the cost of an Event or a Future.
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

    def settle(self, outcome: Outcome | None, error: Exception | None = None) -> None:
        self.outcome, self.error = outcome, error
        self._done.release()


def independent(batch: list[Waiting]) -> bool:
    """Whether no command of the batch touches what another one touches or has read."""
    touched: set[Any] = set()
    for waiting in batch:
        if not waiting.touches or not touched.isdisjoint(waiting.touches):
            return False
        touched |= waiting.touches
    return all(touched.isdisjoint(waiting.reads) for waiting in batch)


class GroupCommitter:
    """Sends what threads submit to ``append`` in batches. Close it to let the last ones through."""

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
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="kept-group-commit", daemon=True)
        self._thread.start()

    def submit(
        self,
        entry: bytes,
        touches: frozenset[Any] = frozenset(),
        reads: frozenset[Any] = frozenset(),
    ) -> Waiting:
        """Queue a command, as the JSON object that ``append`` takes.

        Raises:
            LogFull: too many are waiting; nothing was queued.
        """
        waiting = Waiting(entry, touches, reads)
        with self._wake:
            if len(self._queue) >= self._max_waiting or self._closing:
                raise LogFull
            self._queue.append(waiting)
            if len(self._queue) == 1:
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
                    self._wake.wait()
                if not self._queue:
                    return
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
            self._commit(batch)

    def _commit(self, batch: list[Waiting]) -> None:
        try:
            outcomes = self._send(batch)
        except psycopg.OperationalError:
            self._settle(batch, LogUnavailable())
        except Exception as error:
            if len(batch) == 1:
                self._settle(batch, error)
            else:  # whichever of them the error comes from, the others must not suffer
                for waiting in batch:
                    self._commit([waiting])
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.settle(outcome)
            stored = [d["position"] for o, d in outcomes if o == "stored" and d is not None]
            if stored:
                self._after_commit(max(stored))

    def _send(self, batch: list[Waiting]) -> list[Outcome]:
        payload = b"[" + b",".join(waiting.entry for waiting in batch) + b"]"
        waited = 0.0
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                return self._connection.execute(
                    "SELECT outcome, detail FROM append(%s::jsonb, %s)",
                    [payload.decode(), independent(batch)],
                ).fetchall()
            except psycopg.OperationalError as lost:
                if self._connection is not None:
                    self._connection.close()
                if isinstance(lost, psycopg.errors.QueryCanceled) or waited >= RECONNECT_FOR:
                    raise
                # Nothing tells when a server is back, so it is asked.
                with self._wake:
                    self._wake.wait_for(lambda: False, RECONNECT_EVERY)
                waited += RECONNECT_EVERY

    @staticmethod
    def _settle(batch: list[Waiting], error: Exception) -> None:
        for waiting in batch:
            waiting.settle(None, error)
