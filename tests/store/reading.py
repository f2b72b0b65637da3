"""Entries of the read log, and somebody with every right, who damages them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.envelope import SYSTEM
from store.database import Connection, Database
from store.event_log import EventLog
from store.read_entries import Asked, entries
from store.read_log import Entry, Read
from store.tenants import Tenant


def a_read(*records: UUID, **given: Any) -> Read:
    """Somebody reads the names of these customers, or of one."""
    defaults: dict[str, Any] = {
        "actor": SYSTEM,
        "client": "a test",
        "role": "sales",
        "door": "http",
        "purpose": "sales",
        "model": "customers",
        "records": {one: [one] for one in records or (uuid7(),)},
        "fields": ["name"],
    }
    return Read(**{**defaults, **given})


def recorded(log: EventLog, **asked: Any) -> list[Entry]:
    """The entries that agree with what is asked, the oldest first."""
    found: list[Entry] = []
    cursor: str | None = None
    while True:
        page, cursor = entries(log, Asked(**asked), 200, cursor)
        found += page
        if cursor is None:
            return found[::-1]


def numbers(found: Sequence[Entry]) -> list[int]:
    return [one.number for one in found]


@contextmanager
def intruder(database: Database, tenant: Tenant) -> Iterator[Connection]:
    """The owner, with what holds others back switched off."""
    with database.connect("owner", tenant.schema) as owner:
        for table in ("reads", "events"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        yield owner
        for table in ("reads", "events"):
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


def made_older(database: Database, tenant: Tenant, days: int) -> None:
    """As if everything that was read so far had been read so many days earlier."""
    with intruder(database, tenant) as owner:
        owner.execute("UPDATE reads SET read_at = read_at - %s", [days * 86_400_000_000])
