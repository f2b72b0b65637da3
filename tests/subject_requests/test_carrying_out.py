"""An erasure that was decided is carried out to its end, from wherever it stood."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.certificates import certificate, check_certificate, opening_of
from api.services import Services
from commands.consents import GrantConsent, RefuseConsent
from commands.contacts import ChangeContact, MergeContact, RegisterContact
from commands.customers import RegisterCustomer
from commands.kernel import Command, Rejected
from commands.legal_holds import ChangeLegalHold, LiftLegalHold, PlaceLegalHold
from commands.opportunities import OpenOpportunity
from commands.subject_requests import DecideErasure, IdentifySubject, ReceiveSubjectRequest
from commands.tickets import AddTicketMessage, OpenTicket
from commands.users import ActivateUser, InviteUser
from domain.consents import Basis, Channel, WithdrawalReason
from domain.contacts import Contact
from domain.customers import Kind as CustomerKind
from domain.fields import CATEGORIES, ERASED
from domain.subject_requests import Duty, Kind, Method, Status, SubjectRequest
from domain.tickets import Priority
from domain.values import Money
from projections import DERIVED, PROJECTIONS
from projections.dated_copies import copy_as_of
from projections.kernel import Projection
from projections.readers import Reader
from projections.rebuild import rebuild
from projections.tables import table_of
from store import dated_copies, embedded, ledger
from store.database import home
from store.dated_copies import Wanted
from store.errors import SubjectErased
from store.lists import Query
from store.transparency.merkle import ProofError
from store.verify import verify

ADMIN = Reader(UUID(int=1), "admin", "test")


@dataclass
class House:
    """A company with a person in it of whom much is known, and others."""

    services: Services
    ids: dict[str, UUID] = field(default_factory=dict)

    def issue(self, name: str, command: Command, stream: UUID | None = None) -> UUID:
        self.ids[name] = self.services.issue(command, stream).stream
        return self.ids[name]

    def request(self, duties: tuple[Duty, ...] = (), note: str | None = "Ada wants to go") -> UUID:
        """An erasure of Ada, decided."""
        ask = ReceiveSubjectRequest(kind=Kind.ERASURE, contact_id=self.ids["ada"])
        if note is not None:
            ask = ReceiveSubjectRequest(**{**ask.given(), "request_note": note})
        request = self.issue("request", ask)
        self.services.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
        self.services.issue(DecideErasure(duties=duties), request)
        return request

    def state(self, name: str, kind: type[Any] = Contact) -> Any:
        return self.services.dispatcher.state(kind, self.ids[name]).state

    def shown(self, model: str, name: str) -> dict[str, Any]:
        self.services.runner.wait_for(self.services.log.head(), 30)
        found = self.services.gate.get(ADMIN, model, self.ids[name])
        assert found is not None
        return found


def everything_stored(services: Services) -> str:
    """All tables, read models and dated copies included, as text."""
    tenant = services.tenant
    with psycopg.connect(embedded.start(home()).url(), autocommit=True) as superuser:
        tables = superuser.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname = %s OR starts_with(schemaname, %s)",
            [tenant.schema, tenant.dated("")],
        ).fetchall()
        return "\n".join(
            str(row[0])
            for schema, table in tables
            for row in superuser.execute(f"SELECT t::text FROM {schema}.{table} t".encode())
        )


@pytest.fixture
def house(services: Services) -> House:
    house = House(services)
    firm = RegisterCustomer(name="Firm", kind=CustomerKind.ORGANISATION)
    house.issue("firm", firm)
    ada = RegisterContact(
        family_name="Lovelace",
        given_name="Ada",
        emails=("ada@firm.example.com",),
        note="likes engines",
        source_system="crm",
        external_id="ada-17",
    )
    house.issue("ada", ada)
    house.issue("grace", RegisterContact(family_name="Hopper", emails=("grace@firm.example.com",)))
    ticket = OpenTicket(
        subject="No steam",
        description="The engine of Ada stands still",
        priority=Priority.HIGH,
        contact_id=house.ids["ada"],
    )
    house.issue("ticket", ticket)
    message = AddTicketMessage(body="Ada says it is urgent")
    house.issue("ticket", message, house.ids["ticket"])
    consent = GrantConsent(
        contact_id=house.ids["ada"],
        purpose="newsletter",
        channel=Channel.EMAIL,
        lawful_basis=Basis.CONSENT,
        captured_at=house.services.log.load(house.ids["ada"])[0].recorded_at,
        source="A form",
        wording_version="1",
        evidence="Ada ticked the box",
    )
    house.issue("consent", consent)
    deal = OpenOpportunity(
        name="Engines",
        customer_id=house.ids["firm"],
        amount=Money(amount=Decimal(800), currency="EUR"),
        expected_close_on=date(2027, 1, 31),
    )
    house.issue("deal", deal)
    services.start_runner()
    assert house.shown("contacts", "ada")["family_name"] == "Lovelace"
    return house


def carried_out(house: House, request: UUID) -> SubjectRequest:
    [done] = house.services.erasures.carry_out(request)
    return done


def test_nothing_is_left_of_them_and_everything_of_the_others(house: House) -> None:
    before = {name: house.shown("contacts", name) for name in ("ada", "grace")}
    log, since = house.services.log, datetime.now(UTC)
    copy_as_of(log, PROJECTIONS, DERIVED, Wanted("march", since), workers=1)
    dated_copies.begin(log, Wanted("half", since))
    assert everything_stored(house.services).count("Lovelace") == 2
    done = carried_out(house, house.request())
    assert done.status is Status.FULFILLED
    assert (done.destroyed_keys, done.touched_records) == (4, 4)
    stored = everything_stored(house.services)
    for gone in (
        "Lovelace",
        "ada@firm.example.com",
        "No steam",
        "urgent",
        "ticked the box",
        "to go",
    ):
        assert gone not in stored
    ada = house.shown("contacts", "ada")
    assert (ada["family_name"], ada["emails"], ada["erased"]) == (None, None, True)
    assert ada["number"] == before["ada"]["number"]
    assert house.shown("contacts", "grace") == before["grace"]
    assert house.shown("opportunities", "deal")["amount"] == {"amount": "800", "currency": "EUR"}
    assert house.shown("tickets", "ticket")["subject"] is None
    found = verify(house.services.log)
    assert (found.faults, found.erased) == ([], done.destroyed_rows)


def test_the_read_models_are_as_they_would_be_folded_from_the_beginning(house: House) -> None:
    carried_out(house, house.request())
    rebuilt = rebuild(
        house.services.log, PROJECTIONS, DERIVED, (*PROJECTIONS, *DERIVED), lambda *_: None
    )
    assert {one.name for one in rebuilt if one.checksum != one.live_checksum} == set()


def test_the_history_still_says_what_was_done_and_not_to_what(house: House) -> None:
    carried_out(house, house.request())
    house.shown("contacts", "ada")
    page = house.services.gate.history(ADMIN, Query({"id": house.ids["ada"]}, sort="position"))
    told = {(one["type"], one["field"]): one for one in page.items}
    name = told[("ContactRegistered", "family_name")]
    assert (name["from"], name["to"], name["erased"]) == (None, None, ["to"])
    assert ("PersonalDataErased", "request_id") in told
    assert told[("ErasureBegun", "erased")]["words"]["en"].startswith("Kept barred the record")


def test_nothing_is_recorded_of_them_again(house: House) -> None:
    ada = house.ids["ada"]
    carried_out(house, house.request())
    with pytest.raises(Rejected, match="was erased"):
        house.services.issue(ChangeContact(note="still here"), ada)
    with pytest.raises(Rejected, match="was erased"):
        house.services.issue(MergeContact(absorbed_id=ada), house.ids["grace"])
    with pytest.raises(SubjectErased):
        house.services.issue(AddTicketMessage(body="but Ada"), house.ids["ticket"])


def test_what_only_they_could_hold_is_free_again(house: House) -> None:
    carried_out(house, house.request())
    again = RegisterContact(
        family_name="Lovelace",
        emails=("ada@firm.example.com",),
        source_system="crm",
        external_id="ada-17",
    )
    house.issue("ada again", again)
    assert house.shown("contacts", "ada again")["family_name"] == "Lovelace"
    assert verify(house.services.log).faults == []


def test_their_refusal_outlives_them(house: House) -> None:
    refusal = RefuseConsent(
        contact_id=house.ids["ada"],
        purpose="calls",
        channel=Channel.EMAIL,
        withdrawal_reason=WithdrawalReason.OBJECTED,
        source="A call",
    )
    house.issue("refusal", refusal)
    carried_out(house, house.request())
    again = house.issue("again", RegisterContact(family_name="A", emails=("ada@firm.example.com",)))
    with pytest.raises(Rejected, match="said no"):
        house.services.issue(
            GrantConsent(
                contact_id=again,
                purpose="news",
                channel=Channel.EMAIL,
                lawful_basis=Basis.LEGITIMATE_INTERESTS,
                captured_at=house.services.log.load(house.ids["ada"])[0].recorded_at,
                source="An import",
            )
        )


def test_whoever_was_merged_with_them_is_the_same_person(house: House) -> None:
    twin = house.issue("twin", RegisterContact(family_name="Byron", phones=("+441234567890",)))
    house.services.issue(MergeContact(absorbed_id=house.ids["ada"]), twin)
    done = carried_out(house, house.request())
    assert {*done.subjects} == {house.ids["ada"], twin}
    assert house.shown("contacts", "twin")["family_name"] is None
    assert "Byron" not in everything_stored(house.services)


def test_what_the_law_has_kept_is_kept(house: House) -> None:
    duty = Duty(category="content", law="HGB § 257", until=date(2099, 1, 1))
    done = carried_out(house, house.request((duty,)))
    assert {*done.categories} == {*CATEGORIES} - {"content"}
    ada = house.shown("contacts", "ada")
    assert (ada["family_name"], ada["note"]) == (None, "likes engines")
    assert house.shown("tickets", "ticket")["subject"] == "No steam"
    assert verify(house.services.log).faults == []


def test_an_erasure_is_done_once_and_asked_twice(house: House) -> None:
    carried_out(house, house.request())
    with pytest.raises(SubjectErased):
        house.request()
    again = carried_out(house, house.request(note=None))
    assert (again.status, again.destroyed_rows) == (Status.FULFILLED, 0)


def test_the_state_in_memory_forgets_too(house: House) -> None:
    assert house.state("ada").family_name == "Lovelace"
    carried_out(house, house.request())
    assert house.state("ada").family_name is ERASED
    assert house.state("ada").emails is ERASED


STEPS = (
    "store.erasing.Eraser.fence",
    "api.erasing.Erasures._issue",
    "store.ledger.write",
    "store.erasing.Eraser.destroy",
    "store.erasing.Eraser.release",
    "store.erasing.Eraser.touched",
    "api.erasing.Erasures._fold_anew",
    "store.erasing.Eraser.scrub",
)


class Crash(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=lambda one: one.rpartition(".")[2])
def test_it_goes_on_after_a_crash_wherever_that_was(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    """Before and after every call of each step, one after the other, until it is through."""
    request = house.request()
    crashes = 0
    place, _, name = step.rpartition(".")
    whole: Any = __import__(place.rpartition(".")[0] if place[-1].isalpha() else place)
    for part in place.split(".")[1:]:
        whole = getattr(whole, part)
    real = getattr(whole, name)
    left = [0]

    def crashing(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if before and left[0] < 0:
            raise Crash
        result = real(*given, **named)
        if not before and left[0] < 0:
            raise Crash
        return result

    monkeypatch.setattr(whole, name, crashing)
    while True:
        left[0] = crashes  # one call more goes through than the time before
        try:
            done = carried_out(house, request)
            break
        except Crash:
            crashes += 1
            house.services.dispatcher.forget()  # as a new process begins
    assert crashes >= 1
    monkeypatch.undo()
    assert done.status is Status.FULFILLED
    assert done.destroyed_keys == 4
    assert "Lovelace" not in everything_stored(house.services)
    kinds = [one.type for one in house.services.log.load(request)]
    assert kinds.count("ErasureDestroyed") == kinds.count("ErasureSwept") == 1
    assert verify(house.services.log).faults == []


@pytest.fixture
def put_back(house: House) -> House:
    """The erasure is over, and keys, rows and read models are put back as they were before it."""
    services, tenant = house.services, house.services.tenant
    before: dict[str, list[bytes]] = {}
    with psycopg.connect(embedded.start(home()).url(), autocommit=True) as superuser:
        superuser.execute(f"SET search_path = {tenant.schema}, {tenant.keys}".encode())
        for one in ("data_keys", "personal_data", *map(table_name, PROJECTIONS)):
            with superuser.cursor().copy(f"COPY {one} TO STDOUT".encode()) as out:
                before[one] = [bytes(row) for row in out]
        carried_out(house, house.request())
        services.runner.stop()
        for one, rows in before.items():
            superuser.execute(f"DELETE FROM {one}".encode())
            with superuser.cursor().copy(f"COPY {one} FROM STDIN".encode()) as into:
                for row in rows:
                    into.write(row)
    assert len(ledger.undone(services.database, tenant)) == 1
    assert services.log.load(house.ids["ada"])[0].event.family_name == "Lovelace"  # type: ignore[attr-defined]
    return house


def table_name(projection: Projection) -> str:
    return table_of(projection).table


def comes_up_without_them(house: House) -> None:
    services, tenant = house.services, house.services.tenant
    again = Services.open(services.database, tenant.name)
    try:
        assert ledger.undone(services.database, tenant) == []
        assert again.log.load(house.ids["ada"])[0].event.family_name is ERASED  # type: ignore[attr-defined]
        assert again.log.load(house.ids["grace"])[0].event.family_name == "Hopper"  # type: ignore[attr-defined]
    finally:
        again.close()
    assert "Lovelace" not in everything_stored(services)
    assert "Hopper" in everything_stored(services)


def test_a_database_that_was_put_back_does_not_come_up_with_them(put_back: House) -> None:
    comes_up_without_them(put_back)


@pytest.mark.parametrize(
    "step",
    ["store.erasing.Eraser.destroy", "api.erasing.rebuild"],
    ids=["destroying", "folding"],
)
def test_nor_after_a_crash_on_its_way_up(
    put_back: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def crashing(*given: object, **named: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(step, crashing)
        with pytest.raises(Crash):
            Services.open(put_back.services.database, put_back.services.tenant.name)
    comes_up_without_them(put_back)


def test_it_is_certified_for_good_once_no_copy_opens(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasures = house.services.erasures
    request = house.request()
    carried_out(house, request)
    services = house.services
    made = certificate(services.log, services.integrator, services.transparency, request)
    live = check_certificate(made)
    assert (live.stage, live.dark_on, live.destroyed_keys) == ("live", None, 4)

    now = datetime.now(UTC)
    assert erasures.turning.keep_dark(now) == []
    assert services.log.keys.epochs.current == 1  # it has just begun
    in_two_days = now + timedelta(days=2)
    assert erasures.turning.keep_dark(in_two_days) == []
    assert services.log.keys.epochs.current == 2
    named = check_certificate(made, (), opening_of(services.log, request), ["Ada Lovelace", "Eve"])
    assert named.names == ("Ada Lovelace",)
    assert erasures.turning.keep_dark(in_two_days) == []
    assert services.log.keys.epochs.current == 2
    monkeypatch.setenv("KEPT_COPIES", "wal-archive=50")
    in_forty_days = now + timedelta(days=40)
    assert erasures.turning.keep_dark(in_forty_days) == []  # the archive is kept for longer
    in_sixty_days = now + timedelta(days=60)
    assert erasures.turning.keep_dark(in_sixty_days) == [request]
    house.shown("contacts", "ada")
    assert erasures.turning.keep_dark(in_sixty_days) == []
    made = certificate(services.log, services.integrator, services.transparency, request)
    with pytest.raises(ProofError, match="ended with the epoch in which it was made"):
        opening_of(services.log, request)
    final = check_certificate(made)
    assert (final.stage, final.dark_on) == ("final", (now + timedelta(days=50)).date().isoformat())
    assert house.shown("contacts", "grace")["family_name"] == "Hopper"
    assert verify(services.log).faults == []


def test_a_hold_that_came_after_the_decision_is_waited_for(house: House) -> None:
    services = house.services
    judge = house.issue("judge", InviteUser(name="Judge", email="judge@example.com"))
    services.issue(ActivateUser(), judge)
    request = house.request()
    hold = PlaceLegalHold(contact_id=house.ids["ada"], law="FRCP 37(e)", approved_by_id=judge)
    house.issue("hold", hold)
    assert carried_out(house, request).status is Status.DECIDED
    assert house.shown("contacts", "ada")["family_name"] == "Lovelace"
    today = datetime.now(services.tenant.zone)
    services.issue(ChangeLegalHold(expires_on=today.date()), house.ids["hold"])
    house.shown("legal_holds", "hold")
    services.erasures.turning.lapse_holds(today)
    assert carried_out(house, request).status is Status.DECIDED
    services.issue(LiftLegalHold(), house.ids["hold"])
    assert carried_out(house, request).status is Status.FULFILLED
    assert "Lovelace" not in everything_stored(services)


def test_a_hold_that_somebody_lifted_meanwhile_stops_nothing(house: House) -> None:
    services = house.services
    judge = house.issue("judge", InviteUser(name="Judge", email="judge@example.com"))
    services.issue(ActivateUser(), judge)
    now = datetime.now(services.tenant.zone)
    for name in ("ada", "grace"):
        hold = PlaceLegalHold(
            contact_id=house.ids[name],
            law="FRCP 37(e)",
            approved_by_id=judge,
            expires_on=now.date() - timedelta(days=1),
        )
        placed = services.issue(hold, occurred_at=now - timedelta(days=9))
        house.ids[f"hold of {name}"] = placed.stream
    assert house.shown("legal_holds", "hold of grace")["status"] == "in_force"
    # Which the read model does not know yet:
    services.issue(LiftLegalHold(), house.ids["hold of ada"])
    services.erasures.turning.lapse_holds(now)
    assert house.shown("legal_holds", "hold of ada")["status"] == "lifted"
    assert house.shown("legal_holds", "hold of grace")["status"] == "lifted"


def test_a_consent_whose_time_is_over_is_recorded_to_be(house: House) -> None:
    services = house.services
    now = datetime.now(UTC)
    given = {
        "contact_id": house.ids["grace"],
        "channel": Channel.EMAIL,
        "lawful_basis": Basis.CONTRACT,
        "captured_at": now - timedelta(days=9),
        "source": "A form",
    }
    short = GrantConsent.model_validate(
        {**given, "purpose": "trial", "valid_until": now - timedelta(days=1)}
    )
    house.issue("short", short)
    house.issue("long", GrantConsent.model_validate({**given, "purpose": "invoices"}))
    assert house.shown("consents", "short")["status"] == "granted"
    assert services.erasures.turning.expire_consents(now) == 1
    assert house.shown("consents", "short")["status"] == "expired"
    assert services.erasures.turning.expire_consents(now) == 0
    assert house.shown("consents", "long")["status"] == "granted"
