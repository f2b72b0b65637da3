"""Tickets 工单: what somebody asked for, and what was done about it until it was closed."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details, without
from domain.service_levels import Terms
from domain.ticket_history import (
    REOPENABLE,
    BrokenRule,
    Sequence,
    SourceDetails,
    SourceOutcome,
    SourceWord,
    Status,
    WaitingFor,
)
from domain.values import Line, Text


class Channel(StrEnum):
    """渠道: how it reached us."""

    WEB = "web"
    PHONE = "phone"
    EMAIL = "email"
    CHAT = "chat"
    SOCIAL = "social"
    PARTNER = "partner"
    SELF_SERVICE = "self_service"
    UNKNOWN = "unknown"


class Type(StrEnum):
    QUESTION = "question"
    INCIDENT = "incident"
    PROBLEM = "problem"
    COMPLAINT = "complaint"
    REQUEST = "request"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Level(StrEnum):
    """Of impact and urgency."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class TicketDetails(RecordDetails):
    """The fields of a ticket that people fill in. Priority, status and hands have other events."""

    subject: Personal[Line | None, "content"] = None
    description: Personal[Text | None, "content"] = None
    channel: Public[Channel, "vocabulary"] = Channel.UNKNOWN
    type: Public[Type | None, "vocabulary"] = None
    impact: Public[Level | None, "vocabulary"] = None
    urgency: Public[Level | None, "vocabulary"] = None
    customer_id: Public[UUID | None, "link"] = None
    contact_id: Public[UUID | None, "link"] = None
    category: Public[Line | None, "vocabulary"] = None
    subcategory: Public[Line | None, "vocabulary"] = None
    symptom: Public[Line | None, "vocabulary"] = None
    sla_policy_id: Public[UUID | None, "link"] = None
    parent_id: Public[UUID | None, "link"] = None
    location: Personal[Line | None, "contact"] = None
    """Where the person who asks is to be found."""
    configuration_item: Public[Line | None, "vocabulary"] = None
    """The machine or service concerned, by the company's name for it."""
    vendor: Public[Line | None, "vocabulary"] = None
    problem_reference: Public[Line | None, "link"] = None
    """The problem behind it, by its number in the system that keeps problems."""
    change_reference: Public[Line | None, "link"] = None
    """The change (RFC) that is to cure it."""
    cause_reference: Public[Line | None, "link"] = None
    """The change that caused it."""


class Ticket(TicketDetails, SourceDetails, Record):
    """What stands in a ticket now. Its messages are counted here, and read elsewhere."""

    AGGREGATE: ClassVar[str] = "tickets"
    PREFIX: ClassVar[str] = "T"
    PURPOSE: ClassVar[str] = "Answering what customers ask for, and keeping what was agreed."
    PEOPLE: ClassVar[str] = "customers, people who speak for them, and colleagues who answer"
    SUBJECT: ClassVar[tuple[str, ...]] = ("contact_id", "customer_id")
    """What is written in a ticket is about the person who asked; failing that, the customer."""

    status: Public[Status, "vocabulary"] = Status.NEW
    waiting_for: Public[WaitingFor | None, "vocabulary"] = None
    priority: Public[Priority, "vocabulary"] = Priority.MEDIUM
    sla_policy_revision: Public[int | None, "figure"] = None
    """Of the policy, as its clocks that begin now are judged by it; what it promises stands in the
    event.
    """
    assignee_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None
    escalation_level: Public[int, "figure"] = 0
    messages: Public[tuple[UUID, ...], "link"] = ()
    public_replies: Public[int, "figure"] = 0
    """Answers that the customer got; when the first one went out stands on its envelope."""
    resolution: Personal[Text | None, "content"] = None
    rejection_reason: Personal[Text | None, "content"] = None
    reopen_until: Public[AwareDatetime | None, "moment"] = None
    """The end of the window, as it was promised when the ticket was resolved or turned down."""
    reopen_count: Public[int, "figure"] = 0
    duplicate_of_id: Public[UUID | None, "link"] = None
    follows_up_id: Public[UUID | None, "link"] = None
    split_from_id: Public[UUID | None, "link"] = None
    merged_into_id: Public[UUID | None, "link"] = None
    absorbed: Public[tuple[UUID, ...], "link"] = ()
    """The tickets whose histories this one continues."""
    source_state: Public[SourceWord | None, "vocabulary"] = None
    source_sequence: Public[int, "figure"] = -1
    """Of the last recorded transition (or opening): older ones yield nothing."""
    change_sequence: Public[int, "figure"] = -1
    """Of the last recorded change. One row of a source may hold a transition and changes."""
    source_changed_by: Personal[Line | None, "identity"] = None
    broken_rule: Public[BrokenRule | None, "vocabulary"] = None
    """Which rule the last recorded transition broke."""

    def may_be_reopened(self, now: datetime) -> bool:
        """Whether it has ended not long ago, and not for good."""
        within = self.reopen_until is None or now <= self.reopen_until
        return self.status in REOPENABLE and within

    def barred(self) -> str | None:
        if self.merged_into_id is not None:
            return f"was merged into {self.merged_into_id}. Give that one, or unmerge them."
        return super().barred()


