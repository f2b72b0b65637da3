"""Letting the collector of cyclic garbage wait while many events are in hand.

What is made of events holds no cycles, so counting references frees all of it, and to look through
it again and again costs a sixth of a fold.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_waits = 0


@contextmanager
def collector_waits() -> Iterator[None]:
    """No collection in this process until the last of those who are in here is out. Not for
    long: whatever else the process does meanwhile is not collected either.
    """
    global _waits  # noqa: PLW0603 - the collector is one for the whole process
    with _lock:
        _waits += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _waits -= 1
            if not _waits:
                gc.enable()
