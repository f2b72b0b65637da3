"""Rebuild read models from the log, beside the live ones, and swap when caught up.

The log is read once, stream by stream, so that one stream's rows are in memory at a time, in parts
that several processes share; rows go out by COPY and indexes are made after. A rebuild that was
broken off goes on with the parts that are left. What was appended meanwhile is folded as the live
runner would, the last of it under the lock of the swap. A rebuild never reacts: no mail, no
webhook, no command.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from typing import Final
from uuid import UUID

from domain.envelope import Recorded
from projections.filling import Bench, Part, fill
from projections.folding import Folding, Parked, outlived
from projections.kernel import Derived, Projection, ReadModel
from projections.skipping import Skipped, skipped
from projections.tables import load_rows, table_of
from store import drafts
from store.database import Connection, LockTimeout
from store.drafts import Begun
from store.event_log import EventLog
from store.progress import Progress, untold
from store.ranges import between, cuts
from store.read_models import Table
from store.swapping import lock_out_readers, open_snapshots, take_place
from store.tracking import Tracking
from store.workers import cores

WIDTH: Final = 8_192
"""Events of a part, more or less."""
PARTS_A_WORKER: Final = 4
"""With fewer, a process of its own costs more than it saves."""
LEASE: Final = "rebuild"
SWAP_SECONDS: Final = 60
"""For so long old snapshots and locks of readers are waited for."""
FAR_BEHIND: Final = 10_000
"""Events that live read models lack, from which on it is quicker to fold all of them anew."""
CATCH_UP: Final = 1_000
"""Events folded at once when catching up with the live log."""
INDEXERS: Final = 2
"""Tables whose indexes are made at the same time."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild made."""

    name: str
    rows: int
    checksum: str
    live_checksum: str | None
    """Of the live table just before the swap; None where there was none."""


def rebuild(
    log: EventLog,
    projections: Sequence[Projection],
    derived: Sequence[Derived],
    chosen: Sequence[ReadModel],
    progress: Progress = untold,
    *,
    workers: int | None = None,
    afresh: bool = False,
) -> list[Rebuilt]:
    """Fold the chosen read models from nothing and put them in the place of the live ones, in so
    many processes; without a number, in one for each core.

    A rebuild of the same that was broken off is gone on with, unless it is to be done ``afresh``.

    Raises:
        LockTimeout: readers kept a live table locked, or an old snapshot open, for too long.
        WorkerLost: a process died.
    """
    with log.database.connect("projector", log.tenant.schema) as connection:
        Tracking(connection).await_lease(LEASE)
        work = Rebuild(log, connection, projections, derived, chosen, progress)
        work.copy(workers or cores(), afresh)
        work.index()
        work.swap()
    return [
        Rebuilt(name, *summed, work.live_checksums.get(name)) for name, summed in work.sums.items()
    ]