class TicketOpened(TicketDetails, Event):
    subject: Personal[str, "content"]
    priority: Public[Priority, "vocabulary"]
    follows_up_id: Public[UUID | None, "link"] = None
    """The ticket that came too late to be reopened."""
    split_from_id: Public[UUID | None, "link"] = None

    def evolve(self, ticket: Ticket) -> Ticket:
        return with_details(ticket, self)


class TicketChanged(TicketDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, ticket: Ticket) -> Ticket:
        return with_details(ticket, self)


class TicketAssigned(Event):
    """分配: holds only what changed of assignee, team and queue."""

    assignee_id: Public[UUID | None, "link"] = None
    team_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, **self.given())


class TicketPriorityChanged(Event):
    priority: Public[Priority, "vocabulary"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, priority=self.priority)


class TicketSlaPolicyAssigned(Event):
    """What was promised about it from then on, whatever becomes of the policy; null: nothing."""

    sla_policy_id: Public[UUID | None, "link"]
    sla_policy_revision: Public[int | None, "figure"] = None
    sla_terms: Public[Terms | None, "vocabulary"] = None

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(
            ticket,
            sla_policy_id=self.sla_policy_id,
            sla_policy_revision=self.sla_policy_revision,
        )


class TicketEscalated(Event):
    """升级."""

    escalation_level: Public[int, "figure"]
    escalation_reason: Personal[Text, "content"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, escalation_level=self.escalation_level)


class TicketStarted(Event):
    """Somebody took it up."""

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, status=Status.OPEN, waiting_for=None)


class TicketPutOnHold(Event):
    """挂起: nothing can be done until somebody else has moved."""

    waiting_for: Public[WaitingFor, "vocabulary"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, status=Status.PENDING, waiting_for=self.waiting_for)


class TicketResumed(Event):
    """What was waited for has come, or nobody waits for it any longer."""

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, status=Status.OPEN, waiting_for=None)


class TicketResolved(Event):
    """已解决."""

    resolution: Personal[Text, "content"]
    resolution_code: Public[Line | None, "vocabulary"] = None
    reopen_until: Public[AwareDatetime, "moment"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(
            ticket,
            status=Status.RESOLVED,
            waiting_for=None,
            resolution=self.resolution,
            resolution_code=self.resolution_code,
            reopen_until=self.reopen_until,
        )


class TicketClosed(Event):
    """关闭, for good."""

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, status=Status.CLOSED, waiting_for=None)


