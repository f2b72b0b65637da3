"""Data-subject requests: a clock, an identity, a decision, and no way back after it."""

from datetime import date

import pytest

from commands.contacts import MergeContact
from commands.erasure_steps import FenceErasure, Marked, MarkErased, RecordDestruction, RecordSweep
from commands.kernel import At
from commands.subject_requests import (
    DecideErasure,
    ExtendSubjectRequest,
    FulfilSubjectRequest,
    IdentifySubject,
    ReceiveSubjectRequest,
    RefuseSubjectRequest,
    WithdrawSubjectRequest,
)
from domain.contacts import ContactAbsorbed, ContactMerged, ContactRegistered
from domain.erasure import ErasureBegun, PersonalDataErased
from domain.erasure_steps import ErasureDecided, ErasureDestroyed, ErasureFenced, ErasureSwept
from domain.fields import CATEGORIES
from domain.periods import months_after
from domain.subject_requests import (
    Duty,
    Ground,
    Kind,
    Method,
    SubjectIdentified,
    SubjectRequestExtended,
    SubjectRequestFulfilled,
    SubjectRequestReceived,
    SubjectRequestRefused,
    SubjectRequestWithdrawn,
)
from tests.dsl import THIS, TODAY, given, id_of, state_of

ADA, TWIN = id_of("ada"), id_of("twin")

ada = ContactRegistered(family_name="Lovelace")
received = SubjectRequestReceived(kind=Kind.ERASURE, received_on=date(2026, 2, 20), contact_id=ADA)
asked_access = SubjectRequestReceived(
    kind=Kind.ACCESS, received_on=date(2026, 2, 20), contact_id=ADA
)
identified = SubjectIdentified(identified_by=Method.DOCUMENT)
decided = ErasureDecided(categories=tuple(CATEGORIES))
fenced = ErasureFenced(subjects=(ADA,))
destroyed = ErasureDestroyed(destroyed_keys=2, destroyed_rows=3, touched_records=1)


def test_a_request_is_about_somebody_we_know() -> None:
    asks = ReceiveSubjectRequest(kind=Kind.ACCESS, contact_id=ADA)
    given().among({ADA: ada}).when(asks).then(
        SubjectRequestReceived(kind=Kind.ACCESS, contact_id=ADA, received_on=TODAY)
    )
    given().when(asks).rejected("contact_id: there is no contact")
    given().when(ReceiveSubjectRequest(kind=Kind.ACCESS)).rejected("Give one of contact_id")
    both = ReceiveSubjectRequest(kind=Kind.ACCESS, contact_id=ADA, user_id=TWIN)
    given().among({ADA: ada}).when(both).rejected("Give one of contact_id")


def test_it_did_not_come_in_tomorrow() -> None:
    asks = ReceiveSubjectRequest(kind=Kind.ACCESS, contact_id=ADA, received_on=date(2026, 3, 3))
    given().among({ADA: ada}).when(asks).rejected("received_on: lies in the future")


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 5), 1, date(2027, 1, 5)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), 3, date(2026, 6, 30)),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_last_one(day: date, months: int, end: date) -> None:
    assert months_after(day, months) == end


def test_the_answer_is_due_in_a_month_and_later_for_a_reason() -> None:
    assert state_of(received).due_on == date(2026, 3, 20)  # type: ignore[attr-defined]
    longer = ExtendSubjectRequest(months_more=2, extension_reason="many records")
    extended = SubjectRequestExtended(months_more=2, extension_reason="many records")
    given(received).when(longer).then(extended)
    assert state_of(received, extended).due_on == date(2026, 5, 20)  # type: ignore[attr-defined]
    given(received, extended).when(longer).rejected("was put off before")


def test_what_is_late_cannot_be_put_off() -> None:
    old = SubjectRequestReceived(kind=Kind.ACCESS, received_on=date(2026, 1, 1), contact_id=ADA)
    longer = ExtendSubjectRequest(months_more=1, extension_reason="many records")
    given(old).when(longer).rejected("was due on 2026-02-01")


def test_nothing_is_done_for_somebody_who_was_not_identified() -> None:
    given(received).when(DecideErasure()).rejected("who they are")
    given(asked_access).when(FulfilSubjectRequest()).rejected("who they are")
    given(asked_access, identified).when(FulfilSubjectRequest()).then(SubjectRequestFulfilled())


