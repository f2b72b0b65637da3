"""Replaying a rule over the log: stream by stream, in parts that several processes may share.

The sandbox is the database's: each process reads in a transaction that may not write, and sees the
log up to one position. No personal field is read, let alone decrypted. One record is in memory at a
time, and what all of them come to.
"""

import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from domain.envelope import Recorded
from projections.rebuild import PARTS_A_WORKER, WIDTH
from projections.skipping import skipped
from projections.what_if import WHAT_IFS
from projections.what_if.kernel import Period, Report, Tally, WhatIf
from store import scan
from store.collecting import collector_waits
from store.database import Connection, Database, Role
from store.epoch_keys import EpochKeys
from store.event_log import EventLog
from store.figures import FiguresTimedOut
from store.keys import KeyStore
from store.progress import Progress, untold
from store.ranges import Range, between, cuts
from store.snapshots import Snapshot
from store.tenants import Tenant
from store.workers import Workers, cores


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule to be replayed."""

    name: str
    """Of the what-if."""
    rule: Any
    period: Period

    @property
    def what_if(self) -> WhatIf:
        return WHAT_IFS[self.name]


def replay(
    log: EventLog,
    trial: Trial,
    progress: Progress = untold,
    *,
    workers: int | None = None,
    seconds: float | None = None,
) -> Report:
    """What the rule would have changed, as of one position of the log. Nothing is written.

    Without a number of ``workers`` a long log is shared by one process a core; ``seconds`` is how
    long it may take.

    Raises:
        FiguresTimedOut: it took longer.
        WorkerLost: a process died.
    """
    what_if, period = trial.what_if, trial.period
    deadline = None if seconds is None else time.monotonic() + seconds
    left_out = frozenset(
        position for model, position in skipped(log) if model == what_if.read_model
    )
    with Snapshot.of(log) as snapshot:
        head = snapshot.head()
        parts = [Part(one) for one in between(cuts(snapshot.connection, WIDTH))]
        bench = Bench(log, snapshot.connection, trial, left_out, head)
        tally, records, failed = what_if.tally(trial.rule, period), 0, 0
        for number, done in enumerate(_done(bench, parts, workers or cores()), start=1):
            tally.add(done.tally)
            records += done.records
            failed += done.failed
            progress("replay", min(number * WIDTH, head), head)
            if deadline is not None and time.monotonic() > deadline and number < len(parts):
                raise FiguresTimedOut(
                    f"The replay took longer than {seconds:g} s. Ask for a shorter period, or use "
                    "the command line: kept what-if."
                )
    progress("replay", head, head)
    return Report(what_if, period, head, records, failed, tally.rows())


class Done(NamedTuple):
    """What a part gave."""

    tally: Tally
    records: int
    failed: int


class Part(NamedTuple):
    """The streams of a range."""

    streams: Range

    def run(self, bench: "Bench") -> Done:
        """Fold those that began in the period."""
        trial, what_if, period = bench.trial, bench.trial.what_if, bench.trial.period
        tally, records, failed = what_if.tally(trial.rule, period), 0, 0
        with collector_waits():
            for _, stream in groupby(self._events(bench), attrgetter("stream_text")):
                events = [one for one in stream if _counts(one, bench)]
                if not events:
                    continue
                try:
                    outcome = what_if.fold(trial.rule, period, events)
                except Exception:  # what no step can fold waits in the read models too
                    failed += 1
                    continue
                records += 1
                tally.count(outcome)
        return Done(tally, records, failed)

    def _events(self, bench: "Bench") -> Iterator[Recorded]:
        trial = bench.trial
        types = [*trial.what_if.aggregate.EVENTS]
        begun = scan.Begun(types, trial.period.since, trial.period.until)
        return scan.public(bench.log, bench.connection, bench.head, self.streams, begun)


def _counts(recorded: Recorded, bench: "Bench") -> bool:
    happened = recorded.occurred_at <= bench.trial.period.until
    return happened and recorded.position not in bench.left_out


@dataclass(frozen=True, slots=True)
class Bench:
    """What parts are folded with, in one process."""

    log: EventLog
    connection: Connection
    """Inside a transaction that may not write."""
    trial: Trial
    left_out: Set[int]
    """Positions of events that the live read model goes on without."""
    head: int
    """Up to there the log is replayed."""


@dataclass(frozen=True)
class Setup:
    """From what another process makes its bench."""

    urls: Mapping[Role, str] = field(repr=False)
    tenant: Tenant
    epoch_keys: EpochKeys
    trial: Trial
    left_out: Set[int]
    head: int

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        """With a database of its own."""
        database = Database(self.urls)
        log = EventLog(database, self.tenant, KeyStore(database, self.tenant, self.epoch_keys))
        try:
            with Snapshot.of(log) as snapshot:
                yield Bench(log, snapshot.connection, self.trial, self.left_out, self.head)
        finally:
            log.close()
            database.close()


def _done(bench: Bench, parts: Sequence[Part], workers: int) -> Iterator[Done]:
    """What the parts give, in their order."""
    count = min(workers, len(parts) // PARTS_A_WORKER)
    if count <= 1:
        yield from (part.run(bench) for part in parts)
        return
    log = bench.log
    setup = Setup(
        dict(log.database.urls),
        log.tenant,
        log.keys.epochs.provider,
        bench.trial,
        bench.left_out,
        bench.head,
    )
    with closing(Workers(setup, count)) as shared:
        yield from shared.run(parts)
