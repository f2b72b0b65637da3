"""What is held about somebody: every event of their records and every event with something of them.

Only what lies under their own keys is opened. What others' keys hold in the same events stays
sealed, so that nobody learns of them by asking about oneself (GDPR Art. 15(4)).
"""

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import ERASED
from store.event_log import SELECTED, EventLog
from store.opening import TRACE

BATCH: Final = 1_000
"""Events in memory at once."""
_SUBJECT: Final = 3
"""Its place among the columns; from there on they are of the personal data."""
_SEALED: Final = (None,) * 5


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event, opened as far as it is about them."""

    recorded: Recorded
    is_about: bool
    """Whether something in it lies under their keys."""
    has_others: bool
    """Whether something in it lies under somebody else's, and was not opened."""

    @property
    def not_shown(self) -> list[str]:
        """Names of the personal fields that were not opened: erased, or about somebody else."""
        event, trace = self.recorded.event, self.recorded.trace
        return [
            name
            for name in self.recorded.personal_names
            if (name[1:] not in trace if name[0] == TRACE else getattr(event, name, None) is ERASED)
        ]


def streams_about(log: EventLog, subjects: Collection[UUID]) -> list[UUID]:
    """The records in which something of them stands, by row of personal data, and their own."""
    with log.database.borrow("writer", log.tenant.schema) as connection:
        rows = connection.execute(
            "SELECT stream FROM events WHERE position IN"
            " (SELECT position FROM personal_data WHERE subject = ANY(%s))"
            " UNION SELECT stream FROM events WHERE stream = ANY(%s) AND version = 1",
            [[*subjects], [*subjects]],
        ).fetchall()
    return sorted(row[0] for row in rows)


def positions_of(log: EventLog, streams: Iterable[UUID]) -> "array[int]":
    """The positions of all events of these records, record by record in the order of versions."""
    with log.database.borrow("writer", log.tenant.schema) as connection:
        rows = connection.execute(
            "SELECT position FROM events WHERE stream = ANY(%s) ORDER BY stream, version",
            [[*streams]],
        )
        return array("q", (row[0] for row in rows))


def batches(
    log: EventLog, subjects: Collection[UUID], positions: "array[int]", size: int = BATCH
) -> Iterator[list[HeldEvent]]:
    """The events at these positions, as :func:`positions_of` orders them, so many at a time: one
    question to the database for each batch.
    """
    for start in range(0, len(positions), size):
        yield _batch(log, {str(one) for one in subjects}, positions[start : start + size])


def _batch(log: EventLog, subjects: set[str], positions: "array[int]") -> list[HeldEvent]:
    about: set[int] = set()
    others: set[int] = set()
    rows = []
    with log.database.borrow("writer", log.tenant.schema) as connection:
        found = connection.execute(
            f"{SELECTED} WHERE e.position = ANY(%s) ORDER BY e.stream, e.version",
            [[*positions]],
            binary=True,
        ).fetchall()
        for row in found:
            subject = row[_SUBJECT]
            if subject is None:
                rows.append(row)
            elif subject in subjects:
                about.add(row[0])
                rows.append(row)
            else:
                others.add(row[0])
                rows.append((*row[:_SUBJECT], *_SEALED))
        opened = log.opened(connection, rows)
    return [HeldEvent(one, one.position in about, one.position in others) for one in opened]
