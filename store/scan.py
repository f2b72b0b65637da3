"""Reading the whole log fast: stream by stream, by one cursor, decrypted in batches of keys."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from domain.envelope import Recorded
from store import codec
from store.codec import PersonalRow
from store.database import Connection
from store.event_log import EventLog
from store.ranges import EVERYTHING, Range

CHUNK: Final = 5_000
"""Rows that are fetched, and whose keys are looked up, together."""


def by_stream(
    log: EventLog, connection: Connection, up_to: int, streams: Range = EVERYTHING
) -> Iterator[Recorded]:
    """The events of a range of streams up to a position, ordered by stream and version, so that one
    stream is in memory at a time.

    In a transaction of its own on this connection, which nobody else may use meanwhile.
    """
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
        cursor.execute(
            "SELECT e.position, e.recorded_at, e.body, p.subject, p.category, p.key_id, p.nonce,"
            " p.ciphertext FROM events e LEFT JOIN personal_data p USING (position)"
            f" WHERE e.position <= %s AND {streams.where('e.stream')}"
            " ORDER BY e.stream, e.version",
            [up_to],
            binary=True,
        )
        held: list[tuple[Any, ...]] = []
        while rows := cursor.fetchmany(CHUNK):
            # An event's rows must not be torn apart, so those of the last one wait for the next.
            last = len(rows)
            while last and rows[last - 1][0] == rows[-1][0]:
                last -= 1
            yield from _unsealed(log, connection, held + rows[:last])
            held = rows[last:] if last else held + rows
        yield from _unsealed(log, connection, held)


def _unsealed(log: EventLog, connection: Any, rows: list[tuple[Any, ...]]) -> Iterator[Recorded]:
    keys = log.keys.by_ids(connection, {row[5] for row in rows if row[5] is not None})
    for position, group in groupby(rows, itemgetter(0)):
        parts = [*group]
        personal = [PersonalRow(*row[3:]) for row in parts if row[3] is not None]
        yield codec.unseal(position, parts[0][1], parts[0][2], personal, keys)
