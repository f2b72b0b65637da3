"""The data-subject requests, and the notices that recipients are owed because of them, as lists
need them: by what is due first.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import replace
from domain.notices import Means
from domain.subject_requests import NoticeRecorded, NoticesOwed, SubjectRequest
from projections.kernel import Projection, RecordRow, Row, Serve


class SubjectRequestRow(RecordRow, SubjectRequest):
    """A data-subject request and its header."""


subject_requests = Projection(
    "subject_requests",
    version=2,
    row=SubjectRequestRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("due_on"),
        Serve("due_on", ("status",)),
        Serve("due_on", ("kind", "status")),
        Serve("fell_due_on", ("schedule_id",)),
        Serve("received_on", ("contact_id",)),
        Serve("received_on", ("customer_id",)),
        Serve("received_on", ("user_id",)),
    ),
    search=("number",),
).follows(SubjectRequest)


class NoticeStatus(StrEnum):
    """Of a notice: open, or what became of it."""

    OPEN = "open"
    SENT = "sent"
    IMPOSSIBLE = "impossible"
    DISPROPORTIONATE = "disproportionate"


class NoticeRow(Row):
    """A notice that a recipient is owed because of a request, or was."""

    KEY: ClassVar[tuple[str, ...]] = ("id", "recipient_id")

    request_id: Public[UUID | None, "link"] = None
    recipient_id: Public[UUID | None, "link"] = None
    categories: Public[tuple[str, ...], "vocabulary"] = ()
    status: Public[NoticeStatus, "vocabulary"] = NoticeStatus.OPEN
    due_on: Public[date | None, "moment"] = None
    means: Public[Means | None, "vocabulary"] = None
    noticed_on: Public[date | None, "moment"] = None


notices = Projection(
    "notices",
    version=1,
    row=NoticeRow,
    serves=(
        Serve("due_on"),
        Serve("due_on", ("status",)),
        Serve("due_on", ("request_id",)),
        Serve("due_on", ("recipient_id",)),
        Serve("due_on", ("recipient_id", "status")),
    ),
)


@notices.on(NoticesOwed, key="recipients")
def owe(row: NoticeRow, event: NoticesOwed, recorded: Recorded) -> NoticeRow:
    """They are to be told."""
    return replace(
        row, request_id=recorded.stream, categories=event.categories, due_on=event.due_on
    )


@notices.on(NoticeRecorded, key="recipient_id")
def notice(row: NoticeRow, event: NoticeRecorded, recorded: Recorded) -> NoticeRow:
    """They were told, or cannot be."""
    return replace(
        row,
        request_id=recorded.stream,
        status=NoticeStatus(event.outcome),
        means=event.means,
        noticed_on=event.noticed_on,
    )
