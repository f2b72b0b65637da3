"""What may be done with legal holds. Only administrators may do it."""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from commands.kernel import At, Command, Records, Rejected, changes, opened
from commands.records import check_record, check_required, need_active_user
from commands.subjects import named_subject
from domain.erasure import RecordHeld, RecordReleased
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.legal_holds import (
    LegalHold,
    LegalHoldChanged,
    LegalHoldDetails,
    LegalHoldLifted,
    LegalHoldPlaced,
    Status,
)
from domain.records import RecordDetails
from domain.values import Line, Text


def _check_end(expires_on: date | None, now: datetime) -> None:
    if expires_on is not None and expires_on < now.date():
        raise Rejected(
            "expires_on: lies in the past. Give a later day, or leave it out.", field="expires_on"
        )


def _must_be_in_force(hold: LegalHold) -> None:
    if hold.status is not Status.IN_FORCE:
        raise Rejected("This hold was lifted. Place a new one.", type="ended")


class PlaceLegalHold(LegalHoldDetails, Command, to=LegalHold, opens=True, admin=True):
    """Have somebody's data kept: nothing is destroyed, and their records are only stored."""

    law: Public[Line, "vocabulary"]
    approved_by_id: Public[UUID, "link"]

    def decide(self, hold: LegalHold, now: datetime, records: Records) -> Iterator[Event | At]:
        check_record(self, LegalHold, records)
        need_active_user(records, self.approved_by_id, "approved_by_id")
        _check_end(self.expires_on, now)
        stream, record, field = named_subject(self, records)
        if record.erased:
            raise Rejected(
                f"{field}: was erased, or is being; there is nothing left to be kept.",
                field=field,
                type="erased",
            )
        yield opened(self, LegalHoldPlaced)
        kind = type(record).AGGREGATE
        yield At(stream, RecordHeld(aggregate=kind, hold_id=records.own_id))


class ChangeLegalHold(RecordDetails, Command, to=LegalHold, admin=True):
    """Change fields of a legal hold; a field that is not given stays, null clears it."""

    law: Public[Line | None, "vocabulary"] = None
    matter: Personal[Text | None, "content"] = None
    expires_on: Public[date | None, "moment"] = None

    def decide(self, hold: LegalHold, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_in_force(hold)
        check_required(self, "law")
        check_record(self, LegalHold, records)
        _check_end(self.expires_on, now)
        yield from changes(self, hold, LegalHoldChanged)


class LiftLegalHold(Command, to=LegalHold, admin=True):
    """Lift the hold; what waited for it goes on."""

    lifting_reason: Personal[Text | None, "content"] = None

    def decide(self, hold: LegalHold, now: datetime, records: Records) -> Iterator[Event | At]:
        _must_be_in_force(hold)
        yield opened(self, LegalHoldLifted)
        yield from _released(hold, records)


class LapseLegalHold(Command, to=LegalHold, internal=True):
    """Lift a hold whose time is over."""

    def decide(self, hold: LegalHold, now: datetime, records: Records) -> Iterator[Event | At]:
        if hold.status is Status.IN_FORCE and not hold.holds_on(now.date()):
            yield LegalHoldLifted()
            yield from _released(hold, records)


def _released(hold: LegalHold, records: Records) -> Iterator[At]:
    stream, record, _ = named_subject(hold, records)
    released = RecordReleased(aggregate=type(record).AGGREGATE, hold_id=records.own_id)
    yield At(stream, released)
