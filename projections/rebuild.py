"""Rebuild read models from the log, beside the live ones, and swap when caught up.

The log is read once, stream by stream, so that one stream's rows are in memory at a time; rows go out by COPY
and indexes are made after. What was appended meanwhile is folded under the lock of the swap. A rebuild never
reacts: no mail, no webhook, no command.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from projections.folding import Folding
from projections.kernel import Derived, Projection, ReadModel
from projections.tables import row_from, table_of
from store import scan
from store.database import Connection, LockTimeout
from store.event_log import EventLog
from store.read_models import Table
from store.tracking import Tracking

FLUSH: Final = 4_000
"""Lines of one table that are held before they are written."""
REPORT_EVERY: Final = 2_000
SWAP_TRIES: Final = 60
CATCH_UP: Final = 1_000
"""Events folded at once when catching up with the live log."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild made."""

    name: str
    rows: int
    checksum: str
    live_checksum: str | None
    """Of the live table just before the swap; None where there was none."""


def prepare(
    log: EventLog, projections: Sequence[Projection], derived: Sequence[Derived]
) -> list[str]:
    """Make the tables that this release has and the tenant lacks, folded from the log; gives their names."""
    with log.database.connect("projector", log.tenant.schema) as connection:
        known = Tracking(connection).known()
    missing = [
        model
        for model in (*projections, *derived)
        if known.get((model.name, model.version), (0, None))[1] != table_of(model).shape
    ]
    if missing:
        rebuild(log, projections, derived, missing)
    return [model.name for model in missing]


def rebuild(
    log: EventLog,
    projections: Sequence[Projection],
    derived: Sequence[Derived],
    chosen: Sequence[ReadModel],
    progress: Progress = lambda what, done, of: None,
) -> list[Rebuilt]:
    """Fold the chosen read models from nothing and put them in the place of the live ones."""
    with log.database.connect("projector", log.tenant.schema) as connection:
        names = [model.name for model in chosen]
        connection.execute(
            "SELECT pg_advisory_lock(hashtext('rebuild'), hashtext(current_schema()))"
        )
        head = log.head()
        drafts = {model.name: _draft(connection, model) for model in chosen}
        parked = _copy_all(log, connection, projections, derived, drafts, head, progress)
        copied_at = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        for done, (name, draft) in enumerate(drafts.items()):
            for index in draft.index(connection):
                progress(f"index {name} ({index})", done, len(drafts))
            connection.execute(f"ANALYZE {draft.table}".encode())
        _await_old_snapshots(connection, copied_at[0] if copied_at else 0)
        swap = _Swap(log, connection, projections, derived, chosen, drafts, head, parked)
        swap.run()
        live = swap.live_checksums
        sums = {model.name: table_of(model).checksum(connection) for model in chosen}
    return [Rebuilt(name, sums[name][0], sums[name][1], live.get(name)) for name in names]


def _draft(connection: Connection, model: ReadModel) -> Table:
    """The table beside the live one."""
    table = table_of(model)
    draft = Table(
        f"{table.name}_draft", table.version, table.columns, table.key, table.serves, table.search
    )
    draft.drop(connection)
    draft.create(connection)
    return draft


def _copy_all(
    log: EventLog,
    connection: Connection,
    projections: Sequence[Projection],
    derived: Sequence[Derived],
    drafts: dict[str, Table],
    head: int,
    progress: Progress,
) -> Folding:
    """Fold the log up to ``head`` into the drafts; gives the folding with what it parked."""
    wanted = [one for one in projections if one.name in drafts]
    feeders = projections if any(one.name in drafts for one in derived) else wanted
    folding = Folding(feeders, [one for one in derived if one.name in drafts])
    lines: dict[str, list[str]] = {name: [] for name in drafts}
    models: list[ReadModel] = [*wanted, *(one for one in derived if one.name in drafts)]
    done = 0
    for _, stream in groupby(scan.by_stream(log, head), attrgetter("stream")):
        for recorded in stream:
            folding.fold(recorded)
            done += 1
            if done % REPORT_EVERY == 0:
                progress("fold", done, head)
        for one in feeders:
            if one.name not in drafts:
                folding.rows[one.name] = {}
        for model in models:
            rows, _deleted = folding.take(model)
            table = drafts[model.name]
            buffer = lines[model.name]
            buffer += [table.line(row.__dict__) for row in rows]
            if len(buffer) >= FLUSH:
                table.copy_in(connection, buffer)
                buffer.clear()
    for name, buffer in lines.items():
        drafts[name].copy_in(connection, buffer)
    progress("fold", head, head)
    return folding


def _await_old_snapshots(connection: Connection, copied_at: int) -> None:
    """A snapshot from before the copy would see the new table empty, so it is waited for."""
    deadline = time.monotonic() + SWAP_TRIES
    while time.monotonic() < deadline:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL"
            " AND age(backend_xmin) > age(%s::text::xid)",
            [str(copied_at % 2**32)],
        ).fetchone()
        if not row or not row[0]:
            return
        time.sleep(0.1)  # nothing tells when a snapshot closes


