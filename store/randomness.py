"""Random bytes for keys, nonces and blinds, from the operating system, fetched for many at once.

``os.urandom`` lets go of the interpreter for a moment, and under load it takes a hundred times as
long to get it back as the bytes take. So each thread fetches a page of them at a time.
"""

import os
import threading
from typing import Final

PAGE: Final = 4_096
"""Bytes."""
_pages = threading.local()


def random_bytes(count: int) -> bytes:
    """So many bytes that nobody can guess, each given out once."""
    end = getattr(_pages, "used", PAGE) + count
    if end > PAGE:
        _pages.bytes = os.urandom(PAGE)
        end = count
    _pages.used = end
    taken: bytes = _pages.bytes[end - count : end]
    return taken


def _forget() -> None:
    _pages.used = PAGE


if hasattr(os, "register_at_fork"):  # parent and child must not give out the same bytes
    os.register_at_fork(after_in_child=_forget)
