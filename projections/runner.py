"""The runner: follows the log and keeps every live read model, in batches.

A batch is one transaction: events read, rows loaded, folded, written, and the positions moved by
compare-and-set, so that two runners cannot fold an event twice. The lease only saves the second
one's work. An event that a step cannot fold parks its row; connection and disk errors never park,
they are tried again.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final
from uuid import UUID

from domain.envelope import Recorded
from domain.skipped_events import SKIPPED_EVENTS
from projections.folding import Folding, Key, outlived
from projections.kernel import Derived, Projection, ReadModel, Row
from projections.row_cache import RowCache
from projections.skipping import NONE, skipped
from projections.tables import load_rows, table_of
from store.collecting import collector_waits
from store.database import Connection
from store.event_log import EventLog
from store.tracking import LEASE, Overtaken, Tracking

BATCH: Final = 5_000
"""Events in one transaction at most: as many as have come, and of a backlog so many that a record's
changes meet in one, since a row and its index entries are written once in each.
"""
POLL: Final = 0.25
"""Seconds after which the log is looked at even if nobody woke the runner."""
RETRY: Final = 0.5
TIDY_EVERY: Final = 100
"""Batches after which the staging tables are emptied for good."""

log = logging.getLogger(__name__)


class Runner:
    """Keeps the live read models of one tenant.

    :meth:`run` until stopped, or :meth:`catch_up` once.
    """

    def __init__(
        self, event_log: EventLog, projections: Sequence[Projection], derived: Sequence[Derived]
    ) -> None:
        self._log = event_log
        self.projections, self.derived = tuple(projections), tuple(derived)
        self.models: tuple[ReadModel, ...] = (*self.projections, *self.derived)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._progress = threading.Condition()
        self._position = 0
        self._listeners: list[Callable[[int], None]] = []
        self._connection: Connection | None = None
        self._rows = RowCache()
        self._skipped = NONE
        self._batches = 0
        event_log.on_commit(lambda _: self._wake.set())

    def wake(self) -> None:
        """Something was appended."""
        self._wake.set()

    def on_progress(self, listener: Callable[[int], None]) -> None:
        """Call ``listener(position)`` after each batch; it must not block."""
        self._listeners.append(listener)

    def run(self) -> None:
        """Follow the log until :meth:`stop`; reconnects by itself."""
        while not self._stopping.is_set():
            try:
                self._follow()
            except Exception as lost:  # whatever it is, the read models must not stop for good
                log.warning("the projection runner starts over: %s", type(lost).__name__)
                self._drop_connection()
                # If the server was lost, its last commits here may be: nobody may count on them.
                self._report(0)
                self._stopping.wait(RETRY)
        self._drop_connection()

    def stop(self) -> None:
        """Let :meth:`run` return after the batch in hand."""
        self._stopping.set()
        self._wake.set()

    def close(self) -> None:
        """Let go of the connection that :meth:`catch_up` used; :meth:`run` does so by itself."""
        self._drop_connection()

    def catch_up(self) -> int:
        """Fold everything that is in the log now; gives the position reached.

        Raises:
            Overtaken: another runner was faster; what it folded stands.
        """
        connection = self._connect()
        while self._batch(connection):
            pass
        return self._position

    def position(self) -> int:
        """Up to where every live read model has folded."""
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            return Tracking(connection).lowest(self.models)

    def wait_for(self, position: int, timeout: float) -> bool:
        """Wait until the read models have folded ``position``; False if they have not in time."""
        self._wake.set()
        with self._progress:
            self._progress.wait_for(lambda: self._position >= position, timeout)
        return self._position >= position or self.position() >= position

    def retry_parked(self, model: str, stream: UUID) -> bool:
        """Fold a parked row anew from the whole of its stream, and what is derived of it; True if
        it is no longer parked.
        """
        # On a connection of its own: the runner's is in the middle of a batch.
        with (
            self._log.database.connect("projector", self._log.tenant.schema) as connection,
            connection.transaction(),
        ):
            tracking = Tracking(connection)
            positions = tracking.locked(self.models)
            parked = tracking.parked()
            events, left_out = self._log.load(stream), skipped(self._log)
            for one in self.models:
                waits = isinstance(one, Derived) and (one.name, stream) in parked
                if one.name != model and not waits:
                    continue
                folding = Folding(self.projections, self.derived, left_out)
                for recorded in events:
                    if recorded.position <= positions[one.name]:
                        folding.fold(recorded)
                if any(failed.model == one.name for failed in folding.newly_parked):
                    return False
                tracking.unpark(one.name, stream)
                table_of(one).stage(connection)
                table_of(one).delete_stream(connection, stream)
                self._write(connection, folding, [one])
        return True

    def _follow(self) -> None:
        connection = self._connect()
        while not Tracking(connection).lease(LEASE):
            self._report(Tracking(connection).lowest(self.models))
            if self._stopping.wait(POLL):
                return
        while not self._stopping.is_set():
            self._wake.clear()
            if not self._batch(connection):
                self._wake.wait(POLL)

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._log.database.connect("projector", self._log.tenant.schema)
            # Rows and positions are written together, so what a crash takes is folded again.
            self._connection.execute("SET synchronous_commit = off")
            self._skipped = skipped(self._log)
            for model in self.models:
                table_of(model).stage(self._connection)
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _batch(self, connection: Connection) -> int:
        """Fold the next events; gives how many there were."""
        with collector_waits():  # until nothing is left of the batch, or it would go through all
            return self._take(connection)

    def _take(self, connection: Connection) -> int:
        with connection.transaction():
            tracking = Tracking(connection)
            start = tracking.lowest(self.models)
            events = self._log.read_on(connection, start, BATCH)
            reached = events[-1].position if events else start
            self._rows.at(start)
            written: list[tuple[str, Key, Row | None]] = []
            parked: set[tuple[str, UUID]] = set()
            if events:
                # Before any row is read: a swap, a retry and another runner wait here.
                positions = tracking.locked(self.models)
                if min(positions.values()) != start:
                    raise Overtaken
                folding = self._fold(connection, tracking.parked(), events, positions)
                behind = [one for one in self.models if positions[one.name] < reached]
                written = self._write(connection, folding, behind)
                parked = folding.parked
                tracking.park(folding.newly_parked)
                tracking.advance(self.models, positions, reached)
        if events:
            self._rows.keep(reached, written, parked)
            self._tidy(connection, at_once=bool(outlived(events)))
        self._report(reached)
        return len(events)

    def _tidy(self, connection: Connection, at_once: bool) -> None:
        """Now and then give back the room of rows that went through the staging tables; at once,
        where values that were erased may lie there.
        """
        self._batches += 1
        if at_once or self._batches % TIDY_EVERY == 0:
            for model in self.models:
                table_of(model).clear_stage(connection)

    def _fold(
        self,
        connection: Connection,
        parked: set[tuple[str, UUID]],
        events: Sequence[Recorded],
        positions: dict[str, int],
    ) -> Folding:
        anew = outlived(events)
        # An event is skipped after it was folded in vain, so it matters where it is folded again.
        if anew or any(one.stream == SKIPPED_EVENTS for one in events):
            self._skipped = skipped(self._log)
        folding = Folding(self.projections, self.derived, self._skipped)
        folding.parked = parked
        start = min(positions.values())
        for stream in anew:
            self._fold_anew(folding, stream, positions)
        for projection, touched in folding.keys(events):
            keys = {key for key in touched if key[0] not in anew}
            if positions[projection.name] == start:
                kept, missing = self._rows.take(projection.name, keys)
                for key, row in kept.items():
                    folding.put(projection, key, row)
                load_rows(folding, projection, table_of(projection), connection, missing)
            else:  # its rows are ahead of what is still to be derived of them
                for stream in {key[0] for key in keys}:
                    before = [one for one in self._log.load(stream) if one.position <= start]
                    folding.seed(projection, before)
        for recorded in events:
            folding.fold(recorded, positions)
        return folding

    def _fold_anew(self, folding: Folding, stream: UUID, positions: dict[str, int]) -> None:
        """Fold what a stream holds up to where the read models stand, its history included."""
        start = min(positions.values())
        done = {name: 0 if reached == start else reached for name, reached in positions.items()}
        for recorded in self._log.load(stream):
            if recorded.position <= start:
                folding.fold(recorded, done)

    def _write(
        self, connection: Connection, folding: Folding, models: Sequence[ReadModel]
    ) -> list[tuple[str, Key, Row | None]]:
        """Write the folded rows of these models; gives those of the first stage, by key."""
        names = {model.name for model in models}
        written: list[tuple[str, Key, Row | None]] = []
        for model in folding.touched():
            rows, deleted = folding.take(model)
            if model.name in names:
                table = table_of(model)
                table.write(connection, [table.values(row.__dict__) for row in rows])
                table.delete(connection, deleted)
                if isinstance(model, Projection):
                    key_of = attrgetter(*model.row.KEY)
                    single = len(model.row.KEY) == 1
                    keys = ((key_of(row),) if single else key_of(row) for row in rows)
                    written += [(model.name, key, row) for key, row in zip(keys, rows, strict=True)]
                    written += [(model.name, key, None) for key in deleted]
        return written

    def _report(self, position: int) -> None:
        with self._progress:
            moved = position != self._position
            self._position = position
            self._progress.notify_all()
        if moved:
            for listener in self._listeners:
                listener(position)
