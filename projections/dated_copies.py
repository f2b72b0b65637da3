"""Dated copies: all read models as they were, beside the live ones, for lists and for SQL.

A copy is made as a rebuild is, in parts that several processes share, of the events that had
happened by its date and were known by then. It is there whole or not at all; one that was broken
off is gone on with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from projections.folding import Parked
from projections.kernel import Derived, Projection, ReadModel
from projections.rebuild import Rebuild
from projections.tables import table_of
from store import dated_copies, drafts
from store.dated_copies import CopyError, CopyGone, DatedCopy, Wanted
from store.event_log import EventLog
from store.progress import Progress, untold
from store.swapping import take_place
from store.tracking import Tracking
from store.workers import cores

LEASE: Final = "dated copy"


@dataclass(frozen=True)
class Copied:
    """What a copy holds."""

    copy: DatedCopy
    sums: dict[str, tuple[int, str]]
    """Rows and checksum of each read model."""
    parked: list[Parked]
    """Rows that stay as they were before an event that could not be folded."""


def copy_as_of(
    log: EventLog,
    projections: Sequence[Projection],
    derived: Sequence[Derived],
    wanted: Wanted,
    progress: Progress = untold,
    *,
    workers: int | None = None,
) -> Copied:
    """Make a copy of every read model as of a moment, by what was known at another; one of the same
    name and moments that was broken off is gone on with.

    Raises:
        CopyError: the name is taken, or cannot be one.
        CopyGone: it was dropped while it was made.
        WorkerLost: a process died.
    """
    with log.database.connect("projector", log.tenant.schema) as leading:
        Tracking(leading).await_lease(LEASE, lambda: progress("wait", 0, 1))
        copy = dated_copies.find(leading, wanted.name)
        if copy is None or copy.made_at is not None or copy[:3] != wanted[:3]:
            copy = dated_copies.begin(log, wanted)
        try:
            return _made(log, projections, derived, copy, progress, workers or cores())
        except CopyError:
            raise
        except Exception:
            if dated_copies.find(leading, wanted.name) is None:
                raise CopyGone from None
            raise


def _made(
    log: EventLog,
    projections: Sequence[Projection],
    derived: Sequence[Derived],
    copy: DatedCopy,
    progress: Progress,
    workers: int,
) -> Copied:
    schema = log.tenant.dated(copy.name)
    with log.database.connect("projector", schema) as connection:
        chosen: list[ReadModel] = [*projections, *derived]
        work = _Copy(
            *(log, connection, projections, derived, chosen, progress, schema, copy.as_of),
            head=copy.head,
        )
        work.copy(workers, afresh=False)
        work.index()
        sums = {name: draft.checksum(connection) for name, draft in work.drafts.items()}
        with connection.transaction():
            for model in chosen:
                take_place(connection, work.drafts[model.name], table_of(model))
            drafts.end(connection)
            dated_copies.made(connection, log.tenant, copy.name)
    return Copied(copy, sums, work.parked)


@dataclass
class _Copy(Rebuild):
    """A rebuild into a schema of its own, which nothing is in the place of."""

    head: int = 0

    def _head(self) -> int:
        return self.head
