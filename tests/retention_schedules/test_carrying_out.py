"""What is due by a retention schedule is erased by itself; nothing else is, nobody is barred."""

from typing import Final
from uuid import UUID

import pytest

from api.certificates import certificate, check_certificate
from api.retaining import Item
from api.services import Services
from commands.contacts import (
    ChangeContact,
    MergeContact,
    RegisterContact,
    RestrictContact,
)
from commands.customers import ActivateCustomer, LoseCustomer
from commands.legal_holds import PlaceLegalHold
from commands.retention_schedules import (
    ReviewRetention,
    WithdrawRetentionSchedule,
)
from commands.subject_requests import DecideErasure, IdentifySubject, ReceiveSubjectRequest
from commands.tickets import OpenTicket
from commands.users import DeactivateUser
from domain.fields import ERASED
from domain.subject_requests import Kind as RequestKind
from domain.subject_requests import Method, Status
from domain.tickets import Priority
from projections import DERIVED, PROJECTIONS
from projections.readers import Reader
from projections.rebuild import rebuild
from store import ledger
from store.errors import SubjectErased
from store.verify import verify
from tests.retention_schedules.conftest import House, in_days
from tests.store.deciding import WAIT

ADMIN: Final = Reader(UUID(int=1), "admin", "test")


def due(items: list[Item]) -> set[tuple[UUID, str]]:
    """What the plan would have erased."""
    return {
        (one.record, one.schedule.category)
        for one in items
        if not one.kept_by and one.schedule.action == "erase"
    }


def test_what_is_due_is_erased_and_nothing_else_and_nobody_is_barred(house: House) -> None:
    services, ada = house.services, house.ids["ada"]
    house.schedule()
    assert house.plan(30) == []
    assert due(house.plan()) == {(ada, "trace")}
    [done] = house.retain()
    assert (done.status, done.categories) == (Status.FULFILLED, ("trace",))
    assert (done.destroyed_keys, done.destroyed_rows, done.touched_records) == (1, 1, 1)
    assert services.log.load(ada)[0].trace == {"reason": ERASED}
    assert house.contact().family_name == "Lovelace"
    deal = services.gate.get(ADMIN, "opportunities", house.ids["deal"])
    assert deal is not None
    assert (deal["amount"], deal["version"]) == ({"amount": "800", "currency": "EUR"}, 1)
    assert (house.plan(), house.retain()) == ([], [])

    services.issue(ChangeContact(note="n"), ada, reason="She came back")
    assert services.log.load(ada)[-1].trace == {"reason": "She came back"}
    assert (house.plan(30), due(house.plan(32))) == ([], {(ada, "trace")})
    assert verify(services.log).faults == []
    services.runner.wait_for(services.log.head(), WAIT)
    rebuilt = rebuild(services.log, PROJECTIONS, DERIVED, (*PROJECTIONS, *DERIVED))
    assert {one.name for one in rebuilt if one.checksum != one.live_checksum} == set()

    [request] = services.erasures.turning.requests(Status.FULFILLED)
    made = certificate(services.log, services.integrator, services.transparency, request)
    checked = check_certificate(made)
    assert (checked.categories, checked.destroyed_rows) == (("trace",), 1)


def test_an_erasure_does_not_explain_what_is_missing_of_later(house: House) -> None:
    services, ada = house.services, house.ids["ada"]
    house.schedule()
    house.retain()
    later = services.issue(ChangeContact(note="n"), ada, reason="She came back").position
    assert verify(services.log).faults == []
    with services.database.connect("owner", services.tenant.schema) as owner:
        owner.execute(
            "DELETE FROM personal_data WHERE position = %s AND category = 'trace'", [later]
        )
    [fault] = verify(services.log).faults
    assert (fault.position, "no erasure says why" in fault.sentence) == (later, True)


