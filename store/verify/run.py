"""Verifying the whole log as it is at one moment, in ranges that several processes share.

Positions first: each range of them gives its leaf hashes, and the tree is built of all; then what
there is once; then streams, range by range. The ranges do not depend on how many processes there
are, and are reported in their order: so is what is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final, NamedTuple

from store.database import Connection
from store.event_log import EventLog
from store.progress import Progress, untold
from store.transparency import retained, timestamps
from store.transparency.signing import SigningKeys
from store.transparency.timestamps import Authority
from store.transparency.verifying import Tree, integrated
from store.verify.bench import Moment, bench_of, setup_of
from store.verify.found import MOST_FAULTS, Verified
from store.verify.positions import Address, Leaves, Positions, compare, position_ranges
from store.verify.rows import digest_of
from store.verify.sittings import Remembered, Sitting, cut
from store.verify.streams import Checked, Streams, stream_ranges
from store.verify.whole import ReadLog, Receipts, Strays, Tiles
from store.workers import Task, Workers, cores

MOST_WORKERS: Final = 16
"""Processes unless more are asked for: each has two connections."""
SMALL: Final = 20_000
"""Entries that are gone through before a second process would have begun."""


class GoesOn(NamedTuple):
    """A verification that was interrupted goes on."""

    done: float
    """The share of the log that was gone through."""
    head: int
    """Where the log stood when it began."""
    begun: int
    """Microseconds since 1970-01-01 UTC."""


def verify(
    log: EventLog,
    progress: Progress = untold,
    most_faults: int = MOST_FAULTS,
    workers: int | None = 1,
    afresh: bool = False,
    goes_on: Callable[[GoesOn], None] = lambda sitting: None,
) -> Verified:
    """Go through the whole log as it is at this moment; appends go on meanwhile.

    Where an earlier verification was interrupted, what it went through is only compared with what
    it was then, unless ``afresh``; ``goes_on`` is told. ``workers`` is the number of processes;
    with None there are as many as cores, or only this one for a small log.

    Raises:
        WorkerLost: one of the processes died.
    """
    outside = retained.kept(log.tenant)  # before the snapshot, or it might be ahead of it
    with ExitStack() as stack:
        main = stack.enter_context(log.database.connect("writer", log.tenant.schema))
        moment, begun = _moment(log, main, most_faults)
        run = stack.enter_context(_sharing(log, moment, _count(workers, moment.head)))
        work = _Verification(log, main, moment, outside, progress)
        if afresh:
            work.remembered.forget()
        sitting = work.begin(begun)
        if sitting.ranges:
            goes_on(GoesOn(sitting.done, sitting.head, sitting.begun))
        try:
            work.go_through(run)
        except BaseException:
            work.remembered.save(sitting)
            raise
        work.remembered.forget()
    return work.found


Run = Callable[[Iterable[Task]], Iterator[Any]]
"""Gives what the tasks give, in their order."""


@contextmanager
def _sharing(log: EventLog, moment: Moment, workers: int) -> Iterator[Run]:
    """Processes to run tasks in, or just this one."""
    if workers == 1:
        with bench_of(log.database, log.tenant, log.keys, moment) as bench:
            yield lambda tasks: (task.run(bench) for task in tasks)
    else:
        with closing(Workers(setup_of(log, moment), workers)) as shared:
            yield shared.run


class _Verification:
    def __init__(
        self,
        log: EventLog,
        main: Connection,
        moment: Moment,
        outside: str | None,
        progress: Progress,
    ) -> None:
        self._log, self._main, self._moment = log, main, moment
        self._progress = progress
        self.found = Verified(moment.most_faults)
        self.remembered = Remembered(log)
        signing = SigningKeys(log.database, log.tenant)
        self._tree = Tree(main, signing, outside, self.found.tell)
        self._last = Address(0, 0)
        self._sitting: Sitting
        self._streams: Sequence[Streams]

    def begin(self, begun: int) -> Sitting:
        """Go on with the sitting that was interrupted, or begin one."""
        before = self.remembered.load()
        self._streams = stream_ranges(self._main, before.boundaries() if before else ())
        cuts = cut(self._streams)
        if before is None:
            self._sitting = Sitting(begun, self._moment.head, cuts)
        else:
            self._sitting = before
            self._sitting.cuts = cuts
            self._streams = [before.known(one) for one in self._streams]
        return self._sitting

    def go_through(self, run: Run) -> None:
        """Everything, in ranges."""
        by_position = self._positions()
        whole: list[Task] = [Tiles(), Strays(), Receipts(), ReadLog()]
        done = run([*by_position, *whole, *self._streams])
        for task in by_position:
            self._take_leaves(task, next(done))
        self._tree.finish()
        authority = Authority.configured()
        timestamps.compare(self._main, authority.roots if authority else (), self.found.tell)
        for _ in whole:
            self.found.add(next(done))
        for one, checked in zip(self._streams, done, strict=True):
            self._take_streams(one, checked)
        self._progress("entries", self._moment.head, self._moment.head)

    def _positions(self) -> list[Positions]:
        row = self._main.execute("SELECT count(*) FROM events").fetchone()
        return position_ranges(row[0] if row else 0)

    def _take_leaves(self, task: Positions, leaves: Leaves) -> None:
        if leaves.first is not None and leaves.last is not None:
            compare(self._last, leaves.first, self.found.tell)
            self._last = leaves.last
        self.found.add(leaves.found)
        if self._tree.size == task.low:  # or what is between is not known
            self._tree.take(leaves.hashes, leaves.tops, leaves.differs)
        self._progress("positions", self._last.position, self._moment.head)

    def _take_streams(self, task: Streams, checked: Checked) -> None:
        self.found.add(checked.found)
        self.remembered.take(self._sitting, task, checked)
        self._progress("entries", self.found.events, self._moment.head)


def _moment(log: EventLog, connection: Connection, most_faults: int) -> tuple[Moment, int]:
    """This moment for all who verify, and when it is, in microseconds since 1970-01-01 UTC."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    row = connection.execute(
        "SELECT pg_export_snapshot(), coalesce((SELECT max(position) FROM events), 0),"
        " (extract(epoch FROM now()) * 1000000)::bigint"
    ).fetchone()
    snapshot, head, begun = row or ("", 0, 0)
    destroyed = digest_of(
        connection,
        f"SELECT key_id, subject, category FROM {log.tenant.keys}.data_keys"
        " WHERE destroyed_at IS NOT NULL ORDER BY key_id",
    )
    size = integrated(connection)
    return Moment(snapshot, head, size, destroyed, most_faults), begun


def _count(workers: int | None, events: int) -> int:
    """How many processes are to work."""
    if workers is not None:
        return max(workers, 1)
    if events < SMALL:
        return 1
    return min(cores(), MOST_WORKERS)
