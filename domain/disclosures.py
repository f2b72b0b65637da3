"""Disclosures 提供: that personal data was given to a recipient (GDPR Art. 15(1)(c), PIPL Art. 23).

The fact lies with whom the data is about, so that whoever asks about themselves is told of it, and
whoever is to be told of an erasure is known. It names no value, and outlives an erasure.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.fields import CATEGORIES, Public
from domain.kernel import Event, replace
from domain.records import Received, Record
from domain.values import Key

Category = Annotated[str, Field(json_schema_extra={"enum": [*CATEGORIES]})]


class DataDisclosed(Event):
    """What was known of whom this record stands for was given to somebody else."""

    aggregate: Public[str, "vocabulary"]
    """The kind of record, which the event's name does not tell."""
    recipient_id: Public[UUID, "link"]
    disclosure_id: Public[UUID, "link"]
    """The same for all whose data was given at once."""
    categories: Public[tuple[str, ...], "vocabulary"]
    purpose: Public[Key, "vocabulary"]
    disclosed_on: Public[date, "moment"]

    def evolve(self, record: Record) -> Record:
        held = {one.recipient_id: one.categories for one in record.recipients}
        known = held.get(self.recipient_id, ())
        held[self.recipient_id] = tuple(dict.fromkeys((*known, *self.categories)))
        return replace(
            record,
            recipients=tuple(
                Received(recipient_id=one, categories=categories)
                for one, categories in held.items()
            ),
        )
