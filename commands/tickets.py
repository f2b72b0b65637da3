"""What may be done with tickets. Histories of other systems: :mod:`commands.ticket_history`."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from commands.kernel import At, Command, Records, Rejected, changes, opened
from commands.records import (
    check_above,
    check_in_use,
    check_record,
    check_required,
    need_active_user,
)
from commands.service_levels import asked_for, passed_on, promised_to, renewed
from domain.contacts import Contact
from domain.customers import Customer
from domain.fields import ERASED, Personal, Public
from domain.kernel import Event, replace
from domain.teams import Team
from domain.ticket_history import (
    IN_WORK,
    REOPEN_DAYS,
    REOPENABLE,
    Status,
    WaitingFor,
    end_of_window,
)
from domain.tickets import (
    Direction,
    Priority,
    Ticket,
    TicketAbsorbed,
    TicketArchived,
    TicketAssigned,
    TicketChanged,
    TicketClosed,
    TicketDetails,
    TicketEscalated,
    TicketMarkedDuplicate,
    TicketMerged,
    TicketMessageAdded,
    TicketMessagesTakenOver,
    TicketOpened,
    TicketPriorityChanged,
    TicketPutOnHold,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketRestored,
    TicketResumed,
    TicketReturned,
    TicketSlaPolicyAssigned,
    TicketSplit,
    TicketStarted,
    TicketUnmerged,
)
from domain.users import User
from domain.values import Line

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)]
"""What somebody has to say, so not empty."""
Days = Annotated[int, Field(ge=0, le=365)]
FOLLOW_UP: Final = "Create a follow-up ticket instead."
_MATTER: Final = (
    "subject",
    "type",
    "customer_id",
    "contact_id",
    "team_id",
    "category",
    "subcategory",
    "configuration_item",
)


def _must_be_whole(ticket: Ticket) -> None:
    if ticket.merged_into_id is not None:
        raise Rejected(
            f"This ticket was merged into {ticket.merged_into_id}. Work on that one, or unmerge.",
            type="merged",
        )
    check_in_use(ticket)


def _must_not_be_closed(ticket: Ticket) -> None:
    _must_be_whole(ticket)
    if ticket.status is Status.CLOSED:
        raise Rejected(f"This ticket is closed, and closed is final. {FOLLOW_UP}", type="closed")


def _must_be_in_work(ticket: Ticket) -> None:
    _must_not_be_closed(ticket)
    if ticket.status not in IN_WORK:
        raise Rejected(f"This ticket is {ticket.status}. Reopen it first.", type="not-in-work")


def _must_be_reopenable(ticket: Ticket, now: datetime) -> None:
    _must_not_be_closed(ticket)
    if ticket.status not in REOPENABLE:
        raise Rejected(f"This ticket is {ticket.status}, so there is nothing to reopen.")
    if not ticket.may_be_reopened(now):
        end = f"{ticket.reopen_until:%Y-%m-%d %H:%M}"
        raise Rejected(
            f"This ticket could be reopened until {end}. {FOLLOW_UP}", type="window-over"
        )


def _check_details(command: TicketDetails, records: Records) -> None:
    """What is pointed at exists. The SLA policy is looked up by what promises something by it."""
    check_record(command, Ticket, records)
    if command.customer_id is not None:
        records.need(Customer, command.customer_id, "customer_id")
    if command.contact_id is not None:
        records.need(Contact, command.contact_id, "contact_id")
    if command.parent_id is not None:
        check_above(Ticket, command.parent_id, "parent_id", records)


class OpenTicket(TicketDetails, Command, to=Ticket, opens=True):
    """Open a ticket; with an assignee, work on it has started.

    Without an SLA policy it gets the company's default, and with null none.
    """

    subject: Personal[Line, "content"]
    priority: Public[Priority, "vocabulary"]
    assignee_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _check_details(self, records)
        yield opened(self, TicketOpened)
        yield from promised_to(self, records, now)
        named = {"assignee_id": self.assignee_id, "queue": self.queue}
        hands = {name: value for name, value in named.items() if value is not None}
        if hands:
            yield from _assignment(hands, ticket, records)


class ChangeTicket(TicketDetails, Command, to=Ticket):
    """Change fields of a ticket; a field that is not given stays, null clears it."""

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _must_not_be_closed(ticket)
        check_required(self, "subject")
        if "team_id" in self.model_fields_set and self.team_id != ticket.team_id:
            raise Rejected("team_id: a ticket changes hands by being assigned.", field="team_id")
        policy_id = self.sla_policy_id
        if "sla_policy_id" in self.model_fields_set and policy_id != ticket.sla_policy_id:
            raise Rejected(
                "sla_policy_id: a ticket changes its SLA policy by being assigned one.",
                field="sla_policy_id",
            )
        _check_details(self, records)
        yield from changes(self, ticket, TicketChanged)


class AssignTicket(Command, to=Ticket):
    """Assign the ticket 分配 to a colleague, a team or a queue; null takes it from them."""

    assignee_id: Public[UUID | None, "link"] = None
    team_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if not self.model_fields_set:
            raise Rejected("Nobody is named. Give an assignee, a team or a queue.")
        if self.team_id is not None:
            records.need(Team, self.team_id, "team_id")
        yield from _assignment(self.given(), ticket, records)


def _assignment(hands: Mapping[str, object], ticket: Ticket, records: Records) -> Iterator[Event]:
    assignee_id = hands.get("assignee_id")
    if isinstance(assignee_id, UUID):
        need_active_user(records, assignee_id, "assignee_id")
    changed = {name: value for name, value in hands.items() if getattr(ticket, name) != value}
    if changed:
        yield TicketAssigned.of(changed)
    if assignee_id is not None and ticket.status is Status.NEW:
        yield TicketStarted()


class SetTicketPriority(Command, to=Ticket):
    """Set the priority, which sets the pace of the SLA clocks."""

    priority: Public[Priority, "vocabulary"]

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if ticket.priority is not self.priority:
            yield TicketPriorityChanged(priority=self.priority)


class AssignSlaPolicy(Command, to=Ticket):
    """Promise what another SLA policy says; null promises nothing any longer.

    It counts for the clocks that run as well, from the beginning of each.
    """

    sla_policy_id: Public[UUID | None, "link"]

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _must_not_be_closed(ticket)
        if self.sla_policy_id is None:
            if ticket.sla_policy_id is not None:
                yield TicketSlaPolicyAssigned(sla_policy_id=None)
            return
        assigned = asked_for(self.sla_policy_id, records, now)
        held = (ticket.sla_policy_id, ticket.sla_policy_revision)
        if held != (assigned.sla_policy_id, assigned.sla_policy_revision):
            yield assigned


class EscalateTicket(Command, to=Ticket):
    """Escalate the ticket 升级 to a higher level, and say why."""

    escalation_level: Public[Annotated[int, Field(ge=1, le=9)], "figure"]
    escalation_reason: Personal[Words, "content"]

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if self.escalation_level <= ticket.escalation_level:
            raise Rejected(
                f"escalation_level: this ticket is at level {ticket.escalation_level} already. "
                "Give a higher one.",
                field="escalation_level",
            )
        yield TicketEscalated(
            escalation_level=self.escalation_level, escalation_reason=self.escalation_reason
        )


class StartTicket(Command, to=Ticket):
    """Take up a new ticket."""

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if ticket.status is Status.PENDING:
            raise Rejected("This ticket is on hold. Resume it instead.")
        if ticket.status is Status.NEW:
            yield TicketStarted()


class HoldTicket(Command, to=Ticket):
    """Put the ticket on hold 挂起 until the customer or a third party has moved."""

    waiting_for: Public[WaitingFor, "vocabulary"]

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if ticket.status is Status.NEW:
            yield TicketStarted()
        if ticket.waiting_for is not self.waiting_for:
            yield TicketPutOnHold(waiting_for=self.waiting_for)


class ResumeTicket(Command, to=Ticket):
    """Take a ticket up again that was on hold."""

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if ticket.status is not Status.PENDING:
            raise Rejected(f"This ticket is {ticket.status}, not on hold.")
        yield TicketResumed()


class ReplyToTicket(Command, to=Ticket):
    """Answer the customer. The first answer takes up a new ticket, unless a bot gives it."""

    body: Personal[Words, "content"]
    author_user_id: Public[UUID | None, "link"] = None
    """The actor of the command, unless given."""
    by_bot: Public[bool, "switch"] = False
    """Whether a program wrote it: for the SLA clocks the customer still waits then."""

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _must_not_be_closed(ticket)
        said = _message(self, records, public=True)
        yield replace(said, by_bot=True) if self.by_bot else said
        if ticket.status is Status.NEW and not self.by_bot:
            yield TicketStarted()


class AddTicketNote(Command, to=Ticket):
    """Add an internal note, which no customer sees; also to a closed ticket."""

    body: Personal[Words, "content"]
    author_user_id: Public[UUID | None, "link"] = None
    """The actor of the command, unless given."""

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_whole(ticket)
        yield _message(self, records, public=False)


def _message(
    command: ReplyToTicket | AddTicketNote, records: Records, *, public: bool
) -> TicketMessageAdded:
    if command.author_user_id is not None:
        records.need(User, command.author_user_id, "author_user_id")
    return TicketMessageAdded(
        message_id=records.new_id(),
        public=public,
        direction=Direction.OUT,
        author_user_id=command.author_user_id,
        body=command.body,
    )


class AddTicketMessage(Command, to=Ticket):
    """Add what the customer wrote; it ends waiting for them, and reopens what had been answered."""

    body: Personal[Words, "content"]
    author_contact_id: Public[UUID | None, "link"] = None
    """The ticket's contact, unless given."""

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _must_not_be_closed(ticket)
        if ticket.status not in IN_WORK:
            _must_be_reopenable(ticket, now)
        if self.author_contact_id is not None:
            records.need(Contact, self.author_contact_id, "author_contact_id")
        yield from renewed(ticket, records, now)
        yield TicketMessageAdded(
            message_id=records.new_id(),
            public=True,
            direction=Direction.IN,
            author_contact_id=self.author_contact_id or ticket.contact_id,
            body=self.body,
        )
        if ticket.waiting_for is WaitingFor.CUSTOMER:
            yield TicketResumed()
        elif ticket.status not in IN_WORK:
            yield TicketReopened()


