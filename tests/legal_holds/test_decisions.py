"""Legal holds: what they hold, how long, and what they stop."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from commands.contacts import ChangeContact, MergeContact, RestoreContact
from commands.erasure_steps import FenceErasure
from commands.kernel import At
from commands.legal_holds import ChangeLegalHold, LapseLegalHold, LiftLegalHold, PlaceLegalHold
from commands.subject_requests import DecideErasure
from domain.contacts import ContactAbsorbed, ContactMerged, ContactRegistered
from domain.erasure import ErasureBegun, RecordHeld, RecordReleased
from domain.erasure_steps import ErasureDecided
from domain.fields import CATEGORIES
from domain.kernel import Event
from domain.legal_holds import LegalHoldChanged, LegalHoldLifted, LegalHoldPlaced
from domain.subject_requests import Kind, Method, SubjectIdentified, SubjectRequestReceived
from domain.users import UserActivated, UserInvited
from tests.dsl import THIS, TODAY, given, id_of

ADA, TWIN, JUDGE, HOLD = (id_of(one) for one in ("ada", "twin", "judge", "hold"))

ada = ContactRegistered(family_name="Lovelace")
judge = [UserInvited(name="Judge", email="j@example.com"), UserActivated()]
placed = LegalHoldPlaced(contact_id=ADA, law="HGB § 257", approved_by_id=JUDGE)
ended = LegalHoldPlaced(
    contact_id=ADA, law="HGB § 257", approved_by_id=JUDGE, expires_on=date(2026, 3, 1)
)
asked = (
    SubjectRequestReceived(kind=Kind.ERASURE, received_on=TODAY, contact_id=ADA),
    SubjectIdentified(identified_by=Method.DOCUMENT),
)


def held(by: UUID = HOLD) -> RecordHeld:
    return RecordHeld(aggregate="contacts", hold_id=by)


def test_a_hold_is_approved_by_somebody_and_says_so_on_the_record() -> None:
    place = PlaceLegalHold(contact_id=ADA, law="HGB § 257", approved_by_id=JUDGE)
    given().among({ADA: ada, JUDGE: judge}).when(place).then(placed, At(ADA, held(THIS)))
    given().among({ADA: ada}).when(place).rejected("approved_by_id: there is no user")
    given().among({JUDGE: judge}).when(place).rejected("contact_id: there is no contact")
    nobody = PlaceLegalHold(law="HGB § 257", approved_by_id=JUDGE)
    given().among({JUDGE: judge}).when(nobody).rejected("Give one of contact_id")
    late = PlaceLegalHold(
        contact_id=ADA, law="A law", approved_by_id=JUDGE, expires_on=date(2026, 3, 1)
    )
    given().among({ADA: ada, JUDGE: judge}).when(late).rejected("lies in the past")


def test_nothing_is_left_to_be_kept_of_whoever_was_erased() -> None:
    place = PlaceLegalHold(contact_id=ADA, law="HGB § 257", approved_by_id=JUDGE)
    gone = [ada, ErasureBegun(aggregate="contacts", request_id=TWIN)]
    given().among({ADA: gone, JUDGE: judge}).when(place).rejected("nothing left to be kept")


def test_whoever_is_held_is_only_stored() -> None:
    given(ada, held()).when(ChangeContact(note="x")).rejected("while a legal hold lasts")
    given(ContactRegistered(family_name="Byron")).among({ADA: [ada, held()]}).when(
        MergeContact(absorbed_id=ADA)
    ).rejected("while a legal hold lasts")
    released = RecordReleased(aggregate="contacts", hold_id=HOLD)
    given(ada, held(), released).when(RestoreContact()).then()


@pytest.mark.parametrize(
    "merged",
    [
        {ADA: [ada, held()]},
        {
            ADA: [ada, ContactMerged(merged_into_id=TWIN)],
            TWIN: [ContactRegistered(family_name="B"), ContactAbsorbed(absorbed_id=ADA), held()],
        },
    ],
    ids=["themselves", "their twin"],
)
def test_nobody_is_erased_against_a_hold(merged: dict[UUID, list[Event]]) -> None:
    others: dict[UUID, Any] = {**merged, HOLD: placed}
    given(*asked).among(others).when(DecideErasure()).rejected(
        "A legal hold (HGB § 257) has their data kept.", type="held"
    )
    decided = ErasureDecided(categories=tuple(CATEGORIES))
    fence = FenceErasure(commitments=(), epoch=1)
    given(*asked, decided).among(others).when(fence).rejected("A legal hold")
    given(*asked).among({**merged, HOLD: [placed, LegalHoldLifted()]}).when(DecideErasure()).then(
        decided
    )
    given(*asked).among({**merged, HOLD: ended}).when(DecideErasure()).then(decided)


def test_a_hold_is_lifted_once_and_releases_the_record() -> None:
    released = At(ADA, RecordReleased(aggregate="contacts", hold_id=THIS))
    lift = LiftLegalHold(lifting_reason="settled")
    given(placed).among({ADA: [ada, held(THIS)]}).when(lift).then(
        LegalHoldLifted(lifting_reason="settled"), released
    )
    given(placed, LegalHoldLifted()).among({ADA: ada}).when(lift).rejected("was lifted")


def test_a_hold_lapses_after_its_last_day() -> None:
    released = At(ADA, RecordReleased(aggregate="contacts", hold_id=THIS))
    given(ended).among({ADA: [ada, held(THIS)]}).when(LapseLegalHold()).then(
        LegalHoldLifted(), released
    )
    given(placed).among({ADA: [ada, held(THIS)]}).when(LapseLegalHold()).then()
    today = LegalHoldChanged(expires_on=TODAY)
    given(placed, today).among({ADA: [ada, held(THIS)]}).when(LapseLegalHold()).then()


def test_law_and_end_can_change_but_not_whom_it_is_about() -> None:
    longer = ChangeLegalHold(expires_on=date(2027, 1, 1))
    given(placed).when(longer).then(LegalHoldChanged(expires_on=date(2027, 1, 1)))
    given(placed).when(ChangeLegalHold(law=None)).rejected("law: a legal hold needs one")
    given(placed, LegalHoldLifted()).when(longer).rejected("was lifted")
    assert "contact_id" not in ChangeLegalHold.model_fields
