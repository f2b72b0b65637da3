"""The eventsourcing library's recorder, over the append that every command goes through."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
)

from store.codec import PersonalRow
from store.errors import LogFull, LogUnavailable
from store.event_log import EventLog
from store.keys import DataKey
from store.mapper import LogEntry, SealedEvent
from store.subscription import LogSubscription

_COLUMNS: Final = (
    "e.position, e.recorded_at, e.body, p.subject::text, p.category, p.key_id::text, p.nonce,"
    " p.ciphertext, e.stream, e.version, e.type"
)


class LogRecorder(ApplicationRecorder):
    """Records and reads stored events in one tenant's log."""

    def __init__(self, log: EventLog) -> None:
        self.log = log

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append all of them or none; gives their positions.

        Raises:
            IntegrityError: a stream is not at the version before its first event here, or a data
                key is not (or no longer) the live one.
            OperationalError: the log is full or out of reach.
        """
        if not stored_events:
            return None
        try:
            outcome, detail = self.log.send(self._command(stored_events)).wait()
        except psycopg.IntegrityError as refused:
            raise IntegrityError(type(refused).__name__) from None
        except (LogFull, LogUnavailable, psycopg.OperationalError) as error:
            raise OperationalError(str(error)) from error
        if outcome != "stored" or detail is None:
            self.log.keys.forget()
            raise IntegrityError(outcome)
        for key in self._new_keys(stored_events):
            self.log.keys.stored(key)
        last = detail["position"]
        return [*range(last - len(stored_events) + 1, last + 1)]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events, by version."""
        # One text for a cold and a warm load, so that PostgreSQL plans one statement.
        where = "stream = %s AND version > %s"
        values: list[Any] = [originator_id, gt or 0]
        if lte is not None:
            where += " AND version <= %s"
            values.append(lte)
        return self._select(where, values, "version DESC" if desc else "version", limit)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events of the whole log, by position."""
        where = "true"
        values: list[Any] = []
        for sign, bound in ((">=" if inclusive_of_start else ">", start), ("<=", stop)):
            if bound is not None:
                where += f" AND position {sign} %s"
                values.append(bound)
        if topics:
            where += " AND type = ANY(%s)"
            values.append(list(topics))
        return self._select(where, values, "position", limit)

    def max_notification_id(self) -> int | None:
        """The last position; None of an empty log."""
        return self.log.head() or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LogSubscription:
        """Every event after a position, also those still to come."""
        return LogSubscription(self, gt, topics)

    def _command(self, stored_events: Sequence[StoredEvent]) -> dict[str, Any]:
        """One command of the append; see :mod:`store.event_log` for what it may hold."""
        sealed = [one for one in stored_events if isinstance(one, SealedEvent)]
        first, last = sealed[0], sealed[-1]
        keys = {key.key_id: key for one in sealed for key in one.keys.values()}
        reads: dict[Any, int] = {}
        for one in sealed:
            reads.setdefault(one.originator_id, one.originator_version - 1)
        return {
            "id": first.command,
            "stream": last.originator_id,
            "version": last.originator_version,
            "reads": [{"stream": stream, "version": version} for stream, version in reads.items()],
            "events": [_row(one) for one in sealed],
            "personal": [
                {**row, "n": n} for n, one in enumerate(sealed, 1) for row in one.personal
            ],
            "live_keys": [key.key_id for key in keys.values() if key.new is None],
            "new_keys": [key.new for key in keys.values() if key.new is not None],
        }

    @staticmethod
    def _new_keys(stored_events: Sequence[StoredEvent]) -> list[DataKey]:
        sealed = [one for one in stored_events if isinstance(one, SealedEvent)]
        return [key for one in sealed for key in one.keys.values() if key.new is not None]

    def _select(
        self, where: str, values: list[Any], order: str, limit: int | None
    ) -> list[Notification]:
        selected = f"FROM events WHERE {where}"
        if limit is not None:
            selected += f" ORDER BY {order} LIMIT {limit:d}"
        query = (
            f"SELECT {_COLUMNS} FROM (SELECT * {selected}) e"
            f" LEFT JOIN personal_data p USING (position) ORDER BY e.{order}"
        )
        with self.log.database.borrow("writer", self.log.tenant.schema) as connection:
            rows = connection.execute(query.encode(), values, binary=True).fetchall()
            keys = self.log.keys.by_ids(connection, {row[5] for row in rows if row[5] is not None})
        return self._entries(rows, keys)

    def _entries(
        self, rows: Sequence[tuple[Any, ...]], keys: Mapping[str, DataKey]
    ) -> list[Notification]:
        """The entries of these rows, one or several of which belong to each."""
        entries: list[Notification] = []
        personal: list[PersonalRow] = []
        position = 0
        for row in rows:
            if row[0] != position:
                position, personal = row[0], []
                entries.append(
                    LogEntry.of(
                        {
                            "id": position,
                            "originator_id": row[8],
                            "originator_version": row[9],
                            "topic": row[10],
                            "state": row[2].encode(),
                            "recorded_us": row[1],
                            "personal": personal,
                            "keys": keys,
                        }
                    )
                )
            if row[3] is not None:
                personal.append(PersonalRow._make(row[3:8]))
        return entries


def _row(event: StoredEvent) -> dict[str, Any]:
    return {
        "stream": event.originator_id,
        "version": event.originator_version,
        "type": event.topic,
        "body": event.state.decode(),
    }
