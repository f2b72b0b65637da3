"""Reading log and read models as they stand together at one moment, a few rows at a time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

from domain.envelope import Recorded
from store.database import Connection
from store.event_log import EventLog
from store.read_models import Table
from store.tracking import Model, Tracking

CHUNK: Final = 2_000
"""Rows that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a tenant, on a connection that nobody else may use meanwhile."""

    log: EventLog
    connection: Connection

    @classmethod
    @contextmanager
    def of(cls, log: EventLog) -> Iterator[Self]:
        """The present moment, for as long as the context lasts."""
        with log.database.connect("writer", log.tenant.schema) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield cls(log, connection)

    def shared(self) -> str:
        """The name by which other sessions see the same moment, as long as this one lasts."""
        row = self.connection.execute("SELECT pg_export_snapshot()").fetchone()
        return str(row[0]) if row else ""

    def head(self) -> int:
        """The last position of the log."""
        return Tracking(self.connection).head()

    def positions(self, models: Sequence[Model]) -> dict[str, int]:
        """Up to where each read model has folded, by name."""
        return Tracking(self.connection).positions(models)

    def events(self, after: int) -> Iterator[Recorded]:
        """The entries after a position, in order."""
        while found := self.log.read_on(self.connection, after, CHUNK):
            yield from found
            after = found[-1].position

    def rows(self, table: Table, after: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
        """The public columns of a read model's rows; ``after`` a position, where each row is an
        event.
        """
        where = "" if after is None else f" WHERE position > {after}"
        order = "" if after is None else " ORDER BY position"
        with self.connection.cursor("rows", binary=True) as cursor:
            cursor.execute(f"SELECT {table.public} FROM {table.table}{where}{order}".encode())
            while found := cursor.fetchmany(CHUNK):
                yield found


def batches(entries: Iterable[Recorded]) -> Iterator[list[Recorded]]:
    """Entries in lists of :data:`CHUNK` at most."""
    rest = iter(entries)
    while found := [*islice(rest, CHUNK)]:
        yield found