class TicketRejected(Event):
    """Nothing that we deal with."""

    rejection_reason: Personal[Text, "content"]
    reopen_until: Public[AwareDatetime, "moment"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(
            ticket,
            status=Status.REJECTED,
            waiting_for=None,
            rejection_reason=self.rejection_reason,
            reopen_until=self.reopen_until,
        )


class TicketMarkedDuplicate(Event):
    """Asked a second time; the answer is given in the other ticket."""

    duplicate_of_id: Public[UUID, "link"]
    duplicate_reason: Personal[Text | None, "content"] = None
    reopen_until: Public[AwareDatetime, "moment"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(
            ticket,
            status=Status.DUPLICATE,
            waiting_for=None,
            duplicate_of_id=self.duplicate_of_id,
            reopen_until=self.reopen_until,
        )


class TicketReopened(Event):
    """重开."""

    reopening_reason: Personal[Text | None, "content"] = None

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(
            ticket,
            status=Status.OPEN,
            resolution=None,
            resolution_code=None,
            rejection_reason=None,
            duplicate_of_id=None,
            reopen_until=None,
            reopen_count=ticket.reopen_count + 1,
        )


class TicketMessageAdded(Event):
    """A public message to or from the customer, or a note among colleagues."""

    message_id: Public[UUID, "link"]
    public: Public[bool, "switch"]
    direction: Public[Direction, "vocabulary"]
    author_contact_id: Public[UUID | None, "link"] = None
    author_user_id: Public[UUID | None, "link"] = None
    """Where neither author is given, it is the actor on the envelope."""
    by_bot: Public[bool, "switch"] = False
    """Written by a program: no answer for which SLA clocks wait."""
    body: Personal[Text, "content"]

    @property
    def is_reply(self) -> bool:
        """Whether the customer got an answer, be it a bot's."""
        return self.public and self.direction is Direction.OUT

    @property
    def is_question(self) -> bool:
        """Whether the customer wrote."""
        return self.public and self.direction is Direction.IN

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(
            ticket,
            messages=(*ticket.messages, self.message_id),
            public_replies=ticket.public_replies + self.is_reply,
        )


class TicketSplit(Event):
    """Some of the messages were about another matter, which has a ticket of its own now."""

    into_id: Public[UUID, "link"]
    message_ids: Public[tuple[UUID, ...], "link"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, messages=without(ticket.messages, self.message_ids))


class TicketMessagesTakenOver(Event):
    """The other half of a split: the messages belong here now; their text stays where it lies."""

    from_id: Public[UUID, "link"]
    message_ids: Public[tuple[UUID, ...], "link"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, messages=(*ticket.messages, *self.message_ids))


class TicketMerged(Event):
    """合并: this ticket goes on in another; its own status and history stay as they are."""

    merged_into_id: Public[UUID, "link"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, merged_into_id=self.merged_into_id)


class TicketUnmerged(Event):
    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, merged_into_id=None)


class TicketAbsorbed(Event):
    """The other half of a merge."""

    absorbed_id: Public[UUID, "link"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, absorbed=(*ticket.absorbed, self.absorbed_id))


class TicketReturned(Event):
    """The other half of an unmerge."""

    absorbed_id: Public[UUID, "link"]

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, absorbed=without(ticket.absorbed, (self.absorbed_id,)))


class TicketArchived(Event):
    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, archived=True)


class TicketRestored(Event):
    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(ticket, archived=False)


class TicketRecorded(TicketDetails, SourceDetails, Event):
    """Opened in another system, and known here from the state on in which its history begins."""

    priority: Public[Priority, "vocabulary"] = Priority.MEDIUM
    assignee_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None
    status: Public[Status, "vocabulary"] = Status.NEW
    waiting_for: Public[WaitingFor | None, "vocabulary"] = None
    source_state: Public[SourceWord | None, "vocabulary"] = None
    source_sequence: Public[Sequence, "figure"]
    source_changed_by: Personal[Line | None, "identity"] = None
    reopen_count: Public[int, "figure"] = 0
    reopen_until: Public[AwareDatetime | None, "moment"] = None
    broken_rule: Public[BrokenRule | None, "vocabulary"] = None

    def evolve(self, ticket: Ticket) -> Ticket:
        return replace(with_details(ticket, self), change_sequence=self.source_sequence)


class TicketTransitionRecorded(SourceOutcome, Event):
    """The other system took the ticket from one state to another, whether or not we would have."""

    previous_source_state: Public[SourceWord | None, "vocabulary"] = None
    source_state: Public[SourceWord, "vocabulary"]
    source_sequence: Public[Sequence, "figure"]
    source_changed_by: Personal[Line | None, "identity"] = None
    status: Public[Status, "vocabulary"]
    waiting_for: Public[WaitingFor | None, "vocabulary"] = None
    reopened: Public[bool, "switch"] = False
    reopen_count: Public[int | None, "figure"] = None
    """As the other system counts; None where it does not."""
    reopen_until: Public[AwareDatetime | None, "moment"] = None
    broken_rule: Public[BrokenRule | None, "vocabulary"] = None

    def evolve(self, ticket: Ticket) -> Ticket:
        fields = Ticket.model_fields
        known = {name: value for name, value in self.given().items() if name in fields}
        counted = ticket.reopen_count + self.reopened
        known["reopen_count"] = counted if self.reopen_count is None else self.reopen_count
        for name in ("waiting_for", "reopen_until", "broken_rule"):
            known[name] = getattr(self, name)
        return replace(ticket, **known)


class TicketChangeRecorded(TicketDetails, SourceDetails, Event):
    """The other system changed fields. Priority and assignment follow as events of their own."""

    change_sequence: Public[Sequence, "figure"] = 0
    source_changed_by: Personal[Line | None, "identity"] = None

    def evolve(self, ticket: Ticket) -> Ticket:
        return with_details(ticket, self)
