"""Whoever does something with new checkpoints, now and then, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Follower:
    """Calls ``work()`` after new checkpoints, but not more often than ``every`` seconds."""

    def __init__(self, name: str, work: Callable[[], object], every: float) -> None:
        self._name, self._work, self._every = name, work, every
        self._stopping, self._fresh = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Follow until :meth:`close`."""
        self._thread = threading.Thread(target=self._run, name=f"kept-{self._name}", daemon=True)
        self._thread.start()

    def hear(self, note: str) -> None:
        """There is a new checkpoint."""
        self._fresh.set()

    def close(self) -> None:
        """Stop after the work in hand."""
        self._stopping.set()
        self._fresh.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._fresh.wait()
            self._fresh.clear()
            if self._stopping.is_set():
                return
            try:
                self._work()
            except Exception as failed:  # the next checkpoint is another chance
                log.warning("the %s failed: %s", self._name, type(failed).__name__)
            self._stopping.wait(self._every)
