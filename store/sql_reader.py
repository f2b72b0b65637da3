"""People's SQL on the read models: by the reader's role, read only, one query at a time.

The role sees the stable names of the read models (``customers``) without their personal columns.
A session that only stepped into the role could step out of it again, in the middle of a query. So
the reader logs in by itself, also where one URL serves every role.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from store.database import Connection, Database, login
from store.tenants import Tenant

TIMEOUT_SECONDS: Final = 60
LOGINS: Final = 5
"""Another kept sql may have set another password meanwhile."""
LOGIN_SECONDS: Final = 60
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


def ask(
    database: Database, tenant: Tenant, query: str, limit: int, copy: str | None = None
) -> Answer:
    """Run one query as the reader, up to ``limit`` rows, on the read models or on a dated copy.

    Raises:
        SqlRefused: it is wrong, writes, reads what the reader may not, or takes too long.
    """
    with _logged_in(database, tenant.schema if copy is None else tenant.dated(copy)) as connection:
        connection.execute(f"SET statement_timeout = '{TIMEOUT_SECONDS}s'")
        connection.execute("SET default_transaction_read_only = on")
        try:
            return _ask(connection, query, limit)
        except psycopg.Error as error:
            raise SqlRefused(_in_words(connection, error)) from None


def _logged_in(database: Database, schema: str) -> Connection:
    """A session that began as the reader's, and cannot become anybody else's."""
    reader = login("reader")
    if conninfo_to_dict(database.urls["reader"]).get("user") == reader:
        return database.connect("reader", schema)
    try:
        for _ in range(LOGINS):
            password = _new_password(database.urls["owner"], reader)
            with suppress(psycopg.OperationalError):
                return psycopg.connect(
                    database.urls["owner"],
                    user=reader,
                    password=password,
                    options=f"-c search_path={schema} -c application_name={reader}",
                    autocommit=True,
                )
    except errors.InsufficientPrivilege:
        pass
    raise SqlRefused(
        f"The role {reader} cannot log in by itself here. Let it, and set KEPT_READER_URL."
    )


def _new_password(url: str, reader: str) -> str:
    """One that nobody else knows, and that soon is none any more."""
    password, until = secrets.token_hex(24), datetime.now(UTC) + timedelta(seconds=LOGIN_SECONDS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            SQL("ALTER ROLE {} LOGIN PASSWORD {} VALID UNTIL {}").format(
                Identifier(reader), Literal(password), Literal(until.isoformat())
            )
        )
    return password


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
