"""The consents, as lists need them."""

from domain.consents import Consent
from projections.kernel import Projection, RecordRow, Serve


class ConsentRow(RecordRow, Consent):
    """A consent and its header.

    The status is the last one that was recorded; whose time is over meanwhile is found by
    ``valid_until`` and ``confirm_by``.
    """


consents = Projection(
    "consents",
    version=1,
    row=ConsentRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("changed_at", ("contact_id",)),
        Serve("changed_at", ("customer_id",)),
        Serve("changed_at", ("purpose", "channel")),
        Serve("changed_at", ("status",)),
        Serve("valid_until", ("status",)),
        Serve("confirm_by", ("status",)),
        Serve("withdrawn_at", ("channel", "withdrawal_reason")),
    ),
    search=("number",),
).follows(Consent)
