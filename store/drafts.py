"""How far a rebuild has come: which parts of the log are in the drafts.

A part is marked in the transaction that writes its rows, so after a crash the next rebuild goes on
with the others.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from store.database import Connection, Database
from store.read_models import Table

BEGUN: Final = "rebuild_begun"
PARTS: Final = "rebuild_parts"


class Begun(NamedTuple):
    """A rebuild that is under way or was broken off."""

    head: int
    """Up to which position its parts go, or all of it once they are written."""
    plan: str
    """A digest of what it makes, and of how."""
    cuts: tuple[UUID, ...]


def unfinished(connection: Connection) -> Begun | None:
    """The rebuild that was broken off, if one was."""
    if not _exists(connection):
        return None
    row = connection.execute(f"SELECT head, plan, cuts FROM {BEGUN}").fetchone()
    return Begun(row[0], row[1], tuple(row[2])) if row else None


def begin(connection: Connection, begun: Begun, drafts: Iterable[Table]) -> None:
    """Make the drafts anew, and remember that this was begun."""
    with connection.transaction():
        end(connection)
        connection.execute(f"CREATE TABLE {BEGUN} (head bigint, plan text, cuts uuid[])")
        connection.execute(f"CREATE TABLE {PARTS} (number integer PRIMARY KEY, parked jsonb)")
        connection.execute(
            f"INSERT INTO {BEGUN} VALUES (%s, %s, %s)", [begun.head, begun.plan, [*begun.cuts]]
        )
        for draft in drafts:
            draft.drop(connection)
            draft.create(connection)


def mark(connection: Connection, number: int, parked: Sequence[Sequence[Any]]) -> None:
    """The rows of a part are written, but for those that are parked; in their transaction."""
    connection.execute(f"INSERT INTO {PARTS} VALUES (%s, %s)", [number, Jsonb([*parked])])


def marked(connection: Connection) -> dict[int, list[list[Any]]]:
    """The parts that are written, and what is parked of each."""
    return dict(connection.execute(f"SELECT number, parked FROM {PARTS}").fetchall())


def advance(connection: Connection, head: int) -> None:
    """All parts are written, and what came after them up to this position; in its transaction."""
    connection.execute(f"UPDATE {BEGUN} SET head = %s", [head])


def index(database: Database, schema: str, draft: Table) -> None:
    """Make a draft's indexes, on a connection of its own."""
    with database.connect("projector", schema) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        draft.index(connection)
        connection.execute(f"ANALYZE {draft.table}".encode())


def end(connection: Connection) -> None:
    """Forget it."""
    connection.execute(f"DROP TABLE IF EXISTS {BEGUN}, {PARTS}")


def _exists(connection: Connection) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [BEGUN]).fetchone()
    return bool(row and row[0])
