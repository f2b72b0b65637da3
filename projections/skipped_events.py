"""The events that read models go on without, in one row."""

from domain.skipped_events import SkippedEvents
from projections.kernel import Projection, RecordRow, Serve


class SkippedEventsRow(RecordRow, SkippedEvents):
    """All skips and their header."""


skipped_events = Projection(
    "skipped_events", version=1, row=SkippedEventsRow, serves=(Serve("changed_at"),)
).follows(SkippedEvents)
