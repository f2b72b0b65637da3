"""Telling other processes that the log has grown.

Inside a process a commit wakes its listeners directly. For other processes each process sends one
NOTIFY for all that it committed since the last one; never inside the append, where it would
serialise the commits of all tenants. A wake-up may be missed for many reasons, so whoever waits
polls as well.
"""

import threading
from collections.abc import Callable
from typing import Final

import psycopg

from store.database import Connection
from store.event_log import EventLog

PAUSE: Final = 0.02
"""Seconds between two notifications of one process."""
RETRY: Final = 1.0
CHECK: Final = 0.2
"""Seconds after which a listener looks whether it is to stop."""


class Notifier:
    """Sends one coalesced NOTIFY for the commits of this process, in a thread of its own."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._grown, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="kept-notify", daemon=True)
        log.on_commit(lambda _: self._grown.set())
        self._thread.start()

    def close(self) -> None:
        """Send what is left, then stop."""
        self._closing.set()
        self._grown.set()
        self._thread.join()

    def _run(self) -> None:
        schema = self._log.tenant.schema
        connection: Connection | None = None
        while not self._closing.is_set():
            self._grown.wait()
            self._grown.clear()
            try:
                if connection is None or connection.closed:
                    connection = self._log.database.connect("writer", schema)
                    # A notification is nothing to keep, so nobody need wait for a disk.
                    connection.execute("SET synchronous_commit = off")
                connection.execute(f"NOTIFY {schema}".encode())
            except psycopg.Error:
                connection = None
                self._closing.wait(RETRY)
            self._closing.wait(PAUSE)
        if connection is not None:
            connection.close()


class Listener:
    """Calls back whenever another process says that the log has grown, in a thread of its own."""

    def __init__(self, log: EventLog, wake: Callable[[], None]) -> None:
        self._log, self._wake = log, wake
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kept-listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        schema = self._log.tenant.schema
        while not self._closing.is_set():
            try:
                with self._log.database.connect("writer", schema) as connection:
                    connection.execute(f"LISTEN {schema}".encode())
                    self._wake()  # what came while nobody listened
                    while not self._closing.is_set():
                        for _ in connection.notifies(timeout=CHECK, stop_after=1):
                            self._wake()
            except psycopg.Error:
                self._closing.wait(RETRY)
