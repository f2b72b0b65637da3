"""The erasures of a tenant, outside the database: who puts the database back meets them here.

One line of JSON each, with ids and nothing personal, written before anything is destroyed.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from store import durable_files
from store.database import Database, home
from store.tenants import Tenant

FOLDER: Final = "erasures"
"""Below ``KEPT_HOME``."""
AT_ONCE: Final = 1_000
"""Erasures that are looked up together."""


def write(
    tenant: Tenant,
    request: UUID,
    subjects: Sequence[UUID],
    categories: Sequence[str],
    at: str,
    keys: Sequence[UUID] | None = None,
) -> None:
    """Add an erasure, durably. After a crash it may be there twice, which changes nothing. ``keys``
    are those that go where others may follow them.
    """
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
    found: list[dict[str, Any]] = []
    with database.borrow("writer", tenant.schema) as connection:
        erased = entries(tenant)
        while some := [*islice(erased, AT_ONCE)]:
            rows = connection.execute(
                "SELECT DISTINCT w.nth FROM unnest(%s::int[], %s::uuid[], %s::text[],"
                " %s::timestamptz[], %s::uuid[]) AS w (nth, subject, category, at, key_id)"
                f" JOIN {tenant.keys}.data_keys d USING (subject, category)"
                " WHERE d.destroyed_at IS NULL AND CASE WHEN w.key_id IS NULL"
                " THEN d.created_at < w.at ELSE d.key_id = w.key_id END ORDER BY 1",
                [*map(list, zip(*_keys_of(some), strict=True))] or [[]] * 5,
            )
            found += [some[nth] for (nth,) in rows]
    return found


def _keys_of(
    erased: Sequence[dict[str, Any]],
) -> Iterator[tuple[int, str, str, str, str | None]]:
    """Each key that they name: in which of them, whose, of what, when it was destroyed, and its id
    where others may follow it.
    """
    for nth, one in enumerate(erased):
        for subject, category in product(one["subjects"], one["categories"]):
            for key in one.get("keys", (None,)):
                yield nth, subject, category, one["at"], key


def _path(tenant: Tenant) -> Path:
    return home() / FOLDER / f"{tenant.name}.jsonl"
