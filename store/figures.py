"""Figures by PostgreSQL: queries of ours on the public read models, by the reader's role.

The role sees no personal column, so no figure can hold one. Unlike people's SQL, what runs here was
compiled from a definition, so a session that steps into the role is as good as one that logs in as
it.
"""

from contextlib import nullcontext
from typing import Any, Final

from psycopg import errors
from psycopg.sql import SQL, Literal

from store.database import Connection, Database
from store.dated_copies import DatedCopy, reading
from store.errors import StoreError
from store.tenants import Tenant

TIMEOUT_SECONDS: Final = 20


class FiguresTimedOut(StoreError):
    """The query took too long; the text says what to do."""


def ask(
    database: Database,
    tenant: Tenant,
    query: str,
    copy: DatedCopy | None = None,
    moment: str | None = None,
) -> list[dict[str, Any]]:
    """The rows of one query, by column, with days as days of the tenant's zone; of the live read
    models, at a moment that :meth:`store.snapshots.Snapshot.shared` names, or of a dated copy.

    Raises:
        FiguresTimedOut: it took longer than :data:`TIMEOUT_SECONDS`.
        CopyGone: the copy was dropped.
    """
    with (
        nullcontext() if copy is None else reading(),
        database.borrow("reader", tenant.schema) as connection,
        connection.transaction(),
    ):
        _at(connection, moment)
        # Not by a pool of the copy's own: copies come and go, and pools stay.
        schema = tenant.schema if copy is None else tenant.dated(copy.name)
        connection.execute(
            "SELECT set_config('TimeZone', %s, true), set_config('statement_timeout', %s, true),"
            " set_config('search_path', %s, true)",
            [str(tenant.zone), f"{TIMEOUT_SECONDS}s", schema],
        )
        try:
            found = connection.execute(query.encode())
        except errors.QueryCanceled:
            raise FiguresTimedOut(
                f"The figures took longer than {TIMEOUT_SECONDS} s. Ask for a shorter period."
            ) from None
        columns = [one.name for one in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found]


def _at(connection: Connection, moment: str | None) -> None:
    """Read only; as things stood at that moment, if one is given."""
    if moment is None:
        connection.execute("SET TRANSACTION READ ONLY")
    else:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(Literal(moment)))
