"""Work that is done again and again in a thread of its own, until it is closed."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

Work = Callable[[], object]


class Recurring:
    """Calls ``work()`` now and then, and ``at_end()`` when it is closed.

    What fails is said by its kind alone, for its text may hold anything, and done again the next
    time.
    """

    def __init__(self, name: str, work: Work, at_end: Work | None = None) -> None:
        self._name, self._work, self._at_end = name, work, at_end
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_closing(self) -> bool:
        """Whether work that takes long should come to its end."""
        return self._closing.is_set()

    def start(self, pause: float) -> None:
        """Work after every so many seconds until :meth:`close`."""
        self._thread = threading.Thread(
            target=self._run, args=[pause], name=f"kept-{self._name}", daemon=True
        )
        self._thread.start()

    def close(self, patience: float | None = None) -> None:
        """Stop after the work in hand, for which so many seconds are waited at most.

        What is to be done at the end is done even if nothing was ever started.
        """
        self._closing.set()
        if self._thread is None and self._at_end is not None:
            self.start(0)
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self, pause: float) -> None:
        while not self._closing.wait(pause):
            self._attempt(self._work)
        if self._at_end is not None:
            self._attempt(self._at_end)

    def _attempt(self, work: Work) -> None:
        try:
            work()
        except Exception as failed:
            log.warning("%s: to be done again after %s", self._name, type(failed).__name__)
