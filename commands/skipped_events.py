"""What is done with events that a read model cannot fold. The door to it looks whether they are."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from commands.kernel import Command, Rejected
from domain.fields import Public
from domain.kernel import Event
from domain.skipped_events import EventSkipped, Position, SkippedEvents


class SkipEvent(Command, to=SkippedEvents, opens="either", internal=True):
    """Let a read model go on without an event of a record."""

    read_model: Public[Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")], "vocabulary"]
    position: Public[Position, "figure"]
    record_id: Public[UUID, "link"]

    def decide(self, skipped: SkippedEvents, now: datetime) -> Iterator[Event]:
        known = ((one.read_model, one.position) for one in skipped.skips)
        if (self.read_model, self.position) in known:
            raise Rejected("position: is skipped already. Fold the row anew: kept parked retry.")
        yield EventSkipped.of(self.given())