@dataclass
class _Swap:
    log: EventLog
    connection: Connection
    projections: Sequence[Projection]
    derived: Sequence[Derived]
    chosen: Sequence[ReadModel]
    drafts: dict[str, Table]
    position: int
    folding: Folding

    def __post_init__(self) -> None:
        self.live_checksums: dict[str, str] = {}

    def run(self) -> None:
        """Catch up, then under a lock that lasts for the last events only, take the live table's place.

        Raises:
            LockTimeout: readers kept the live table locked all the while.
        """
        self.connection.execute("SET lock_timeout = '500ms'")
        for draft in self.drafts.values():
            draft.stage(self.connection)
        while self._catch_up(self.log.head()):
            pass
        for left in reversed(range(SWAP_TRIES)):
            start = self.position
            try:
                with self.connection.transaction():
                    self._swap()
                return
            except LockTimeout:
                self.position = start
                if not left:
                    raise

    def _catch_up(self, target: int) -> int:
        """Fold what came since into the drafts, up to ``target``; gives how many events that were."""
        folded = 0
        while self.position < target:
            limit = min(CATCH_UP, target - self.position)
            events = self.log.read_on(self.connection, self.position, limit)
            if not events:
                break
            with self.connection.transaction():
                self._fold(events)
            self.position = events[-1].position
            folded += len(events)
        return folded

    def _fold(self, events: Sequence[Any]) -> None:
        folding = Folding(self.projections, self.derived)
        folding.parked = set(self.folding.parked)
        touched = folding.keys(events)
        # Rows of first stages that are not being rebuilt are folded from their streams, to feed the second.
        for projection in self.projections:
            draft = self.drafts.get(projection.name)
            keys = [*touched.get(projection.name, ())]
            if draft is not None:
                for values in draft.load(self.connection, keys):
                    row = row_from(projection, values)
                    folding.rows[projection.name][
                        tuple(getattr(row, one) for one in projection.row.KEY)
                    ] = row
            elif self._feeds():
                for stream in {key[0] for key in keys}:
                    for earlier in self.log.load(stream):
                        if earlier.position < events[0].position:
                            Folding.fold(folding, earlier)
        for rows in folding.derived_rows.values():
            rows.clear()
        for recorded in events:
            folding.fold(recorded)
        for model in self.chosen:
            rows, deleted = folding.take(model)
            draft = self.drafts[model.name]
            draft.write(self.connection, [draft.line(row.__dict__) for row in rows])
            draft.delete(self.connection, deleted)
        self.folding.newly_parked += folding.newly_parked
        self.folding.parked |= folding.parked

    def _feeds(self) -> bool:
        return any(one.name in self.drafts for one in self.derived)

    def _swap(self) -> None:
        tracking = Tracking(self.connection)
        live = tracking.locked(self.chosen)
        target = max(live.values(), default=self.log.head())
        if live:
            target = min(live.values())
        self._catch_up(target)
        for model in self.chosen:
            table, draft = table_of(model), self.drafts[model.name]
            if model.name in live:
                self.live_checksums[model.name] = table.checksum(self.connection)[1]
            self._rename(table, draft)
            table.publish(self.connection)
            tracking.register(model, self.position, table.shape)
            for name, stream in tracking.parked():
                if name == model.name:
                    tracking.unpark(name, stream)
        chosen = {model.name for model in self.chosen}
        tracking.park([one for one in self.folding.newly_parked if one.model in chosen])

    def _rename(self, table: Table, draft: Table) -> None:
        connection = self.connection
        former = f"{table.table}_former"
        exists = connection.execute("SELECT to_regclass(%s)", [table.table]).fetchone()
        if exists and exists[0] is not None:
            # The view must let go of the live table before its former version can be dropped.
            connection.execute(
                f"ALTER TABLE {table.table} RENAME TO {table.table}_leaving".encode()
            )
        connection.execute(f"ALTER TABLE {draft.table} RENAME TO {table.table}".encode())
        table.publish(connection)
        connection.execute(f"DROP TABLE IF EXISTS {former}".encode())
        if exists and exists[0] is not None:
            _rename_indexes(connection, f"{table.table}_leaving", f"{table.table}_", f"{former}_")
            connection.execute(f"ALTER TABLE {table.table}_leaving RENAME TO {former}".encode())
        _rename_indexes(connection, table.table, f"{draft.table}_", f"{table.table}_")


def _rename_indexes(connection: Connection, table: str, prefix: str, to: str) -> None:
    names: Iterator[tuple[str]] = iter(
        connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass", [table]
        ).fetchall()
    )
    for (name,) in names:
        if name.startswith(prefix):
            connection.execute(f"ALTER INDEX {name} RENAME TO {to}{name[len(prefix) :]}".encode())
