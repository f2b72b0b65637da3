"""Retention schedules: one person writes them, another puts them in force."""

from datetime import date
from uuid import UUID

import pytest

from commands.erasure_steps import FenceErasure
from commands.kernel import Command
from commands.retention_erasures import DropRetention, LetFallDue
from commands.retention_schedules import (
    ChangeRetentionSchedule,
    ProposeRetentionSchedule,
    PutRetentionScheduleInForce,
    ReviewRetention,
    WithdrawRetentionSchedule,
)
from domain.contacts import ContactMerged, ContactRegistered, ContactRestricted
from domain.erasure import RecordHeld
from domain.erasure_steps import ErasureFenced
from domain.legal_holds import LegalHoldPlaced
from domain.retention_schedules import (
    Action,
    Kind,
    RetentionReviewed,
    RetentionScheduleChanged,
    RetentionScheduleProposed,
    RetentionSchedulePutInForce,
    RetentionScheduleWithdrawn,
    Trigger,
)
from domain.subject_requests import RetentionFellDue, SubjectRequestWithdrawn
from tests.dsl import TODAY, Other, given, id_of

ANNA, BEN, ADA, TWIN, RULE = (id_of(one) for one in ("anna", "ben", "ada", "twin", "rule"))

WRITTEN = {
    "kind": Kind.CONTACTS,
    "category": "trace",
    "trigger": Trigger.LAST_ACTIVITY,
    "duration": "P3Y",
    "law": "PIPL Art. 19",
    "action": Action.ERASE,
}
proposes = ProposeRetentionSchedule.model_validate(WRITTEN)
proposed = RetentionScheduleProposed.model_validate({**WRITTEN, "author_user_id": ANNA})
changed = RetentionScheduleChanged(duration="P5Y", author_user_id=BEN)
in_force = RetentionSchedulePutInForce()
ada = ContactRegistered(family_name="Lovelace")
falls = LetFallDue(
    contact_id=ADA, schedule_id=RULE, fell_due_on=date(2026, 3, 1), categories=("trace",)
)
fell = RetentionFellDue.of(falls.given())


def test_a_schedule_names_category_moment_period_law_and_action() -> None:
    given().when(proposes, by=ANNA).then(proposed)
    shoes = ProposeRetentionSchedule.model_validate({**WRITTEN, "category": "shoes"})
    given().when(shoes).rejected("category: shoes is no category. Give one of: identity")


@pytest.mark.parametrize("wrong", ["", "P", "3Y", "P0Y", "P1W", "PT1H", "P1.5Y", "P-1Y", "P101Y"])
def test_a_period_is_of_whole_years_months_and_days(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is no period|is nothing, or too long"):
        ProposeRetentionSchedule.model_validate({**WRITTEN, "duration": wrong})


def test_whoever_wrote_it_does_not_put_it_in_force() -> None:
    puts = PutRetentionScheduleInForce()
    given(proposed).when(puts, by=ANNA).rejected("Ask another administrator", type="four-eyes")
    given(proposed).when(puts, by=BEN).then(in_force)
    given(proposed, changed).when(puts, by=BEN).rejected("Ask another administrator")
    given(proposed, changed).when(puts, by=ADA).then(in_force)


def test_only_a_draft_is_changed() -> None:
    longer = ChangeRetentionSchedule(duration="P5Y")
    given(proposed).when(longer, by=BEN).then(changed)
    given(proposed, changed).when(longer, by=BEN).nothing()
    given(proposed, in_force).when(longer).rejected("Withdraw it and propose another")
    given(proposed).when(ChangeRetentionSchedule(law=None)).rejected("law: a")


def test_it_is_withdrawn_once() -> None:
    withdraws = WithdrawRetentionSchedule(withdrawal_reason="The law changed")
    withdrawn = RetentionScheduleWithdrawn(withdrawal_reason="The law changed")
    given(proposed, in_force).when(withdraws).then(withdrawn)
    given(proposed, in_force, withdrawn).when(withdraws).rejected("already withdrawn")
    given(proposed, withdrawn).when(PutRetentionScheduleInForce()).rejected("is withdrawn")


def test_whoever_looks_says_until_when_it_is_kept_and_why() -> None:
    looks = ReviewRetention(record_id=ADA, kept_until=TODAY, review_reason="A lawsuit")
    reviewed = RetentionReviewed(
        record_id=ADA, category="trace", kept_until=TODAY, review_reason="A lawsuit"
    )
    given(proposed, in_force).among({ADA: ada}).when(looks).then(reviewed)
    given(proposed, in_force).when(looks).rejected("record_id: there is no contact")
    given(proposed).among({ADA: ada}).when(looks).rejected("is not in force")
    late = ReviewRetention(record_id=ADA, kept_until=date(2026, 3, 1), review_reason="A lawsuit")
    given(proposed, in_force).among({ADA: ada}).when(late).rejected("kept_until: lies in the past")


def test_what_falls_due_twice_is_erased_once() -> None:
    world: dict[UUID, Other] = {ADA: ada, RULE: [proposed, in_force]}
    given().among(world).when(falls).then(fell)
    given(fell).among(world).when(falls).nothing()
    given(fell, SubjectRequestWithdrawn()).among(world).when(falls).then(fell)


HELD = [
    (proposed, in_force, RetentionScheduleWithdrawn()),
    (proposed,),
    (proposed.model_copy(update={"action": Action.REVIEW}), in_force),
]


@pytest.mark.parametrize("schedule", HELD, ids=["withdrawn", "draft", "review"])
def test_only_a_schedule_in_force_that_erases_erases(schedule: tuple[object, ...]) -> None:
    world = {ADA: ada, RULE: [*schedule]}
    given().among(world).when(falls).rejected("not in force")  # type: ignore[arg-type]
    given(fell).among(world).when(DropRetention()).then(SubjectRequestWithdrawn())  # type: ignore[arg-type]


def test_what_is_held_or_restricted_is_not_erased_nor_that_of_the_same_person() -> None:
    merged = ContactMerged(merged_into_id=TWIN)
    hold = LegalHoldPlaced(contact_id=TWIN, law="HGB § 257", approved_by_id=BEN)
    held = RecordHeld(aggregate="contacts", hold_id=id_of("hold"))
    rule = [proposed, in_force]
    both: dict[UUID, Other] = {ADA: [ada, merged], TWIN: [ada, held], id_of("hold"): hold}
    both[RULE] = rule
    given().among(both).when(falls).rejected("A legal hold (HGB § 257)")
    given(fell).among(both).when(DropRetention()).then(SubjectRequestWithdrawn())
    given(fell).among(both).when(FenceErasure(commitments=(), epoch=1)).rejected("A legal hold")
    stored = {ADA: [ada, ContactRestricted(restriction_reason="They asked")]}
    given().among({**stored, RULE: rule}).when(falls).rejected("only stored")


@pytest.mark.parametrize(
    "command", [DropRetention(), FenceErasure(commitments=(), epoch=1)], ids=["drop", "fence"]
)
def test_the_fence_of_retention_bars_nobody(command: Command) -> None:
    twin = [ada, ContactMerged(merged_into_id=TWIN)]
    outcome = given(fell).among({ADA: twin, TWIN: ada, RULE: [proposed, in_force]}).when(command)
    if isinstance(command, FenceErasure):
        outcome.then(ErasureFenced(subjects=(ADA,), commitments=(), epoch=1))
    else:
        outcome.nothing()
