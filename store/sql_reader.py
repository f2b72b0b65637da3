"""People's SQL on the read models: by the reader's role, read only, one query at a time.

The role sees the stable names of the read models (``customers``) without their personal columns.
Where one URL serves every role, the start-up warning says that the role is no wall: whoever holds
that URL is not held back by anything.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import psycopg
from psycopg import errors

from store.database import Connection, Database
from store.tenants import Tenant

TIMEOUT_SECONDS: Final = 60
FETCH: Final = 500
"""Rows that are in memory at a time."""


_WORDS: Final[tuple[tuple[type[psycopg.Error], str, str], ...]] = (
    (
        errors.ReadOnlySqlTransaction,
        "",
        "kept sql only reads, so nothing was changed. Changes are made by commands.",
    ),
    (
        errors.InsufficientPrivilege,
        "",
        "The reader may not do that ({said}). It may read: {readable}.",
    ),
    (errors.UndefinedTable, "", "There is no such table ({said}). There are: {readable}."),
    (
        errors.UndefinedColumn,
        "",
        "There is no such column ({said}). Personal columns are left out of SQL.",
    ),
    (
        errors.QueryCanceled,
        "",
        f"The query took longer than {TIMEOUT_SECONDS} s. Narrow it down.",
    ),
    (
        errors.SyntaxError,
        "multiple commands",
        "Those are several statements. Give one query at a time.",
    ),
    (
        psycopg.OperationalError,
        "",
        "The database cannot be asked ({said}). See whether it runs: kept status.",
    ),
)
"""Kinds of errors, words that tell them apart, and what to say of them."""


class SqlRefused(Exception):
    """The query was not run to its end; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows by column. ``more``: there were more rows than were wanted."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool = False


def ask(database: Database, tenant: Tenant, query: str, limit: int) -> Answer:
    """Run one query as the reader, up to ``limit`` rows.

    Raises:
        SqlRefused: it is wrong, writes, reads what the reader may not, or takes too long.
    """
    with database.connect("reader", tenant.schema) as connection:
        connection.execute(f"SET statement_timeout = '{TIMEOUT_SECONDS}s'")
        connection.execute("SET default_transaction_read_only = on")
        try:
            return _ask(connection, query, limit)
        except psycopg.Error as error:
            raise SqlRefused(_in_words(connection, error)) from None


def _ask(connection: Connection, query: str, limit: int) -> Answer:
    # Streaming uses the protocol that takes one statement only, and holds a few rows at a time.
    with connection.cursor() as cursor:
        rows = cursor.stream(query.encode(), size=FETCH)
        found = list(islice(rows, limit + 1))
        columns = tuple(column.name for column in cursor.description or ())
        del rows  # what is left of them is cancelled
    return Answer(columns, found[:limit], len(found) > limit)


def _in_words(connection: Connection, error: psycopg.Error) -> str:
    said = (error.diag.message_primary or str(error)).rstrip(".")
    for kind, words, remedy in _WORDS:
        if isinstance(error, kind) and words in said:
            return remedy.format(said=said, readable=_readable(connection))
    return f"The query is not right ({said}). Correct it and try again."


def _readable(connection: Connection) -> str:
    if connection.closed:
        return "the read models"
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relkind = 'v' AND has_table_privilege(oid, 'SELECT') ORDER BY relname"
    )
    return ", ".join(name for (name,) in rows) or "nothing yet"
