"""One PostgreSQL on disk: the wheel's binaries, a data directory, the server that runs on it.

Only the binaries of the wheel are used. Its own wrapper changes the modes of all parent folders
when run as root, adds a system user, and takes a stale ``postmaster.pid`` whose number now belongs
to somebody else for a running server.

PostgreSQL refuses to run as root. For root it runs as ``nobody``, who may have no way to the data
directory: the folders above it belong to the user and are not ours to open up. So it is started
*inside* the directory and knows it as ``/proc/self/cwd``, which needs no way through the folders
above, and its log is a file that we open and it inherits. The data thereby stay in HOME, where the
user looks for them, moves them and mounts a volume on them.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from store import binaries, durable_files, leftovers
from store.binaries import EmbeddedError

HOST: Final = "127.0.0.1"
POLL: Final = 0.01
START_SECONDS: Final = 600
"""Recovery from a crash may have to read all of ``max_wal_size``."""
STOP_SECONDS: Final = 60
BUILTIN_LOCALE: Final = 17
"""The first version that needs no locale of the system's."""
LOCK: Final = "postgres.lock"
PASSWORD: Final = "postgres.password"  # noqa: S105 — the name of the file that holds it
Program = subprocess.Popen[bytes]

HELD: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # The supervisor starts it again. Left to itself it would recover in place, and a fast shutdown
    # in the middle of that waits for ever in 18.4 (for its checkpointer, which nobody tells).
    "restart_after_crash": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    # The text of an ERROR may quote a value (invalid input syntax for type date: "…"). In the order
    # of severity for the log LOG stands above ERROR: the client hears of errors, the log does not.
    "log_min_messages": "log",
    # No DETAIL: after a crash it would quote the statement that the backend was running.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""What durability and privacy rest on: given on the command line, above every file and role."""

TUNED: Final = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "jit": "off",
}
"""A small machine's share: in ``postgresql.conf`` from the first day, an operator may change it."""

PORT_TAKEN: Final = "could not create any TCP/IP sockets"
REMEDIES: Final = {
    "No space left on device": "the disk is full; free some space",
    "could not map anonymous shared memory": "there is not enough memory; free some, or lower "
    "shared_buffers in postgresql.conf",
    "could not resize shared memory": "there is not enough shared memory; enlarge /dev/shm",
    "configuration file": "a setting in postgresql.conf is wrong; correct it",
    PORT_TAKEN: "every port that was tried is taken; stop what listens on ports 20000 to 29999",
}


