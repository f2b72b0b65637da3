"""What differs between two moments: records that came, changed, were erased or went, in both times.

Each record that may differ is folded twice, of the events that either moment sees. So a late entry
counts where it happened, and what was not known yet does not. One batch of records is in memory at
a time. Values pass the gate: they are masked for whoever may not see them, and it is recorded that
they were given out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from domain.envelope import Recorded
from domain.erasure import PersonalDataErased
from domain.fields import ERASED, PersonalMark, mark_of
from domain.records import MERGED_FIELDS
from projections.delivered import Delivered, is_given
from projections.folding import Folding, Key
from projections.gate import Gate
from projections.kernel import Projection, RecordRow, Row
from projections.plain import plain
from projections.readers import Reader
from projections.skipping import Skipped, skipped
from projections.words import label
from store.differences import Moment, differing, differing_after
from store.event_log import EventLog

What = Literal["created", "changed", "erased", "gone"]
_HEADER: Final = frozenset(RecordRow.model_fields)
"""What every event changes of a record says nothing of it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that differs."""

    read_model: str
    id: UUID
    """Of the record."""
    key: tuple[Any, ...]
    """Of the row, where a record has several: what follows on its id."""
    number: str | None
    what: What
    changes: list[dict[str, Any]]
    """``field``, its ``label``, ``from`` and ``to``, or that they are ``masked``."""


class Part(NamedTuple):
    """Which of the differences are asked for."""

    head: int
    """Of a log that ended here, so that all parts are of the same."""
    limit: int
    """So many records are compared."""
    after: UUID = UUID(int=0)
    """The record after which they come, by id."""


class _Change(NamedTuple):
    """A field that differs, as it is shown."""

    field: str
    shown: dict[str, Any]
    is_given: bool
    """Whether something personal is given out with it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares two moments of one tenant, for one reader."""

    log: EventLog
    gate: Gate
    reader: Reader
    models: Sequence[Projection]

    def between(self, first: Moment, second: Moment) -> Iterator[Difference]:
        """Every row that differs, record by record.

        Raises:
            ReadNotRecorded: it could not be recorded that it is read.
        """
        left_out = skipped(self.log)
        for batch in differing(self.log, first, second):
            yield from self._of_records(batch, first, second, left_out)

    def part(
        self, first: Moment, second: Moment, part: Part
    ) -> tuple[list[Difference], UUID | None]:
        """A part of them, by record; and the record after which the next part begins.

        Raises:
            ReadNotRecorded: as for :meth:`between`.
        """
        one = self.models[0] if len(self.models) == 1 else None
        types = None if one is None else [*one.steps]
        batch = differing_after(
            *(self.log, first, second, part.head, part.after, types, part.limit)
        )
        found = self._of_records([*batch.values()], first, second, skipped(self.log))
        return found, [*batch][-1] if len(batch) == part.limit else None

    def _of_records(
        self,
        batch: Sequence[Sequence[Recorded]],
        first: Moment,
        second: Moment,
        left_out: Skipped,
    ) -> list[Difference]:
        delivered = {model.name: Delivered() for model in self.models}
        found = [
            one
            for events in batch
            for one in self._of_record(events, first, second, left_out, delivered)
        ]
        for name, given in delivered.items():
            self.gate.record(self.reader, name, given)
        return found

    def _of_record(
        self,
        events: Sequence[Recorded],
        first: Moment,
        second: Moment,
        left_out: Skipped,
        delivered: dict[str, Delivered],
    ) -> Iterator[Difference]:
        before, after = (
            self._rows((one for one in events if moment.sees(one)), left_out)
            for moment in (first, second)
        )
        is_erased = any(
            type(one.event) is PersonalDataErased and second.sees(one) > first.sees(one)
            for one in events
        )
        subjects = [*dict.fromkeys(one for event in events for one in event.subjects)]
        for model in self.models:
            was, now = before[model.name], after[model.name]
            for key in dict.fromkeys((*was, *now)):
                old, new = was.get(key), now.get(key)
                changes = [] if new is None else [*self._changes(model, old, new)]
                what = _what(old, new, bool(changes), is_erased and model.aggregate is not None)
                if what is not None:
                    given = [one.field for one in changes if one.is_given]
                    delivered[model.name].add(key[0], subjects or [key[0]], given)
                    number = getattr(new or old, "number", None)
                    shown = [one.shown for one in changes]
                    yield Difference(model.name, key[0], key[1:], number, what, shown)

    def _rows(self, events: Iterable[Recorded], left_out: Skipped) -> dict[str, dict[Key, Row]]:
        """The rows that these events leave, by read model and key."""
        folding = Folding(self.models, (), left_out)
        for recorded in events:
            folding.fold(recorded)
        return {
            model.name: {
                tuple(getattr(row, name) for name in model.row.KEY): row
                for row in folding.take(model)[0]
            }
            for model in self.models
        }

    def _changes(self, model: Projection, was: Row | None, now: Row) -> Iterator["_Change"]:
        blank = model.blank if was is None else was
        for name in model.row.model_fields:
            if name in model.row.KEY or (model.aggregate is not None and name in _HEADER):
                continue
            is_personal = isinstance(mark_of(model.row, name), PersonalMark)
            for field, old, new in _parts(name, getattr(blank, name), getattr(now, name)):
                shown: dict[str, Any] = {"field": field, "label": label(model.name, field, {})}
                if is_personal and not self.reader.sees_personal:
                    yield _Change(name, {**shown, "masked": True}, is_given=False)
                    continue
                shown |= {"from": plain(old), "to": plain(new)}
                erased = [side for side, one in (("from", old), ("to", new)) if one is ERASED]
                if erased:
                    shown["erased"] = erased
                yield _Change(name, shown, is_personal and (is_given(old) or is_given(new)))


def _what(was: Row | None, now: Row | None, is_changed: bool, is_erased: bool) -> What | None:
    if now is None:
        return None if was is None else "gone"
    if was is None:
        return "created"
    if is_erased:
        return "erased"
    return "changed" if is_changed else None


def _parts(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """A field that differs; of custom ones, each key that does."""
    if old == new:
        return
    if name in MERGED_FIELDS and isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                yield f"{name}.{key}", old.get(key), new.get(key)
    else:
        yield name, old, new
