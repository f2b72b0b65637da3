"""Figures by PostgreSQL: queries of ours on the public read models, by the reader's role.

The role sees no personal column, so no figure can hold one. Unlike people's SQL, what runs here was
compiled from a definition, so a session that steps into the role is as good as one that logs in as
it.
"""

from typing import Any, Final

from psycopg import errors

from store.database import Database
from store.errors import StoreError
from store.tenants import Tenant

TIMEOUT_SECONDS: Final = 20


class FiguresTimedOut(StoreError):
    """The query took too long; the text says what to do."""


def ask(database: Database, tenant: Tenant, query: str) -> list[dict[str, Any]]:
    """The rows of one query, by column, with days as days of the tenant's zone.

    Raises:
        FiguresTimedOut: it took longer than :data:`TIMEOUT_SECONDS`.
    """
    with database.borrow("reader", tenant.schema) as connection, connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute(
            "SELECT set_config('TimeZone', %s, true), set_config('statement_timeout', %s, true)",
            [str(tenant.zone), f"{TIMEOUT_SECONDS}s"],
        )
        try:
            found = connection.execute(query.encode())
        except errors.QueryCanceled:
            raise FiguresTimedOut(
                f"The figures took longer than {TIMEOUT_SECONDS} s. Ask for a shorter period."
            ) from None
        columns = [one.name for one in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found]
