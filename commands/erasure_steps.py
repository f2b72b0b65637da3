"""The steps of an erasure that Kept takes itself, each recorded when it is done."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from commands.kernel import At, Command, Records, opened
from commands.subjects import check_no_hold, owed_notices, same_person
from domain import AGGREGATES
from domain.erasure import ErasureBegun, PersonalDataErased
from domain.erasure_steps import ErasureCertified, ErasureDestroyed, ErasureFenced, ErasureSwept
from domain.fields import Public
from domain.kernel import Aggregate, Event, Value
from domain.subject_requests import Kind, Status, SubjectRequest, SubjectRequestFulfilled

OF_KIND: Final[dict[str, type[Aggregate]]] = {one.AGGREGATE: one for one in AGGREGATES}
MARKED_AT_ONCE: Final = 200
"""Records that one command marks as erased."""


class FenceErasure(Command, to=SubjectRequest, internal=True):
    """Bar every record that stands for them, however often it was merged.

    Of retention none is barred: what is written from now on lies under another key.
    """

    commitments: Public[tuple[str, ...], "link"]
    epoch: Public[int, "figure"]

    def decide(
        self, request: SubjectRequest, now: datetime, records: Records
    ) -> Iterator[Event | At]:
        found = same_person(request, records)
        if request.status is Status.DECIDED:
            check_no_hold(found, records, now.date())
        subjects = tuple(found) if request.is_for_good else tuple(found)[:1]
        for stream, record in found.items():
            if request.is_for_good and not record.erased:
                kind = type(record).AGGREGATE
                yield At(stream, ErasureBegun(aggregate=kind, request_id=records.own_id))
        if request.status is Status.DECIDED:
            yield ErasureFenced(subjects=subjects, commitments=self.commitments, epoch=self.epoch)


class Marked(Value):
    """A record, and of which kind it is."""

    kind: str
    stream: UUID


class MarkErased(Command, to=SubjectRequest, internal=True):
    """Let records say that what they held about somebody is gone."""

    records: Public[tuple[Marked, ...], "link"]

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[At]:
        for one in self.records:
            kind = one.kind
            if kind in OF_KIND and records.get(OF_KIND[kind], one.stream) is not None:
                erased = PersonalDataErased(
                    aggregate=kind, request_id=records.own_id, categories=request.categories
                )
                yield At(one.stream, erased)


class RecordDestruction(Command, to=SubjectRequest, internal=True):
    """Record that keys and rows are gone."""

    destroyed_keys: Public[int, "figure"]
    destroyed_rows: Public[int, "figure"]
    touched_records: Public[int, "figure"]

    def decide(self, request: SubjectRequest, now: datetime, records: Records) -> Iterator[Event]:
        if request.status is Status.FENCED:
            yield opened(self, ErasureDestroyed)
            yield from owed_notices(request, request.categories, now, records)


class RecordSweep(Command, to=SubjectRequest, internal=True):
    """Record that nothing holds a value of theirs any more, and that the request is answered."""

    rebuilt_at: Public[int, "figure"]
    left: Public[tuple[str, ...], "vocabulary"] = ()

    def decide(self, request: SubjectRequest, now: datetime) -> Iterator[Event]:
        if request.status is Status.DESTROYED:
            yield ErasureSwept(rebuilt_at=self.rebuilt_at, left=self.left)
            yield SubjectRequestFulfilled()


class CertifyErasure(Command, to=SubjectRequest, internal=True):
    """Record that no copy from before can be opened any more."""

    dark_on: Public[date, "moment"]

    def decide(self, request: SubjectRequest, now: datetime) -> Iterator[Event]:
        if request.kind is Kind.ERASURE and request.status is Status.FULFILLED:
            yield opened(self, ErasureCertified)