class Cluster:
    """The data directory in a home, and at most one server on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data_dir = home / "postgres"
        self.log = home / "postgres.log"
        self.port = 0
        self.account = binaries.account(self.data_dir)
        self.install, self.version = binaries.choose(self.data_dir, self.account)
        self._server: Program | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The server's process."""
        return self._server.pid if self._server else None

    @property
    def is_running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def start(self) -> None:
        """Make the data directory if there is none, and run a server on it until it is ready.

        Called again after the server died, it waits for what is left of it and keeps the port.

        Raises:
            EmbeddedError: no server can run here.
        """
        lock = leftovers.claim(self.home / LOCK, self.data_dir)
        try:
            self._prepare(lock)
            for port in islice(filter(_is_free, self._ports()), 20):
                if self._run(port, lock):
                    if port != last_port(self.home):
                        durable_files.write(self.home / "postgres.port", str(port).encode())
                    self.port = port
                    return
        finally:
            os.close(lock)  # from here on only PostgreSQL holds it
        raise self._failure(PORT_TAKEN)

    def stop(self) -> None:
        """A fast shutdown: transactions under way are rolled back, the rest is checkpointed."""
        steps = (signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)
        for kind, patience in steps:
            if self._server is None or self._server.poll() is not None:
                return
            self._server.send_signal(kind)
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(patience)

    def _prepare(self, lock: int) -> None:
        password = self.home / PASSWORD
        if not (self.data_dir / "PG_VERSION").exists():
            if not password.exists():
                durable_files.write(password, secrets.token_urlsafe(24).encode())
            self._create(password.read_text(), lock)
        leftovers.clear_pid_file(self.data_dir)
        if not password.exists():
            self._set_password(fresh := secrets.token_urlsafe(24), lock)
            durable_files.write(password, fresh.encode())

    def _create(self, password: str, lock: int) -> None:
        """Under another name until it is complete, so that a half-made one is never used."""
        draft = self.data_dir.with_name("postgres.new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        source, sink = os.pipe()
        if self.account:
            os.chown(draft, self.account.uid, self.account.gid)
            os.fchown(source, self.account.uid, self.account.gid)
        os.write(sink, password.encode() + b"\n")
        os.close(sink)
        locale = ["--locale=C.UTF-8"]
        if int(self.version.split(".")[0]) >= BUILTIN_LOCALE:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        arguments = ["--username=postgres", "--auth=scram-sha-256", "--pwfile=/dev/fd/0"]
        arguments += ["--encoding=UTF8", *locale, "--data-checksums", *_flags("--set=", TUNED)]
        made = self._popen(["initdb", "-D", self._name(draft), *arguments], draft, lock, source)
        os.close(source)
        if made.wait() != 0:
            raise self._failure(self._logged())
        draft.rename(self.data_dir)
        # Or a power cut would bring the draft back, with acknowledged work in it.
        durable_files.sync(self.home)

    def _set_password(self, password: str, lock: int) -> None:
        """Nobody knows the password of a home that was copied without its file: set a new one."""
        command = ["postgres", "--single", "-D", self._name(self.data_dir), *_flags("-c", HELD)]
        alone = self._popen([*command, "postgres"], self.data_dir, lock, subprocess.PIPE)
        alone.communicate(f"ALTER ROLE postgres PASSWORD '{password}'\n".encode())
        if alone.returncode != 0:
            raise self._failure(self._logged())

    def _run(self, port: int, lock: int) -> bool:
        """True once it is ready, False when somebody took the port between look and bind."""
        settings = _flags("-c", {**HELD, "port": str(port)})
        command = ["postgres", "-D", self._name(self.data_dir), *settings]
        self._server = self._popen(command, self.data_dir, lock, subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while self.is_running and time.monotonic() < deadline:
            if self._is_ready(self._server.pid):
                return True
            time.sleep(POLL)
        self.stop()
        logged = self._logged()
        if PORT_TAKEN in logged:
            return False
        raise self._failure(logged)

    def _popen(self, command: list[str], directory: Path, lock: int, stdin: int) -> Program:
        """In the directory, and with an environment of its own: ours may hold PG… and secrets."""
        parent = os.getpid()
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._log_start = os.lseek(log, 0, os.SEEK_END)
        try:
            return subprocess.Popen(
                [str(self.install / "bin" / command[0]), *command[1:]],
                cwd=directory,
                stdin=stdin,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
                umask=0o077,
                preexec_fn=lambda: leftovers.die_with(parent),  # noqa: PLW1509 — no other thread
                **binaries.identity(self.account),
            )
        finally:
            os.close(log)

    def _name(self, directory: Path) -> str:
        """What its own server calls the directory: see the top of this file."""
        return "/proc/self/cwd" if self.account else str(directory)

    def _ports(self) -> Iterator[int]:
        """The last one first. Then from a place of this home's own, below the ports that the system
        lends to outgoing connections: one of those is easily taken when the server comes back."""
        if last := self.port or last_port(self.home):
            yield last
        place = int.from_bytes(sha256(os.fsencode(self.home)).digest()[:4], "big")
        for step in range(10_000):
            yield 20_000 + (place + step) % 10_000

    def _is_ready(self, pid: int) -> bool:
        """What pg_ctl looks at: the server writes its own state into the eighth line."""
        lines = list(leftovers.lines(self.data_dir / "postmaster.pid"))
        return lines[:1] == [str(pid)] and lines[7:8] == ["ready"]

    def _logged(self) -> str:
        """What the last program that we started had to say."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _failure(self, logged: str) -> EmbeddedError:
        for sign, remedy in REMEDIES.items():
            if sign in logged:
                return EmbeddedError(
                    f"PostgreSQL cannot run in {self.home}: {remedy}, and try again."
                )
        reasons = re.findall(r"(?:FATAL|PANIC|error):\s+(.+)", logged)
        reason = reasons[0] if reasons else "it gave no reason"
        return EmbeddedError(
            f"PostgreSQL did not start in {self.home} ({reason}): see {self.log}, or "
            f"{binaries.ELSEWHERE}."
        )


def last_port(home: Path) -> int | None:
    """Where the server listened when it last ran."""
    text = next(leftovers.lines(home / "postgres.port"), "")
    return int(text) if text.isdecimal() else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _flags(prefix: str, settings: Mapping[str, str]) -> list[str]:
    return [f"{prefix}{name}={value}" for name, value in settings.items()]
