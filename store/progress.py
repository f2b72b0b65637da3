"""Telling how far work has come that takes more than a moment."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


def untold(what: str, done: int, of: int) -> None:
    """For whoever does not look."""
