"""Where benchmarks run: an embedded PostgreSQL of their own, durable, in a temporary home."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from api.services import open_default
from store import embedded
from store.database import Database, home

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
