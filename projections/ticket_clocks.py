"""The clocks of the tickets: until when each was promised what, and what became of it.

Nothing is written when a time passes: what is overdue is what is due before the moment that a list
asks for. What was promised stands in the ticket's own events, so a row needs no other stream.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from domain.service_clocks import Clocks, judged
from domain.service_levels import Clock, Measure, Outcome
from domain.sla_verdicts import Difference, difference, was_missed
from domain.tickets import Ticket
from projections.kernel import Projection, Row, Serve


class TicketClockRow(Clocks, Row):
    """The clocks of one ticket, whose id is the row's. Seconds are those up to when a clock last
    stopped, without pauses; of one that has not stopped yet there are none.
    """

    ticket_id: Public[UUID | None, "link"] = None
    number: Public[str | None, "vocabulary"] = None
    opened_at: Public[datetime | None, "moment"] = None
    """When it came in, be it into another system."""
    first_response_due_at: Public[datetime | None, "moment"] = None
    first_response_outcome: Public[Outcome | None, "vocabulary"] = None
    first_response_seconds: Public[int | None, "figure"] = None
    first_response_business_seconds: Public[int | None, "figure"] = None
    next_response_due_at: Public[datetime | None, "moment"] = None
    next_response_outcome: Public[Outcome | None, "vocabulary"] = None
    next_response_seconds: Public[int | None, "figure"] = None
    next_response_business_seconds: Public[int | None, "figure"] = None
    resolution_due_at: Public[datetime | None, "moment"] = None
    resolution_outcome: Public[Outcome | None, "vocabulary"] = None
    resolution_seconds: Public[int | None, "figure"] = None
    resolution_business_seconds: Public[int | None, "figure"] = None
    due_at: Public[datetime | None, "moment"] = None
    """The earliest of those that are still waited for: before now, and the ticket is overdue."""
    missed: Public[bool, "switch"] = False
    """Whether anything that was promised is known to have come too late."""
    difference: Public[Difference | None, "vocabulary"] = None
    """Why our judgement is not the one that the ticket came with."""


_SECOND: Final = 1_000_000

ticket_clocks = Projection(
    "ticket_clocks",
    version=2,
    row=TicketClockRow,
    serves=(
        Serve("due_at"),
        Serve("due_at", ("assignee_id",)),
        Serve("due_at", ("queue",)),
        Serve("due_at", ("priority",)),
        Serve("first_response_due_at", ("first_response_outcome",)),
        Serve("next_response_due_at", ("next_response_outcome",)),
        Serve("resolution_due_at", ("resolution_outcome",)),
        Serve("opened_at"),
        Serve("opened_at", ("missed",)),
        Serve("opened_at", ("ticket_id",)),
        Serve("opened_at", ("sla_policy_id", "missed")),
        Serve("opened_at", ("made_sla", "missed", "difference")),
    ),
)


@ticket_clocks.on(*Ticket.EVENTS.values())
def run(row: TicketClockRow, event: Event, recorded: Recorded) -> TicketClockRow:
    """Something happened to the ticket."""
    after = judged(row, recorded)
    shown: dict[str, Any] = {"ticket_id": recorded.stream}
    if recorded.number is not None:
        shown["number"] = recorded.number
    if after.resolution is not None:
        shown["opened_at"] = after.resolution.started_at
    for clock in after.clocks:
        if getattr(row, clock.measure) is not clock:
            shown |= _shown(clock)
    waited_for = [one.due_at for one in after.clocks if one.due_at and one.ended_at is None]
    shown |= {
        "due_at": min(waited_for, default=None),
        "missed": was_missed(after),
        "difference": difference(after),
    }
    return replace(after, **shown)


def _shown(clock: Clock) -> dict[str, Any]:
    """A clock in columns of its own, by which lists sort and analysts count."""
    name: Measure = clock.measure
    stopped = not clock.is_running
    return {
        f"{name}_due_at": clock.due_at,
        f"{name}_outcome": clock.outcome,
        f"{name}_seconds": clock.calendar_us // _SECOND if stopped else None,
        f"{name}_business_seconds": clock.business_us // _SECOND if stopped else None,
    }