@dataclass
class Rebuild:
    """Drafts of the chosen read models: filled, indexed, caught up, and put into place."""

    log: EventLog
    connection: Connection
    projections: Sequence[Projection]
    derived: Sequence[Derived]
    chosen: Sequence[ReadModel]
    progress: Progress
    schema: str = ""
    """Of the drafts; the tenant's own, if none is named."""
    as_of: datetime | None = None
    """What happened later is left out."""
    position: int = 0
    drafts: dict[str, Table] = field(default_factory=dict)
    """The tables beside the live ones."""
    skipped: Skipped = field(init=False)
    folding: Folding = field(init=False)
    """Of what comes after the parts."""
    parked: list[Parked] = field(default_factory=list)
    """In the parts."""
    sums: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Rows and checksum of each draft, where its live table stood when they were compared."""
    live_checksums: dict[str, str] = field(default_factory=dict)
    models: tuple[ReadModel, ...] = field(init=False)
    """All that the release has, chosen or not."""

    def __post_init__(self) -> None:
        self.schema = self.schema or self.log.tenant.schema
        self.models = (*self.projections, *self.derived)
        names = {model.name for model in self.chosen}
        self.derived = [one for one in self.derived if one.name in names]
        self.projections = [
            one
            for one in self.projections
            if one.name in names or any(derived.is_fed_by(one) for derived in self.derived)
        ]
        self.skipped = skipped(self.log)
        self.folding = Folding(self.projections, self.derived, self.skipped)
        self.drafts = {model.name: table_of(model).draft() for model in self.chosen}

    def copy(self, workers: int, afresh: bool) -> None:
        """Fold the log as it is now into the drafts, or what is left of it."""
        begun = self._begun(afresh)
        head = self.position = begun.head
        written = drafts.marked(self.connection)
        parts = between(begun.cuts)
        left = [Part(n, one, head, self.as_of) for n, one in enumerate(parts) if n not in written]
        self.parked = [
            Parked(model, UUID(stream), position, said)
            for some in written.values()
            for model, stream, position, said in some
        ]
        fold = (self.projections, self.derived, self.drafts, self.skipped)
        bench = Bench(self.log, self.connection, *fold, self.schema)
        filling = fill(bench, left, min(workers, len(left) // PARTS_A_WORKER))
        for done, parked in enumerate(filling, start=len(written) + 1):
            self.parked += parked
            self.progress("fold", head * done // len(parts), head)
        self.folding.parked = {(one.model, one.stream) for one in self.parked}
        self.progress("fold", head, head)

    def _begun(self, afresh: bool) -> Begun:
        """The rebuild of the same that was broken off, or a new one."""
        shapes = [(one.table, one.shape) for one in self.drafts.values()]
        made = (version("kept"), self.as_of, sorted(self.skipped), shapes)
        plan = sha256(repr(made).encode()).hexdigest()
        before = drafts.unfinished(self.connection)
        if before is not None and before.plan == plan and not afresh:
            for draft in self.drafts.values():
                draft.unindex(self.connection)
            return before
        with self.log.database.borrow("writer", self.log.tenant.schema) as reading:
            begun = Begun(self._head(), plan, tuple(cuts(reading, WIDTH)))
        drafts.begin(self.connection, begun, self.drafts.values())
        return begun

    def _head(self) -> int:
        """Up to where the parts go."""
        return self._place(Tracking(self.connection).positions(self.models))

    def index(self) -> None:
        """Make the drafts' indexes, of several tables at the same time."""
        one = partial(drafts.index, self.log.database, self.schema)
        with ThreadPoolExecutor(INDEXERS) as indexers:
            # The history is the longest, so it is among the first.
            work = indexers.map(one, reversed([*self.drafts.values()]))
            for done, _ in enumerate(work, start=1):
                self.progress("index", done, len(self.drafts))

    def swap(self) -> None:
        """Catch up, then under a lock for the last events only, take the live tables' place."""
        deadline = time.monotonic() + SWAP_SECONDS
        for draft in self.drafts.values():
            draft.stage(self.connection)
        # A snapshot from before the copy would see the new table empty, so it is waited for;
        # nothing tells when one closes.
        copied_at = self.connection.execute("SELECT pg_current_xact_id()::text").fetchone()
        while copied_at and open_snapshots(self.connection, int(copied_at[0])):
            if time.monotonic() > deadline:
                raise LockTimeout("A transaction that began before the rebuild is still open.")
            time.sleep(0.05)
        self.connection.execute("SET lock_timeout = '500ms'")
        while True:
            self._catch_up(self._place(Tracking(self.connection).positions(self.models)))
            start = self.position
            try:
                with self.connection.transaction():
                    self._swap()
                return
            except LockTimeout:
                self.position = start
                if time.monotonic() > deadline:
                    raise

    def _sum_up(self, tracking: Tracking) -> None:
        """The checksums of the drafts, and of live tables as far as they hold the same columns."""
        known = tracking.known()
        for model in self.chosen:
            table = table_of(model)
            self.sums[model.name] = self.drafts[model.name].checksum(self.connection)
            _, shape = known.get((model.name, model.version), (0, None))
            if shape == table.shape:
                self.live_checksums[model.name] = table.checksum(self.connection)[1]

    def _place(self, live: Mapping[str, int]) -> int:
        """Where the live read models stand: the drafts join them, and can be compared. Those that
        are far behind are passed, if all are made anew: or the rest is folded event by event.
        """
        head = self.log.head()
        reached = max(live.values(), default=head)
        all_anew = len(self.chosen) == len(self.models)
        return head if all_anew and head - reached > FAR_BEHIND else reached

    def _catch_up(self, target: int) -> None:
        """Fold what came since into the drafts, up to ``target``."""
        while self.position < target:
            limit = min(CATCH_UP, target - self.position)
            events = self.log.read_on(self.connection, self.position, limit)
            with self.connection.transaction():
                self._fold(events)
                drafts.advance(self.connection, events[-1].position)
            self.position = events[-1].position

    def _fold(self, events: Sequence[Recorded]) -> None:
        folding = self.folding
        anew = outlived(events)
        for stream in anew:
            for recorded in self.log.load(stream):
                if recorded.position <= self.position:
                    folding.fold(recorded)
        for one, touched in folding.keys(events):
            keys = {key for key in touched if key[0] not in anew}
            if one.name in self.drafts:
                load_rows(folding, one, self.drafts[one.name], self.connection, keys)
            else:  # not rebuilt, it only feeds the second stage: its rows come from their streams
                for stream in {key[0] for key in keys}:
                    before = [e for e in self.log.load(stream) if e.position <= self.position]
                    folding.seed(one, before)
        for recorded in events:
            folding.fold(recorded)
        for model in folding.touched():
            rows, deleted = folding.take(model)
            draft = self.drafts.get(model.name)
            if draft is not None:
                draft.write(self.connection, [draft.values(row.__dict__) for row in rows])
                draft.delete(self.connection, deleted)

    def _swap(self) -> None:
        tracking = Tracking(self.connection)
        live = tracking.locked(self.models)
        # A runner waits at these positions now, so the drafts have to be just there.
        self._catch_up(self._place(live))
        self._sum_up(tracking)
        drafts.end(self.connection)
        for model in self.chosen:
            lock_out_readers(self.connection, table_of(model))
        for model in self.chosen:
            table = table_of(model)
            take_place(self.connection, self.drafts[model.name], table)
            tracking.register(model, self.position, table.shape)
            tracking.unpark(model.name)
        parked = (*self.parked, *self.folding.newly_parked)
        tracking.park(one for one in parked if one.model in self.drafts)
