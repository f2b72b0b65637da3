"""Whose is the data directory? Locks decide, never a number in a file.

PostgreSQL inherits an open, locked file, and so does every process that it forks. That lock is free
again when the last of them is gone, however it went, and not a moment before. A ``postmaster.pid``
proves nothing: after a crash its number may be anybody's, and in a container it usually is.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from store.binaries import EmbeddedError

if sys.platform != "win32":
    import fcntl
    import resource
if sys.platform == "linux":
    LIBC: Final = ctypes.CDLL(None)

PR_SET_PDEATHSIG: Final = 1
POLL: Final = 0.01
SERVER_SECONDS: Final = 60
"""For a server that is shutting down: it may have a checkpoint to write."""
ORPHAN_SECONDS: Final = 2


def try_lock(path: Path) -> int | None:
    """An open file that holds the lock at ``path``; None while another process has it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def is_held(path: Path) -> bool:
    """Whether some process has the lock at ``path``."""
    if not path.exists():
        return False
    file = try_lock(path)
    if file is not None:
        os.close(file)
    return file is None


def claim(lock: Path, data_dir: Path) -> int:
    """The lock of a data directory, once every process of an earlier server is gone.

    A server whose supervisor was killed is just shutting down by itself. Backends whose server was
    killed notice at their next wait; but one that computes goes on for as long as it likes, in a
    directory that the next server needs for itself.

    Raises:
        EmbeddedError: they cannot be made to go.
    """
    began = time.monotonic()
    while (file := try_lock(lock)) is None:
        waited = time.monotonic() - began
        if waited > SERVER_SECONDS + 10:
            raise EmbeddedError(
                f"Processes of an earlier PostgreSQL still hold {lock}: end them, and try again."
            )
        if waited > ORPHAN_SECONDS or sys.platform != "linux":
            _hurry(data_dir, waited)
        time.sleep(POLL if waited < ORPHAN_SECONDS else 10 * POLL)
    return file


def clear_pid_file(data_dir: Path) -> None:
    """Remove what a killed server left. We hold the lock, so no server of ours is running."""
    pid_file = data_dir / "postmaster.pid"
    if not pid_file.exists():
        return
    for pid in processes(data_dir):
        raise EmbeddedError(
            f"Process {pid} is a PostgreSQL that was started by hand on {data_dir}: "
            "stop it, and try again."
        )
    pid_file.unlink()


def processes(data_dir: Path) -> list[int]:
    """PostgreSQL works inside its data directory: unlike a number on file, that is never stale."""
    if sys.platform == "linux":
        return [int(entry.name) for entry in Path("/proc").iterdir() if _is_at(entry, data_dir)]
    else:  # noqa: RET505 — so that the type checker sees two platforms, not unreachable code
        pid = str(pid_on_file(data_dir))
        command = ["ps", "-o", "command=", "-p", pid]
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
        return [int(pid)] if str(data_dir) in listed.stdout else []


def pid_on_file(data_dir: Path) -> int:
    """The number of the server that last started; 0 when there is none."""
    first = next(lines(data_dir / "postmaster.pid"), "")
    return int(first) if first.isdecimal() else 0


def lines(path: Path) -> Iterator[str]:
    """A file's lines, stripped; none when it does not exist."""
    with suppress(FileNotFoundError):
        yield from map(str.strip, path.read_text().splitlines())


def die_with(parent: int) -> None:
    """For the child, before PostgreSQL: no core file with values in the clear, and no server
    without its supervisor, however that ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # it was killed before we asked to be told
            os._exit(1)


def _is_at(process: Path, data_dir: Path) -> bool:
    try:
        name = (process / "comm").read_text().strip()
        return name == "postgres" and (process / "cwd").samefile(data_dir)
    except OSError:  # no process, or it ended, or it is not ours to look at
        return False


def _hurry(data_dir: Path, waited: float) -> None:
    left = processes(data_dir)
    headed = pid_on_file(data_dir) in left
    for pid in left:
        if waited > (SERVER_SECONDS if headed else ORPHAN_SECONDS):
            _signal(pid, signal.SIGKILL)
        elif sys.platform != "linux":
            _signal(pid, signal.SIGINT)  # there, nothing told it that its supervisor is gone


def _signal(pid: int, kind: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, kind)