class ResolveTicket(Command, to=Ticket):
    """Resolve the ticket 已解决, and say how. It can be reopened for some days."""

    resolution: Personal[Words, "content"]
    resolution_code: Public[Line | None, "vocabulary"] = None
    reopen_within_days: Public[Days, "figure"] = REOPEN_DAYS

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if ticket.status is Status.NEW:
            yield TicketStarted()
        yield TicketResolved(
            resolution=self.resolution,
            resolution_code=self.resolution_code,
            reopen_until=end_of_window(now, self.reopen_within_days),
        )


class CloseTicket(Command, to=Ticket):
    """Close a resolved ticket 关闭 for good."""

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_whole(ticket)
        if ticket.status is Status.CLOSED:
            return
        if ticket.status is not Status.RESOLVED:
            raise Rejected(
                f"Only a resolved ticket can be closed; this one is {ticket.status}. "
                "Resolve it first."
            )
        yield TicketClosed()


class ReopenTicket(Command, to=Ticket):
    """Reopen 重开 a ticket that was resolved or turned down, inside its window."""

    reopening_reason: Personal[Words | None, "content"] = None

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_reopenable(ticket, now)
        yield TicketReopened(reopening_reason=self.reopening_reason)


class CreateFollowUpTicket(TicketDetails, Command, to=Ticket, opens=True):
    """Open a ticket that follows up one which can no longer be reopened, about the same matter."""

    follows_up_id: Public[UUID, "link"]
    priority: Public[Priority | None, "vocabulary"] = None

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        earlier = records.need(Ticket, self.follows_up_id, "follows_up_id")
        if earlier.status in IN_WORK:
            raise self._refused(f"that ticket is {earlier.status}. Work on it instead.")
        if earlier.may_be_reopened(now):
            raise self._refused("that ticket can still be reopened. Reopen it instead.")
        _check_details(self, records)
        matter = {n: v for n, v in (_matter(earlier) | self.given()).items() if v is not None}
        if "subject" not in matter:
            raise Rejected("subject: that ticket has none to take over. Give one.", field="subject")
        yield TicketOpened.of({"priority": earlier.priority} | matter)
        yield from promised_to(self, records, now, inherited=earlier.sla_policy_id)

    def _refused(self, problem: str) -> Rejected:
        return Rejected(f"follows_up_id: {problem}", field="follows_up_id")


