"""Erasure 删除, and being kept from it: what every kind of record says of either, so that each
proves what became of its data.

The values themselves are destroyed beside the log, not by these events; they say that it was done,
and when. Whoever keeps a record folded from before has to fold it anew.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from domain.disclosures import DataDisclosed
from domain.fields import Public
from domain.kernel import Aggregate, Event, replace
from domain.records import Record, without


class ErasureBegun(Event):
    """Whom this record stands for is being erased: from now on nothing is recorded of them.

    Comes before anything is destroyed, so that no merge carries values away meanwhile.
    """

    aggregate: Public[str, "vocabulary"]
    """The kind of record, which the event's name does not tell."""
    request_id: Public[UUID, "link"]

    def evolve(self, record: Record) -> Record:
        return replace(record, erased=True)


class PersonalDataErased(Event):
    """What this record held about them, in these categories, is gone (GDPR Art. 17, PIPL Art. 47).

    Nothing is left to be changed here: who folds the record from its beginning reads ``ERASED``.
    """

    aggregate: Public[str, "vocabulary"]
    request_id: Public[UUID, "link"]
    categories: Public[tuple[str, ...], "vocabulary"]

    def evolve(self, state: Aggregate) -> Aggregate:
        return state


class RecordHeld(Event):
    """A legal hold has whom this record stands for kept as they are."""

    aggregate: Public[str, "vocabulary"]
    hold_id: Public[UUID, "link"]

    def evolve(self, record: Record) -> Record:
        return replace(
            record, legal_holds=(*without(record.legal_holds, (self.hold_id,)), self.hold_id)
        )


class RecordReleased(Event):
    """The hold was lifted, or its time is over."""

    aggregate: Public[str, "vocabulary"]
    hold_id: Public[UUID, "link"]

    def evolve(self, record: Record) -> Record:
        return replace(record, legal_holds=without(record.legal_holds, (self.hold_id,)))


OF_EVERY_KIND: Final[Mapping[str, type[Event]]] = {
    one.__name__: one
    for one in (ErasureBegun, PersonalDataErased, RecordHeld, RecordReleased, DataDisclosed)
}
"""The events that every kind of record can have. Each says of which kind it is."""
