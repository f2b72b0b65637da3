"""A record as it was: folded from those of its events that had happened, and that we knew of."""

from collections.abc import Iterable, Set
from datetime import datetime
from typing import Any

from domain.envelope import Recorded
from projections.kernel import Projection


def fold_as_of(
    projection: Projection,
    events: Iterable[Recorded],
    as_of: datetime | None = None,
    as_known_at: datetime | None = None,
    skipped: Set[tuple[str, int]] = frozenset(),
) -> Any:
    """The row, in version order, of events with occurred_at ≤ ``as_of`` and recorded_at ≤
    ``as_known_at``.

    None for a moment means now; ``skipped`` has the read models and positions that are left out.
    Gives None where no event qualifies.
    """
    row = None
    for recorded in events:
        if recorded.type not in projection.steps:
            continue  # the id of another kind of record
        if (projection.name, recorded.position) in skipped:
            continue
        if as_of is not None and recorded.occurred_at > as_of:
            continue
        if as_known_at is not None and recorded.recorded_at > as_known_at:
            continue
        row = projection.fold((recorded.stream,), row, recorded)
    return row