def _matter(ticket: Ticket) -> dict[str, object]:
    """What a ticket is about, as far as it is known: follow-ups and splits begin with it."""
    about = {name: getattr(ticket, name) for name in _MATTER}
    return {name: value for name, value in about.items() if value not in (None, ERASED)}


class RejectTicket(Command, to=Ticket):
    """Turn down a ticket that is nothing for us, and say why."""

    rejection_reason: Personal[Words, "content"]
    reopen_within_days: Public[Days, "figure"] = REOPEN_DAYS

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        _must_be_in_work(ticket)
        yield TicketRejected(
            rejection_reason=self.rejection_reason,
            reopen_until=end_of_window(now, self.reopen_within_days),
        )


class MarkTicketDuplicate(Command, to=Ticket):
    """Mark that the same was asked before; the other ticket answers it."""

    duplicate_of_id: Public[UUID, "link"]
    duplicate_reason: Personal[Words | None, "content"] = None
    reopen_within_days: Public[Days, "figure"] = REOPEN_DAYS

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_in_work(ticket)
        if self.duplicate_of_id == records.own_id:
            raise self._refused("a ticket is no duplicate of itself. Give the other ticket.")
        other = records.need(Ticket, self.duplicate_of_id, "duplicate_of_id")
        if other.duplicate_of_id is not None:
            raise self._refused(
                f"that ticket is itself a duplicate of {other.duplicate_of_id}. Give that one."
            )
        yield TicketMarkedDuplicate(
            duplicate_of_id=self.duplicate_of_id,
            duplicate_reason=self.duplicate_reason,
            reopen_until=end_of_window(now, self.reopen_within_days),
        )

    def _refused(self, problem: str) -> Rejected:
        return Rejected(f"duplicate_of_id: {problem}", field="duplicate_of_id")


