"""The retention schedules, as lists need them, and until when whoever looked keeps a record."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import replace
from domain.retention_schedules import RetentionReviewed, RetentionSchedule
from projections.kernel import Projection, RecordRow, Row, Serve


class RetentionScheduleRow(RecordRow, RetentionSchedule):
    """A retention schedule and its header."""


retention_schedules = Projection(
    "retention_schedules",
    version=1,
    row=RetentionScheduleRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("changed_at", ("status",)),
        Serve("changed_at", ("kind", "status")),
        Serve("changed_at", ("kind", "category")),
    ),
    search=("number", "law"),
).follows(RetentionSchedule)


class RetentionReviewRow(Row):
    """The last review of a record's category under a schedule. ``id`` is the schedule's."""

    KEY: ClassVar[tuple[str, ...]] = ("id", "record_id")

    record_id: Public[UUID | None, "link"] = None
    category: Public[str | None, "vocabulary"] = None
    kept_until: Public[date | None, "moment"] = None
    reviewed_by: Public[UUID | None, "link"] = None


retention_reviews = Projection(
    "retention_reviews",
    version=1,
    row=RetentionReviewRow,
    serves=(Serve("kept_until", ("record_id",)), Serve("kept_until")),
)


@retention_reviews.on(RetentionReviewed, key="record_id")
def look(
    row: RetentionReviewRow, event: RetentionReviewed, recorded: Recorded
) -> RetentionReviewRow:
    """Somebody looked, and keeps it."""
    return replace(
        row, category=event.category, kept_until=event.kept_until, reviewed_by=recorded.actor
    )
