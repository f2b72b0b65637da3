"""What happened, act by act: a command, by whom, when, why, and because of which other act."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from api.demo.calendar import id_at, later
from commands.dispatcher import Order
from commands.kernel import Command
from domain.envelope import SYSTEM, Envelope, Source

WEB: Final = Source(kind="api", client="demo-web")
MAIL: Final = Source(kind="system", client="mailbox")


def rule(name: str) -> Source:
    """A rule of the company's, which acts at night."""
    return Source(kind="rule", client=name)


@dataclass(frozen=True, slots=True)
class Act:
    """One command on its way into the log."""

    at: datetime
    """When it was so."""
    entered: datetime
    """When it was told; later than ``at`` for what is entered late."""
    stream: UUID
    command: Command
    envelope: Envelope

    @property
    def order(self) -> Order:
        return Order(self.command, self.envelope, self.stream)


class Story:
    """A customer, and everything that belongs to it, from the first act to the last."""

    def __init__(self, random: Random, zone: ZoneInfo) -> None:
        self.random, self.zone = random, zone
        self.acts: list[Act] = []

    def act(  # noqa: PLR0913  what an envelope holds
        self,
        at: datetime,
        stream: UUID,
        command: Command,
        by: UUID = SYSTEM,
        *,
        because: str | None = None,
        cause: Act | None = None,
        source: Source = WEB,
        entered: datetime | None = None,
        correlation: UUID | None = None,
    ) -> Act:
        """Add an act; ``cause`` is the act that it follows from."""
        before = cause.envelope if cause else None
        first = (before.correlation_id or before.command_id) if before else correlation
        envelope = Envelope(
            actor=by,
            occurred_at=at,
            source=source,
            command_id=id_at(at, self.random),
            reason=because,
            correlation_id=first,
            causation_id=before.command_id if before else None,
        )
        made = Act(at, entered or at, stream, command, envelope)
        self.acts.append(made)
        return made

    def open(
        self,
        at: datetime,
        command: Command,
        by: UUID = SYSTEM,
        *,
        because: str | None = None,
        cause: Act | None = None,
        source: Source = WEB,
    ) -> Act:
        """Add an act that opens a record."""
        stream = id_at(at, self.random)
        return self.act(at, stream, command, by, because=because, cause=cause, source=source)

    def later(self, moment: datetime, low: float, high: float) -> datetime:
        """A working moment so many days later."""
        return later(moment, (low, high), self.zone, self.random)

    def soon(self, moment: datetime) -> datetime:
        """A few minutes later, in the same sitting."""
        return moment + timedelta(seconds=self.random.randrange(30, 900))

    def chance(self, share: float) -> bool:
        """Whether something happens that happens so often."""
        return self.random.random() < share

    def told(self, until: datetime) -> Iterator[Act]:
        """The acts in the order in which they were told, up to a moment."""
        for act in sorted(self.acts, key=attrgetter("entered")):
            if act.entered <= until:
                yield act
