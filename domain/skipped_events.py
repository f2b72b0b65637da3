"""Skipped events 跳过的事件: what a read model leaves out, because it cannot bear it.

An event that a read model cannot fold makes its row wait. Somebody may decide that the read model
goes on without it; the event itself stays in the log. One stream holds all of these decisions, so
that whoever folds finds them at once.
"""

from typing import Annotated, ClassVar, Final
from uuid import UUID

from pydantic import Field

from domain.fields import Public
from domain.kernel import Aggregate, Event, Value, replace, well_known

SKIPPED_EVENTS: Final = well_known("skipped_events")
"""The one stream."""
Position = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Skip(Value):
    """An event that a read model goes on without."""

    read_model: Public[str, "vocabulary"]
    position: Public[int, "figure"]
    record_id: Public[UUID, "link"]


class SkippedEvents(Aggregate):
    AGGREGATE: ClassVar[str] = "skipped_events"
    PREFIX: ClassVar[str] = "SE"
    PURPOSE: ClassVar[str] = "Showing records although one of their events cannot be shown."
    PEOPLE: ClassVar[str] = "nobody: a skip holds ids and positions"

    skips: Public[tuple[Skip, ...], "link"] = ()


class EventSkipped(Event):
    """From now on the read model is folded without this event of the record."""

    read_model: Public[str, "vocabulary"]
    position: Public[Position, "figure"]
    record_id: Public[UUID, "link"]

    def evolve(self, skipped: SkippedEvents) -> SkippedEvents:
        return replace(skipped, skips=(*skipped.skips, Skip(**self.given())))
