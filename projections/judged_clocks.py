"""What became of every promise about tickets, as figures need it: a row for each clock that is over
or is known to be missed.

The clocks of the tickets say how a ticket stands; each time that a customer waits for an answer is
a promise of its own, and shares and percentiles need all of them. A resolution that goes on after
its ticket was reopened has no row until it is judged again. Nothing in it is personal.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import replace
from domain.service_levels import Clock, CountedIn, Measure, Outcome
from domain.tickets import Channel, Priority
from projections.kernel import Derived, Gone, Projection, Row, Serve
from projections.ticket_clocks import TicketClockRow, ticket_clocks


class JudgedClockRow(Row):
    """One clock of a ticket, whose id is the row's, and in whose hands the ticket was when that was
    last seen. Seconds are whole ones up to when the clock stopped, without pauses; of one that was
    missed and still runs there are none.
    """

    KEY: ClassVar[tuple[str, ...]] = ("id", "measure", "occasion")

    measure: Public[Measure, "vocabulary"] = Measure.RESOLUTION
    occasion: Public[int, "figure"] = 1
    """Next responses are counted from 1; of the others a ticket has one each."""
    position: Public[int, "figure"] = 0
    """Of the event that showed it last."""
    outcome: Public[Outcome | None, "vocabulary"] = None
    """Met or missed; empty where nothing was promised."""
    started_at: Public[datetime | None, "moment"] = None
    due_at: Public[datetime | None, "moment"] = None
    ended_at: Public[datetime | None, "moment"] = None
    judged_at: Public[datetime | None, "moment"] = None
    """When the promise was kept or broken: at the end of the clock, or when it was due."""
    target_seconds: Public[int | None, "figure"] = None
    counted_in: Public[CountedIn | None, "vocabulary"] = None
    """Which time the target counts."""
    calendar_seconds: Public[int | None, "figure"] = None
    business_seconds: Public[int | None, "figure"] = None
    over_seconds: Public[int | None, "figure"] = None
    """Time over the target, in the time that the target counts; empty unless it was missed."""
    priority: Public[Priority | None, "vocabulary"] = None
    channel: Public[Channel | None, "vocabulary"] = None
    queue: Public[str | None, "vocabulary"] = None
    assignee_id: Public[UUID | None, "link"] = None
    team_id: Public[UUID | None, "link"] = None
    sla_policy_id: Public[UUID | None, "link"] = None


_HELD: Final = ("priority", "channel", "queue", "assignee_id", "team_id", "sla_policy_id")
_SECOND: Final = 1_000_000
_MINUTE: Final = 60


def derive(
    projection: Projection, before: Row | None, after: Row | None, recorded: Recorded
) -> Iterator[JudgedClockRow | Gone]:
    """The clocks that an event judged, or set going again."""
    if not isinstance(before, TicketClockRow) or not isinstance(after, TicketClockRow):
        return
    for measure in Measure:
        was, clock = getattr(before, measure), getattr(after, measure)
        if clock is was or clock is None:
            continue
        if clock.is_decided:
            yield _judged(clock, after, recorded)
        elif (
            was is not None
            and was.is_decided
            and _occasion(measure, before) == _occasion(measure, after)
        ):
            yield Gone((recorded.stream, measure, _occasion(measure, after)))


def _occasion(measure: Measure, row: TicketClockRow) -> int:
    return row.next_responses if measure is Measure.NEXT_RESPONSE else 1


def _judged(clock: Clock, row: TicketClockRow, recorded: Recorded) -> JudgedClockRow:
    stopped, target = not clock.is_running, clock.target
    over = clock.over_us if clock.was_missed else None
    held = row.__dict__
    return replace(
        _BLANK,
        id=recorded.stream,
        measure=clock.measure,
        occasion=_occasion(clock.measure, row),
        position=recorded.position,
        outcome=clock.outcome,
        started_at=clock.started_at,
        due_at=clock.due_at,
        ended_at=clock.ended_at,
        judged_at=clock.due_at if clock.was_missed else clock.ended_at,
        target_seconds=None if target is None else target.minutes * _MINUTE,
        counted_in=None if target is None else target.counted_in,
        calendar_seconds=clock.calendar_us // _SECOND if stopped else None,
        business_seconds=clock.business_us // _SECOND if stopped else None,
        over_seconds=None if over is None else over // _SECOND,
        **{name: held[name] for name in _HELD},
    )


_BLANK: Final = JudgedClockRow()

judged_clocks = Derived(
    "judged_clocks",
    version=1,
    row=JudgedClockRow,
    derive=derive,
    fed_by=ticket_clocks.name,
    serves=(
        Serve("judged_at"),
        Serve("judged_at", ("id",)),
        Serve("judged_at", ("measure", "outcome")),
        Serve("judged_at", ("assignee_id",)),
    ),
)
