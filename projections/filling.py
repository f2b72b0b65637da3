"""Folding parts of the log into the drafts of a rebuild, in this process or in several.

A part is a range of streams. Its rows go out by COPY while others are folded, and are there with
the mark of the part or not at all.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple, Self

from domain.envelope import Recorded
from projections import DERIVED, PROJECTIONS
from projections.folding import Folding, Parked
from projections.kernel import Derived, Projection, ReadModel, Row
from projections.skipping import Skipped
from projections.tables import table_of
from store import drafts, scan
from store.collecting import collector_waits
from store.database import Connection, Database, Role
from store.epoch_keys import EpochKeys
from store.event_log import EventLog
from store.keys import KeyStore
from store.ranges import Range
from store.read_models import Table
from store.tenants import Tenant
from store.workers import Workers

RELEASED: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
"""What another process finds by name."""
FLUSH: Final = 1_000
"""Rows of one table that are held before they are written."""
BUFFERS: Final = 4
"""So many of them may wait for the database."""


class Part(NamedTuple):
    """The streams of a range, up to a position."""

    number: int
    streams: Range
    head: int
    as_of: datetime | None = None
    """What happened later is left out."""

    def run(self, bench: "Bench") -> Sequence[Parked]:
        """Fold them into the drafts; gives the rows that wait."""
        folding = Folding(bench.projections, bench.derived, bench.skipped)
        connection, schema = bench.connection, bench.log.tenant.schema
        with connection.transaction():
            with (
                collector_waits(),
                bench.log.database.connect("projector", schema) as reading,
                _Filling(connection, bench.drafts) as filling,
            ):
                types = _followed(bench.projections)
                scanned = scan.by_stream(bench.log, reading, self.head, self.streams, types)
                if self.as_of is not None:
                    scanned = happened(scanned, self.as_of)
                for _, stream in groupby(scanned, attrgetter("stream_text")):
                    for recorded in stream:
                        folding.fold(recorded)
                    for model in folding.touched():
                        rows, _deleted = folding.take(model)
                        if model.name in bench.drafts:
                            filling.add(model.name, rows)
            waiting = [(m, str(stream), at, said) for m, stream, at, said in folding.newly_parked]
            drafts.mark(connection, self.number, waiting)
        return folding.newly_parked


def _followed(projections: Iterable[Projection]) -> list[str] | None:
    """The types of the events that some of these follow; None where that is as good as all."""
    types = {name for one in projections for name in one.steps}
    return None if all(types.issuperset(one.steps) for one in PROJECTIONS) else sorted(types)


def fill(bench: "Bench", parts: Sequence[Part], workers: int) -> Iterator[Sequence[Parked]]:
    """Fold parts at this bench, or in so many processes that share them.

    Raises:
        WorkerLost: a process died.
    """
    folded: list[ReadModel] = [*bench.projections, *bench.derived]
    if workers <= 1 or any(one not in RELEASED for one in folded):
        yield from (part.run(bench) for part in parts)
        return
    log = bench.log
    setup = Setup(
        dict(log.database.urls),
        log.tenant,
        bench.schema or log.tenant.schema,
        log.keys.epochs.provider,
        [one.name for one in folded],
        [*bench.drafts],
        bench.skipped,
    )
    with closing(Workers(setup, workers)) as shared:
        yield from shared.run(parts)


@dataclass(frozen=True, slots=True)
class Bench:
    """What parts are folded with, in one process."""

    log: EventLog
    connection: Connection
    """Writes. Each part is read by another, while some of it is written."""
    projections: Sequence[Projection]
    derived: Sequence[Derived]
    drafts: Mapping[str, Table]
    """Of the read models that are made, by name."""
    skipped: Skipped
    """The same for all parts, whatever somebody skips meanwhile."""
    schema: str | None = None
    """Where they are, if not in the tenant's own."""


@dataclass(frozen=True)
class Setup:
    """From what another process makes its bench: the read models of this release, by name."""

    urls: Mapping[Role, str] = field(repr=False)
    tenant: Tenant
    schema: str
    """Of the drafts."""
    epoch_keys: EpochKeys
    folded: Sequence[str]
    made: Sequence[str]
    skipped: Skipped

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        """With a database and a key store of its own."""
        database = Database(self.urls)
        log = EventLog(database, self.tenant, KeyStore(database, self.tenant, self.epoch_keys))
        try:
            with database.connect("projector", self.schema) as connection:
                projections = [one for one in PROJECTIONS if one.name in self.folded]
                derived = [one for one in DERIVED if one.name in self.folded]
                made = [one for one in RELEASED if one.name in self.made]
                tables = {one.name: table_of(one).draft() for one in made}
                yield Bench(log, connection, projections, derived, tables, self.skipped)
        finally:
            log.close()
            database.close()


def happened(events: Iterable[Recorded], as_of: datetime) -> Iterator[Recorded]:
    """Those that had happened by then."""
    return (one for one in events if one.occurred_at <= as_of)


class _Filling:
    """Writes rows into drafts by COPY in a thread, so that the database stores some while others
    are folded. Nobody else may use the connection meanwhile.
    """

    def __init__(self, connection: Connection, tables: Mapping[str, Table]) -> None:
        self._connection, self._tables = connection, tables
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="kept-rebuild")
        self._under_way: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._writer:  # the connection is free again after it
            if kind is None:
                for name in [*self._rows]:
                    self._flush(name)
                self._wait(until_left=0)

    def add(self, name: str, rows: list[Row]) -> None:
        """Take rows of one draft; waits where the database is slower than whoever calls."""
        held, values = self._rows[name], self._tables[name].values
        held += [values(row.__dict__) for row in rows]  # while they are in the processor's caches
        if len(held) >= FLUSH:
            self._flush(name)
            self._wait(until_left=BUFFERS)

    def _flush(self, name: str) -> None:
        table = self._tables[name]
        text = table.text(self._rows.pop(name))
        self._under_way.append(self._writer.submit(table.copy_in, self._connection, text))

    def _wait(self, until_left: int) -> None:
        while len(self._under_way) > until_left:
            self._under_way.popleft().result()
