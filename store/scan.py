"""Reading the whole log fast: one COPY out, stream by stream, decrypted in batches of keys."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from domain.envelope import Recorded
from store import codec
from store.codec import PersonalRow
from store.event_log import EventLog

CHUNK: Final = 5_000
"""Rows whose keys are looked up together."""
_TYPES: Final = ("int8", "int8", "text", "uuid", "text", "uuid", "bytea", "bytea")


def by_stream(log: EventLog, up_to: int) -> Iterator[Recorded]:
    """Every event up to a position, ordered by stream and version, so that one stream is in memory
    at a time.

    The database sorts (on disk where the log is larger than its memory).
    """
    query = (
        "COPY (SELECT e.position, e.recorded_at, e.body, p.subject, p.category, p.key_id, p.nonce,"
        " p.ciphertext FROM events e LEFT JOIN personal_data p USING (position)"
        f" WHERE e.position <= {up_to:d} ORDER BY e.stream, e.version) TO STDOUT (FORMAT binary)"
    )
    schema = log.tenant.schema
    with (
        log.database.connect("projector", schema) as connection,
        log.database.connect("projector", schema) as key_connection,
        connection.cursor() as cursor,
    ):
        connection.execute("SET work_mem = '256MB'")
        with cursor.copy(query.encode()) as copy:
            copy.set_types(_TYPES)
            chunk: list[tuple[Any, ...]] = []
            for row in copy.rows():
                # An event's rows must not be torn apart, so a chunk ends where an event does.
                if len(chunk) >= CHUNK and row[0] != chunk[-1][0]:
                    yield from _unsealed(log, key_connection, chunk)
                    chunk = []
                chunk.append(row)
            yield from _unsealed(log, key_connection, chunk)


def _unsealed(log: EventLog, connection: Any, rows: list[tuple[Any, ...]]) -> Iterator[Recorded]:
    keys = log.keys.by_ids(connection, {row[5] for row in rows if row[5] is not None})
    for position, group in groupby(rows, itemgetter(0)):
        parts = [*group]
        personal = [PersonalRow(*row[3:]) for row in parts if row[3] is not None]
        yield codec.unseal(position, parts[0][1], parts[0][2], personal, keys)
