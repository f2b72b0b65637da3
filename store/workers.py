"""Processes that share work: each takes the next part of it when it is done with one."""

import gc
import os
import pickle
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, suppress
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, Protocol

from store.errors import StoreError

AHEAD: Final = 32
"""Parts of the work for each worker that may be done before one in front of them is: what they give
has to be held.
"""


SELDOM: Final = 50_000
"""Objects that are made between two searches for cycles, of which such work makes none."""


class WorkerLost(StoreError):
    """A process of ours ended in the middle of its work; the text says what to do."""


class Task(Protocol):
    """A part of the work that can be done in any process."""

    def run(self, bench: Any) -> Any: ...


class Setup(Protocol):
    """From what another process makes the bench that tasks are done at. Both have to be picklable,
    and hold no personal value.
    """

    def bench(self) -> AbstractContextManager[Any]: ...


def cores() -> int:
    """Those that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Workers:
    """As many processes; end them with :meth:`close`, whatever they are doing."""

    def __init__(self, setup: Setup, count: int) -> None:
        self._processes: dict[Pipe, BaseProcess] = {}
        spawn = get_context("spawn")
        # Ctrl-C reaches every process of the terminal. Whoever started these ends them; they are
        # not to say anything.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for _ in range(count):
                ours, theirs = spawn.Pipe()
                process = spawn.Process(target=_work, args=(theirs, setup), daemon=True)
                process.start()
                theirs.close()
                self._processes[ours] = process
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def close(self) -> None:
        """End them at once."""
        for process in self._processes.values():
            process.kill()
        for pipe, process in self._processes.items():
            process.join()
            pipe.close()

    def run(self, tasks: Iterable[Task]) -> Iterator[Any]:
        """What each task gives, in the order of the tasks.

        Raises:
            WorkerLost: a process died.
        """
        numbered, idle = enumerate(tasks), [*self._processes]
        done: dict[int, Any] = {}
        wanted = busy = 0
        while True:
            is_far_ahead = len(done) >= AHEAD * len(self._processes)
            for one in islice(numbered, 0 if is_far_ahead else len(idle)):
                self._send(idle.pop(), one)
                busy += 1
            if not busy:
                return
            for pipe in wait([*self._processes]):
                assert isinstance(pipe, Pipe)  # noqa: S101  it was among those
                number, done[number] = self._received(pipe)
                idle.append(pipe)
                busy -= 1
            while wanted in done:
                yield done.pop(wanted)
                wanted += 1

    def _send(self, pipe: Pipe, task: tuple[int, Task]) -> None:
        try:
            pipe.send(task)
        except OSError:
            raise self._lost(pipe) from None

    def _received(self, pipe: Pipe) -> tuple[int, Any]:
        try:
            number, result = pipe.recv()
        except (EOFError, OSError):
            raise self._lost(pipe) from None
        if isinstance(result, Exception):
            raise result
        return number, result

    def _lost(self, pipe: Pipe) -> WorkerLost:
        process = self._processes[pipe]
        process.join()
        return WorkerLost(
            f"A process that shared the work ended in the middle of it ({process.exitcode}). Run "
            "the command again: it goes on where it stood. With --workers 1 it needs less memory."
        )


def _work(pipe: Pipe, setup: Setup) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with closing(pipe):
        try:
            with setup.bench() as bench:
                gc.freeze()  # what lives until the end need not be looked through again and again
                gc.set_threshold(SELDOM)
                while True:
                    number, task = pipe.recv()
                    pipe.send((number, task.run(bench)))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # nobody is left to work for
        except Exception as error:
            with suppress(OSError):
                pipe.send((-1, _portable(error)))


def _end_with_parent() -> None:
    """Even in the middle of a statement that waits."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """The error, if it can be sent; or else its kind, without its text."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    except Exception:
        return WorkerLost(f"A process that shared the work failed ({type(error).__name__}).")
    return error
