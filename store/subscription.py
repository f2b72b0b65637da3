"""Following the log by the library's interface: an iterator that waits for what is still to come.

The library's own waits for a notification and nothing else, so one that it misses keeps it waiting
for ever, and its thread ends with the first lost connection. This one is woken by commits of this
process at once and by those of others through NOTIFY, looks by itself as well, and tries again
while the database is out of reach.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from eventsourcing.persistence import Notification, Subscription

from store.database import OUT_OF_REACH
from store.signals import Listener

if TYPE_CHECKING:
    from store.recorder import LogRecorder

POLL: Final = 0.5
"""Seconds after which it looks though nobody woke it."""
LIMIT: Final = 500
"""Events read at once."""

log = logging.getLogger(__name__)


class LogSubscription(Subscription["LogRecorder"]):
    """Gives every event after a position, in order, once; :meth:`stop` ends it from any thread."""

    def __init__(
        self, recorder: "LogRecorder", gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._position = gt or 0
        self._ready: deque[Notification] = deque()
        self._grown = threading.Event()
        self._forget_me = recorder.log.on_commit(lambda _: self._grown.set())
        self._listener = Listener(recorder.log, self._grown.set)

    def stop(self) -> None:
        """Let the iteration end, and the connection go."""
        if not self._has_been_stopped:
            super().stop()
            self._grown.set()
            self._forget_me()
            self._listener.close()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._ready:
                return self._ready.popleft()
            self._grown.clear()
            if not self._pull():
                self._grown.wait(POLL)
        raise StopIteration

    def _pull(self) -> bool:
        """Read on; False if there is nothing, or no way to it."""
        try:
            # Read first: what comes while the topics are looked for must not be passed over.
            head = self._recorder.max_notification_id() or 0 if self._topics else None
            found = self._recorder.select_notifications(
                self._position, LIMIT, head, self._topics, inclusive_of_start=False
            )
        except OUT_OF_REACH as lost:
            log.warning("a subscription tries again: %s", type(lost).__name__)
            return False
        self._ready.extend(found)
        if len(found) == LIMIT or head is None:
            self._position = found[-1].id if found else self._position
        else:
            self._position = max(head, self._position)
        return bool(found)