def test_what_the_law_has_kept_is_named_with_law_and_end() -> None:
    duty = Duty(category="content", law="HGB § 257", until=date(2030, 1, 1))
    kept = tuple(one for one in CATEGORIES if one != "content")
    given(received, identified).among({ADA: ada}).when(DecideErasure(duties=(duty,))).then(
        ErasureDecided(categories=kept, duties=(duty,))
    )
    over = Duty(category="content", law="HGB § 257", until=TODAY)
    given(received, identified).when(DecideErasure(duties=(over,))).rejected("has ended")
    wrong = Duty(category="shoes", law="HGB § 257", until=date(2030, 1, 1))
    given(received, identified).when(DecideErasure(duties=(wrong,))).rejected("no category")
    every = tuple(Duty(category=one, law="A law", until=date(2030, 1, 1)) for one in CATEGORIES)
    given(received, identified).when(DecideErasure(duties=every)).rejected("Refuse the request")


def test_only_what_asks_for_erasure_is_erased() -> None:
    given(asked_access, identified).when(DecideErasure()).rejected("asks for access")
    given(received, identified).when(FulfilSubjectRequest()).rejected("Decide it instead")


@pytest.mark.parametrize(
    "command",
    [
        DecideErasure(),
        WithdrawSubjectRequest(),
        RefuseSubjectRequest(refusal_ground=Ground.EXCESSIVE),
        IdentifySubject(identified_by=Method.SIGNED_IN),
    ],
    ids=lambda one: type(one).__name__,
)
def test_after_the_decision_there_is_no_way_back(command: DecideErasure) -> None:
    given(received, identified, decided).when(command).rejected("It cannot be stopped")
    given(received, SubjectRequestWithdrawn()).when(command).rejected("already withdrawn")
    refused = SubjectRequestRefused(refusal_ground=Ground.UNFOUNDED)
    given(received, refused).when(command).rejected("already refused")


def test_the_fence_bars_everybody_who_was_merged_with_them() -> None:
    twin = ContactRegistered(family_name="Byron")
    begun = ErasureBegun(aggregate="contacts", request_id=THIS)
    given(received, identified, decided).among(
        {
            ADA: [ada, ContactMerged(merged_into_id=TWIN)],
            TWIN: [twin, ContactAbsorbed(absorbed_id=ADA)],
        }
    ).when(FenceErasure(commitments=("c",), epoch=3)).then(
        At(ADA, begun),
        At(TWIN, begun),
        ErasureFenced(subjects=(ADA, TWIN), commitments=("c",), epoch=3),
    )


def test_whoever_is_barred_is_not_barred_again() -> None:
    barred = [ada, ErasureBegun(aggregate="contacts", request_id=TWIN)]
    given(received, identified, decided).among({ADA: barred}).when(
        FenceErasure(commitments=(), epoch=1)
    ).then(ErasureFenced(subjects=(ADA,), commitments=(), epoch=1))


def test_nobody_is_merged_with_somebody_who_is_barred() -> None:
    barred = [ada, ErasureBegun(aggregate="contacts", request_id=THIS)]
    twin = ContactRegistered(family_name="Byron")
    given(twin).among({ADA: barred}).when(MergeContact(absorbed_id=ADA)).rejected("was erased")
    given(*barred).among({TWIN: twin}).when(MergeContact(absorbed_id=TWIN)).rejected("was erased")


def test_records_say_what_was_erased_of_them() -> None:
    marks = MarkErased(records=(Marked(kind="contacts", stream=ADA),))
    given(received, identified, decided, fenced).among({ADA: ada}).when(marks).then(
        At(
            ADA,
            PersonalDataErased(aggregate="contacts", request_id=THIS, categories=tuple(CATEGORIES)),
        )
    )


def test_each_step_is_recorded_once_and_the_last_one_answers_the_request() -> None:
    so_far = (received, identified, decided, fenced)
    record = RecordDestruction(destroyed_keys=2, destroyed_rows=3, touched_records=1)
    given(*so_far).among({ADA: ada}).when(record).then(destroyed)
    given(*so_far, destroyed).when(record).then()
    sweep = RecordSweep(rebuilt_at=9)
    given(*so_far).when(sweep).then()
    given(*so_far, destroyed).when(sweep).then(
        ErasureSwept(rebuilt_at=9, left=()), SubjectRequestFulfilled()
    )
