"""Lists of a read model: filtered, sorted, searched and paged by cursor, all by index.

Paging is by key (no OFFSET), with nulls always last. A cursor is sealed by AES-GCM: it may hold a
personal value to go on after, and it opens only for the list that it was made for.
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.database import Connection
from store.read_models import CUSTOM, GRAMS, SEARCH_TEXT, Table
from store.search import needed_grams, normal

MAX_LIMIT: Final = 200
NONCE_BYTES: Final = 12


Statement = tuple[str, list[Any]]
"""A piece of SQL and its parameters."""


class Unserved(Exception):
    """No index serves what was asked; the text says what is served."""


class BadCursor(Exception):
    """The cursor does not belong to this list."""

    def __init__(self) -> None:
        super().__init__("cursor: does not belong to this list. Start again without it.")


@dataclass(frozen=True, slots=True)
class Query:
    """What a caller wants to see of a read model."""

    filters: Mapping[str, Any] = field(default_factory=dict)
    """Equality by column; None means that the column is empty."""
    since: Any = None
    """The least value of the column that the list is sorted by."""
    until: Any = None
    """The greatest value of the column that the list is sorted by."""
    custom: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Equality by custom field, under ``custom`` or ``custom_personal``."""
    search: str | None = None
    sort: str = ""
    descending: bool = False
    limit: int = 50
    cursor: str | None = None
    count: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows by column name, and the cursor of the next page."""

    rows: list[dict[str, Any]]
    next_cursor: str | None


def list_rows(connection: Connection, table: Table, query: Query, cursor_key: bytes) -> Page:
    """One page.

    Raises:
        Unserved: no index serves this list.
        BadCursor: the cursor is of another list.
    """
    sort = _check(table, query)
    where = _where(table, query, sort)
    about = _fingerprint(table, query)
    after = open_cursor(cursor_key, about, query.cursor) if query.cursor else None
    limit = min(max(query.limit, 1), MAX_LIMIT)
    rows: list[dict[str, Any]] = []
    # Values first, then nulls: each phase is one range of the index.
    bounded = query.since is not None or query.until is not None
    phases = [False] if sort in table.key or bounded else [False, True]
    for nulls in phases:
        if (after is not None and after["nulls"] and not nulls) or len(rows) > limit:
            continue
        start = after if after is not None and after["nulls"] == nulls else None
        statement = _phase(table, query, sort, where, nulls, start)
        rows += _fetch(connection, table, statement, limit + 1 - len(rows))
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    token = {
        "nulls": last[sort] is None,
        "sort": last[sort],
        "key": [last[one] for one in table.key],
    }
    return Page(rows[:limit], seal_cursor(cursor_key, about, token))


def count_rows(connection: Connection, table: Table, query: Query) -> int:
    """The exact number of rows that the list has over all its pages."""
    where, parameters = _where(table, query, _check(table, query))
    row = connection.execute(
        f"SELECT count(*) FROM {table.table} WHERE {where}".encode(), parameters
    ).fetchone()
    return int(row[0]) if row else 0


def get_row(connection: Connection, table: Table, record: UUID) -> dict[str, Any] | None:
    """One row by the record's id."""
    names = [column.name for column in table.columns]
    listed = ", ".join(f'"{one}"' for one in names)
    row = connection.execute(
        f"SELECT {listed} FROM {table.table} WHERE id = %s".encode(), [record], binary=True
    ).fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _check(table: Table, query: Query) -> str:
    """The column to sort by, if an index serves the list."""
    unknown = [name for name in query.filters if name not in table.by_name]
    if unknown:
        raise Unserved(
            f"{unknown[0]}: {table.name} has no such field to filter by. {_served(table)}"
        )
    if query.search is not None or query.custom:
        return _check_search(table, query)
    sort = query.sort or (table.serves[0].sort if table.serves else table.key[0])
    wanted = frozenset(query.filters)
    if any(s.sort == sort and frozenset(s.filters) == wanted for s in table.serves):
        return sort
    asked = f"filtered by {', '.join(sorted(wanted))} and " if wanted else ""
    raise Unserved(f"No index serves {table.name} {asked}sorted by {sort}. {_served(table)}")


def _check_search(table: Table, query: Query) -> str:
    if query.search is not None and not table.search:
        raise Unserved(f"{table.name} cannot be searched. {_served(table)}")
    if query.search is not None and not needed_grams(normal(query.search)):
        raise Unserved("search: is empty. Give at least one character.")
    if query.sort not in ("", "id"):
        raise Unserved(f"A search is sorted by id (the order of creation), not by {query.sort}.")
    filterable = {name for serve in table.serves for name in serve.filters}
    wrong = [name for name in query.filters if name not in filterable]
    if wrong:
        raise Unserved(f"{wrong[0]}: no index filters {table.name} by it. {_served(table)}")
    missing = [side for side in query.custom if side not in CUSTOM or side not in table.by_name]
    if missing:
        raise Unserved(f"{missing[0]}: {table.name} has no such custom fields.")
    return "id"


