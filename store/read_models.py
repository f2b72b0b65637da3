"""Tables of read models: made from a description, written by COPY, disposable and versioned.

``opportunities_v3`` is the table; ``opportunities`` is the view that people's SQL uses, without the
personal columns. A read model has no migrations: a changed description is a new version beside the
old one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
import psycopg

from store.copy_text import cells, write_text, write_texts
from store.database import Connection
from store.search import grams, search_text

REMEMBERED_ROWS: Final = 4_096
"""Rows whose search cells are remembered."""
LONG: Final = 500
"""Characters of a text, or items of a list, above which they are not."""
REMEMBERED_WORDS: Final = 8_192
"""Words whose grams are remembered: most texts are made of the same ones (Zipf's law)."""
LONGEST_WORD: Final = 24
""""Words" longer than this are whole sentences without spaces, which do not come again."""
SEARCH_TEXT: Final = "search_text"
GRAMS: Final = "grams"

_SQL_TYPES: Final = {
    "uuid": "uuid",
    "text": 'text COLLATE "C"',
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "moment": "timestamptz",
    "number": "numeric",
    "texts": 'text[] COLLATE "C"',
    "uuids": "uuid[]",
    "json": "jsonb",
}


class Column(Protocol):
    """A column's description; ``kind`` is a key of the SQL types above."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def personal(self) -> bool: ...
    @property
    def field(self) -> str: ...
    @property
    def part(self) -> str | None: ...


class Serve(Protocol):
    """A list that an index serves: equality on ``filters``, ordered by ``sort``."""

    @property
    def sort(self) -> str: ...
    @property
    def filters(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Table:
    """One version of a read model's table, in the schema of whatever connection is given."""

    name: str
    version: int
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    serves: tuple[Serve, ...] = ()
    search: tuple[str, ...] = ()
    schema: str = ""
    """Of a dated copy; otherwise that of the connection."""
    unnest: str | None = None
    """A list column that SQL users see as one row for each item, named in the singular."""

    @property
    def table(self) -> str:
        table = f"{self.name}_v{self.version}"
        return f"{self.schema}.{table}" if self.schema else table

    @cached_property
    def shape(self) -> str:
        """What the table looks like; differs when the description changed without a new version."""
        return orjson.dumps(
            [
                [[c.name, c.kind, c.personal] for c in self.columns],
                self.key,
                [[s.sort, s.filters] for s in self.serves],
                self.search,
            ]
        ).decode()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def column_names(self) -> list[str]:
        extra = [SEARCH_TEXT, GRAMS] if self.search else []
        return [column.name for column in self.columns] + extra

    @cached_property
    def public(self) -> str:
        """What a query selects to see the columns that are not personal."""
        return ", ".join(
            f"unnest({_q(c.name)}) AS {_q(c.name.removesuffix('s'))}"
            if c.name == self.unnest
            else _q(c.name)
            for c in self.columns
            if not c.personal
        )

    def draft(self) -> "Table":
        """A table of this description to be built beside this one."""
        return replace(self, name=f"{self.name}_draft")

    def within(self, schema: str) -> "Table":
        """The table of this description in a dated copy, to be read."""
        return replace(self, schema=schema)

    def create(self, connection: Connection) -> None:
        """Make the table without its indexes, but for the key."""
        lines = [f"{_q(c.name)} {_SQL_TYPES[c.kind]}" for c in self.columns]
        if self.search:
            lines += [f'{SEARCH_TEXT} text COLLATE "C"', f'{GRAMS} text[] COLLATE "C"']
        run(connection, f"CREATE TABLE {self.table} ({', '.join(lines)})")

    def index(self, connection: Connection) -> None:
        """Make the key and every index."""
        key = ", ".join(_q(one) for one in self.key)
        run(connection, f"ALTER TABLE {self.table} ADD PRIMARY KEY ({key})")
        for number, serve in enumerate(self.serves):
            columns = dict.fromkeys((*serve.filters, serve.sort, *self.key))
            lists = [one for one in serve.filters if self.by_name[one].kind == "texts"]
            if lists and len(serve.filters) == 1:
                self._index(connection, str(number), f"USING gin ({_q(lists[0])})")
            elif not lists and tuple(columns) != self.key:
                listed = ", ".join(_q(one) for one in columns)
                self._index(connection, str(number), f"({listed})")
        if self.search:
            self._index(connection, GRAMS, f"USING gin ({GRAMS})")
        for column in self.columns:
            if column.name in CUSTOM:
                self._index(connection, column.name, f"USING gin ({column.name} jsonb_path_ops)")

    def unindex(self, connection: Connection) -> None:
        """Take away the key and every index, as far as they were made."""
        run(connection, f"ALTER TABLE {self.table} DROP CONSTRAINT IF EXISTS {self.table}_pkey")
        made = run(
            connection,
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass",
            [self.table],
        ).fetchall()
        for (name,) in made:
            run(connection, f"DROP INDEX {name}")

    def _index(self, connection: Connection, name: str, columns: str) -> None:
        run(connection, f"CREATE INDEX {self.table}_{name} ON {self.table} {columns}")

    def publish(self, connection: Connection) -> None:
        """Point the stable name at this version, for SQL users: public columns only."""
        select = f"SELECT {self.public} FROM {self.table}"
        try:
            with connection.transaction():
                run(connection, f"CREATE OR REPLACE VIEW {self.name} AS {select}")
        except psycopg.errors.InvalidTableDefinition:
            # Columns went away or changed their type. Views of others that depend on it keep it
            # from being dropped, and then the error says so: such a change needs a new public name.
            run(connection, f"DROP VIEW {self.name}")
            run(connection, f"CREATE VIEW {self.name} AS {select}")
        run(connection, f"GRANT SELECT ON {self.name} TO kept_reader")
        run(connection, f"GRANT SELECT ON {self.table} TO kept_writer")

    def drop(self, connection: Connection) -> None:
        """Remove the table."""
        run(connection, f"DROP TABLE IF EXISTS {self.table}")

    def checksum(self, connection: Connection) -> tuple[int, str]:
        """The number of rows, and a sum over all that they hold, whatever their order. What is
        found by search is not in it: it is made of the other columns.
        """
        names = ", ".join(_q(column.name) for column in self.columns)
        row = run(
            connection,
            "SELECT count(*), coalesce(sum(hash_record_extended(t, 0)), 0)"
            f" FROM (SELECT {names} FROM {self.table}) t",
        ).fetchone()
        return (row[0], str(row[1])) if row else (0, "0")

    def differing(
        self, connection: Connection, other: "Table", most: int
    ) -> tuple[int, list[UUID]]:
        """How many records have other rows in another table of this description, and the first ids
        of them.
        """
        names = ", ".join(_q(column.name) for column in self.columns)
        mine, theirs = (
            f"SELECT t.id, hash_record_extended(t, 0) FROM (SELECT {names} FROM {one.table}) t"
            for one in (self, other)
        )
        rows = run(
            connection,
            "SELECT id, count(*) OVER () FROM (SELECT DISTINCT id FROM"
            f" (({mine} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {mine})) differing)"
            " records ORDER BY id LIMIT %s",
            [most],
        ).fetchall()
        return (rows[0][1], [row[0] for row in rows]) if rows else (0, [])

    @cached_property
    def values(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """What :meth:`text` needs of a row, by field."""
        return itemgetter(*(column.field for column in self.columns), *self.search)

    def text(self, rows: Iterable[tuple[Any, ...]]) -> str:
        """The :meth:`values` of rows in COPY's text format. An erased value is NULL."""
        columns = [*zip(*rows, strict=True)]
        if not columns:
            return ""
        count = len(self.columns)
        written = [cells(*one) for one in zip(self.columns, columns[:count], strict=True)]
        if self.search:
            written.append([_found_by(one) for one in zip(*columns[count:], strict=True)])
        return "".join([f"{line}\n" for line in map("\t".join, zip(*written, strict=True))])

    def copy_in(self, connection: Connection, text: str, name: str | None = None) -> None:
        """Append rows by COPY, to this table or the one named."""
        if not text:
            return
        names = ", ".join(_q(one) for one in self.column_names)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {name or self.table} ({names}) FROM STDIN".encode()) as copy,
        ):
            copy.write(text)

    def stage(self, connection: Connection) -> None:
        """Make this connection's staging table, through which :meth:`write` replaces rows."""
        run(
            connection,
            f"CREATE TEMP TABLE IF NOT EXISTS stage_{self.table} (LIKE {self.table})",
        )

    def write(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert or replace rows, of which the :meth:`values` are given, by their key, inside the
        caller's transaction.
        """
        if not rows:
            return
        stage = f"stage_{self.table}"
        self.copy_in(connection, self.text(rows), stage)
        names = ", ".join(_q(one) for one in self.column_names)
        rest = [one for one in self.column_names if one not in self.key]
        sets = ", ".join(f"{_q(one)} = EXCLUDED.{_q(one)}" for one in rest)
        key = ", ".join(_q(one) for one in self.key)
        run(
            connection,
            f"INSERT INTO {self.table} ({names}) SELECT {names} FROM {stage}"
            f" ON CONFLICT ({key}) DO UPDATE SET {sets}",
        )
        # Not ON COMMIT DELETE ROWS: that truncates every such table at every commit (20 ms).
        run(connection, f"DELETE FROM {stage}")

    def clear_stage(self, connection: Connection) -> None:
        """Give back the room of the rows that went through the staging table."""
        run(connection, f"TRUNCATE stage_{self.table}")

    def delete(self, connection: Connection, keys: Sequence[tuple[Any, ...]]) -> None:
        """Remove rows by their key."""
        if keys:
            run(
                connection,
                f"DELETE FROM {self.table} t USING ({self._wanted()}) w ({self._key_list()})"
                f" WHERE {self._matches()}",
                _transposed(keys),
            )

    def delete_stream(self, connection: Connection, stream: UUID) -> None:
        """Remove every row of one stream."""
        run(connection, f"DELETE FROM {self.table} WHERE id = %s", [stream])

    def load(self, connection: Connection, keys: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """The rows of these keys, as values by column name; absent ones are left out."""
        if not keys:
            return []
        names = [c.name for c in self.columns]
        listed = ", ".join(f"t.{_q(one)}" for one in names)
        rows = run(
            connection,
            f"SELECT {listed} FROM {self.table} t JOIN ({self._wanted()}) w ({self._key_list()})"
            f" ON {self._matches()}",
            _transposed(keys),
            binary=True,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _wanted(self) -> str:
        kinds = [_SQL_TYPES[self.by_name[one].kind].split()[0] for one in self.key]
        return f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in kinds)})"

    def _key_list(self) -> str:
        return ", ".join(_q(one) for one in self.key)

    def _matches(self) -> str:
        return " AND ".join(f"t.{_q(one)} = w.{_q(one)}" for one in self.key)


def _found_by(values: tuple[Any, ...]) -> str:
    """The cells by which a row is found by search: most changes of a record leave them as they
    were.
    """
    is_long = any(len(value) > LONG for value in values if value)
    return _search_cells(values) if is_long else _remembered_cells(values)


def _search_cells(values: tuple[Any, ...]) -> str:
    text = search_text(values)
    words = dict.fromkeys(text.split())
    grams = [
        _remembered_grams(word) if len(word) <= LONGEST_WORD else _grams_cell(word)
        for word in words
    ]
    return f"{write_text(text)}\t{{{','.join(grams)}}}"  # a gram of two words is in it twice


def _grams_cell(word: str) -> str:
    return write_texts([*grams(word)])[1:-1]


_remembered_cells = lru_cache(REMEMBERED_ROWS)(_search_cells)
_remembered_grams = lru_cache(REMEMBERED_WORDS)(_grams_cell)


def forget() -> None:
    """Drop what is remembered of rows, as after an erasure."""
    _remembered_cells.cache_clear()
    _remembered_grams.cache_clear()


CUSTOM: Final = ("custom", "custom_personal")
"""Columns of custom fields: equality on any of their keys is served by an index."""


def _q(name: str) -> str:
    return f'"{name}"'


def run(
    connection: Connection, query: str, parameters: Any = None, binary: bool = False
) -> psycopg.Cursor[tuple[Any, ...]]:
    """Execute a statement that was put together from names of ours."""
    return connection.execute(query.encode(), parameters, binary=binary)


def _transposed(keys: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)]
