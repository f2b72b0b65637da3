"""Ids between their text and :class:`uuid.UUID`, remembered: a run of events names the same few
records and people again and again, and making one takes twenty times as long as finding it.
"""

from functools import lru_cache
from typing import Final
from uuid import UUID

REMEMBERED: Final = 32_768


@lru_cache(REMEMBERED)
def uuid_of(text: str) -> UUID:
    """The id that a text stands for.

    Raises:
        ValueError: it is none.
    """
    return UUID(text)


@lru_cache(REMEMBERED)
def text_of(one: UUID) -> str:
    """An id as text, as bodies, keys and tables have it."""
    return str(one)
