"""Sealing the read log: now and then the root over what was read since is written into the event
log, and with that into its transparency log. What is older than its retention is given up.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from commands.dispatcher import Dispatcher, Order
from commands.kernel import Command, Rejected
from commands.read_seals import ExpireReads, SealReads
from domain.envelope import Envelope, from_microseconds
from domain.read_seals import ReadSeal, seal_id
from projections.gate import Gate
from projections.readers import KEPT
from store.errors import StoreError
from store.lists import Query
from store.read_log import ReadLog
from store.read_ranges import ReadRanges
from store.recurring import Recurring

SEAL_EVERY: Final = 60.0
"""Seconds between two seals at least."""
EXPIRE_EVERY: Final = 86_400.0
"""Seconds between two looks for reads whose time is over."""
DEFAULT_DAYS: Final = 1_095
"""Days for which reads are kept, unless ``KEPT_READ_LOG_DAYS`` says otherwise."""
MOST_DAYS: Final = 36_500
PATIENCE: Final = 5.0
"""Seconds for which a process that ends waits for its last seal; another one seals what is left."""


class WrongRetention(StoreError):
    """``KEPT_READ_LOG_DAYS`` is no number of days."""

    def __init__(self) -> None:
        super().__init__(
            f"KEPT_READ_LOG_DAYS is no number of days. Give one from 1 to {MOST_DAYS}, or none for "
            f"{DEFAULT_DAYS}."
        )


def retention() -> int:
    """Days for which reads are kept.

    Raises:
        WrongRetention: what is configured is no number of days.
    """
    text = os.environ.get("KEPT_READ_LOG_DAYS", "").strip()
    if not text:
        return DEFAULT_DAYS
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:9]) <= MOST_DAYS:
        raise WrongRetention
    return int(text)


class Sealer:
    """Seals the reads of one tenant. :meth:`start` does so until :meth:`close`, or :meth:`seal`
    once.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        gate: Gate,
        read_log: ReadLog,
        ranges: ReadRanges,
        envelope: Callable[[], Envelope],
    ) -> None:
        self._dispatcher, self._gate, self._read_log = dispatcher, gate, read_log
        self._ranges, self._envelope = ranges, envelope
        self._recurring = Recurring("sealer", self._look, self._end)
        self._expired_at = -EXPIRE_EVERY

    def start(self) -> None:
        """Seal now and then, in a thread of this process."""
        self._recurring.start(SEAL_EVERY)

    def close(self) -> None:
        """Seal what was read through this process, then stop."""
        self._recurring.close(PATIENCE)

    def seal(self) -> int:
        """Seal what is not sealed yet; gives how many reads that were.

        Two processes may do so at once: of two seals over the same reads, only one can be stored.
        """
        previous, first = self._reached()
        done = 0
        while (found := self._ranges.from_(first)) is not None:
            try:
                self._issue(
                    SealReads(
                        first=found.first,
                        last=found.last,
                        root=found.root.hex(),
                        until=from_microseconds(found.until),
                        previous=previous,
                    ),
                    seal_id(first),
                )
            except Rejected as refused:
                if refused.type != "exists":
                    raise
                break  # another process was faster; it goes on from there
            done += found.last - found.first + 1
            previous, first = first, found.last + 1
        return done

    def expire(self, days: int | None = None) -> int:
        """Give up the reads whose time is over; gives how many were deleted.

        Raises:
            WrongRetention: the configured retention is none.
        """
        kept = retention() if days is None else days
        limit = datetime.now(UTC) - timedelta(days=kept)
        query = Query(sort="until", descending=True, until=limit, limit=1)
        rows = self._gate.page(KEPT, "read_seals", query).items
        if not rows:
            return 0
        seal, last = UUID(rows[0]["id"]), rows[0]["last"]
        self._issue(ExpireReads(days=kept), seal)
        return self._ranges.expire(seal, last)

    def _look(self) -> None:
        try:
            self.seal()
        finally:  # what cannot be sealed does not keep what is older for ever
            if time.monotonic() - self._expired_at >= EXPIRE_EVERY:
                self.expire()
                self._expired_at = time.monotonic()

    def _end(self) -> None:
        if self._read_log.has_recorded:
            self.seal()

    def _reached(self) -> tuple[int | None, int]:
        """The first read of the last seal, and of the next one."""
        query = Query(sort="last", descending=True, limit=1)
        rows = self._gate.page(KEPT, "read_seals", query).items
        previous, first = (rows[0]["first"], rows[0]["last"] + 1) if rows else (None, 1)
        # The read model may be late.
        while (state := self._state(first)) is not None and state.last is not None:
            previous, first = first, state.last + 1
        return previous, first

    def _state(self, first: int) -> ReadSeal | None:
        state: Any = self._dispatcher.state(ReadSeal, seal_id(first)).state
        return state if isinstance(state, ReadSeal) else None

    def _issue(self, command: Command, stream: UUID) -> None:
        self._dispatcher.dispatch(Order(command, self._envelope(), stream))
