"""Whose personal data could be read in a span of time: that of everybody with a key that lived."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from store.event_log import EventLog

_LIVED: Final = "created_at <= %s AND (destroyed_at IS NULL OR destroyed_at >= %s)"


def counts(log: EventLog, since: datetime, until: datetime) -> dict[str, int]:
    """How many persons and records had data, by category."""
    with log.database.borrow("writer", log.tenant.schema) as connection:
        rows = connection.execute(
            f"SELECT category, count(DISTINCT subject) FROM {log.tenant.keys}.data_keys"
            f" WHERE {_LIVED} GROUP BY category ORDER BY category",
            [until, since],
        ).fetchall()
    return dict(rows)


def subjects(log: EventLog, since: datetime, until: datetime) -> Iterator[tuple[UUID, list[str]]]:
    """Each of them, with the categories, without holding all of them."""
    with (
        log.database.connect("writer", log.tenant.schema) as connection,
        connection.transaction(),
        connection.cursor("readable") as cursor,
    ):
        cursor.execute(
            f"SELECT subject, array_agg(DISTINCT category) FROM {log.tenant.keys}.data_keys"
            f" WHERE {_LIVED} GROUP BY subject ORDER BY subject",
            [until, since],
        )
        yield from ((row[0], row[1]) for row in cursor)