class MergeTicket(Command, to=Ticket):
    """Merge another ticket into this one 合并; both histories are kept, and it can be undone."""

    absorbed_id: Public[UUID, "link"]

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event | At]:
        _must_not_be_closed(ticket)
        if self.absorbed_id == records.own_id:
            raise Rejected(
                "absorbed_id: a ticket cannot be merged into itself. Give the other ticket.",
                field="absorbed_id",
            )
        other = records.need(Ticket, self.absorbed_id, "absorbed_id")
        if other.status is Status.CLOSED:
            raise Rejected(
                "absorbed_id: that ticket is closed, and closed is final. Merge open ones only.",
                field="absorbed_id",
            )
        yield At(self.absorbed_id, TicketMerged(merged_into_id=records.own_id))
        yield TicketAbsorbed(absorbed_id=self.absorbed_id)


class UnmergeTicket(Command, to=Ticket):
    """Take a merged ticket out of this one again; it goes on where it stood."""

    absorbed_id: Public[UUID, "link"]

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event | At]:
        if self.absorbed_id not in ticket.absorbed:
            raise Rejected(
                "absorbed_id: that ticket was not merged into this one. Give one that was.",
                field="absorbed_id",
            )
        yield At(self.absorbed_id, TicketUnmerged())
        yield TicketReturned(absorbed_id=self.absorbed_id)


class SplitTicket(Command, to=Ticket):
    """Open a new ticket for those messages that are about another matter."""

    subject: Personal[Line, "content"]
    message_ids: Public[Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)], "link"]

    def decide(self, ticket: Ticket, now: datetime, records: Records) -> Iterator[Event | At]:
        _must_not_be_closed(ticket)
        messages = tuple(dict.fromkeys(self.message_ids))
        for message in messages:
            if message not in ticket.messages:
                raise Rejected(
                    f"message_ids: this ticket has no message {message}. Give messages of its own.",
                    field="message_ids",
                )
        into_id = records.new_id()
        matter = _matter(ticket) | {
            "subject": self.subject,
            "priority": ticket.priority,
            "channel": ticket.channel,
            "split_from_id": records.own_id,
        }
        yield At(into_id, TicketOpened.of(matter))
        for promised in passed_on(ticket.sla_policy_id, records, now):
            yield At(into_id, promised)
        yield At(into_id, TicketMessagesTakenOver(from_id=records.own_id, message_ids=messages))
        yield TicketSplit(into_id=into_id, message_ids=messages)


class ArchiveTicket(Command, to=Ticket):
    """Put the ticket away; it stays in history and can be restored."""

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        if not ticket.archived:
            yield TicketArchived()


class RestoreTicket(Command, to=Ticket):
    """Take an archived ticket back into use."""

    def decide(self, ticket: Ticket, now: datetime) -> Iterator[Event]:
        if ticket.archived:
            yield TicketRestored()
