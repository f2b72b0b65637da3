"""The process that owns a home's PostgreSQL until its last user leaves.

A user is an open connection to the socket in the home. The kernel closes it however the user ends,
``kill -9`` included, and only when its forked workers have ended too. So nobody has to sign off,
and whoever connects while the last user leaves is either heard or cut off, and then tries again.

Started by :mod:`store.embedded` as ``python -m store.supervisor HOME LOCK LISTENER``: the last two
are open files that it hands down, the lock that makes this process the only one of its home, held
without a gap from the decision to start it, and the socket, on which users may already be waiting.
"""

import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from store.binaries import EmbeddedError, in_words
from store.cluster import Cluster

LOCK: Final = "supervisor.lock"
LOG: Final = "supervisor.log"
SOCKET: Final = "supervisor.sock"
NOBODY_YET: Final = 0
MESSAGE_BYTES: Final = 65_536
LOG_BYTES: Final = 5_000_000
LOOK_SECONDS: Final = 5
"""How often the sizes of the logs are looked at; all else comes by itself."""


@contextmanager
def address(home: Path) -> Iterator[str]:
    """Where the socket is. Such a path may have 107 bytes: through an open file it always fits."""
    if sys.platform == "linux":
        directory = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{directory}/{SOCKET}"
        finally:
            os.close(directory)
    else:
        yield str(home / SOCKET)


class Supervisor:
    """One PostgreSQL, and the visitors whose use of it keeps it running."""

    def __init__(self, home: Path, listener: socket.socket) -> None:
        self.home = home
        self.listener = listener
        self.cluster = Cluster(home)
        self.linger = linger()
        self.visitors: dict[socket.socket, int] = {}
        self.idle_since = 0.0
        self.is_told_to_stop = False
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self._welcome)
        self._wake_on_signals()

    def run(self) -> None:
        """Until the last user has been gone for a while, or somebody says stop."""
        self.cluster.start()
        say(f"PostgreSQL {self.cluster.version} listens on port {self.cluster.port}")
        self.idle_since = time.monotonic()
        while not self.is_told_to_stop:
            events = self.selector.select(self._patience())
            if not events and self._patience() == 0:
                return
            for key, _ in events:
                key.data(key.fileobj)
            if not self.cluster.is_running and not self.is_told_to_stop:
                say("PostgreSQL ended unexpectedly; starting it again")
                self.cluster.start()
            bound_log(self.cluster.log)
            bound_log(self.home / LOG)

    def _patience(self) -> float:
        left = LOOK_SECONDS if self.visitors else self.idle_since + self.linger - time.monotonic()
        return max(0.0, min(left, LOOK_SECONDS))

    def _welcome(self, listener: socket.socket) -> None:
        """Whoever came keeps us here until it has said what it wants."""
        visitor, _ = listener.accept()
        self.visitors[visitor] = NOBODY_YET
        self.selector.register(visitor, selectors.EVENT_READ, self._hear)

    def _hear(self, visitor: socket.socket) -> None:
        request = receive(visitor)
        match request.get("ask"):
            case "attach":
                self.visitors[visitor] = request.get("pid", 0)
                send(visitor, self._facts())
            case "status":
                send(visitor, self._facts())
            case "stop":
                say(f"process {request.get('pid')} asked to stop")
                self.is_told_to_stop = True  # the connection ends with this process
            case _:
                self._part_from(visitor)

    def _part_from(self, visitor: socket.socket) -> None:
        self.selector.unregister(visitor)
        visitor.close()
        if self.visitors.pop(visitor) != NOBODY_YET:
            self.idle_since = time.monotonic()

    def _facts(self) -> dict[str, Any]:
        users = [pid for pid in self.visitors.values() if pid != NOBODY_YET]
        return {
            "pid": self.cluster.pid,
            "port": self.cluster.port,
            "users": len(users),
            "user_pids": sorted(users),
            "version": self.cluster.version,
            "data_dir": str(self.cluster.data_dir),
            "supervisor_pid": os.getpid(),
        }

    def _wake_on_signals(self) -> None:
        """A signal, such as that PostgreSQL ended, becomes one more thing to be heard."""
        awake, bell = socket.socketpair()
        awake.setblocking(False)
        bell.setblocking(False)
        signal.set_wakeup_fd(bell.detach(), warn_on_full_buffer=False)
        self.selector.register(awake, selectors.EVENT_READ, lambda awake: awake.recv(4096))
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(kind, self._be_told_to_stop)

    def _be_told_to_stop(self, *_: object) -> None:
        self.is_told_to_stop = True


def linger() -> float:
    """For how long the next command finds the server running: ``KEPT_LINGER`` seconds."""
    text = os.environ.get("KEPT_LINGER", "2")
    try:
        return float(text)
    except ValueError as error:
        raise EmbeddedError(f"KEPT_LINGER is {text!r}: set it to a number of seconds.") from error


def say(text: str) -> None:
    """To the supervisor's own log."""
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, file=sys.stderr, flush=True)


def bound_log(path: Path) -> None:
    """Keep at most two pieces. Its writers hold the file open to append: copy it, then cut it."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """One message is one line; whoever does not want it has left."""
    with suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def receive(connection: socket.socket) -> dict[str, Any]:
    """One line; nothing when the other side has left, or speaks something else."""
    line = b""
    with suppress(ConnectionError, ValueError):
        while not line.endswith(b"\n") and (piece := connection.recv(MESSAGE_BYTES)):
            line += piece
        message = json.loads(line or b"{}")
        return message if isinstance(message, dict) else {}
    return {}


def turn_away(home: Path, listener: socket.socket, reason: str | None) -> None:
    """From here on nobody can come; those who wait hear why, or are cut off and start anew."""
    (home / SOCKET).unlink(missing_ok=True)
    listener.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            visitor, _ = listener.accept()
            if reason:
                send(visitor, {"error": reason})
            visitor.close()
    listener.close()


def supervise(home: Path, listener: socket.socket) -> None:
    """Run, and tell those who wait when that fails; nobody but the log sees a stack trace."""
    supervisor = reason = None
    try:
        supervisor = Supervisor(home, listener)
        supervisor.run()
    except EmbeddedError as error:
        reason = str(error)
    except OSError as error:
        say(traceback.format_exc())
        reason = str(in_words(error, home))
    except Exception:
        say(traceback.format_exc())
        reason = f"The supervisor of PostgreSQL failed: {home / LOG} says where; please report it."
    finally:
        say(reason or "stopping")
        turn_away(home, listener, reason)
        if supervisor:
            supervisor.cluster.stop()


def main(home: str, lock: str, listener: str) -> None:
    """Leave the starter's family, so that it has no child to wait for, and take over."""
    os.set_inheritable(int(lock), False)
    os.set_inheritable(int(listener), False)
    if os.fork() > 0:
        os._exit(0)
    os.chdir("/")
    os.umask(0o077)
    supervise(Path(home), socket.socket(fileno=int(listener)))


if __name__ == "__main__":
    main(*sys.argv[1:])
