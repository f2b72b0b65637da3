"""What may be done with consents."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, Records, Rejected, changes, opened
from commands.records import check_record
from domain.consents import (
    CONFIRM_DAYS,
    OBJECTABLE,
    Act,
    Basis,
    Channel,
    Consent,
    ConsentChanged,
    ConsentConfirmed,
    ConsentDetails,
    ConsentExpired,
    ConsentGranted,
    ConsentRefused,
    ConsentRenewed,
    ConsentRequested,
    ConsentWithdrawn,
    Moment,
    Status,
    WithdrawalReason,
    end_of_window,
)
from domain.contacts import Contact
from domain.customers import Customer
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.permission import objection_to
from domain.records import RecordDetails
from domain.suppressions import first_bar, to_look_up
from domain.values import Key, Line, Text

Days = Annotated[int, Field(ge=1, le=30)]


def _check_subject(command: ConsentDetails, records: Records, *, must_be_open: bool = True) -> None:
    """It is about exactly one person or company; a refusal is heard from whoever is known."""
    if (command.contact_id is None) == (command.customer_id is None):
        raise Rejected(
            "contact_id: a consent is of one contact or of one customer. Give one of the two.",
            field="contact_id",
        )
    kind, one, field = _whose(command)
    if one is not None and (must_be_open or records.get(kind, one) is None):
        records.need(kind, one, field)


def _whose(details: ConsentDetails) -> tuple[type[Contact | Customer], UUID | None, str]:
    if details.contact_id is None:
        return Customer, details.customer_id, "customer_id"
    return Contact, details.contact_id, "contact_id"


def _check_act(act: Act, basis: Basis, now: datetime) -> None:
    """It has happened, and what has to be shown of it is given."""
    if act.captured_at is not None and act.captured_at > now:
        raise Rejected(
            "captured_at: lies in the future. Give the moment at which they acted.",
            field="captured_at",
        )
    if basis is Basis.CONSENT and act.wording_version is None:
        raise Rejected(
            "wording_version: a consent is given to a text. Name the version that they saw.",
            field="wording_version",
        )
    if act.valid_until is not None and act.valid_until <= (act.captured_at or now):
        raise Rejected(
            "valid_until: lies before it began. Give a later moment, or leave it out.",
            field="valid_until",
        )


def _check_fresh(consent: Consent, captured_at: datetime, now: datetime) -> None:
    """Only what they did since counts: what is imported again revives nothing."""
    ended, last = consent.withdrawn_at, consent.captured_at
    if ended is not None and captured_at <= ended:
        place = f"before they said no on {_when(ended, now)}"
    elif last is not None and captured_at <= last:
        place = f"not after their last act on {_when(last, now)}"
    else:
        return
    raise Rejected(
        f"captured_at: lies {place}. Only a fresh act of theirs counts; give its moment.",
        field="captured_at",
        type="not-fresh",
    )


def _check_objection(consent: Consent, basis: Basis, now: datetime) -> None:
    objected_at = objection_to(consent, basis)
    if objected_at is not None:
        raise Rejected(
            f"lawful_basis: they objected on {_when(objected_at, now)}, and that stays. "
            "Only their own consent goes beyond it.",
            field="lawful_basis",
            type="objected",
        )


def _check_addresses(granted: Consent, records: Records, now: datetime) -> None:
    """Who comes back as somebody new, by an import, is not asked again for what they refused."""
    kind, one, _ = _whose(granted)
    person = None if one is None else records.get(kind, one)
    bar = first_bar(granted, records.remembered(to_look_up(granted, person)))
    if bar is not None:
        raise Rejected(
            f"captured_at: at one of their addresses somebody said no on {_when(bar.since, now)}. "
            "Only a later consent of their own goes beyond it; give its moment.",
            field="captured_at",
            type="not-fresh",
        )


def _when(moment: datetime, now: datetime) -> str:
    return f"{moment.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"


class GrantConsent(ConsentDetails, Command, to=Consent, opens=True):
    """Record a lawful basis for one person, purpose and channel; it holds at once."""

    purpose: Public[Key, "vocabulary"]
    channel: Public[Channel, "vocabulary"]
    lawful_basis: Public[Basis, "vocabulary"]
    captured_at: Public[Moment, "moment"]
    source: Public[Line, "vocabulary"]

    def decide(self, consent: Consent, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Consent, records)
        _check_subject(self, records)
        _check_act(self, self.lawful_basis, now)
        granted = opened(self, ConsentGranted)
        _check_addresses(granted.evolve(consent), records, now)
        yield granted


class RequestConsent(ConsentDetails, Command, to=Consent, opens=True):
    """Record a consent that is to be confirmed (double opt-in); until then it allows nothing."""

    purpose: Public[Key, "vocabulary"]
    channel: Public[Channel, "vocabulary"]
    captured_at: Public[Moment, "moment"]
    source: Public[Line, "vocabulary"]
    wording_version: Public[Line, "vocabulary"]
    confirm_days: Public[Days, "figure"] = CONFIRM_DAYS
    """How long the confirmation is waited for."""

    def decide(self, consent: Consent, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Consent, records)
        _check_subject(self, records)
        if self.lawful_basis not in (None, Basis.CONSENT):
            raise Rejected(
                "lawful_basis: only a consent is confirmed. Grant it at once instead.",
                field="lawful_basis",
            )
        _check_act(self, Basis.CONSENT, now)
        window = end_of_window(now, self.confirm_days)
        requested = ConsentRequested.of(
            opened(self, ConsentRequested).given()
            | {"lawful_basis": Basis.CONSENT, "confirm_by": window}
        )
        _check_addresses(requested.evolve(consent), records, now)
        yield requested


class ConfirmConsent(Command, to=Consent):
    """Record that they answered the double opt-in; a second answer changes nothing."""

    confirmation: Personal[Text | None, "trace"] = None
    """How they answered: which link was followed, from where, when."""

    def decide(self, consent: Consent, now: datetime) -> Iterator[Event]:
        status = consent.status_at(now)
        if status is Status.GRANTED:
            return
        if status is Status.EXPIRED and consent.confirm_by is not None:
            raise Rejected(
                f"This consent could be confirmed until {_when(consent.confirm_by, now)}. "
                "Ask them again instead.",
                type="window-over",
            )
        if status is not Status.PENDING:
            raise Rejected(f"This consent is {status}. Ask them again instead.")
        yield ConsentConfirmed(confirmed_at=now, confirmation=self.confirmation)


class RefuseConsent(ConsentDetails, Command, to=Consent, opens=True):
    """Record that somebody said no before anything was granted: do not contact them."""

    purpose: Public[Key, "vocabulary"]
    channel: Public[Channel, "vocabulary"]
    source: Public[Line, "vocabulary"]
    withdrawal_reason: Public[WithdrawalReason, "vocabulary"]
    withdrawal_note: Personal[Text | None, "content"] = None

    def decide(self, consent: Consent, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Consent, records)
        _check_subject(self, records, must_be_open=False)
        for field in ("lawful_basis", "captured_at", "wording_version", "valid_until"):
            if getattr(self, field) is not None:
                raise Rejected(f"{field}: belongs to a consent. Leave it out.", field=field)
        yield ConsentRefused.of(opened(self, ConsentRefused).given() | {"withdrawn_at": now})


class WithdrawConsent(Command, to=Consent):
    """Record that they took it back, or what else says no; it counts at once."""

    withdrawal_reason: Public[WithdrawalReason, "vocabulary"]
    withdrawal_note: Personal[Text | None, "content"] = None

    def decide(self, consent: Consent, now: datetime) -> Iterator[Event]:
        is_new = consent.withdrawn_at is None or now > consent.withdrawn_at
        if self.withdrawal_reason is WithdrawalReason.OBJECTED:
            _check_objectable(consent)
            is_new = is_new or consent.objected_at is None
        if not is_new:
            return
        if consent.captured_at is not None and now < consent.captured_at:
            raise Rejected(
                f"They acted on {_when(consent.captured_at, now)}, after this withdrawal. "
                "What they did last counts."
            )
        yield ConsentWithdrawn(
            withdrawal_reason=self.withdrawal_reason,
            withdrawn_at=now,
            withdrawal_note=self.withdrawal_note,
        )


def _check_objectable(consent: Consent) -> None:
    basis = consent.lawful_basis
    may_object = {None, Basis.CONSENT, *OBJECTABLE}
    if basis is not None and not consent.direct_marketing and basis not in may_object:
        raise Rejected(
            "withdrawal_reason: is no objection to direct marketing, and what rests on "
            f"{basis.replace('_', ' ')} knows no other. If they asked to be left alone, say asked.",
            field="withdrawal_reason",
        )


class ExpireConsent(Command, to=Consent):
    """Record that its time is over, or that nobody confirmed it in time; lists show it then."""

    def decide(self, consent: Consent, now: datetime) -> Iterator[Event]:
        if consent.status in (Status.EXPIRED, Status.WITHDRAWN):
            return
        if consent.status_at(now) is not Status.EXPIRED:
            end = consent.confirm_by if consent.status is Status.PENDING else consent.valid_until
            until = "has no end" if end is None else f"has time until {_when(end, now)}"
            raise Rejected(f"This consent {until}. Withdraw it, if they said no.")
        yield ConsentExpired()


class RenewConsent(Act, Command, to=Consent):
    """Record a fresh act of theirs: it holds on, or holds again after it was withdrawn or over.

    Where a confirmation was once asked for, it is asked for again, unless it still holds.
    """

    captured_at: Public[Moment, "moment"]
    source: Public[Line, "vocabulary"]
    lawful_basis: Public[Basis | None, "vocabulary"] = None
    """As before, where none is given; after a refusal, consent."""
    double_opt_in: Public[bool, "switch"] = False
    """Ask for a confirmation, even if none was asked for before."""
    confirm_days: Public[Days, "figure"] = CONFIRM_DAYS
    """How long the confirmation is waited for."""

    def decide(self, consent: Consent, now: datetime, records: Records) -> Iterator[Event]:
        basis = self.lawful_basis or consent.lawful_basis or Basis.CONSENT
        _check_act(self, basis, now)
        _check_fresh(consent, self.captured_at, now)
        _check_objection(consent, basis, now)
        act = {name: getattr(self, name) for name in Act.model_fields} | {"lawful_basis": basis}
        _check_addresses(ConsentGranted.of(act).evolve(consent), records, now)
        if consent.status_at(now) is Status.GRANTED:
            yield ConsentRenewed.of(act)
        elif basis is Basis.CONSENT and (self.double_opt_in or consent.double_opt_in):
            window = {"confirm_by": end_of_window(now, self.confirm_days)}
            yield ConsentRequested.of(act | window)
        else:
            yield ConsentGranted.of(act)


class ChangeConsent(RecordDetails, Command, to=Consent):
    """Change owner, team, tags and the like; what was proved stays as it is."""

    def decide(self, consent: Consent, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Consent, records)
        yield from changes(self, consent, ConsentChanged)
