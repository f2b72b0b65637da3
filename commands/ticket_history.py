"""Recording tickets of other systems with their histories, which keep other rules than ours.

For a ticket, row by row in the order of the source's sequence: ``RecordTicket`` for the first row,
then ``RecordTicketChange`` and ``RecordTicketTransition`` for each. What brings nothing new yields
nothing, and so does a row that is not newer than what is recorded: an import can be run again.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, Records, changes
from commands.records import check_record
from commands.service_levels import asked_for, promised_to
from domain.contacts import Contact
from domain.customers import Customer
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.records import Record
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

_LINKS: Final[tuple[tuple[str, type[Record]], ...]] = (
    ("customer_id", Customer),
    ("contact_id", Contact),
    ("parent_id", Ticket),
    ("assignee_id", User),
)
_HANDS: Final[tuple[str, ...]] = ("assignee_id", "team_id", "queue")


def _check(command: "RecordTicket | RecordTicketChange", records: Records) -> None:
    """What is pointed at exists; who worked on it then may have left since."""
    check_record(command, Ticket, records)
    for field, kind in _LINKS:
        linked = getattr(command, field)
        if linked is not None:
            records.need(kind, linked, field)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class RecordTicket(TicketDetails, SourceDetails, Command, to=Ticket, opens=True, admin=True):
    """Record a ticket of another system, in the state in which its history begins.

    It is judged by the SLA policy that was in force here then, if any was.
    """

    source_state: Public[SourceWord | None, "vocabulary"] = None
    status: Public[Status | None, "vocabulary"] = None
    """What the source's state is here; null if it is none of ours."""
    waiting_for: Public[WaitingFor | None, "vocabulary"] = None
    sequence: Public[Sequence, "figure"] = 0
    """Lower than any later row's: give a first row whose count is damaged as 0."""
    changed_by: Personal[Line | None, "identity"] = None
    reopen_count: Public[Count, "figure"] = 0
    priority: Public[Priority | None, "vocabulary"] = None
    assignee_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _check(self, records)
        status = self.status or Status.NEW
        began: dict[str, Any] = {
            "source_sequence": self.sequence,
            "source_changed_by": self.changed_by,
            "status": status,
            "reopen_until": end_of_window(now) if status in REOPENABLE else None,
            "broken_rule": self._broken_rule(),
        }
        fields = TicketRecorded.model_fields
        given = {n: v for n, v in self.given().items() if n in fields}
        yield TicketRecorded.of(_known(given | began))
        yield from promised_to(self, records, now)

    def _broken_rule(self) -> BrokenRule | None:
        if self.status is None:
            return None if self.source_state is None else BrokenRule.UNKNOWN_STATE
        return None if self.status is Status.NEW else BrokenRule.DID_NOT_START_NEW


class RecordTicketTransition(SourceOutcome, Command, to=Ticket, admin=True):
    """Record that another system took the ticket into another state, by our rules or against."""

    source_state: Public[SourceWord, "vocabulary"]
    """As the source writes it, such as ``Awaiting Vendor`` or ``-100``."""
    from_source_state: Public[SourceWord | None, "vocabulary"] = None
    """The state before, where the source says so; else it is the one that was recorded last."""
    status: Public[Status | None, "vocabulary"] = None
    """What the source's state is here; null if it is none of ours."""
    waiting_for: Public[WaitingFor | None, "vocabulary"] = None
    sequence: Public[Sequence, "figure"]
    changed_by: Personal[Line | None, "identity"] = None
    reopened: Public[bool | None, "switch"] = None
    """Whether the source counts it as reopening; it is inferred where the source does not say."""
    reopen_count: Public[Count | None, "figure"] = None

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        if self.sequence <= ticket.source_sequence or self.sequence < ticket.change_sequence:
            return
        status = self.status or ticket.status
        reopened = self._reopens(ticket, status)
        if self.source_state == ticket.source_state and not reopened:
            return
        happened: dict[str, Any] = {
            "previous_source_state": self.from_source_state or ticket.source_state,
            "source_state": self.source_state,
            "source_sequence": self.sequence,
            "source_changed_by": self.changed_by,
            "status": status,
            "waiting_for": self.waiting_for,
            "reopened": reopened,
            "reopen_count": self.reopen_count,
            "reopen_until": self._window(ticket, status, now),
            "broken_rule": self._broken_rule(ticket, now),
        }
        fields = SourceOutcome.model_fields
        outcome = {n: v for n, v in self.given().items() if n in fields}
        yield TicketTransitionRecorded.of(_known(outcome | happened))

    def _reopens(self, ticket: Ticket, status: Status) -> bool:
        if self.reopened is not None:
            return self.reopened
        if self.reopen_count is not None:
            return self.reopen_count > ticket.reopen_count
        return ticket.status not in IN_WORK and status in IN_WORK

    def _window(self, ticket: Ticket, status: Status, now: datetime) -> datetime | None:
        if status not in REOPENABLE:
            return None
        return ticket.reopen_until if ticket.status is status else end_of_window(now)

    def _broken_rule(self, ticket: Ticket, now: datetime) -> BrokenRule | None:
        if self.status is None:
            return BrokenRule.UNKNOWN_STATE
        broken = rule_broken_by(ticket.status, self.status, ticket.reopen_until, now)
        came_from = self.from_source_state or ticket.source_state
        unseen = came_from != ticket.source_state or self.source_state == ticket.source_state
        return BrokenRule.GAP_IN_HISTORY if broken is None and unseen else broken


class RecordTicketChange(TicketDetails, SourceDetails, Command, to=Ticket, admin=True):
    """Record what another system changed in the ticket's fields, priority and assignment."""

    sequence: Public[Sequence, "figure"]
    changed_by: Personal[Line | None, "identity"] = None
    priority: Public[Priority | None, "vocabulary"] = None
    assignee_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        if self.sequence < ticket.source_sequence or self.sequence <= ticket.change_sequence:
            return
        _check(self, records)
        given = self.given()
        hands = {n: given[n] for n in _HANDS if n in given and given[n] != getattr(ticket, n)}
        priority = self.priority if self.priority is not ticket.priority else None
        found = next(changes(self, ticket, TicketChangeRecorded), None)
        details = {} if found is None else found.given()
        details = {n: v for n, v in details.items() if n not in (*hands, "sla_policy_id")}
        policy_id = given.get("sla_policy_id")
        is_another = policy_id is not None and policy_id != ticket.sla_policy_id
        if not (hands or priority or details or is_another):
            return
        if self.changed_by is not None:
            details["source_changed_by"] = self.changed_by
        yield TicketChangeRecorded.of(details | {"change_sequence": self.sequence})
        if hands:
            yield TicketAssigned.of(hands)
        if policy_id is not None and is_another:
            yield asked_for(policy_id, records, now)
        if priority is not None:
            yield TicketPriorityChanged(priority=priority)
