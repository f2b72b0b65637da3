"""May we contact them, by this channel, for this purpose, then? A pure answer from the ledger.

Whoever said no wins over every earlier yes. Two refusals reach beyond their own record: an
objection to direct marketing ends all direct marketing, and where everything comes back, nothing is
sent, whatever for.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from domain.consents import OBJECTABLE, Basis, Channel, Consent, Status, WithdrawalReason
from domain.suppressions import Suppression, first_bar

LONG_AGO: Final = datetime(1900, 1, 1, tzinfo=UTC)
REFUSALS: Final = {
    WithdrawalReason.UNSUBSCRIBED: "They unsubscribed",
    WithdrawalReason.BOUNCED: "What was sent to them came back",
    WithdrawalReason.ASKED: "They asked not to be contacted",
    WithdrawalReason.OBJECTED: "They objected",
}


class Verdict(NamedTuple):
    """The answer, why, and the record that says so; none where nothing is recorded."""

    allowed: bool
    sentence: str
    consent_id: UUID | None = None


def may_contact(
    consents: Mapping[UUID, Consent],
    purpose: str,
    channel: Channel,
    at: datetime,
    remembered: Mapping[UUID, Sequence[Suppression]] | None = None,
) -> Verdict:
    """Whether somebody may be contacted at that moment.

    ``consents`` are all of theirs as they were then, by id; ``remembered`` is what their addresses
    remember of refusals that are about one of these, whoever they were recorded for.
    """
    asked = [
        (consent.captured_at or consent.withdrawn_at or LONG_AGO, one)
        for one, consent in consents.items()
        if consent.purpose == purpose and consent.channel is channel
    ]
    newest_first = [one for _, one in sorted(asked, reverse=True)]
    verdicts = [
        _verdict(one, consents, at, (remembered or {}).get(one, ())) for one in newest_first
    ]
    nothing = Verdict(False, "No lawful basis is recorded for this purpose and channel.")
    return next((one for one in verdicts if one.allowed), verdicts[0] if verdicts else nothing)


def objection_to(consent: Consent, basis: Basis | None) -> datetime | None:
    """When they objected to what this basis would allow again; only consent is their own will."""
    if basis is Basis.CONSENT or not (consent.direct_marketing or basis in OBJECTABLE):
        return None
    return consent.objected_at


def _verdict(
    one: UUID, consents: Mapping[UUID, Consent], at: datetime, remembered: Sequence[Suppression]
) -> Verdict:
    consent = consents[one]
    captured_at = consent.captured_at
    if captured_at is None or not consent.holds(at):
        return Verdict(False, _why_not(consent, at), one)
    for other, refusing in consents.items():
        if _is_refused(consent, captured_at, refusing):
            return Verdict(False, _refusal(refusing, at), other)
    bar = first_bar(consent, [no for no in remembered if no.since <= at])
    if bar is not None:
        day = _day(bar.since, at)
        return Verdict(False, f"At one of their addresses somebody said no on {day}.", one)
    basis = (consent.lawful_basis or Basis.CONSENT).replace("_", " ")
    return Verdict(True, f"It rests on {basis}, since {_day(captured_at, at)}.", one)


def _is_refused(consent: Consent, captured_at: datetime, refusing: Consent) -> bool:
    """Whether what one record holds of a refusal ends what another one grants."""
    if refusing.objected_at is not None:
        marketing = consent.direct_marketing and refusing.direct_marketing
        stays = consent.lawful_basis is not Basis.CONSENT or refusing.objected_at >= captured_at
        if marketing and stays:
            return True
    is_here = consent.channel is refusing.channel and (
        consent.purpose == refusing.purpose
        or refusing.withdrawal_reason is WithdrawalReason.BOUNCED
    )
    since = refusing.withdrawn_at if refusing.status is Status.WITHDRAWN else None
    return is_here and since is not None and since >= captured_at


def _why_not(consent: Consent, at: datetime) -> str:
    match consent.status_at(at):
        case Status.WITHDRAWN:
            return _refusal(consent, at)
        case Status.PENDING:
            return "They have not confirmed it yet."
        case Status.EXPIRED if consent.confirm_by is not None:
            return "They did not confirm it in time."
        case Status.EXPIRED if consent.valid_until is not None:
            return f"It held until {_day(consent.valid_until, at)}."
        case _:
            return "It does not hold at that time."


def _refusal(consent: Consent, at: datetime) -> str:
    reason, since = consent.withdrawal_reason, consent.withdrawn_at
    if reason is None or since is None:  # they came back to one thing, and the objection stays
        reason, since = WithdrawalReason.OBJECTED, consent.objected_at or at
    return f"{REFUSALS[reason]} on {_day(since, at)}."


def _day(moment: datetime, at: datetime) -> str:
    return f"{moment.astimezone(at.tzinfo):%Y-%m-%d}"
