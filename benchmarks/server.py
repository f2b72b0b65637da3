"""Where benchmarks run: an embedded PostgreSQL of their own, durable, in a temporary home, and the
API in a process of its own."""

import multiprocessing
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from api.server import serve
from api.services import Services, open_default
from commands.users import ActivateUser, InviteUser
from store import embedded
from store.database import Database, home, open_database

HOST = "127.0.0.1"
READY_SECONDS = 60.0
_SETTINGS = ("KEPT_HOME", "KEPT_DATABASE_URL", "KEPT_LINGER")


@contextmanager
def fresh_database() -> Iterator[Database]:
    """An embedded database of its own in a temporary home, gone afterwards."""
    before = {name: os.environ.pop(name, None) for name in _SETTINGS}
    directory = Path(tempfile.mkdtemp(prefix="kept-bench-"))
    os.environ["KEPT_HOME"] = str(directory)
    os.environ["KEPT_LINGER"] = "0"
    try:
        with closing(open_default()) as database:
            yield database
    finally:
        embedded.stop(directory)
        shutil.rmtree(directory)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def superuser_url() -> str:
    """Of the embedded database at ``KEPT_HOME``: peers keep their tables with it, in schemas of
    their own."""
    return embedded.start(home()).url()


def peer_connection(**options: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """A plain connection, in autocommit."""
    return psycopg.connect(superuser_url(), autocommit=True, **options)


def environment() -> dict[str, Any]:
    """What the numbers were measured on."""
    with peer_connection() as connection:
        settings = {
            name: connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("server_version", "fsync", "synchronous_commit")
        }
    shown = {name: value[0] for name, value in settings.items() if value}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": cores,
        "PostgreSQL": shown["server_version"],
        "fsync": shown["fsync"],
        "synchronous_commit": shown["synchronous_commit"],
    }


def worker_key(database: Database, tenant: str) -> str:
    """An API key of an active user."""
    services = Services.open(database, tenant)
    try:
        invited = services.issue(InviteUser(name="Ada Bench", email="ada@bench.example.com"))
        services.issue(ActivateUser(), invited.stream)
        return services.api_keys.create(invited.stream, "sales")
    finally:
        services.close()


@contextmanager
def served(work: Callable[[int], None]) -> Iterator[int]:
    """A server in a process of its own; gives its port once it answers."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=work, args=(port,))
    process.start()
    try:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except OSError:
                assert process.is_alive(), "the server did not start"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.join()


def serve_ours(port: int) -> None:
    """Kept, with the projection runner in the same process."""
    serve(HOST, port, open_database())
