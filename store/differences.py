"""Which records two moments may see differently: those with an event that only one of them sees."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from domain.envelope import Recorded, to_microseconds
from store.event_log import EventLog

BATCH: Final = 200
"""Records whose events are in memory at once."""
_SEES: Final = "((body::json ->> 'occurred_at')::timestamptz <= %s AND recorded_at <= %s)"
_FOR_EVER: Final = 2**63 - 1


class Moment(NamedTuple):
    """When it was so, and by what was known when; None: now."""

    as_of: datetime
    as_known_at: datetime | None = None

    def sees(self, recorded: Recorded) -> bool:
        """Whether an event had happened by then, and was known."""
        is_known = self.as_known_at is None or recorded.recorded_at <= self.as_known_at
        return is_known and recorded.occurred_at <= self.as_of


def differing(log: EventLog, first: Moment, second: Moment) -> Iterator[list[list[Recorded]]]:
    """The events of these records, each record's in order, some records at a time."""
    head = log.head()
    with (
        log.database.connect("writer", log.tenant.schema) as connection,
        connection.transaction(),
        connection.cursor("differing") as cursor,
    ):
        cursor.execute(
            f"SELECT DISTINCT stream FROM events WHERE position <= %s AND {_SEES} <> {_SEES}"
            " ORDER BY stream",
            [head, *_bounds(first), *_bounds(second)],
        )
        while rows := cursor.fetchmany(BATCH):
            by_stream: dict[UUID, list[Recorded]] = {stream: [] for (stream,) in rows}
            for recorded in log.load_many(dict.fromkeys(by_stream, head)):
                by_stream[recorded.stream].append(recorded)
            yield [*by_stream.values()]


def differing_after(
    log: EventLog,
    first: Moment,
    second: Moment,
    head: int,
    after: UUID,
    types: Sequence[str] | None,
    limit: int,
) -> dict[UUID, list[Recorded]]:
    """The same of a log that ended at ``head``: the next so many records after one, by id. With
    ``types``, only those where an event of these types makes the difference.
    """
    chosen = "" if types is None else " AND type = ANY(%s)"
    with log.database.borrow("writer", log.tenant.schema) as connection:
        rows = connection.execute(
            f"SELECT DISTINCT stream FROM events WHERE stream > %s AND position <= %s"
            f" AND {_SEES} <> {_SEES}{chosen} ORDER BY stream LIMIT %s",
            [
                *(after, head, *_bounds(first), *_bounds(second)),
                *(() if types is None else ([*types],)),
                limit,
            ],
        ).fetchall()
    by_stream: dict[UUID, list[Recorded]] = {stream: [] for (stream,) in rows}
    for recorded in log.load_many(dict.fromkeys(by_stream, head)):
        by_stream[recorded.stream].append(recorded)
    return by_stream


def _bounds(moment: Moment) -> tuple[datetime, int]:
    known = moment.as_known_at
    return moment.as_of, _FOR_EVER if known is None else to_microseconds(known)
