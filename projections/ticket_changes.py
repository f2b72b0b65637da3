"""What happened to tickets, as service measures need it: each change of status or hands, and the
first answer.

A row is one event of a ticket that changed any of these, with how old the ticket was by then, and
is never changed. Nothing in it is personal.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import replace
from domain.ticket_history import IN_WORK, Status
from domain.tickets import Channel, Priority, Ticket, Type
from projections.kernel import Derived, Projection, Row, Serve


class TicketChangeRow(Row):
    """One event of a ticket, and what stood in the ticket after it."""

    KEY: ClassVar[tuple[str, ...]] = ("position",)

    position: Public[int, "figure"] = 0
    type: Public[str, "vocabulary"] = ""
    """Of the event."""
    occurred_at: Public[datetime | None, "moment"] = None
    created_at: Public[datetime | None, "moment"] = None
    """When the ticket was opened."""
    age_seconds: Public[int, "figure"] = 0
    """How old the ticket was by then."""
    was_in_work: Public[bool, "switch"] = False
    in_work: Public[bool, "switch"] = False
    """Somebody still has to do something: it is new, open or pending, not merged and not archived.
    """
    status: Public[Status | None, "vocabulary"] = None
    first_reply: Public[bool, "switch"] = False
    """With this event the customer got the first answer."""
    reopened: Public[bool, "switch"] = False
    priority: Public[Priority | None, "vocabulary"] = None
    channel: Public[Channel | None, "vocabulary"] = None
    ticket_type: Public[Type | None, "vocabulary"] = None
    queue: Public[str | None, "vocabulary"] = None
    assignee_id: Public[UUID | None, "link"] = None
    team_id: Public[UUID | None, "link"] = None


_KEPT: Final = ("status", "priority", "channel", "queue", "assignee_id", "team_id")


def derive(
    projection: Projection, before: Row | None, after: Row | None, recorded: Recorded
) -> Iterator[TicketChangeRow]:
    """The row of one event, if it changed what is followed."""
    if before is None or after is None:
        return
    old, new = before.__dict__, after.__dict__
    begins = old["version"] == 0
    was_in_work, in_work = not begins and _in_work(old), _in_work(new)
    first_reply = old["first_replied_at"] is None and new["first_replied_at"] is not None
    reopened = new["reopen_count"] > old["reopen_count"]
    followed = any(old[name] != new[name] for name in _KEPT)
    if not (begins or first_reply or reopened or followed or was_in_work is not in_work):
        return
    at, created = recorded.occurred_at, new["created_at"]
    yield replace(
        _BLANK,
        id=recorded.stream,
        position=recorded.position,
        type=recorded.type,
        occurred_at=at,
        created_at=created,
        age_seconds=int((at - created).total_seconds()),
        was_in_work=was_in_work,
        in_work=in_work,
        first_reply=first_reply,
        reopened=reopened,
        ticket_type=new["type"],
        **{name: new[name] for name in _KEPT},
    )


def _in_work(ticket: dict[str, Any]) -> bool:
    gone = ticket["archived"] or ticket["merged_into_id"] is not None
    return ticket["status"] in IN_WORK and not gone


_BLANK: Final = TicketChangeRow()

ticket_changes = Derived(
    "ticket_changes",
    version=1,
    row=TicketChangeRow,
    derive=derive,
    of=Ticket,
    serves=(
        Serve("position"),
        Serve("position", ("id",)),
        Serve("occurred_at"),
        Serve("occurred_at", ("status",)),
    ),
)
