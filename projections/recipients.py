"""Recipients, and what they were given of whom, as lists need them."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from domain.disclosures import DataDisclosed
from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import replace
from domain.recipients import Recipient
from projections.kernel import Projection, RecordRow, Row, Serve


class RecipientRow(RecordRow, Recipient):
    """A recipient and its header."""


recipients = Projection(
    "recipients",
    version=1,
    row=RecipientRow,
    serves=(
        Serve("number"),
        Serve("name"),
        Serve("changed_at"),
        Serve("changed_at", ("status",)),
        Serve("changed_at", ("role",)),
        Serve("changed_at", ("country",)),
    ),
    search=("name", "number"),
).follows(Recipient)


class DisclosureRow(Row):
    """What a recipient was given of somebody at once; one row for each of them."""

    KEY: ClassVar[tuple[str, ...]] = ("id", "disclosure_id")

    disclosure_id: Public[UUID | None, "link"] = None
    kind: Public[str, "vocabulary"] = ""
    """Of the record that stands for them, by its plural."""
    subject_id: Public[UUID | None, "link"] = None
    recipient_id: Public[UUID | None, "link"] = None
    categories: Public[tuple[str, ...], "vocabulary"] = ()
    purpose: Public[str, "vocabulary"] = ""
    disclosed_on: Public[date | None, "moment"] = None


disclosures = Projection(
    "disclosures",
    version=1,
    row=DisclosureRow,
    serves=(
        Serve("disclosed_on"),
        Serve("disclosed_on", ("subject_id",)),
        Serve("disclosed_on", ("recipient_id",)),
        Serve("disclosed_on", ("disclosure_id",)),
    ),
)


@disclosures.on(DataDisclosed, key="disclosure_id")
def disclose(row: DisclosureRow, event: DataDisclosed, recorded: Recorded) -> DisclosureRow:
    """Something was given away."""
    return replace(
        row,
        kind=event.aggregate,
        subject_id=recorded.stream,
        recipient_id=event.recipient_id,
        categories=event.categories,
        purpose=event.purpose,
        disclosed_on=event.disclosed_on,
    )
