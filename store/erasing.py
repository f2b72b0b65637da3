"""What an erasure does to the store: fence, destroy, release, scrub. Each may be done again.

The order is the erasure's own (:mod:`api.erasing`); what is done here holds no personal value and
gives none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

from domain.kernel import Aggregate, event_type, fold
from store.database import Connection
from store.event_log import EventLog
from store.suppressions import REFUSALS
from store.tracking import Tracking

LEASE: Final = "erasure"
LOCK_SECONDS: Final = 10
"""For so long others may keep a table locked that is to be scrubbed."""
SCRUBBED: Final = ("personal_data", "unique_values", "command_receipts")
"""Tables of the log from which rows were deleted."""
_AS_MAINTAINER: Final = (
    ("VACUUM FULL pg_catalog.pg_statistic", "statistics"),
    ("CHECKPOINT", "files of the database"),
)
"""Dropped files are let go of by the next checkpoint."""


class Erasure(NamedTuple):
    """Whose data of which categories goes."""

    request: UUID
    subjects: Sequence[UUID]
    categories: Sequence[str]
    for_good: bool
    """They asked for it, and nothing is stored about them again; of retention it may be."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A record in which something about somebody stood."""

    stream: UUID
    kind: type[Aggregate]


class Eraser:
    """Of one tenant."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def fence(self, erasure: Erasure) -> None:
        """For good, from now on nothing is stored about them in these categories. Otherwise what is
        stored from now on lies under another key, and stays.
        """
        request, subjects, categories, for_good = erasure
        with self._connect() as eraser:
            eraser.execute(
                "SELECT fence_subjects(%s, %s, %s, %s)",
                [request, [*subjects], [*categories], for_good],
            )

    def destroy(self, erasure: Erasure, heard: int) -> bool:
        """Destroy keys and rows; False if somebody refused contact after the position ``heard``, up
        to which addresses remember it.
        """
        request, subjects, categories, for_good = erasure
        with self._connect() as eraser:
            row = eraser.execute(
                "SELECT destroy_subjects(%s, %s, %s, %s, %s, %s)",
                [request, [*subjects], [*categories], heard, [*REFUSALS], for_good],
            ).fetchone()
        self._log.keys.forget()
        return bool(row and row[0])

    def destroyed(self, request: UUID) -> tuple[int, int]:
        """How many keys and rows it took, over all attempts."""
        with self._connect() as eraser:
            row = eraser.execute(
                "SELECT destroyed_keys, destroyed_rows FROM erasures WHERE request = %s", [request]
            ).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    def touched(self, request: UUID) -> list[Touched]:
        """The records in which something about them stood, always in the same order."""
        with self._connect() as eraser:
            rows = eraser.execute(
                "SELECT stream, opened_by FROM erasure_streams WHERE request = %s ORDER BY stream",
                [request],
            ).fetchall()
        return [Touched(row[0], event_type(row[1]).AGGREGATE) for row in rows]

    def set_apart(self, erasure: Erasure) -> list[UUID]:
        """The ids of the keys that were fenced and are to be destroyed."""
        with self._connect() as eraser:
            rows = eraser.execute(
                f"SELECT key_id FROM {self._log.tenant.keys}.data_keys WHERE subject = ANY(%s)"
                " AND category = ANY(%s) AND fenced_at IS NOT NULL AND destroyed_at IS NULL",
                [[*erasure.subjects], [*erasure.categories]],
            ).fetchall()
        return [row[0] for row in rows]

    def release(self, request: UUID, for_good: bool = True) -> None:
        """Give up the unique values that their records no longer have and, for good, the receipts
        of commands about them: both are keyed hashes, but of what they wrote.
        """
        with self._connect() as eraser:
            held = eraser.execute(
                "SELECT DISTINCT u.stream FROM unique_values u"
                " JOIN erasure_streams s USING (stream) WHERE s.request = %s",
                [request],
            ).fetchall()
            kinds = {one.stream: one.kind for one in self.touched(request)}
            for (stream,) in held:
                while not self._released(eraser, kinds[stream], stream):
                    pass  # somebody has written to it meanwhile
            if for_good:  # others go on working with these records, and may ask again
                eraser.execute(
                    "DELETE FROM command_receipts r USING erasure_streams s"
                    " WHERE s.request = %s AND s.stream <> %s"
                    " AND (r.receipt ->> 'stream')::uuid = s.stream",
                    [request, request],
                )

    def scrub(self) -> tuple[str, ...]:
        """Take what was deleted out of the files, statistics and dropped tables included; gives
        the names of the places (:mod:`store.places`) where the server does not let us.
        """
        left: list[str] = []
        keys = f"{self._log.tenant.keys}.data_keys"
        with self._log.database.connect("owner", self._log.tenant.schema) as owner:
            owner.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            said: list[Any] = []  # that something may not be vacuumed is a warning, not an error
            owner.add_notice_handler(said.append)
            for table in (*SCRUBBED, keys):
                owner.execute(f"VACUUM {table}".encode())
            for statement, place in _AS_MAINTAINER:
                said.clear()
                try:
                    owner.execute(statement.encode())
                except psycopg.errors.Error:
                    said.append(None)
                if said:
                    left.append(place)
        return tuple(left)

    def leads(self, connection: Connection) -> bool:
        """Whether this connection is the one that carries out erasures, until it is closed."""
        return Tracking(connection).lease(LEASE)

    def wait_to_lead(self, connection: Connection) -> None:
        """Be the one, once nobody else is."""
        Tracking(connection).wait_for_lease(LEASE)

    def unfolded(self) -> list[UUID]:
        """The erasures that were done again and may still be seen in the read models."""
        with self._connect() as eraser:
            rows = eraser.execute("SELECT request FROM erasures WHERE unfolded").fetchall()
        return [row[0] for row in rows]

    def mark_unfolded(self, requests: Collection[UUID], unfolded: bool) -> None:
        """Whether these may."""
        with self._connect() as eraser:
            eraser.execute(
                "UPDATE erasures SET unfolded = %s WHERE request = ANY(%s)",
                [unfolded, [*requests]],
            )

    def _released(self, eraser: Connection, kind: type[Aggregate], stream: UUID) -> bool:
        """All but the values that a record still has; False if it moved on in between."""
        events = self._log.load(stream)
        state: Aggregate = fold(kind(), (one.event for one in events))
        kept = [
            self._log.keys.value_hash(kind.AGGREGATE, name, value)
            for name, value in state.claims()
            if value
        ]
        row = eraser.execute(
            "SELECT release_values(%s, %s, %s)", [stream, events[-1].version, kept]
        ).fetchone()
        return bool(row and row[0])

    def _connect(self) -> Connection:
        return self._log.database.connect("eraser", self._log.tenant.schema)
