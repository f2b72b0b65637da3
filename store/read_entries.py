"""Looking into the read log: its entries by subject, actor, time, read model and door, by index."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from domain.envelope import to_microseconds
from store.event_log import EventLog
from store.lists import open_cursor, seal_cursor
from store.read_log import Entry

_BY_COLUMN = ("actor", "model", "door")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are wanted: those that agree in everything that is given."""

    subject: UUID | None = None
    actor: UUID | None = None
    model: str | None = None
    door: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def about(self) -> bytes:
        """What a cursor is bound to."""
        given = [str(getattr(self, name)) for name in self.__slots__]
        return b"reads" + orjson.dumps(given)


def entries(
    log: EventLog, asked: Asked, limit: int, cursor: str | None = None
) -> tuple[list[Entry], str | None]:
    """A page, the newest first, and the cursor of the next one.

    Raises:
        BadCursor: the cursor is of another list, or none of ours.
    """
    key, about = log.keys.cursor_key, asked.about
    clauses, values = _where(asked)
    if cursor is not None:
        clauses.append("number < %s")
        values.append(open_cursor(key, about, cursor)["number"])
    # Found before they are sorted: a LIMIT would tempt the planner to go through all of them.
    query = (
        f"WITH found AS MATERIALIZED (SELECT number FROM reads WHERE {' AND '.join(clauses)})"
        if asked.subject
        else f"WITH found AS (SELECT number FROM reads WHERE {' AND '.join(clauses)})"
    )
    query += (
        " SELECT number, read_at, body FROM reads JOIN"
        " (SELECT number FROM found ORDER BY number DESC LIMIT %s) AS page USING (number)"
        " ORDER BY number DESC"
    )
    with log.database.borrow("writer", log.tenant.schema) as connection:
        rows = connection.execute(query.encode(), [*values, limit + 1], binary=True).fetchall()
    found = [Entry(*row) for row in rows[:limit]]
    more = len(rows) > limit
    return found, seal_cursor(key, about, {"number": found[-1].number}) if more else None


def _where(asked: Asked) -> tuple[list[str], list[Any]]:
    clauses: list[str] = ["true"]
    values: list[Any] = []
    if asked.subject is not None:
        clauses.append("subjects @> ARRAY[%s::uuid]")
        values.append(asked.subject)
    for name in _BY_COLUMN:
        if (value := getattr(asked, name)) is not None:
            clauses.append(f"{name} = %s")
            values.append(value)
    # Numbers and times grow together, so a time is a number.
    for sign, order, moment in ((">=", "ASC", asked.since), ("<=", "DESC", asked.until)):
        if moment is not None:
            clauses.append(
                f"number {sign} (SELECT number FROM reads WHERE read_at {sign} %s"
                f" ORDER BY read_at {order}, number {order} LIMIT 1)"
            )
            values.append(to_microseconds(moment))
    return clauses, values
