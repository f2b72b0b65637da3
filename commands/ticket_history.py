"""Recording the histories of tickets of other systems, which keep other rules than ours.

For each row of a source, in the order of its sequence: ``RecordTicket`` for the first one, then
``RecordTicketChange`` and ``RecordTicketTransition``. A row that brings nothing new yields nothing, and so
does one that is not newer than what is recorded: an import can be run again.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, Records, changes, opened
from commands.tickets import check_ticket
from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.ticket_history import (
    IN_WORK,
    REOPENABLE,
    BrokenRule,
    Sequence,
    SourceDetails,
    SourceOutcome,
    SourceWord,
    Status,
    WaitingFor,
    end_of_window,
    rule_broken_by,
)
from domain.tickets import (
    Priority,
    Ticket,
    TicketAssigned,
    TicketChangeRecorded,
    TicketDetails,
    TicketPriorityChanged,
    TicketRecorded,
    TicketTransitionRecorded,
)
from domain.users import User
from domain.values import Line

Count = Annotated[int, Field(ge=0)]
_HANDS: Final = ("assignee_id", "team_id", "queue")


class RecordTicket(TicketDetails, SourceDetails, Command, to=Ticket, opens=True, admin=True):
    """Record a ticket of another system, in the state in which its history begins."""

    source_state: Public[SourceWord | None, "vocabulary"] = None
    status: Public[Status | None, "vocabulary"] = None
    """What the source's state is here; null if it is none of ours."""
    waiting_for: Public[WaitingFor | None, "vocabulary"] = None
    sequence: Public[Sequence, "figure"] = 0
    priority: Public[Priority | None, "vocabulary"] = None
    assignee_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None
    reopen_count: Public[Count, "figure"] = 0
    changed_by: Personal[Line | None, "identity"] = None

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        check_ticket(self, records)
        if self.assignee_id is not None:
            records.need(User, self.assignee_id, "assignee_id")
        status = self.status or Status.NEW
        resolved: ...
