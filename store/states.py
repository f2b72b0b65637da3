"""States that are kept in memory, so that a command need not load what was just written."""

import threading
from collections import OrderedDict
from uuid import UUID

from store.application import Held


class StateCache:
    """The most recently used states. A put never replaces a newer version by an older one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[UUID, Held] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, stream: UUID) -> Held | None:
        with self._lock:
            held = self._held.get(stream)
            if held is not None:
                self._held.move_to_end(stream)
            return held

    def drop(self, stream: UUID) -> None:
        """Forget one, as when what it holds was erased."""
        with self._lock:
            self._held.pop(stream, None)

    def forget(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._held.clear()

    def put(self, stream: UUID, held: Held) -> None:
        with self._lock:
            known = self._held.pop(stream, None)
            self._held[stream] = held if known is None or known.version < held.version else known
            if len(self._held) > self._size:
                self._held.popitem(last=False)
