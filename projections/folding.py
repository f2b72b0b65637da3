"""Folding a run of events into rows: the one loop that live, rebuild and as-of share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple
from uuid import UUID

from domain.envelope import Recorded, kind_of
from domain.erasure import OF_EVERY_KIND, PersonalDataErased
from projections.kernel import Derived, Gone, Projection, ReadModel, Row

Key = tuple[Any, ...]


def outlived(events: Iterable[Recorded]) -> set[UUID]:
    """The streams of which these events say that something was erased.

    Their rows, as they stand before these events, hold values that are gone: they are not to be
    folded on, but anew. The events were read after the erasure, for they include what it recorded.
    """
    return {one.stream for one in events if type(one.event) is PersonalDataErased}


class Parked(NamedTuple):
    """A step failed on an event: its row waits for an operator."""

    model: str
    stream: UUID
    position: int
    """Of the event that it waits at."""
    said: str
    """What failed; no value of the event."""


class Folding:
    """Rows by key and projection, as far as folded, until whoever writes them takes them out."""

    def __init__(
        self,
        projections: Sequence[Projection],
        derived: Sequence[Derived] = (),
        skipped: Set[tuple[str, int]] = frozenset(),
    ) -> None:
        """``skipped`` has the read models and positions that are left out."""
        self._followers: dict[str, list[Projection]] = defaultdict(list)
        for projection in projections:
            kind = projection.aggregate and projection.aggregate.AGGREGATE
            for event in projection.steps:
                name = f"{event} of {kind}" if kind and event in OF_EVERY_KIND else event
                self._followers[name].append(projection)
        self._derived = derived
        self._skipped = skipped
        self._fed_by = {one.name: [d for d in derived if d.is_fed_by(one)] for one in projections}
        self._projections = {projection.name: projection for projection in projections}
        self._rows: dict[str, dict[Key, Row | None]] = {}
        self._derived_rows: dict[str, dict[Key, Row | None]] = {}
        self.parked: set[tuple[str, UUID]] = set()
        self.newly_parked: list[Parked] = []

    def keys(self, events: Iterable[Recorded]) -> list[tuple[Projection, set[Key]]]:
        """The keys that these events touch, by projection."""
        found: dict[str, set[Key]] = defaultdict(set)
        for recorded in events:
            for projection in self._following(recorded):
                found[projection.name].update(projection.keys_of(recorded))
        return [(self._projections[name], keys) for name, keys in found.items()]

    def put(self, projection: Projection, key: Key, row: Row) -> None:
        """A row as it stands before the events to come."""
        self._rows.setdefault(projection.name, {})[key] = row

    def seed(self, projection: Projection, events: Iterable[Recorded]) -> None:
        """Fold earlier events into one projection alone, deriving nothing."""
        rows = self._rows.setdefault(projection.name, {})
        for recorded in events:
            if recorded.type not in projection.steps:
                continue
            name = projection.name
            if (name, recorded.stream) in self.parked or (name, recorded.position) in self._skipped:
                continue
            for key in projection.keys_of(recorded):
                try:
                    rows[key] = projection.fold(key, rows.get(key), recorded)
                except Exception as error:
                    self._park_row(projection, recorded, error)

    def fold(self, recorded: Recorded, done: Mapping[str, int] | None = None) -> None:
        """Fold one event into every projection that follows it; a failing step parks its row.

        ``done`` gives the positions up to which second stages have been derived before.
        """
        own_row = [(recorded.stream,)]
        for projection in self._following(recorded):
            if self.parked and (projection.name, recorded.stream) in self.parked:
                continue
            for key in projection.keys_of(recorded) if projection.keys else own_row:
                self._fold_row(projection, key, recorded, done)

    def touched(self) -> list[ReadModel]:
        """The read models that have rows to be taken."""
        derived = [one for one in self._derived if one.name in self._derived_rows]
        return [*(self._projections[name] for name in self._rows), *derived]

    def take(self, model: ReadModel) -> tuple[list[Row], list[Key]]:
        """The rows to write and the keys to delete of one read model; they are forgotten here."""
        held = self._derived_rows if isinstance(model, Derived) else self._rows
        rows = held.pop(model.name, {})
        kept = [row for row in rows.values() if row is not None]
        return kept, [key for key, row in rows.items() if row is None]

    def _following(self, recorded: Recorded) -> Sequence[Projection]:
        """The projections that follow an event, of its kind of record or of all."""
        name = recorded.type
        of_all = self._followers.get(name, ())
        if name not in OF_EVERY_KIND:
            return of_all
        return [*self._followers.get(f"{name} of {kind_of(recorded.body)}", ()), *of_all]

    def _fold_row(
        self, projection: Projection, key: Key, recorded: Recorded, done: Mapping[str, int] | None
    ) -> None:
        name = projection.name
        rows = self._rows.get(name)
        if rows is None:
            rows = self._rows[name] = {}
        before = rows.get(key)
        if before is None:
            before = projection.fresh(key)
        if self._skipped and (name, recorded.position) in self._skipped:
            self._derive(projection, before, before, recorded, done)
            return
        try:
            after = projection.fold(key, before, recorded)
        except Exception as error:  # whatever a step raises, only its row may wait
            self._park_row(projection, recorded, error)
            return
        rows[key] = after
        self._derive(projection, before, after, recorded, done)

    def _derive(
        self,
        projection: Projection,
        before: Row | None,
        after: Row | None,
        recorded: Recorded,
        done: Mapping[str, int] | None,
    ) -> None:
        for derived in self._fed_by[projection.name]:
            name = derived.name
            if done is not None and recorded.position <= done.get(name, 0):
                continue
            if self.parked and (name, recorded.stream) in self.parked:
                continue
            if (name, recorded.position) in self._skipped:
                continue
            try:
                self._keep(derived, derived.derive(projection, before, after, recorded))
            except Exception as error:
                self._park(name, recorded, error)

    def _keep(self, derived: Derived, rows: Iterable[Row | Gone]) -> None:
        """Under their keys: several events of a batch may derive the same row."""
        names = derived.row.KEY
        found: dict[Key, Row | None] = {}
        for one in rows:
            if isinstance(one, Gone):
                found[one.key] = None
            else:
                values = one.__dict__
                found[tuple([values[name] for name in names])] = one
        if found:
            self._derived_rows.setdefault(derived.name, {}).update(found)

    def _park_row(self, projection: Projection, recorded: Recorded, error: Exception) -> None:
        """What is derived of the row waits too, or it would miss what passes meanwhile."""
        self._park(projection.name, recorded, error)
        for derived in self._fed_by[projection.name]:
            if (derived.name, recorded.stream) not in self.parked:
                self._park(derived.name, recorded, error)

    def _park(self, model: str, recorded: Recorded, error: Exception) -> None:
        self.parked.add((model, recorded.stream))
        said = f"{type(error).__name__} in {model} at {recorded.type}"
        self.newly_parked.append(Parked(model, recorded.stream, recorded.position, said))
