"""Which events each read model goes on without; asked of the log, by whatever folds it."""

from collections.abc import Set
from typing import Final

from domain.skipped_events import SKIPPED_EVENTS, EventSkipped
from store.event_log import EventLog

Skipped = Set[tuple[str, int]]
"""Read models and positions."""
NONE: Final[Skipped] = frozenset()


def skipped(log: EventLog) -> Skipped:
    """Those that somebody has skipped so far."""
    return frozenset(
        (one.event.read_model, one.event.position)
        for one in log.load(SKIPPED_EVENTS)
        if isinstance(one.event, EventSkipped)
    )
