"""The drift check: whether the live read models hold what the log says.

All of them are folded anew as a rebuild does it, but instead of taking their place the drafts are
compared with them, in a snapshot of one position, while everybody works on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from projections.kernel import Derived, Projection, ReadModel
from projections.rebuild import LEASE, Rebuild
from projections.tables import table_of
from store import drafts
from store.event_log import EventLog
from store.progress import Progress, untold
from store.tracking import Tracking
from store.workers import cores


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one read model is from the log."""

    name: str
    records: int | None
    """How many differ; None where the live table is not of this release."""
    ids: list[UUID]
    """Of the first of them."""

    @property
    def is_right(self) -> bool:
        return self.records == 0


def drift(
    log: EventLog,
    projections: Sequence[Projection],
    derived: Sequence[Derived],
    progress: Progress = untold,
    *,
    most: int = 100,
    workers: int | None = None,
) -> tuple[int, list[Drift]]:
    """The position at which they were compared, and each read model with ``most`` ids at most.

    Raises:
        WorkerLost: a process died.
    """
    chosen: list[ReadModel] = [*projections, *derived]
    with log.database.connect("projector", log.tenant.schema) as connection:
        Tracking(connection).await_lease(LEASE)
        work = _Check(log, connection, projections, derived, chosen, progress)
        work.copy(workers or cores(), afresh=False)
        work.index()
        found = work.compare(most)
        with connection.transaction():
            drafts.end(connection)
            for draft in work.drafts.values():
                draft.drop(connection)
    return work.position, found


class _Check(Rebuild):
    """A rebuild whose drafts are compared and not shown."""

    def compare(self, most: int) -> list[Drift]:
        """What differs where the live read models stand."""
        for draft in self.drafts.values():
            draft.stage(self.connection)
        tracking = Tracking(self.connection)
        self._catch_up(self._place(tracking.positions(self.models)))
        with self.connection.transaction():
            # Rows and positions are written together, so one snapshot has both of one moment, and
            # nobody has to wait.
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._catch_up(self._place(tracking.positions(self.models)))
            self._sum_up(tracking)
            return [self._drift(model, most) for model in self.chosen]

    def _drift(self, model: ReadModel, most: int) -> Drift:
        live, folded = self.live_checksums.get(model.name), self.sums[model.name][1]
        if live is None:
            return Drift(model.name, None, [])
        if live == folded:
            return Drift(model.name, 0, [])
        table = table_of(model)
        return Drift(model.name, *table.differing(self.connection, self.drafts[model.name], most))
