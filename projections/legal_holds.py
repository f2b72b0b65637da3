"""The legal holds, as lists need them: by when they end."""

from domain.legal_holds import LegalHold
from projections.kernel import Projection, RecordRow, Serve


class LegalHoldRow(RecordRow, LegalHold):
    """A legal hold and its header."""


legal_holds = Projection(
    "legal_holds",
    version=1,
    row=LegalHoldRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("expires_on", ("status",)),
        Serve("changed_at", ("contact_id",)),
        Serve("changed_at", ("customer_id",)),
        Serve("changed_at", ("user_id",)),
    ),
    search=("number", "law"),
).follows(LegalHold)
