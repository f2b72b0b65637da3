"""Reading the whole log fast: stream by stream, by one cursor, decrypted in batches of keys."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from domain.envelope import Recorded
from store.database import Connection
from store.event_log import SELECTED, EventLog
from store.ranges import EVERYTHING, Range

CHUNK: Final = 5_000
"""Rows that are fetched, and whose keys are looked up, together."""
_PUBLIC: Final = (
    "SELECT e.position, e.recorded_at, e.body, NULL, NULL, NULL, NULL, NULL FROM events e"
)
_BEGAN: Final = (
    "SELECT b.stream FROM events b WHERE b.version = 1 AND b.type = ANY(%s) AND {streams}"
    " AND (b.body::json->>'occurred_at')::timestamptz"
    " BETWEEN coalesce(%s::timestamptz, '-infinity') AND %s::timestamptz"
)


class Begun(NamedTuple):
    """Records of one kind, by when their first event occurred."""

    types: Sequence[str]
    """Of the events of that kind of record."""
    since: datetime | None
    until: datetime


def by_stream(
    log: EventLog,
    connection: Connection,
    up_to: int,
    streams: Range = EVERYTHING,
    types: Sequence[str] | None = None,
) -> Iterator[Recorded]:
    """The events of a range of streams up to a position, of these types or of all, ordered by
    stream and version, so that one stream is in memory at a time.

    In a transaction of its own on this connection, which nobody else may use meanwhile.
    """
    where, values = f"e.position <= %s AND {streams.where('e.stream')}", list[Any]([up_to])
    if types is not None:
        where, values = f"{where} AND e.type = ANY(%s)", [up_to, [*types]]
    yield from _scanned(log, connection, streams, f"{SELECTED} WHERE {where}", values)


def public(
    log: EventLog, connection: Connection, up_to: int, streams: Range, begun: Begun
) -> Iterator[Recorded]:
    """The same of some records alone, and without their personal fields, which read as Erased."""
    began = _BEGAN.format(streams=streams.where("b.stream"))
    where = f"e.position <= %s AND e.type = ANY(%s) AND e.stream IN ({began})"
    types = [*begun.types]
    values = [up_to, types, types, begun.since, begun.until]
    yield from _scanned(log, connection, streams, f"{_PUBLIC} WHERE {where}", values)


def _scanned(
    log: EventLog, connection: Connection, streams: Range, query: str, values: list[Any]
) -> Iterator[Recorded]:
    with (
        connection.transaction(),
        # A cursor, not a COPY: libpq hands over the rows of a COPY one by one.
        connection.cursor("scan") as cursor,
    ):
        connection.execute("SET LOCAL work_mem = '256MB'")
        if streams != EVERYTHING:  # a plan that reads whole tables would do so for each range
            for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
                connection.execute(f"SET LOCAL {setting} = off".encode())
        # All rows will be wanted, so the planner is not to hurry for the first.
        connection.execute("SET LOCAL cursor_tuple_fraction = 1")
        cursor.execute(f"{query} ORDER BY e.stream, e.version", values, binary=True)
        held: list[tuple[Any, ...]] = []
        while rows := cursor.fetchmany(CHUNK):
            # An event's rows must not be torn apart, so those of the last one wait for the next.
            last = len(rows)
            while last and rows[last - 1][0] == rows[-1][0]:
                last -= 1
            yield from log.opened(connection, held + rows[:last])
            held = rows[last:] if last else held + rows
        yield from log.opened(connection, held)
