"""The door to the PostgreSQL that comes with Kept: start it, or join those who use it already.

A supervisor (:mod:`store.supervisor`) owns it in a process of its own, so that ``kept import``
ending does not stop ``kept serve``. Whoever calls :func:`start` is a user until the process and its
forked workers have ended; there is nothing to give back. After a lost database connection calling
:func:`start` again is right: it joins, repairs or starts, whatever is needed.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypedDict, cast
from urllib.parse import quote

import psycopg

from store import cluster, leftovers, supervisor
from store.binaries import ELSEWHERE, EmbeddedError, in_words

__all__ = ["EmbeddedError", "Server", "Status", "start", "status", "stop"]

POLL: Final = 0.02
LAUNCHES: Final = 5
"""A supervisor that ends without a word is started again, but not for ever."""
ATTACH_SECONDS: Final = cluster.START_SECONDS + 60
ANSWER_SECONDS: Final = 60
STOP_SECONDS: Final = cluster.STOP_SECONDS + 30
SUPERUSER: Final = "postgres"

_held: dict[Path, int] = {}
"""What makes this process a user: the open connection to each home's supervisor."""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that answers."""

    host: str
    port: int
    password: str = field(repr=False)
    data_dir: Path

    def url(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """For the superuser with the password; other roles bring their own."""
        password = f":{quote(self.password, safe='')}" if role == SUPERUSER else ""
        user = quote(role, safe="")
        return f"postgresql://{user}{password}@{self.host}:{self.port}/{quote(database, safe='')}"


class Status(TypedDict):
    """What ``kept status`` shows; without a pid it is not running."""

    pid: int | None
    supervisor_pid: int | None
    port: int | None
    users: int
    user_pids: list[int]
    version: str | None
    data_dir: str


def start(home: Path) -> Server:
    """Make this process a user of the home's PostgreSQL, started if need be; it answers on return.

    Raises:
        EmbeddedError: it cannot run here.
    """
    with _in_words(home := _resolved(home)):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection, facts = _attach(home)
        _hold(home, connection.detach())
        password = (home / cluster.PASSWORD).read_text()
        server = Server(cluster.HOST, facts["port"], password, Path(facts["data_dir"]))
        _wait_until_it_answers(server, home)
        return server


def stop(home: Path) -> bool:
    """Stop PostgreSQL for all its users, whoever they are. False when it was not running.

    Raises:
        EmbeddedError: it does not stop.
    """
    was_running = False
    deadline = time.monotonic() + STOP_SECONDS
    with _in_words(home := _resolved(home)):
        while any(leftovers.is_held(home / lock) for lock in (supervisor.LOCK, cluster.LOCK)):
            if connection := _connect(home):
                _ask(connection, "stop", STOP_SECONDS)  # it ends without a word
                connection.close()
                was_running = True
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"PostgreSQL in {home} does not stop: see {home / supervisor.LOG}."
                )
            time.sleep(POLL)
    _hold(home, None)
    return was_running


def status(home: Path) -> Status:
    """How the home's PostgreSQL is; asking makes nobody a user.

    Raises:
        EmbeddedError: it does not say.
    """
    with _in_words(home := _resolved(home)):
        if connection := _connect(home):
            facts = _ask(connection, "status", ANSWER_SECONDS)
            connection.close()
            if facts and "error" not in facts:
                return cast(Status, facts)
        return Status(
            pid=None,
            supervisor_pid=None,
            port=cluster.last_port(home),
            users=0,
            user_pids=[],
            version=next(leftovers.lines(home / "postgres" / "PG_VERSION"), None),
            data_dir=str(home / "postgres"),
        )


def _resolved(home: Path) -> Path:
    if sys.platform == "win32":
        raise EmbeddedError(f"On Windows there is no embedded PostgreSQL: {ELSEWHERE}.")
    return Path(home).expanduser().resolve()


@contextmanager
def _in_words(home: Path) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise EmbeddedError(
            f"PostgreSQL in {home} does not answer: see {home / supervisor.LOG}, or {ELSEWHERE}."
        ) from error
    except OSError as error:
        raise in_words(error, home) from error


def _hold(home: Path, connection: int | None) -> None:
    before = _held.pop(home, None)
    if connection is not None:
        _held[home] = connection
    if before is not None:
        os.close(before)


def _attach(home: Path) -> tuple[socket.socket, dict[str, Any]]:
    """Join, or else start a supervisor, or else wait for whoever is just starting or leaving."""
    launches = 0
    deadline = time.monotonic() + ATTACH_SECONDS
    while launches < LAUNCHES and time.monotonic() < deadline:
        connection = _connect(home)
        if connection is None:
            connection = _launch(home)
            launches += connection is not None
        if connection is None:
            time.sleep(POLL)
            continue
        facts = _ask(connection, "attach", ATTACH_SECONDS)
        if facts and "error" not in facts:
            return connection, facts
        connection.close()
        if facts:
            raise EmbeddedError(facts["error"])
    raise EmbeddedError(
        f"PostgreSQL in {home} does not start: see {home / supervisor.LOG}, or {ELSEWHERE}."
    )


def _connect(home: Path) -> socket.socket | None:
    """A way to the supervisor; None when nobody listens, or too many are waiting."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        with supervisor.address(home) as path:
            connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
        connection.close()
        return None
    except OSError:
        connection.close()
        raise
    return connection


def _ask(connection: socket.socket, what: str, seconds: float) -> dict[str, Any]:
    """The supervisor's answer; nothing when it left before it heard us."""
    connection.settimeout(seconds)
    supervisor.send(connection, {"ask": what, "pid": os.getpid()})
    return supervisor.receive(connection)


def _launch(home: Path) -> socket.socket | None:
    """Start a supervisor unless there is one, and be the first in its queue: even one that does not
    linger at all finds a user."""
    lock = leftovers.try_lock(home / supervisor.LOCK)
    if lock is None:
        return None
    try:
        with socket.socket(socket.AF_UNIX) as listener, supervisor.address(home) as path:
            (home / supervisor.SOCKET).unlink(missing_ok=True)
            listener.bind(path)
            (home / supervisor.SOCKET).chmod(0o600)
            listener.listen(128)
            connection = _connect(home)
            _spawn(home, lock, listener.fileno())
            return connection
    finally:
        os.close(lock)


def _spawn(home: Path, lock: int, listener: int) -> None:
    """In a session of its own, so that Ctrl-C in our terminal is not for it."""
    log = os.open(home / supervisor.LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        subprocess.run(
            [sys.executable, "-m", "store.supervisor", str(home), str(lock), str(listener)],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock, listener),
            start_new_session=True,
            check=False,  # if it fails, our place in its queue is gone, and the log says why
        )
    finally:
        os.close(log)


def _wait_until_it_answers(server: Server, home: Path) -> None:
    """It may have died a moment ago, which its supervisor is about to notice."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            psycopg.connect(server.url(), connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if "too many clients" in str(error):  # which is an answer
                return
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"{home / cluster.PASSWORD} is not the password of this PostgreSQL: remove "
                    "that file and call kept stop; the next start sets a new password."
                ) from error
            if time.monotonic() > deadline:
                raise TimeoutError from error
        time.sleep(POLL)
