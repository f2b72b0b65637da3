"""The tickets with what service measures need, and their messages."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.ticket_history import Status
from domain.tickets import (
    Direction,
    Ticket,
    TicketMessageAdded,
    TicketSplit,
)
from projections.kernel import Projection, RecordRow, Row, Serve


class TicketRow(RecordRow, Ticket):
    """A ticket, its header, and the moments that service measures stand on."""

    status_since: Public[datetime | None, "moment"] = None
    moments_of: Public[Status | None, "vocabulary"] = None
    """The status that ``status_since`` is of; tells a step that the status has changed."""
    first_replied_at: Public[datetime | None, "moment"] = None
    resolved_at: Public[datetime | None, "moment"] = None
    closed_at: Public[datetime | None, "moment"] = None


tickets = Projection(
    "tickets",
    version=2,
    row=TicketRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("created_at"),
        Serve("created_at", ("status",)),
        Serve("created_at", ("priority",)),
        Serve("created_at", ("status", "priority")),
        Serve("created_at", ("assignee_id", "status")),
        Serve("created_at", ("queue", "status")),
        Serve("created_at", ("source_state",)),
        Serve("created_at", ("made_sla",)),
        Serve("changed_at", ("customer_id",)),
        Serve("changed_at", ("contact_id",)),
        Serve("reopen_count"),
    ),
    search=("subject", "number"),
).follows(Ticket)


@tickets.on(*Ticket.EVENTS.values())
def keep_moments(row: TicketRow, event: Event, recorded: Recorded) -> TicketRow:
    """Remember when the status changed, and when the customer got the first answer."""
    at = recorded.occurred_at
    if isinstance(event, TicketMessageAdded):
        first = event.is_reply and row.first_replied_at is None
        return replace(row, first_replied_at=at) if first else row
    if row.status is row.moments_of:
        return row
    moments: dict[str, Any] = {"status_since": at, "moments_of": row.status}
    if row.status is Status.RESOLVED:
        moments["resolved_at"] = at
    if row.status is Status.CLOSED:
        moments["closed_at"] = at
    return replace(row, **moments)


class TicketMessageRow(Row):
    """A message of a ticket. ``id`` is the ticket that it was written in."""

    KEY: ClassVar[tuple[str, ...]] = ("id", "message_id")

    message_id: Public[UUID | None, "link"] = None
    ticket_id: Public[UUID | None, "link"] = None
    """Where it belongs now: another ticket than ``id`` after a split."""
    public: Public[bool, "switch"] = True
    direction: Public[Direction | None, "vocabulary"] = None
    author_contact_id: Public[UUID | None, "link"] = None
    author_user_id: Public[UUID | None, "link"] = None
    body: Personal[str | None, "content"] = None
    written_at: Public[datetime | None, "moment"] = None


ticket_messages = Projection(
    "ticket_messages",
    version=1,
    row=TicketMessageRow,
    serves=(Serve("written_at", ("ticket_id",)), Serve("written_at")),
    search=("body",),
)


@ticket_messages.on(TicketMessageAdded, key="message_id")
def write(row: TicketMessageRow, event: TicketMessageAdded, recorded: Recorded) -> TicketMessageRow:
    """A message was added."""
    by_contact = event.author_contact_id is not None
    return replace(
        row,
        ticket_id=recorded.stream,
        public=event.public,
        direction=event.direction,
        author_contact_id=event.author_contact_id,
        author_user_id=event.author_user_id or (None if by_contact else recorded.actor),
        body=event.body,
        written_at=recorded.occurred_at,
    )


@ticket_messages.on(TicketSplit, key="message_ids")
def move(row: TicketMessageRow, event: TicketSplit, recorded: Recorded) -> TicketMessageRow:
    """The message belongs to another ticket now."""
    return replace(row, ticket_id=event.into_id)
