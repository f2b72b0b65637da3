"""What is due by a retention schedule is erased by itself; nothing else is, nobody is barred."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pkgutil import resolve_name
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

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
from commands.customers import ActivateCustomer, LoseCustomer, RegisterCustomer
from commands.dispatcher import Contended
from commands.kernel import Command
from commands.legal_holds import PlaceLegalHold
from commands.opportunities import OpenOpportunity
from commands.retention_schedules import (
    ProposeRetentionSchedule,
    PutRetentionScheduleInForce,
    ReviewRetention,
    WithdrawRetentionSchedule,
)
from commands.subject_requests import DecideErasure, IdentifySubject, ReceiveSubjectRequest
from commands.tickets import OpenTicket
from commands.users import ActivateUser, DeactivateUser, InviteUser
from domain.contacts import Contact
from domain.customers import Kind as CustomerKind
from domain.fields import ERASED
from domain.subject_requests import Kind as RequestKind
from domain.subject_requests import Method, Status, SubjectRequest
from domain.tickets import Priority
from domain.values import Money
from projections import DERIVED, PROJECTIONS
from projections.readers import Reader
from projections.rebuild import rebuild
from store import ledger
from store.errors import SubjectErased
from store.verify import verify
from tests.dsl import id_of
from tests.store.deciding import WAIT

ADMIN: Final = Reader(UUID(int=1), "admin", "test")
ZONE: Final = ZoneInfo("Asia/Shanghai")
AUTHOR, APPROVER = id_of("author"), id_of("approver")


@dataclass
class House:
    """A company that keeps no more than it may."""

    services: Services
    ids: dict[str, UUID] = field(default_factory=dict)

    def issue(
        self, name: str, command: Command, stream: UUID | None = None, **envelope: Any
    ) -> UUID:
        self.ids[name] = self.services.issue(command, stream, **envelope).stream
        return self.ids[name]

    def schedule(self, name: str = "schedule", **given: Any) -> UUID:
        """One that is in force: of all contacts' traces, thirty days from their creation."""
        proposed = ProposeRetentionSchedule.model_validate(
            {
                "kind": "contacts",
                "category": "trace",
                "trigger": "created",
                "duration": "P30D",
                "law": "GDPR Art. 5(1)(e)",
                "action": "erase",
                **given,
            }
        )
        self.issue(name, proposed, actor=AUTHOR)
        self.services.issue(PutRetentionScheduleInForce(), self.ids[name], actor=APPROVER)
        return self.ids[name]

    def plan(self, days: int = 31) -> list[Item]:
        """What would be due so many days from now."""
        self.services.start_runner()
        assert self.services.runner.wait_for(self.services.log.head(), WAIT)
        items, cursor = self.services.erasures.retention.plan(in_days(days).date(), 2)
        while cursor is not None:
            more, cursor = self.services.erasures.retention.plan(in_days(days).date(), 2, cursor)
            items += more
        return items

    def retain(self, days: int = 31) -> list[SubjectRequest]:
        """Erase what is."""
        self.services.start_runner()
        return self.services.erasures.retain(in_days(days))

    def contact(self, name: str = "ada") -> Any:
        return self.services.dispatcher.state(Contact, self.ids[name]).state


def in_days(days: int) -> datetime:
    """In the tenant's zone, by whose calendar periods are counted."""
    return datetime.now(ZONE) + timedelta(days=days)


@pytest.fixture
def house(services: Services) -> House:
    house = House(services)
    ada = RegisterContact(family_name="Lovelace", emails=("ada@example.com",), note="likes engines")
    house.issue("ada", ada, reason="Ada called")
    judge = house.issue("judge", InviteUser(name="Judge", email="judge@example.com"))
    services.issue(ActivateUser(), judge)
    house.issue("firm", RegisterCustomer(name="Firm", kind=CustomerKind.ORGANISATION))
    deal = OpenOpportunity(
        name="Engines",
        customer_id=house.ids["firm"],
        amount=Money(amount=Decimal(800), currency="EUR"),
        expected_close_on=date(2027, 1, 31),
    )
    house.issue("deal", deal)
    house.issue("grace", RegisterContact(family_name="Hopper", emails=("grace@example.com",)))
    return house


@pytest.fixture
def elsewhere(services: Services) -> Iterator[Services]:
    """Another process, with keys and states of its own in memory."""
    opened = Services.open(services.database, services.tenant.name)
    yield opened
    opened.close()


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


