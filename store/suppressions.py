"""The suppressions: keyed hashes of addresses at which somebody said no, filled from the log.

They follow the log by position, so filling them again changes nothing, and a crash loses nothing.
They are seconds behind it, which is soon enough: the refusal itself is in the consent's own record
and counts at once; its trace is for whoever comes back as somebody new.
"""

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.consents import Consent, ConsentRefused, ConsentWithdrawn, WithdrawalReason
from domain.contacts import Contact
from domain.customers import Customer
from domain.envelope import Recorded, from_microseconds, to_microseconds
from domain.kernel import fold
from domain.suppressions import Suppression, Trace, to_remember
from store.database import Connection
from store.event_log import EventLog
from store.recurring import Recurring

STEP: Final = 10_000
"""Positions that are looked through at once."""
PAUSE: Final = 2.0
"""Seconds between two looks at the log."""
REFUSALS: Final = tuple(event.__name__ for event in (ConsentRefused, ConsentWithdrawn))

_FOR_EVER: Final = 2**63 - 1


class Suppressions:
    """Those of one tenant. :meth:`start` follows the log until :meth:`close`, or
    :meth:`catch_up` once.
    """

    def __init__(self, event_log: EventLog) -> None:
        self._log = event_log
        self._recurring = Recurring("suppressions", self.catch_up, self._drop_connection)
        self._connection: Connection | None = None
        # Whoever erases catches up, too, and a connection has one transaction at a time.
        self._turn = threading.Lock()

    def remembered(
        self, traces: Iterable[Trace], as_known_at: datetime | None = None
    ) -> list[Suppression]:
        """What is remembered of these addresses, or was at a moment."""
        hashes = [self._log.keys.address_hash(*trace) for trace in traces]
        if not hashes:
            return []
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            rows = connection.execute(
                "SELECT reason, since FROM suppressions JOIN events USING (position)"
                " WHERE address_hash = ANY(%s) AND recorded_at <= %s",
                [hashes, to_microseconds(as_known_at) if as_known_at else _FOR_EVER],
            ).fetchall()
        return [Suppression(WithdrawalReason(row[0]), from_microseconds(row[1])) for row in rows]

    def start(self) -> None:
        """Follow the log in a thread of this process."""
        self._recurring.start(PAUSE)

    def close(self) -> None:
        """Stop following."""
        self._recurring.close(PAUSE)  # a lost database may keep it longer; it ends by itself

    def catch_up(self) -> int:
        """Take in every refusal that is in the log now; gives the position reached."""
        with self._turn:
            try:
                return self._caught_up(self._connect())
            except Exception:  # the next look begins where this one did
                self._drop_connection()
                raise

    def _caught_up(self, connection: Connection) -> int:
        row = connection.execute("SELECT max(position) FROM events").fetchone()
        head = row[0] or 0 if row else 0
        reached = -1
        while reached < head:
            with connection.transaction():
                reached = self._step(connection, head)
        return reached

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._log.database.connect("projector", self._log.tenant.schema)
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _step(self, connection: Connection, head: int) -> int:
        """Look through the next positions. Two processes take turns by the row's lock."""
        row = connection.execute("SELECT position FROM suppressions_reached FOR UPDATE").fetchone()
        start = row[0] if row else 0
        if start >= head:
            return int(start)
        end = min(start + STEP, head)
        found = connection.execute(
            "SELECT position, stream FROM events WHERE position > %s AND position <= %s"
            " AND type = ANY(%s) ORDER BY position",
            [start, end, [*REFUSALS]],
        ).fetchall()
        for position, stream in found:
            self._remember(connection, position, stream)
        connection.execute("UPDATE suppressions_reached SET position = %s", [end])
        return end

    def _remember(self, connection: Connection, position: int, stream: UUID) -> None:
        consent: Consent = fold(Consent(), self._events(stream, position))
        withdrawn_at, reason, subject = (
            consent.withdrawn_at,
            consent.withdrawal_reason,
            consent.subject_id,
        )
        if withdrawn_at is None or reason is None or subject is None:
            return
        person: Any = fold(
            Contact() if consent.contact_id else Customer(), self._events(subject, position)
        )
        for trace in to_remember(consent, person):
            connection.execute(
                "INSERT INTO suppressions (address_hash, reason, since, position)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT (address_hash) DO UPDATE"
                " SET reason = EXCLUDED.reason, since = EXCLUDED.since,"
                " position = EXCLUDED.position WHERE suppressions.since < EXCLUDED.since",
                [
                    self._log.keys.address_hash(*trace),
                    reason.value,
                    to_microseconds(withdrawn_at),
                    position,
                ],
            )

    def _events(self, stream: UUID, position: int) -> Iterable[Any]:
        recorded: list[Recorded] = self._log.load_many({stream: position})
        return (one.event for one in recorded)
