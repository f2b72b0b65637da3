"""May we contact them? Whoever said no wins over every earlier yes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.consents import (
    Basis,
    Channel,
    Consent,
    ConsentConfirmed,
    ConsentGranted,
    ConsentRefused,
    ConsentRequested,
    ConsentWithdrawn,
    WithdrawalReason,
)
from domain.kernel import Event
from domain.permission import Verdict, may_contact
from domain.suppressions import Suppression
from tests.dsl import NOW, id_of, state_of

DAY = timedelta(days=1)
NEWS, SHOP, BILL, OTHER = id_of("news"), id_of("shop"), id_of("bill"), id_of("other")


def granted(
    purpose: str = "newsletter",
    channel: Channel = Channel.EMAIL,
    basis: Basis = Basis.CONSENT,
    captured_at: datetime = NOW - 30 * DAY,
    *,
    marketing: bool = True,
    valid_until: datetime | None = None,
) -> ConsentGranted:
    return ConsentGranted(
        purpose=purpose,
        channel=channel,
        lawful_basis=basis,
        captured_at=captured_at,
        source="Spring fair",
        direct_marketing=marketing,
        valid_until=valid_until,
    )


def withdrawn(reason: str, at: datetime = NOW - 5 * DAY) -> ConsentWithdrawn:
    return ConsentWithdrawn(withdrawal_reason=WithdrawalReason(reason), withdrawn_at=at)


def consent_of(*events: Event) -> Consent:
    state = state_of(*events)
    assert isinstance(state, Consent)
    return state


def asked(
    consents: dict[UUID, list[Event]],
    purpose: str = "newsletter",
    channel: Channel = Channel.EMAIL,
    at: datetime = NOW,
    remembered: Sequence[Suppression] = (),
) -> Verdict:
    states = {one: consent_of(*events) for one, events in consents.items()}
    return may_contact(states, purpose, channel, at, dict.fromkeys(states, remembered))


def test_what_is_not_recorded_is_not_allowed() -> None:
    nothing = Verdict(False, "No lawful basis is recorded for this purpose and channel.", None)
    assert asked({}) == nothing
    assert asked({NEWS: [granted()]}, channel=Channel.SMS) == nothing
    assert asked({NEWS: [granted()]}, purpose="offers") == nothing


def test_what_was_granted_is_allowed() -> None:
    assert asked({NEWS: [granted()]}) == (True, "It rests on consent, since 2026-01-31.", NEWS)
    contract = granted(basis=Basis.LEGITIMATE_INTERESTS)
    assert asked({NEWS: [contract]}).sentence.startswith("It rests on legitimate interests")


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([granted(), withdrawn("unsubscribed")], "They unsubscribed on 2026-02-25."),
        ([granted(), withdrawn("bounced")], "What was sent to them came back on 2026-02-25."),
        ([granted(), withdrawn("asked")], "They asked not to be contacted on 2026-02-25."),
        ([granted(), withdrawn("objected")], "They objected on 2026-02-25."),
        ([granted(valid_until=NOW)], "It held until 2026-03-02."),
        ([granted(captured_at=NOW + DAY)], "It does not hold at that time."),
    ],
)
def test_what_ended_is_not_allowed(events: list[Event], sentence: str) -> None:
    assert asked({NEWS: events}) == (False, sentence, NEWS)


def test_what_waits_to_be_confirmed_is_not_allowed() -> None:
    requested = ConsentRequested.of(granted().given() | {"confirm_by": NOW + DAY})
    assert asked({NEWS: [requested]}).sentence == "They have not confirmed it yet."
    late = asked({NEWS: [requested]}, at=NOW + DAY)
    assert (late.allowed, late.sentence) == (False, "They did not confirm it in time.")
    assert asked({NEWS: [requested, ConsentConfirmed(confirmed_at=NOW)]}).allowed


def test_a_fresh_act_is_allowed_again() -> None:
    fresh = granted(captured_at=NOW - DAY)
    for reason in WithdrawalReason:
        assert asked({NEWS: [granted(), withdrawn(reason), fresh]}).allowed


def test_taking_back_one_consent_leaves_the_others() -> None:
    consents: dict[UUID, list[Event]] = {
        NEWS: [granted(), withdrawn("unsubscribed")],
        SHOP: [granted("offers")],
        OTHER: [granted(channel=Channel.SMS)],
    }
    assert not asked(consents).allowed
    assert asked(consents, "offers").allowed
    assert asked(consents, channel=Channel.SMS).allowed


@pytest.mark.parametrize("basis", Basis)
def test_an_objection_to_direct_marketing_ends_all_of_it(basis: Basis) -> None:
    consents: dict[UUID, list[Event]] = {
        NEWS: [granted(), withdrawn("objected")],
        SHOP: [granted("offers", Channel.SMS, basis)],
        BILL: [granted("invoices", basis=Basis.CONTRACT, marketing=False)],
    }
    answer = asked(consents, "offers", Channel.SMS)
    assert answer == (False, "They objected on 2026-02-25.", NEWS)
    assert asked(consents, "invoices").allowed


@pytest.mark.parametrize("basis", Basis)
def test_only_their_own_later_consent_goes_beyond_an_objection(basis: Basis) -> None:
    consents: dict[UUID, list[Event]] = {
        NEWS: [granted(), withdrawn("objected"), granted(captured_at=NOW - DAY)],
        SHOP: [granted("offers", basis=basis, captured_at=NOW - DAY)],
    }
    assert asked(consents).allowed
    assert asked(consents, "offers").allowed == (basis is Basis.CONSENT)


def test_where_everything_comes_back_nothing_is_sent() -> None:
    consents: dict[UUID, list[Event]] = {
        NEWS: [granted(), withdrawn("bounced")],
        BILL: [granted("invoices", basis=Basis.CONTRACT, marketing=False)],
        SHOP: [granted("invoices", Channel.POST, Basis.CONTRACT, marketing=False)],
    }
    assert asked(consents, "invoices") == (
        False,
        "What was sent to them came back on 2026-02-25.",
        NEWS,
    )
    assert asked(consents, "invoices", Channel.POST).allowed


def test_of_two_records_of_the_same_the_later_word_counts() -> None:
    """After a merge somebody may have two."""
    no = ConsentRefused(
        purpose="newsletter",
        channel=Channel.EMAIL,
        withdrawal_reason=WithdrawalReason.ASKED,
        withdrawn_at=NOW - 5 * DAY,
    )
    assert asked({NEWS: [granted()], OTHER: [no]}).consent_id == OTHER
    assert asked({NEWS: [granted(captured_at=NOW - DAY)], OTHER: [no]}).allowed
    assert asked({NEWS: [granted()], OTHER: [granted(valid_until=NOW - DAY)]}).allowed


def test_an_address_remembers_who_said_no() -> None:
    no = [Suppression(WithdrawalReason.UNSUBSCRIBED, NOW - 5 * DAY)]
    answer = asked({NEWS: [granted()]}, remembered=no)
    assert answer == (False, "At one of their addresses somebody said no on 2026-02-25.", NEWS)
    assert asked({NEWS: [granted()]}, at=NOW - 6 * DAY, remembered=no).allowed
    assert asked({NEWS: [granted(captured_at=NOW - DAY)]}, remembered=no).allowed


@pytest.mark.parametrize("basis", Basis)
def test_an_address_remembers_an_objection_for_ever(basis: Basis) -> None:
    no = [Suppression(WithdrawalReason.OBJECTED, NOW - 5 * DAY)]
    later = granted(basis=basis, captured_at=NOW - DAY)
    assert asked({NEWS: [later]}, remembered=no).allowed == (basis is Basis.CONSENT)
