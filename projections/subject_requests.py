"""The data-subject requests, as lists need them: by what is due first."""

from domain.subject_requests import SubjectRequest
from projections.kernel import Projection, RecordRow, Serve


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
