"""After an erasure every process forgets what it keeps in memory: keys, states, words, rows."""

from collections.abc import Callable
from typing import Final

from store.event_log import EventLog
from store.recurring import Recurring

PAUSE: Final = 1.0
"""Seconds between two looks, and so for how long at most a value outlives its erasure in memory."""


class Forgetting:
    """Of one tenant in one process. :meth:`start` looks until :meth:`close`."""

    def __init__(self, event_log: EventLog, *forget: Callable[[], object]) -> None:
        self._log, self._forget = event_log, forget
        self._recurring = Recurring("forgetting", self.look)
        self._seen: int | None = None

    def start(self) -> None:
        """Look in a thread of this process."""
        self._seen = self._destroyed()
        self._recurring.start(PAUSE)

    def close(self) -> None:
        """Stop looking."""
        self._recurring.close(PAUSE)  # a lost database may keep it longer; it ends by itself

    def look(self) -> bool:
        """Forget everything if something was destroyed since the last look; whether it was."""
        found = self._destroyed()
        if found == self._seen:
            return False
        self.forget()
        self._seen = found
        return True

    def forget(self) -> None:
        """Forget everything now."""
        for one in self._forget:
            one()

    def _destroyed(self) -> int:
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            row = connection.execute("SELECT max(destruction) FROM erasures").fetchone()
        return row[0] or 0 if row else 0
