"""Human numbers (``T-10423``), leased in blocks: none is given twice, and gaps are allowed."""

import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final

from store.database import OUT_OF_REACH, Database
from store.tenants import Tenant

NUMBER_BLOCK: Final = 64
"""Numbers leased at once; what a process does not use is a gap."""
MOST_NUMBERS: Final = 1_024
"""The largest block, under load."""
NUMBERS_LOW: Final = 32
"""So many left, and the next block is leased."""


class Numbers:
    """Of one tenant. Thread-safe."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        self._database, self._tenant = database, tenant
        self._left: dict[str, deque[int]] = {}
        self._blocks: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def next(self, aggregate: str) -> int:
        """A number that no other record of this aggregate gets."""
        with self._lock:
            left = self._left.setdefault(aggregate, deque())
            if not left:
                left += self._lease(aggregate)
            elif len(left) == NUMBERS_LOW:
                # Before the last one is given out, so that hardly anybody waits for the next block.
                threading.Thread(target=self._lease_ahead, args=[aggregate], daemon=True).start()
            return left.popleft()

    def _lease_ahead(self, aggregate: str) -> None:
        with suppress(*OUT_OF_REACH):  # whoever needs a number then asks again
            block = self._lease(aggregate)
            with self._lock:
                self._left[aggregate] += block

    def _lease(self, aggregate: str) -> range:
        """A block; each one that is used up within a second is followed by a larger one."""
        size, leased_at = self._blocks.get(aggregate, (NUMBER_BLOCK, 0.0))
        in_a_hurry = time.monotonic() - leased_at < 1
        size = min(size * 2, MOST_NUMBERS) if in_a_hurry else NUMBER_BLOCK
        with self._database.borrow("writer", self._tenant.schema) as connection:
            row = connection.execute("SELECT lease_numbers(%s, %s)", [aggregate, size]).fetchone()
        self._blocks[aggregate] = (size, time.monotonic())
        first = row[0] if row else 1
        return range(first, first + size)
