"""Consents: what is proved of them, how they end, and that an end stays one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from commands.consents import (
    ChangeConsent,
    ConfirmConsent,
    ExpireConsent,
    GrantConsent,
    RefuseConsent,
    RenewConsent,
    RequestConsent,
    WithdrawConsent,
)
from domain.consents import (
    CONFIRM_DAYS,
    Basis,
    Channel,
    Consent,
    ConsentChanged,
    ConsentConfirmed,
    ConsentExpired,
    ConsentGranted,
    ConsentRefused,
    ConsentRenewed,
    ConsentRequested,
    ConsentWithdrawn,
    Status,
    WithdrawalReason,
)
from domain.contacts import ContactArchived, ContactMerged, ContactRegistered, ContactRestricted
from domain.customers import CustomerRegistered, Kind
from domain.kernel import Event
from tests.dsl import NOW, given, id_of, state_of

FANG, ACME, TWIN = id_of("fang"), id_of("acme"), id_of("twin")
DAY = timedelta(days=1)
CAPTURED, LATER = NOW - 30 * DAY, NOW - 2 * DAY

fang = ContactRegistered(family_name="Wang", given_name="Fang", emails=("wf@example.com",))
requested = ConsentRequested(
    contact_id=FANG,
    purpose="newsletter",
    channel=Channel.EMAIL,
    lawful_basis=Basis.CONSENT,
    captured_at=CAPTURED,
    source="Web form",
    wording_version="2026-02",
    confirm_by=NOW + CONFIRM_DAYS * DAY,
)
confirmed = ConsentConfirmed(confirmed_at=NOW - 10 * DAY, confirmation="Link of 09:14")
granted = ConsentGranted(
    contact_id=FANG,
    purpose="newsletter",
    channel=Channel.EMAIL,
    lawful_basis=Basis.CONSENT,
    captured_at=CAPTURED,
    source="Spring fair",
    wording_version="2026-02",
    evidence="Card 117",
)
invoices = ConsentGranted(
    contact_id=FANG,
    purpose="invoices",
    channel=Channel.EMAIL,
    direct_marketing=False,
    lawful_basis=Basis.CONTRACT,
    captured_at=CAPTURED,
    source="Contract 4711",
)
offers = ConsentGranted(
    contact_id=FANG,
    purpose="offers",
    channel=Channel.EMAIL,
    lawful_basis=Basis.LEGITIMATE_INTERESTS,
    captured_at=CAPTURED,
    source="Purchase of 2025",
)


def withdrawn(
    reason: WithdrawalReason = WithdrawalReason.UNSUBSCRIBED, at: datetime = NOW - 5 * DAY
) -> ConsentWithdrawn:
    return ConsentWithdrawn(withdrawal_reason=reason, withdrawn_at=at, withdrawal_note=None)


def consent_of(*events: Event) -> Consent:
    state = state_of(*events)
    assert isinstance(state, Consent)
    return state


def grant(**changes: object) -> GrantConsent:
    fields = {
        "contact_id": FANG,
        "purpose": "newsletter",
        "channel": Channel.EMAIL,
        "lawful_basis": Basis.CONSENT,
        "captured_at": CAPTURED,
        "source": "Spring fair",
        "wording_version": "2026-02",
    }
    return GrantConsent.model_validate(fields | changes)


def renew(**changes: object) -> RenewConsent:
    fields = {"captured_at": LATER, "source": "Autumn fair", "wording_version": "2026-03"}
    return RenewConsent.model_validate(fields | changes)


# Granting.


def test_a_consent_is_recorded_with_its_proof() -> None:
    given().among({FANG: fang}).when(grant(evidence="Card 117")).then(granted)


def test_another_lawful_basis_holds_at_once_and_needs_no_wording() -> None:
    given().among({FANG: fang}).when(
        GrantConsent(
            contact_id=FANG,
            purpose="invoices",
            channel=Channel.EMAIL,
            direct_marketing=False,
            lawful_basis=Basis.CONTRACT,
            captured_at=CAPTURED,
            source="Contract 4711",
        )
    ).then(invoices)
    assert consent_of(invoices).holds(NOW)


def test_a_customer_consents_too() -> None:
    given().among({ACME: CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)}).when(
        grant(contact_id=None, customer_id=ACME, evidence="Card 117")
    ).then(
        ConsentGranted.model_validate(
            granted.given() | {"contact_id": None, "customer_id": ACME}, strict=True
        )
    )


def test_a_consent_is_given_to_a_wording() -> None:
    given().among({FANG: fang}).when(grant(wording_version=None)).rejected(
        "wording_version: a consent is given to a text. Name the version"
    )


@pytest.mark.parametrize("customer", [None, ACME])
def test_a_consent_is_of_one_person(customer: object) -> None:
    contact = None if customer is None else FANG
    given().among({FANG: fang}).when(grant(contact_id=contact, customer_id=customer)).rejected(
        "contact_id: a consent is of one contact or of one customer. Give one"
    )


def test_a_consent_is_of_somebody_who_is_there() -> None:
    given().when(grant()).rejected(f"contact_id: there is no contact {FANG}")


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        (ContactArchived(), "is archived"),
        (ContactMerged(merged_into_id=TWIN), f"was merged into {TWIN}"),
        (ContactRestricted(restriction_reason="She contests it."), "may only be stored"),
    ],
)
def test_nothing_is_granted_of_whom_may_not_be_worked_with(ending: Event, sentence: str) -> None:
    given().among({FANG: [fang, ending]}).when(grant()).rejected(sentence, type="barred-reference")


def test_nobody_consented_tomorrow() -> None:
    given().among({FANG: fang}).when(grant(captured_at=NOW + DAY)).rejected(
        "captured_at: lies in the future. Give the moment"
    )


def test_a_consent_does_not_end_before_it_began() -> None:
    given().among({FANG: fang}).when(grant(valid_until=CAPTURED)).rejected(
        "valid_until: lies before it began. Give a later moment"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("purpose", "News letter"),
        ("channel", "pigeon"),
        ("lawful_basis", "habit"),
        ("captured_at", "2026-02-01T10:00:00"),
        ("captured_at", "0001-01-01T00:00:00+08:00"),
        ("valid_until", "9999-12-31T23:59:59-08:00"),
        ("source", " "),
    ],
)
def test_a_consent_is_well_formed(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        grant(**{field: value})


def test_there_is_one_record_for_each_act() -> None:
    assert list(consent_of(granted).claims()) == [("purpose", f"{FANG}\nnewsletter\nemail")]
    assert list(consent_of(granted, withdrawn()).claims()) == [*consent_of(granted).claims()]
    assert {*consent_of(invoices).claims()}.isdisjoint(consent_of(granted).claims())


def test_what_is_not_said_to_be_none_is_direct_marketing() -> None:
    assert consent_of(granted).direct_marketing
    assert not consent_of(invoices).direct_marketing


# Double opt-in.


def ask(**changes: object) -> RequestConsent:
    fields = {
        "contact_id": FANG,
        "purpose": "newsletter",
        "channel": Channel.EMAIL,
        "captured_at": CAPTURED,
        "source": "Web form",
        "wording_version": "2026-02",
    }
    return RequestConsent.model_validate(fields | changes)


def test_a_consent_waits_to_be_confirmed() -> None:
    given().among({FANG: fang}).when(ask()).then(requested)
    assert consent_of(requested).double_opt_in
    assert not consent_of(requested).holds(NOW)


def test_how_long_is_waited_can_be_said() -> None:
    given().among({FANG: fang}).when(ask(confirm_days=1)).then(
        ConsentRequested.of(requested.given() | {"confirm_by": NOW + DAY})
    )


def test_only_a_consent_is_confirmed() -> None:
    given().among({FANG: fang}).when(ask(lawful_basis=Basis.CONTRACT)).rejected(
        "lawful_basis: only a consent is confirmed. Grant it at once"
    )


def test_how_it_was_confirmed_is_evidence() -> None:
    given(requested).when(ConfirmConsent(confirmation="Link of 09:14")).then(
        ConsentConfirmed(confirmed_at=NOW, confirmation="Link of 09:14")
    )
    assert consent_of(requested, confirmed).holds(NOW)


def test_who_clicks_twice_consents_once() -> None:
    given(requested, confirmed).when(ConfirmConsent()).nothing()


@pytest.mark.parametrize("expired", [(), (ConsentExpired(),)])
def test_a_late_confirmation_is_refused(expired: tuple[Event, ...]) -> None:
    late = NOW + CONFIRM_DAYS * DAY
    given(requested, *expired).when(ConfirmConsent(), now=late).rejected(
        "This consent could be confirmed until 2026-03-09 10:00. Ask them again instead.",
        type="window-over",
    )
    given(requested).when(ConfirmConsent(), now=late - timedelta(seconds=1)).then(
        ConsentConfirmed(confirmed_at=late - timedelta(seconds=1), confirmation=None)
    )


def test_what_was_withdrawn_is_not_confirmed() -> None:
    given(requested, withdrawn()).when(ConfirmConsent()).rejected(
        "This consent is withdrawn. Ask them again instead."
    )


# Saying no.


@pytest.mark.parametrize("reason", WithdrawalReason)
def test_a_consent_is_withdrawn_at_once(reason: WithdrawalReason) -> None:
    given(granted).when(WithdrawConsent(withdrawal_reason=reason)).then(withdrawn(reason, NOW))
    assert not consent_of(granted, withdrawn(reason, NOW)).holds(NOW)


def test_who_never_confirmed_may_say_no() -> None:
    given(requested).when(WithdrawConsent(withdrawal_reason=WithdrawalReason.ASKED)).then(
        withdrawn(WithdrawalReason.ASKED, NOW)
    )


@pytest.mark.parametrize("again", [WithdrawalReason.UNSUBSCRIBED, WithdrawalReason.OBJECTED])
def test_who_says_no_again_said_it_later(again: WithdrawalReason) -> None:
    """Or what they did in between would come in later and revive it."""
    no_more = (withdrawn(WithdrawalReason.BOUNCED), withdrawn(again, NOW))
    given(granted, no_more[0]).when(WithdrawConsent(withdrawal_reason=again)).then(no_more[1])
    given(granted, *no_more).when(WithdrawConsent(withdrawal_reason=again)).nothing()
    given(granted, *no_more).when(renew()).rejected("said no on 2026-03-02", type="not-fresh")


def test_a_refusal_that_is_entered_late_takes_no_later_one_away() -> None:
    asked = WithdrawConsent(withdrawal_reason=WithdrawalReason.ASKED)
    objects = WithdrawConsent(withdrawal_reason=WithdrawalReason.OBJECTED)
    early, last = withdrawn(WithdrawalReason.OBJECTED, NOW - 9 * DAY), withdrawn()
    given(granted, last).when(asked, now=NOW - 9 * DAY).nothing()
    given(granted, last).when(objects, now=NOW - 9 * DAY).then(early)
    known = consent_of(granted, last, early)
    assert (known.withdrawn_at, known.objected_at) == (last.withdrawn_at, early.withdrawn_at)


@pytest.mark.parametrize(
    ("basis", "marketing", "is_heard"),
    [
        (Basis.LEGITIMATE_INTERESTS, True, True),
        (Basis.LEGITIMATE_INTERESTS, False, True),
        (Basis.PUBLIC_TASK, False, True),
        (Basis.CONTRACT, True, True),
        (Basis.CONTRACT, False, False),
        (Basis.LEGAL_OBLIGATION, False, False),
    ],
)
def test_an_objection_is_heard_where_the_law_knows_one(
    basis: Basis, marketing: bool, is_heard: bool
) -> None:
    held = ConsentGranted.of(
        invoices.given() | {"lawful_basis": basis, "direct_marketing": marketing}
    )
    outcome = given(held).when(WithdrawConsent(withdrawal_reason=WithdrawalReason.OBJECTED))
    if is_heard:
        outcome.then(withdrawn(WithdrawalReason.OBJECTED, NOW))
    else:
        outcome.rejected("If they asked to be left alone, say asked.")


def test_a_withdrawal_from_before_the_consent_takes_nothing_back() -> None:
    given(granted).when(
        WithdrawConsent(withdrawal_reason=WithdrawalReason.ASKED), now=CAPTURED - DAY
    ).rejected("after this withdrawal. What they did last counts.")


def refuse(**changes: object) -> RefuseConsent:
    fields = {
        "contact_id": FANG,
        "purpose": "newsletter",
        "channel": Channel.PHONE,
        "source": "Call of this morning",
        "withdrawal_reason": WithdrawalReason.ASKED,
    }
    return RefuseConsent.model_validate(fields | changes)


@pytest.mark.parametrize(
    "ending", [[], [ContactArchived()], [ContactRestricted(restriction_reason="Wrong address.")]]
)
def test_everybody_may_say_no_beforehand(ending: list[Event]) -> None:
    given().among({FANG: [fang, *ending]}).when(refuse()).then(
        ConsentRefused(
            contact_id=FANG,
            purpose="newsletter",
            channel=Channel.PHONE,
            source="Call of this morning",
            withdrawal_reason=WithdrawalReason.ASKED,
            withdrawn_at=NOW,
        )
    )


def test_who_says_no_is_known() -> None:
    given().when(refuse()).rejected(f"contact_id: there is no contact {FANG}")


def test_a_refusal_rests_on_nothing() -> None:
    given().among({FANG: fang}).when(refuse(lawful_basis=Basis.CONTRACT)).rejected(
        "lawful_basis: belongs to a consent. Leave it out."
    )


# A fresh act.


def test_who_acts_again_renews_what_holds() -> None:
    given(granted).when(renew()).then(
        ConsentRenewed(
            lawful_basis=Basis.CONSENT,
            captured_at=LATER,
            source="Autumn fair",
            wording_version="2026-03",
            evidence=None,
            valid_until=None,
        )
    )


@pytest.mark.parametrize("ended", [withdrawn(), ConsentExpired()])
def test_a_fresh_act_revives_it(ended: Event) -> None:
    again = ConsentGranted(
        lawful_basis=Basis.CONSENT,
        captured_at=LATER,
        source="Autumn fair",
        wording_version="2026-03",
        evidence=None,
        valid_until=None,
    )
    given(granted, ended).when(renew()).then(again)
    revived = consent_of(granted, ended, again)
    assert revived.holds(NOW)
    assert (revived.contact_id, revived.purpose) == (FANG, "newsletter")
    assert (revived.withdrawal_reason, revived.evidence) == (None, None)


@pytest.mark.parametrize("captured_at", [CAPTURED, CAPTURED + DAY, NOW - 5 * DAY])
def test_what_is_imported_again_revives_nothing(captured_at: datetime) -> None:
    given(granted, withdrawn()).when(renew(captured_at=captured_at)).rejected(
        "captured_at: lies before they said no on 2026-02-25 10:00. "
        "Only a fresh act of theirs counts; give its moment.",
        type="not-fresh",
    )


def test_an_older_act_renews_nothing() -> None:
    given(granted).when(renew(captured_at=CAPTURED)).rejected(
        "captured_at: lies not after their last act on 2026-01-31 10:00.", type="not-fresh"
    )


def test_where_it_was_confirmed_once_it_is_confirmed_again() -> None:
    given(requested, confirmed, withdrawn()).when(renew()).then(
        ConsentRequested(
            lawful_basis=Basis.CONSENT,
            captured_at=LATER,
            source="Autumn fair",
            wording_version="2026-03",
            evidence=None,
            valid_until=None,
            confirm_by=NOW + CONFIRM_DAYS * DAY,
        )
    )


def test_nobody_confirms_what_still_holds() -> None:
    given(requested, confirmed).when(renew()).then(
        ConsentRenewed(
            lawful_basis=Basis.CONSENT,
            captured_at=LATER,
            source="Autumn fair",
            wording_version="2026-03",
            evidence=None,
            valid_until=None,
        )
    )


def test_an_objection_stays() -> None:
    objected = withdrawn(WithdrawalReason.OBJECTED)
    for basis in (None, Basis.LEGITIMATE_INTERESTS, Basis.CONTRACT):
        given(offers, objected).when(renew(lawful_basis=basis)).rejected(
            "lawful_basis: they objected on 2026-02-25 10:00, and that stays.", type="objected"
        )


def test_an_objection_stays_even_after_their_own_consent() -> None:
    own = ConsentGranted(lawful_basis=Basis.CONSENT, captured_at=NOW - 4 * DAY, source="Web form")
    objected, later = withdrawn(WithdrawalReason.OBJECTED), withdrawn(at=NOW - 3 * DAY)
    given(offers, objected, own, later).when(
        renew(lawful_basis=Basis.LEGITIMATE_INTERESTS)
    ).rejected("they objected on 2026-02-25 10:00, and that stays")


def test_only_their_own_consent_goes_beyond_an_objection() -> None:
    given(offers, withdrawn(WithdrawalReason.OBJECTED)).when(
        renew(lawful_basis=Basis.CONSENT)
    ).then(
        ConsentGranted(
            lawful_basis=Basis.CONSENT,
            captured_at=LATER,
            source="Autumn fair",
            wording_version="2026-03",
            evidence=None,
            valid_until=None,
        )
    )


# The end of its time.


@pytest.mark.parametrize("status", ["granted", "requested"])
def test_what_is_over_is_recorded_as_over(status: str) -> None:
    until = ConsentGranted.of(granted.given() | {"valid_until": NOW})
    over = until if status == "granted" else requested
    at = NOW if status == "granted" else NOW + CONFIRM_DAYS * DAY
    assert consent_of(over).status_at(at) is Status.EXPIRED
    given(over).when(ExpireConsent(), now=at).then(ConsentExpired())
    given(over, ConsentExpired()).when(ExpireConsent(), now=at).nothing()


def test_what_is_not_over_does_not_expire() -> None:
    given(requested).when(ExpireConsent()).rejected("has time until 2026-03-09 10:00.")
    given(granted).when(ExpireConsent()).rejected("has no end. Withdraw it, if they said no.")


def test_a_withdrawal_does_not_expire() -> None:
    given(granted, withdrawn()).when(ExpireConsent()).nothing()


def test_also_without_being_recorded_its_time_is_over() -> None:
    until = ConsentGranted.of(granted.given() | {"valid_until": LATER})
    assert consent_of(until).holds(LATER - DAY)
    assert not consent_of(until).holds(LATER)
    given(until).when(renew(captured_at=NOW - DAY)).then(
        ConsentGranted(
            lawful_basis=Basis.CONSENT,
            captured_at=NOW - DAY,
            source="Autumn fair",
            wording_version="2026-03",
            evidence=None,
            valid_until=None,
        )
    )


# What stays.


def test_tags_change_and_proof_does_not() -> None:
    given(granted).when(ChangeConsent(tags=("fair",))).then(ConsentChanged(tags=("fair",)))
    given(granted).when(ChangeConsent()).nothing()
    with pytest.raises(ValidationError, match="captured_at"):
        ChangeConsent.model_validate({"captured_at": datetime(2026, 1, 1, tzinfo=UTC)})


def test_moments_are_said_in_the_zone_of_the_decision() -> None:
    midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert midnight.astimezone(NOW.tzinfo).date() == date(2026, 3, 1)
    given(granted, withdrawn(at=midnight)).when(renew()).rejected("said no on 2026-03-01 00:00")