def _served(table: Table) -> str:
    lists = sorted(
        f"{'+'.join(serve.filters) + ' ' if serve.filters else ''}by {serve.sort}"
        for serve in table.serves
    )
    return f"Served: {'; '.join(lists)}."


def _where(table: Table, query: Query, sort: str) -> Statement:
    clauses, parameters = ["true"], []
    for sign, bound in ((">=", query.since), ("<=", query.until)):
        if bound is not None:
            clauses.append(f'"{sort}" {sign} %s')
            parameters.append(bound)
    for name, value in query.filters.items():
        if value is None:
            clauses.append(f'"{name}" IS NULL')
        elif table.by_name[name].kind == "texts":
            clauses.append(f'"{name}" @> ARRAY[%s::text]')
            parameters.append(value)
        else:
            clauses.append(f'"{name}" = %s')
            parameters.append(value)
    for side, values in query.custom.items():
        clauses.append(f'"{side}" @> %s::jsonb')
        parameters.append(orjson.dumps(dict(values)).decode())
    if query.search is not None:
        text = normal(query.search)
        clauses.append(f"{GRAMS} @> %s")
        parameters.append(needed_grams(text))
        clauses.append(f"strpos({SEARCH_TEXT}, %s) > 0")
        parameters.append(text)
    return " AND ".join(clauses), parameters


def _phase(
    table: Table,
    query: Query,
    sort: str,
    where: Statement,
    nulls: bool,
    after: dict[str, Any] | None,
) -> Statement:
    """What follows on ``after`` among the rows whose sort column is, or is not, null."""
    clauses, values = [where[0]], [*where[1]]
    order = [*table.key] if nulls else [*dict.fromkeys([sort, *table.key])]
    if sort not in table.key:
        clauses.append(f'"{sort}" IS {"" if nulls else "NOT "}NULL')
    if after is not None:
        at = dict(zip(table.key, after["key"], strict=True)) | {sort: after["sort"]}
        listed = ", ".join(f'"{one}"' for one in order)
        marks = ", ".join(f"%s::{_cast(table, one)}" for one in order)
        clauses.append(f"({listed}) {'<' if query.descending else '>'} ({marks})")
        values += [at[one] for one in order]
    direction = "DESC" if query.descending else "ASC"
    # Unlike a column that equals a value, one that is null keeps the planner from using the
    # index's order of what follows, unless it is named.
    empty = [name for name, value in query.filters.items() if value is None]
    names = dict.fromkeys([*empty, sort, *order])
    ordered = ", ".join(f'"{one}" {direction}' for one in names)
    return f"{' AND '.join(clauses)} ORDER BY {ordered}", values


def _fetch(
    connection: Connection, table: Table, statement: Statement, limit: int
) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    listed = ", ".join(f'"{one}"' for one in names)
    try:
        rows = connection.execute(
            f"SELECT {listed} FROM {table.table} WHERE {statement[0]} LIMIT {limit:d}".encode(),
            statement[1],
            binary=True,
        ).fetchall()
    except psycopg.DataError:
        raise Unserved(
            "A filter's value does not fit its field. Check ids, dates and numbers."
        ) from None
    return [dict(zip(names, row, strict=True)) for row in rows]


def _cast(table: Table, column: str) -> str:
    return {
        "uuid": "uuid",
        "text": "text",
        "integer": "bigint",
        "boolean": "boolean",
        "date": "date",
        "moment": "timestamptz",
        "number": "numeric",
    }[table.by_name[column].kind]


def _fingerprint(table: Table, query: Query) -> bytes:
    """What the cursor is bound to: the same list, but for its page and its length."""
    about = [
        table.table,
        sorted((name, str(value)) for name, value in query.filters.items()),
        sorted((side, sorted(map(str, values.items()))) for side, values in query.custom.items()),
        query.search,
        query.sort,
        query.descending,
        str(query.since),
        str(query.until),
    ]
    return hashlib.sha256(orjson.dumps(about)).digest()


def seal_cursor(key: bytes, about: bytes, token: Mapping[str, Any]) -> str:
    """A cursor that opens only for the list that it is about."""
    nonce = os.urandom(NONCE_BYTES)
    text = orjson.dumps(token, default=str)
    sealed = nonce + AESGCM(key).encrypt(nonce, text, about)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def open_cursor(key: bytes, about: bytes, cursor: str) -> dict[str, Any]:
    """What a cursor holds.

    Raises:
        BadCursor: it is of another list, or none of ours.
    """
    try:
        text = cursor.encode()
        sealed = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        opened: dict[str, Any] = orjson.loads(
            AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        )
    except (ValueError, InvalidTag):
        raise BadCursor from None
    return opened
