"""Dated copies of the read models: which there are, and the schemas that they are in.

A copy holds values in the clear, so an erasure drops every one of them, also one that is just being
made; backups hold none.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg

from domain.envelope import to_microseconds
from store.database import Connection, Database
from store.errors import StoreError
from store.event_log import EventLog
from store.tenants import Tenant, drop_dated

LONGEST_NAME: Final = 16
"""Characters: with the longest tenant's, 63 bytes are what PostgreSQL's names have room for."""
COPY_NAME: Final = rf"^[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}$"
_COLUMNS: Final = "name, as_of, as_known_at, head, checked, by_request, begun_at, made_at, used_at"


class CopyError(StoreError):
    """A dated copy cannot be made, or is not there; the text says what to do."""


class CopyGone(CopyError):
    """A dated copy was dropped while it was made or read."""

    def __init__(self) -> None:
        super().__init__(
            "This dated copy was dropped meanwhile, as every copy is when somebody's data is "
            "erased. Make it again."
        )


class TooManyCopies(StoreError):
    """As many copies as requests may have are being made."""

    retry_after = 5

    def __init__(self) -> None:
        super().__init__(
            "Too many other dates are being made ready. Ask again in a few seconds, or for one of "
            "them."
        )


class Wanted(NamedTuple):
    """A copy that is to be made."""

    name: str
    as_of: datetime
    as_known_at: datetime | None = None
    """By what was known then; None: now."""
    by_request: bool = False
    """For a list over HTTP."""


class DatedCopy(NamedTuple):
    """A copy of the read models as they were."""

    name: str
    as_of: datetime
    as_known_at: datetime | None
    """By what was known then; None: when it was begun."""
    head: int
    """The last position that it holds."""
    checked: int
    """Up to there, nothing was recorded after its head that it would hold."""
    by_request: bool
    """Made for a list over HTTP; given up when others are used more."""
    begun_at: datetime
    made_at: datetime | None
    """None as long as it is not whole."""
    used_at: datetime


@contextmanager
def reading() -> Iterator[None]:
    """Around what reads a copy's tables, which may go at any time.

    Raises:
        CopyGone: they went.
    """
    try:
        yield
    except psycopg.errors.UndefinedTable:
        raise CopyGone from None


def copies(connection: Connection) -> list[DatedCopy]:
    """Every copy, whole or not, by name."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM dated_copies ORDER BY name")
    return [DatedCopy(*row) for row in rows]


def find(connection: Connection, name: str) -> DatedCopy | None:
    """The copy of this name."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM dated_copies WHERE name = %s", [name]
    ).fetchone()
    return DatedCopy(*row) if row else None


def begin(log: EventLog, wanted: Wanted) -> DatedCopy:
    """Make the schema of a copy and remember it.

    Raises:
        CopyError: the name is taken, or cannot be one.
    """
    name, as_of, as_known_at, by_request = wanted
    if not re.fullmatch(COPY_NAME, name):
        raise CopyError(
            f"{name!r} cannot name a dated copy. Use small letters, digits and _, at most "
            f"{LONGEST_NAME}, beginning with a letter."
        )
    with (
        log.database.connect("owner", log.tenant.schema) as connection,
        connection.transaction(),
    ):
        head = _head(connection, as_known_at)
        given: list[Any] = [name, as_of, as_known_at, head, head, by_request]
        row = connection.execute(
            "INSERT INTO dated_copies (name, as_of, as_known_at, head, checked, by_request)"
            f" VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
            given,
        ).fetchone()
        if row is None:
            raise CopyError(
                f"There is already a dated copy named {name}. Choose another name, or drop it: "
                f"kept as-of --drop {name}"
            )
        schema = log.tenant.dated(name)
        connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(
            f"GRANT USAGE ON SCHEMA {schema} TO kept_writer, kept_projector, kept_reader"
        )
        connection.execute(f"GRANT CREATE ON SCHEMA {schema} TO kept_projector")
    return DatedCopy(*row)


def made(connection: Connection, tenant: Tenant, name: str) -> None:
    """A copy is whole; in the transaction that put its tables into place.

    Raises:
        CopyGone: it was dropped meanwhile.
    """
    done = connection.execute(
        f"UPDATE {tenant.schema}.dated_copies SET made_at = now() WHERE name = %s", [name]
    )
    if not done.rowcount:
        raise CopyGone


def used(connection: Connection, name: str, checked: int) -> None:
    """A copy was asked for; nothing that it would hold came up to the position ``checked``."""
    connection.execute(
        "UPDATE dated_copies SET used_at = now(), checked = greatest(checked, %s) WHERE name = %s",
        [checked, name],
    )


def drop(database: Database, tenant: Tenant, name: str) -> None:
    """Take a copy away.

    Raises:
        CopyError: there is none of this name.
    """
    with database.connect("owner", tenant.schema) as connection, connection.transaction():
        gone = connection.execute("DELETE FROM dated_copies WHERE name = %s", [name])
        if not gone.rowcount:
            raise CopyError(f"There is no dated copy named {name}. See which: kept as-of")
        connection.execute(f"DROP SCHEMA IF EXISTS {tenant.dated(name)} CASCADE")


def drop_all(database: Database, tenant: Tenant) -> int:
    """Take every copy away, also those that are being made; gives how many there were."""
    with database.connect("owner", tenant.schema) as connection:
        connection.execute("DELETE FROM dated_copies")
        return drop_dated(connection, tenant)


def is_late(connection: Connection, copy: DatedCopy, head: int) -> bool:
    """Whether something was recorded since, up to a position, that had happened by its date."""
    if copy.as_known_at is not None:
        return False
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM events WHERE position > %s AND position <= %s"
        " AND (body::json ->> 'occurred_at')::timestamptz <= %s)",
        [copy.checked, head, copy.as_of],
    ).fetchone()
    return bool(row and row[0])


def _head(connection: Connection, as_known_at: datetime | None) -> int:
    """The last position that was recorded by then. Positions are dense and their times never
    decrease, so few of them have to be looked at.
    """
    row = connection.execute("SELECT max(position) FROM events").fetchone()
    high = row[0] or 0 if row else 0
    if as_known_at is None:
        return high
    limit, low = to_microseconds(as_known_at), 0
    while low < high:
        middle = (low + high + 1) // 2
        row = connection.execute(
            "SELECT recorded_at FROM events WHERE position = %s", [middle]
        ).fetchone()
        if row is not None and row[0] <= limit:
            low = middle
        else:
            high = middle - 1
    return low
