"""Folding a run of events into rows: the one loop that live, rebuild and as-of share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.envelope import Recorded
from projections.kernel import Derived, Projection, ReadModel, Row

Key = tuple[Any, ...]


class Unfoldable(Exception):
    """A step failed on an event: its row has to wait for an operator. The text holds no value of the event."""

    def __init__(self, model: str, recorded: Recorded, cause: Exception) -> None:
        super().__init__(f"{type(cause).__name__} in {model} at {recorded.type}")
        self.model, self.recorded = model, recorded


class Folding:
    """Rows by key and projection, as far as folded; changed ones are taken out by whoever writes them."""

    def __init__(self, projections: Sequence[Projection], derived: Sequence[Derived] = ()) -> None:
        self._followers: dict[str, list[Projection]] = defaultdict(list)
        for projection in projections:
            for event in projection.steps:
                self._followers[event].append(projection)
        self._derived = derived
        self.rows: dict[str, dict[Key, Row | None]] = {p.name: {} for p in projections}
        self.derived_rows: dict[str, list[Row]] = {d.name: [] for d in derived}
        self.parked: set[tuple[str, UUID]] = set()
        self.newly_parked: list[Unfoldable] = []

    def keys(self, events: Iterable[Recorded]) -> dict[str, set[Key]]:
        """The keys that these events touch, by projection."""
        touched: dict[str, set[Key]] = defaultdict(set)
        for recorded in events:
            for projection in self._followers.get(recorded.type, ()):
                touched[projection.name].update(projection.keys_of(recorded))
        return touched

    def fold(self, recorded: Recorded, skip: Mapping[str, int] | None = None) -> None:
        """Fold one event into every projection that follows it; a failing step parks its row.

        ``skip`` gives positions up to which a model has folded already.
        """
        for projection in self._followers.get(recorded.type, ()):
            if (projection.name, recorded.stream) not in self.parked:
                for key in projection.keys_of(recorded):
                    self._fold_row(projection, key, recorded, skip)

    def _fold_row(
        self, projection: Projection, key: Key, recorded: Recorded, skip: Mapping[str, int] | None
    ) -> None:
        rows = self.rows[projection.name]
        before = rows.get(key)
        if before is None:
            before = projection.fresh(key)
        try:
            after = projection.fold(key, before, recorded)
        except Exception as error:  # whatever a step raises, only its row may wait
            self._park(projection.name, recorded, error)
            return
        if skip is None or recorded.position > skip.get(projection.name, 0):
            rows[key] = after
        if projection.aggregate is not None:
            self._derive(projection, before, after, recorded, skip)

    def _derive(
        self,
        projection: Projection,
        before: Row | None,
        after: Row | None,
        recorded: Recorded,
        skip: Mapping[str, int] | None,
    ) -> None:
        for derived in self._derived:
            if (derived.name, recorded.stream) in self.parked:
                continue
            if skip is not None and recorded.position <= skip.get(derived.name, 0):
                continue
            try:
                self.derived_rows[derived.name] += derived.derive(
                    projection, before, after, recorded
                )
            except Exception as error:
                self._park(derived.name, recorded, error)

    def _park(self, model: str, recorded: Recorded, error: Exception) -> None:
        self.parked.add((model, recorded.stream))
        self.newly_parked.append(Unfoldable(model, recorded, error))

    def take(self, model: ReadModel) -> tuple[list[Row], list[Key]]:
        """The rows to write and the keys to delete of one read model; they are forgotten here."""
        if isinstance(model, Derived):
            written, self.derived_rows[model.name] = self.derived_rows[model.name], []
            return written, []
        rows = self.rows[model.name]
        self.rows[model.name] = {}
        kept = [row for row in rows.values() if row is not None]
        return kept, [key for key, row in rows.items() if row is None]