def test_an_address_is_free_again_and_may_come_back_until_they_ask_to_be_forgotten(
    house: House,
) -> None:
    services, ada = house.services, house.ids["ada"]
    house.schedule(category="contact", trigger="last_activity")
    done = house.retain()
    assert {one.subject_id for one in done} == {ada, house.ids["grace"]}
    assert house.contact().emails is ERASED
    house.issue("other", RegisterContact(family_name="Ada", emails=("ada@example.com",)))
    services.issue(ChangeContact(emails=("ada@new.example.com",)), ada)
    assert house.contact().emails == ("ada@new.example.com",)
    assert verify(services.log).faults == []

    asked = ReceiveSubjectRequest(kind=RequestKind.ERASURE, contact_id=ada)
    request = house.issue("request", asked)
    services.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
    services.issue(DecideErasure(), request)
    [gone] = services.erasures.carry_out(request)
    assert gone.status is Status.FULFILLED
    with pytest.raises(SubjectErased):
        services.issue(asked, reason="once more")
    again = Services.open(services.database, services.tenant.name)
    again.close()
    assert [*ledger.undone(services.database, services.tenant)] == []
    assert verify(services.log).faults == []


def test_law_people_and_open_work_keep_what_is_due(house: House) -> None:
    services, ids = house.services, house.ids
    house.schedule(category="identity")
    house.schedule("longer", category="identity", trigger="relationship_ended", law="HGB § 257")
    house.schedule("look", category="content", action="review")
    for name in ("twin", "shy", "asks", "calls"):
        house.issue(name, RegisterContact(family_name=name))
    services.issue(MergeContact(absorbed_id=ids["ada"]), ids["twin"])
    services.issue(
        PlaceLegalHold(contact_id=ids["twin"], law="FRCP 37(e)", approved_by_id=ids["judge"])
    )
    services.issue(RestrictContact(restriction_reason="She asked"), ids["shy"])
    services.issue(ReceiveSubjectRequest(kind=RequestKind.ACCESS, contact_id=ids["asks"]))
    services.issue(OpenTicket(subject="?", priority=Priority.LOW, contact_id=ids["calls"]))
    until = in_days(60).date()
    looked = ReviewRetention(record_id=ids["ada"], kept_until=until, review_reason="A lawsuit")
    services.issue(looked, ids["look"])
    services.issue(WithdrawRetentionSchedule(), house.schedule("withdrawn", category="profile"))

    kept = {
        (one.record, one.schedule.category): {(by.why, by.what) for by in one.kept_by}
        for one in house.plan()
    }
    longer = ("longer_duty", "HGB § 257")
    assert kept == {
        (ids["ada"], "identity"): {("legal_hold", "FRCP 37(e)")},
        (ids["twin"], "identity"): {("legal_hold", "FRCP 37(e)"), longer},
        (ids["shy"], "identity"): {("restriction", None), longer},
        (ids["asks"], "identity"): {("subject_request", "R-1"), longer},
        (ids["calls"], "identity"): {("open_ticket", None), longer},
        (ids["grace"], "identity"): {longer},
        (ids["ada"], "content"): {("review", None)},
        (ids["calls"], "content"): set(),
    }
    services.start_runner()
    assert services.erasures.retain(in_days(31)) == []
    assert house.contact("grace").family_name == "Hopper"


def test_the_plan_is_what_is_done_of_every_kind(house: House) -> None:
    services, ids = house.services, house.ids
    for number in range(5):
        contact = RegisterContact(family_name=f"No {number}", note="n")
        house.issue(f"c{number}", contact, occurred_at=in_days(-10 * number), reason="r")
    services.issue(ActivateCustomer(), ids["firm"])
    services.issue(LoseCustomer(loss_reason="closed"), ids["firm"])
    services.issue(DeactivateUser(), ids["judge"])
    house.schedule()
    house.schedule("activity", category="content", trigger="last_activity", duration="P1M15D")
    house.schedule("firms", kind="customers", category="identity", trigger="relationship_ended")
    house.schedule("users", kind="users", category="contact", trigger="relationship_ended")
    for days in (0, 21, 34):
        planned = due(house.plan(days))
        done = house.retain(days)
        assert {(one.subject_id, *one.categories) for one in done} == planned
        assert {one.status for one in done} <= {Status.FULFILLED}
    assert (ids["judge"], "contact") in planned
    assert (ids["firm"], "identity") not in planned  # a deal is open
    assert verify(services.log).faults == []
