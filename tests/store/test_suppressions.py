"""Suppressions: an address remembers who said no, for whoever comes back by an import."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.services import Services
from commands.consents import GrantConsent, RefuseConsent, RenewConsent, WithdrawConsent
from commands.contacts import ChangeContact, RegisterContact
from commands.kernel import Rejected
from domain.consents import Basis, Channel, Consent, WithdrawalReason
from domain.contacts import Contact
from domain.kernel import replace
from domain.suppressions import MARKETING, to_look_up, to_remember
from store.suppressions import STEP

ADDRESS, PHONE = "wf@example.com", "+8613812345678"
DAY = timedelta(days=1)
NOW = datetime.now(UTC)


def contact(services: Services, *emails: str, phones: tuple[str, ...] = ()) -> UUID:
    command = RegisterContact(family_name="Wang", emails=emails, phones=phones)
    return services.issue(command).stream


def grant(services: Services, who: UUID, captured_at: datetime, **changes: Any) -> UUID:
    fields: dict[str, Any] = {
        "contact_id": who,
        "purpose": "newsletter",
        "channel": Channel.EMAIL,
        "lawful_basis": Basis.CONSENT,
        "captured_at": captured_at,
        "source": "Spring fair",
        "wording_version": "2026-02",
    }
    return services.issue(GrantConsent.model_validate(fields | changes)).stream


def says_no(services: Services, consent: UUID, reason: WithdrawalReason) -> None:
    services.issue(WithdrawConsent(withdrawal_reason=reason), consent)
    services.suppressions.catch_up()


def erased(services: Services, who: UUID) -> None:
    """As an erasure does it: keys, rows and hashes of theirs are gone."""
    schema = services.tenant.schema
    with services.database.connect("eraser", schema) as connection:
        connection.execute("SELECT destroy_keys(%s, NULL)", [who])
        connection.execute("DELETE FROM personal_data WHERE subject = %s", [who])
        connection.execute("DELETE FROM unique_values WHERE stream = %s", [who])
    services.log.keys.forget()


def test_who_comes_back_by_an_import_stays_left_alone(services: Services) -> None:
    who = contact(services, ADDRESS)
    says_no(services, grant(services, who, NOW - 9 * DAY), WithdrawalReason.UNSUBSCRIBED)
    erased(services, who)
    again = contact(services, "WF@example.com")
    with pytest.raises(Rejected, match="at one of their addresses somebody said no on") as refused:
        grant(services, again, NOW - 9 * DAY)
    assert refused.value.type == "not-fresh"
    assert refused.value.field == "captured_at"
    grant(services, again, NOW - 9 * DAY, purpose="offers")
    grant(services, again, datetime.now(UTC))


def test_an_objection_to_marketing_is_remembered_for_all_of_it(services: Services) -> None:
    who = contact(services, ADDRESS, phones=(PHONE,))
    says_no(services, grant(services, who, NOW - 9 * DAY), WithdrawalReason.OBJECTED)
    services.issue(ChangeContact(emails=(), phones=()), who)
    again = contact(services, ADDRESS, phones=(PHONE,))
    sms: dict[str, Any] = {"purpose": "offers", "channel": Channel.SMS}
    for basis in Basis:
        with pytest.raises(Rejected, match="said no on"):
            grant(services, again, NOW - 9 * DAY, lawful_basis=basis, **sms)
    with pytest.raises(Rejected, match="said no on"):
        grant(services, again, datetime.now(UTC), lawful_basis=Basis.CONTRACT, **sms)
    grant(services, again, NOW - 9 * DAY, **sms | {"direct_marketing": False, "purpose": "bills"})
    grant(services, again, datetime.now(UTC), **sms)


def test_where_all_came_back_nothing_is_granted(services: Services) -> None:
    first = contact(services, ADDRESS)
    says_no(services, grant(services, first, NOW - 9 * DAY), WithdrawalReason.BOUNCED)
    services.issue(ChangeContact(emails=()), first)
    again = contact(services, ADDRESS)
    with pytest.raises(Rejected, match="said no on"):
        grant(services, again, NOW - 9 * DAY, purpose="bills", direct_marketing=False)


def test_a_refusal_that_was_never_a_consent_is_remembered_too(services: Services) -> None:
    who = contact(services, ADDRESS)
    refusal = RefuseConsent(
        contact_id=who,
        purpose="newsletter",
        channel=Channel.EMAIL,
        source="Letter",
        withdrawal_reason=WithdrawalReason.ASKED,
    )
    services.issue(refusal)
    services.suppressions.catch_up()
    services.issue(ChangeContact(emails=()), who)
    with pytest.raises(Rejected, match="said no on"):
        grant(services, contact(services, ADDRESS), NOW - 9 * DAY)


def test_their_own_fresh_act_goes_beyond_their_own_refusal(services: Services) -> None:
    one = grant(services, contact(services, ADDRESS), NOW - 9 * DAY)
    says_no(services, one, WithdrawalReason.OBJECTED)
    fresh = RenewConsent(
        captured_at=datetime.now(UTC), source="Web form", wording_version="2026-03"
    )
    services.issue(fresh, one)
    held = services.dispatcher.state(Consent, one).state
    assert isinstance(held, Consent)
    assert held.holds(datetime.now(UTC))


def rows(services: Services) -> list[Any]:
    with services.database.borrow("writer", services.tenant.schema) as connection:
        return connection.execute("SELECT * FROM suppressions ORDER BY 1").fetchall()


def test_the_log_is_followed_once_and_again_changes_nothing(services: Services) -> None:
    says_no(
        services,
        grant(services, contact(services, ADDRESS), NOW - 9 * DAY),
        WithdrawalReason.UNSUBSCRIBED,
    )
    before = rows(services)
    assert len(before) == 1
    assert ADDRESS not in str(before)
    assert services.suppressions.catch_up() == services.log.head()
    with services.database.connect("projector", services.tenant.schema) as connection:
        connection.execute("UPDATE suppressions_reached SET position = 0")
    assert services.suppressions.catch_up() == services.log.head() < STEP
    assert rows(services) == before


def test_what_is_remembered_is_what_is_looked_up() -> None:
    person = replace(Contact(), emails=("WF@Example.com",), phones=(PHONE,))
    consent = replace(Consent(), purpose="newsletter", channel=Channel.EMAIL)
    wanted = {scope for _, _, scope in to_look_up(consent, person)}
    assert wanted == {"email", "email/newsletter", MARKETING}
    for reason in WithdrawalReason:
        refused = replace(consent, withdrawal_reason=reason)
        kept = to_remember(refused, person)
        assert {*kept} & {*to_look_up(consent, person)}, reason
        assert all(address == address.casefold() for _, address, _ in kept)
    assert to_look_up(replace(consent, channel=Channel.POST), person) == []
    assert to_remember(replace(consent, channel=Channel.POST), person) == []
    assert to_look_up(consent, None) == []
