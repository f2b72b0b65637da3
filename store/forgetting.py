"""After an erasure every process forgets what it keeps in memory: keys, states, words, rows."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from store.event_log import EventLog

PAUSE: Final = 1.0
"""Seconds between two looks, and so for how long at most a value outlives its erasure in memory."""

log = logging.getLogger(__name__)


class Forgetting:
    """Of one tenant in one process. :meth:`start` looks until :meth:`close`."""

    def __init__(self, event_log: EventLog, *forget: Callable[[], object]) -> None:
        self._log, self._forget = event_log, forget
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: int | None = None

    def start(self) -> None:
        """Look in a thread of this process."""
        self._seen = self._destroyed()
        self._thread = threading.Thread(target=self._run, name="kept-forgetting", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(PAUSE)  # a lost database may keep it longer; it ends by itself

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

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE):
            try:
                self.look()
            except Exception as lost:  # the next look sees it
                log.warning("forgetting starts over: %s", type(lost).__name__)

    def _destroyed(self) -> int:
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            row = connection.execute("SELECT max(destruction) FROM erasures").fetchone()
        return row[0] or 0 if row else 0