STEPS = (
    "api.retaining.Retention._open",
    "api.erasing.Eraser.fence",
    "api.erasing.ledger.write",
    "api.erasing.Eraser.destroy",
    "api.erasing.Eraser.release",
    "api.erasing.Eraser.touched",
    "api.erasing.Erasures._fold_anew",
)


class Crash(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


def crash_after(step: str, patching: pytest.MonkeyPatch) -> None:
    """Let a step be done once, and no further."""
    real: Any = resolve_name(step)

    def crashing(*given: Any, **named: Any) -> None:
        real(*given, **named)
        raise Crash

    patching.setattr(step, crashing)


def test_killed_after_every_step_it_is_done_once_and_what_came_later_stays(
    house: House, elsewhere: Services
) -> None:
    """What is written from the fence on lies under the next key, in this process and in others."""
    services, ada = house.services, house.ids["ada"]
    elsewhere.issue(ChangeContact(note="before"), ada, reason="before")
    house.schedule()
    for number, step in enumerate(STEPS):
        with pytest.MonkeyPatch.context() as patching:
            crash_after(step, patching)
            with pytest.raises(Crash):
                house.retain()
        services.dispatcher.forget()  # as a new process begins
        elsewhere.issue(ChangeContact(note=str(number)), ada, reason=f"after {number}")
    [done] = house.retain()
    assert (done.status, done.destroyed_keys, done.destroyed_rows) == (Status.FULFILLED, 1, 3)
    said = [one.trace["reason"] for one in services.log.load(ada) if one.trace]
    assert said == [*[ERASED] * 3, *(f"after {number}" for number in range(1, len(STEPS)))]
    assert verify(services.log).faults == []


MOST_WRITTEN = 200
"""However slow the machine is, the writer leaves the others a chance at last."""


def insist(services: Services) -> None:
    """Until nobody has written to the record while it is decided on."""
    while True:
        with suppress(Contended):
            services.erasures.retain(in_days(31))
            return


def test_two_processes_and_a_writer_at_once(house: House, elsewhere: Services) -> None:
    """It is done once, and nobody who writes about her is ever refused."""
    services, ada = house.services, house.ids["ada"]
    house.schedule()
    services.start_runner()
    elsewhere.start_runner()
    written = 0
    threads = [threading.Thread(target=insist, args=[one]) for one in (services, elsewhere)]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        if written < MOST_WRITTEN:
            services.issue(ChangeContact(note=str(written)), ada, reason=str(written))
            written += 1
        else:
            threads[0].join()
            threads[1].join()
    house.retain()
    services.runner.wait_for(services.log.head(), WAIT)
    [request] = services.erasures.turning.requests(Status.FULFILLED)
    kinds = [one.type for one in services.log.load(request)]
    assert len(kinds) == len({*kinds}) == 5
    said = [one.trace["reason"] for one in services.log.load(ada) if one.trace]
    kept = said[said.count(ERASED) :]
    assert said[0] is ERASED
    assert kept == [str(number) for number in range(written - len(kept), written)]
    assert verify(services.log).faults == []


def test_a_database_that_was_put_back_is_erased_again_but_for_what_came_later(
    house: House,
) -> None:
    services, tenant, ada = house.services, house.services.tenant, house.ids["ada"]
    with services.database.connect("owner", tenant.schema) as owner:
        keys = owner.execute(f"SELECT * FROM {tenant.keys}.data_keys").fetchall()
        rows = owner.execute("SELECT * FROM personal_data").fetchall()
    house.schedule()
    house.retain()
    assert ledger.undone(services.database, tenant) == []
    with services.database.connect("owner", tenant.schema) as owner:
        owner.execute("DELETE FROM personal_data")
        owner.execute(f"DELETE FROM {tenant.keys}.data_keys")
        marks = ", ".join(["%s"] * len(keys[0]))
        for key in keys:
            owner.execute(f"INSERT INTO {tenant.keys}.data_keys VALUES ({marks})".encode(), key)
        for row in rows:
            owner.execute("INSERT INTO personal_data VALUES (%s,%s,%s,%s,%s,%s,%s)", row)
        owner.execute("DELETE FROM erasures")
    assert len(ledger.undone(services.database, tenant)) == 1
    again = Services.open(services.database, tenant.name)
    try:
        assert ledger.undone(services.database, tenant) == []
        assert again.log.load(ada)[0].trace == {"reason": ERASED}
        again.issue(ChangeContact(note="n"), ada, reason="She came back")
    finally:
        again.close()
    assert ledger.undone(services.database, tenant) == []
