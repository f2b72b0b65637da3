"""The erasures of a tenant, outside the database: who puts the database back meets them here.

One line of JSON each, with ids and nothing personal, written before anything is destroyed.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from store import durable_files
from store.database import Connection, Database, home
from store.tenants import Tenant

FOLDER: Final = "erasures"
"""Below ``KEPT_HOME``."""


def write(
    tenant: Tenant,
    request: UUID,
    subjects: Sequence[UUID],
    categories: Sequence[str],
    at: str,
    keys: Sequence[UUID] | None = None,
) -> None:
    """Add an erasure, durably; one that is there already is not added again. ``keys`` are those
    that go where others may follow them.
    """
    if any(one["request"] == str(request) for one in entries(tenant)):
        return
    path = _path(tenant)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    entry: dict[str, Any] = {
        "request": request,
        "subjects": subjects,
        "categories": categories,
        "at": at,
    }
    if keys is not None:
        entry["keys"] = keys
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(entry) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    durable_files.sync(path.parent)
    durable_files.sync(path.parent.parent)


def entries(tenant: Tenant) -> Iterator[dict[str, Any]]:
    """Every erasure that was written down, the oldest first."""
    held = durable_files.read(_path(tenant))
    for line in (held or b"").splitlines():
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:  # the last line, cut off by a crash: nothing had begun
            continue


def undone(database: Database, tenant: Tenant) -> list[dict[str, Any]]:
    """Those whose keys are there again: the database is one from before."""
    with database.borrow("writer", tenant.schema) as connection:
        return [one for one in entries(tenant) if _is_undone(connection, tenant, one)]


def _is_undone(connection: Connection, tenant: Tenant, one: dict[str, Any]) -> bool:
    if "keys" in one:
        which, values = "key_id = ANY(%s)", [[UUID(key) for key in one["keys"]]]
    else:
        which = "subject = ANY(%s) AND category = ANY(%s) AND created_at < %s"
        values = [[UUID(who) for who in one["subjects"]], one["categories"], one["at"]]
    found = connection.execute(
        f"SELECT 1 FROM {tenant.keys}.data_keys WHERE {which}"
        " AND destroyed_at IS NULL AND fenced_at IS NULL LIMIT 1",
        values,
    )
    return found.fetchone() is not None


def _path(tenant: Tenant) -> Path:
    return home() / FOLDER / f"{tenant.name}.jsonl"
