"""Somebody with every right changes one stored value, at random: what cannot be the same after."""

import random
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg.errors import DataError, IntegrityError
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from store.database import Connection

TABLES: Final = {
    "events": ("position", "stream", "version", "type", "recorded_at", "body"),
    "personal_data": (
        *("position", "subject", "category"),
        *("key_id", "nonce", "blind", "ciphertext"),
    ),
    "tiles": ("level", "index", "hashes"),
    "checkpoints": ("number", "size", "note"),
}
"""Their columns; the key is in the first ones."""
KEYS: Final = {"events": 1, "personal_data": 3, "tiles": 2, "checkpoints": 1}
Row = tuple[Any, ...]


class Mutation(NamedTuple):
    """What was done, and to which rows, as they were and as they are."""

    kind: str
    table: str
    before: list[Row]
    after: list[Row]

    @property
    def places(self) -> set[int]:
        """The first column of every row that it touched: of most tables, the position."""
        return {row[0] for row in (*self.before, *self.after)}

    def __str__(self) -> str:
        return f"{self.kind} {self.table}: {self.before} -> {self.after}"


def save(owner: Connection) -> None:
    """Remember all that there is, for :func:`restore`."""
    for table in TABLES:
        names = Identifier(f"saved_{table}"), Identifier(table)
        owner.execute(SQL("CREATE TABLE {} AS TABLE {}").format(*names))


def restore(owner: Connection, table: str) -> None:
    """What was remembered, instead of what is there."""
    names = Identifier(table), Identifier(f"saved_{table}")
    with owner.transaction():
        owner.execute(SQL("TRUNCATE {}").format(names[0]))
        owner.execute(SQL("INSERT INTO {} SELECT * FROM {}").format(*names))


def mutate(owner: Connection, seed: int) -> Mutation:
    """One change that the tables' own checks let pass."""
    source = random.Random(seed)
    while True:
        table = source.choice([*TABLES])
        kind = source.choice([*_KINDS])
        before, after = _KINDS[kind](source, table, _rows(owner, table))
        if sorted(map(repr, before)) == sorted(map(repr, after)):
            continue
        try:
            with owner.transaction():
                for row in before:
                    owner.execute(_delete(table), row[: KEYS[table]])
                for row in after:
                    owner.execute(_insert(table), row)
        except (IntegrityError, DataError):
            continue
        return Mutation(kind, table, before, after)


def _rows(owner: Connection, table: str) -> list[Row]:
    columns = SQL(", ").join(map(Identifier, TABLES[table]))
    keys = SQL(", ").join(map(Identifier, TABLES[table][: KEYS[table]]))
    query = SQL("SELECT {} FROM {} ORDER BY {}").format(columns, Identifier(table), keys)
    return owner.execute(query).fetchall()


def _delete(table: str) -> Composed:
    keys = [
        SQL("{} = {}").format(Identifier(name), Placeholder())
        for name in TABLES[table][: KEYS[table]]
    ]
    return SQL("DELETE FROM {} WHERE {}").format(Identifier(table), SQL(" AND ").join(keys))


def _insert(table: str) -> Composed:
    columns = TABLES[table]
    return SQL("INSERT INTO {} ({}) VALUES ({})").format(
        Identifier(table),
        SQL(", ").join(map(Identifier, columns)),
        SQL(", ").join([Placeholder()] * len(columns)),
    )


Change = tuple[list[Row], list[Row]]


def _flip(source: random.Random, table: str, rows: Sequence[Row]) -> Change:
    """A byte of a value is another."""
    row = source.choice(rows)
    at = source.randrange(len(row))
    return [row], [(*row[:at], _flipped(source, row[at]), *row[at + 1 :])]


def _flipped(source: random.Random, value: Any) -> Any:
    if isinstance(value, UUID):
        return UUID(int=value.int ^ 1 << source.randrange(128))
    if isinstance(value, int):
        return value ^ 1 << source.randrange(source.choice((4, 12, 31, 63)))
    at = source.randrange(len(value))
    if isinstance(value, str):
        return value[:at] + chr(source.randrange(32, 127)) + value[at + 1 :]
    return value[:at] + bytes([value[at] ^ 1 << source.randrange(8)]) + value[at + 1 :]


def _truncate(source: random.Random, table: str, rows: Sequence[Row]) -> Change:
    """The end of a value is missing."""
    row = source.choice(rows)
    at = source.choice([at for at, value in enumerate(row) if isinstance(value, str | bytes)])
    length = source.randrange(len(row[at]))
    if table == "tiles":
        length -= length % 32
    return [row], [(*row[:at], row[at][:length], *row[at + 1 :])]


def _remove(source: random.Random, table: str, rows: Sequence[Row]) -> Change:
    """A row is missing."""
    return [source.choice(rows)], []


def _swap(source: random.Random, table: str, rows: Sequence[Row]) -> Change:
    """Two rows hold each other's contents."""
    return _moved(table, source.sample(rows, 2))


def _reorder(source: random.Random, table: str, rows: Sequence[Row]) -> Change:
    """Some neighbours have changed their places."""
    count = source.randrange(2, 6)
    first = source.randrange(max(1, len(rows) - count))
    return _moved(table, rows[first : first + count])


def _moved(table: str, rows: Sequence[Row]) -> Change:
    keys = [row[: KEYS[table]] for row in rows]
    return [*rows], [
        (*key, *row[KEYS[table] :]) for key, row in zip(keys[1:] + keys[:1], rows, strict=True)
    ]


def _add(source: random.Random, table: str, rows: Sequence[Row]) -> Change:
    """A row that was never written, made from one that was."""
    row = [*source.choice(rows)]
    if table == "events":
        row[0], row[1] = rows[-1][0] + 1, source.choice((row[1], UUID(int=source.getrandbits(128))))
        row[2] = source.choice((row[2] + 1, row[2]))
    elif table == "personal_data":
        at = source.randrange(3)
        row[at] = source.choice(rows)[at]
    elif table == "tiles":
        row[0], row[1] = source.randrange(4), source.randrange(8)
    else:
        row[0] = rows[-1][0] + 1
        row[1] = source.choice((rows[-1][1] + 1, source.randrange(rows[-1][1])))
    return [], [tuple(row)]


_KINDS: Final = {
    "flip": _flip,
    "truncate": _truncate,
    "remove": _remove,
    "swap": _swap,
    "reorder": _reorder,
    "add": _add,
}
