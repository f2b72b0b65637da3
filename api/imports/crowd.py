"""Many jobs, several threads, one failure that stops them all."""

import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, Generic, TypeVar

Job = TypeVar("Job")
LOOK_EVERY: Final = 0.5
"""Seconds after which a thread that waits looks whether another has failed."""


def each(jobs: Iterable[Job], work: Callable[[Job], None], workers: int) -> None:
    """Do ``work`` on every job, in several threads. What is in hand is finished in any case.

    Raises:
        BaseException: the first failure, of a job or of their source; no job is begun after it.
    """
    crowd = _Crowd(work, workers)
    try:
        for job in jobs:
            crowd.put(job)
            if crowd.failures:
                break
    except BaseException as failure:
        crowd.failures.append(failure)
    crowd.finish()
    if crowd.failures:
        raise crowd.failures[0]


class _Crowd(Generic[Job]):
    def __init__(self, work: Callable[[Job], None], workers: int) -> None:
        self._work = work
        self._waiting: queue.Queue[Job] = queue.Queue(2 * workers)
        self._ended = threading.Event()
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """Wait for room, and leave the job there."""
        while not self.failures:
            with suppress(queue.Full):
                self._waiting.put(job, timeout=LOOK_EVERY)
                return

    def finish(self) -> None:
        """Wait until every job is done, or after a failure those in hand."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self.failures:
            try:
                job = self._waiting.get(timeout=LOOK_EVERY)
            except queue.Empty:
                if self._ended.is_set():
                    return
                continue
            try:
                self._work(job)
            except BaseException as failure:  # told by the thread that waits for all of them
                self.failures.append(failure)
