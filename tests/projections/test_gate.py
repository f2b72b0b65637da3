"""The gate: who sees what, the history with its values, and records as they were."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from api.services import Services
from commands.contacts import RegisterContact
from commands.custom_fields import DeclareCustomField
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.kernel import Command
from commands.opportunities import OpenOpportunity
from commands.tickets import AddTicketNote, OpenTicket, ReplyToTicket
from commands.users import ActivateUser, InviteUser
from domain.custom_fields import FieldType, custom_fields_id
from domain.customers import Kind, Level
from domain.envelope import SYSTEM, from_microseconds
from domain.tickets import Priority
from projections import DERIVED, PROJECTIONS
from projections.gate import Gate
from projections.kernel import ReadModel
from projections.readers import MASKED_ROLES, Reader
from projections.tables import table_of
from store.api_keys import ROLES
from store.database import Database
from store.event_log import Receipt
from store.lists import Query, Unserved
from tests.dsl import eur, id_of

MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
ADMIN, ANALYST = (Reader(SYSTEM, role, "test") for role in ("admin", "analyst"))
PERSONAL: Final = "Wáng Xiǎomíng"
REASON: Final = "They asked for it by phone"


@dataclass
class House:
    """A tenant, who reads it, and the records in it."""

    services: Services
    ids: dict[str, UUID] = field(default_factory=dict)

    @property
    def gate(self) -> Gate:
        return self.services.gate

    def do(self, command: Command, name: str = "", **envelope: Any) -> Receipt:
        """Issue a command for the record of that name, or open one with that name."""
        receipt = self.services.issue(command, self.ids.get(name), **envelope)
        self.ids.setdefault(name, receipt.stream)
        return receipt

    def shown(self, reader: Reader) -> dict[str, Any]:
        """All that a reader gets to see by every read that there is."""
        events = self.services.log.read(0, 1_000)
        pages = {model.name: self.gate.page(reader, model.name, Query()) for model in MODELS}
        return {
            "pages": {name: page.items for name, page in pages.items()},
            "records": [
                self.gate.get(reader, model.name, one)
                for model in MODELS
                for one in self.ids.values()
            ],
            "as of": [
                self.gate.as_of(reader, model.name, one)
                for model in PROJECTIONS
                for one in self.ids.values()
                if model.aggregate is not None
            ],
            "history": self.gate.history(reader, Query()).items,
            "events": self.gate.events(reader, events),
        }


@pytest.fixture(scope="module")
def house(database: Database) -> Iterator[House]:
    """A record of every kind that holds personal data, each with the same value in it."""
    from api.services import create_tenant  # noqa: PLC0415

    create_tenant(database, "gate", "Asia/Shanghai")
    services = Services.open(database, "gate")
    house = House(services)
    house.do(InviteUser(name=PERSONAL, email="wang@example.com"), "user")
    house.do(ActivateUser(), "user")
    house.ids["fields"] = custom_fields_id("customers")
    for key, personal in (("tier", False), ("hobby", True)):
        house.do(
            DeclareCustomField(
                key=key, label=key.title(), label_zh="字段", type=FieldType.TEXT, personal=personal
            ),
            "fields",
        )
    house.do(
        RegisterCustomer(
            name=PERSONAL,
            kind=Kind.PERSON,
            level=Level.A,
            emails=("wang@example.com",),
            tags=(PERSONAL,),
            custom={"tier": "gold"},
            custom_personal={"hobby": PERSONAL},
        ),
        "customer",
        reason=REASON + PERSONAL,
    )
    house.do(ChangeCustomer(note=PERSONAL, level=Level.B), "customer")
    house.do(RegisterContact(family_name=PERSONAL, given_name=PERSONAL), "contact")
    house.do(
        OpenOpportunity(
            name=PERSONAL,
            customer_id=house.ids["customer"],
            amount=eur(800),
            expected_close_on=datetime.now(services.tenant.zone).date(),
        ),
        "deal",
    )
    house.do(OpenTicket(subject=PERSONAL, priority=Priority.LOW), "ticket")
    house.do(ReplyToTicket(body=PERSONAL), "ticket")
    house.do(AddTicketNote(body=PERSONAL), "ticket")
    services.runner.catch_up()
    yield house
    services.close()


# Who sees what


def test_the_analyst_sees_no_personal_value_by_any_read(house: House) -> None:
    seen = json.dumps(house.shown(ANALYST), ensure_ascii=False)
    for value in (PERSONAL, REASON, "wang@example.com"):
        assert value not in seen


def test_everybody_else_sees_them_by_every_read(house: House) -> None:
    """Or the test above would not be able to fail."""
    for role in {*ROLES} - MASKED_ROLES:
        for way, seen in house.shown(Reader(SYSTEM, role, "test")).items():
            assert PERSONAL in json.dumps(seen, ensure_ascii=False), (role, way)
            if way in ("history", "events"):
                assert REASON in json.dumps(seen, ensure_ascii=False), (role, way)


def test_the_analyst_sees_all_the_rest(house: House) -> None:
    customer = house.gate.get(ANALYST, "customers", house.ids["customer"])
    assert customer is not None
    assert (customer["level"], customer["custom"]) == ("B", {"tier": "gold"})
    deal = house.gate.get(ANALYST, "opportunities", house.ids["deal"])
    assert deal is not None
    assert deal["amount"] == {"amount": "800", "currency": "EUR"}


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.name)
def test_every_personal_column_is_masked_and_named_as_such(model: ReadModel, house: House) -> None:
    personal = {column.field for column in model.columns() if column.personal}
    page = house.gate.page(ANALYST, model.name, Query())
    assert {*page.masked} == personal
    for item in page.items:
        assert not item.keys() & personal
    assert house.gate.page(ADMIN, model.name, Query()).masked == []


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.name)
def test_the_analyst_cannot_ask_by_what_they_may_not_see(model: ReadModel, house: House) -> None:
    """An order, or whether something is found, would tell it."""
    personal = {column.name for column in model.columns() if column.personal}
    asked: list[Query] = [Query(sort=name) for name in personal]
    asked += [Query(filters={name: "x"}) for name in personal]
    asked += [
        Query(sort=serve.sort, filters=dict.fromkeys(serve.filters, "x"), since="a")
        for serve in model.serves
        if personal & {serve.sort, *serve.filters}
    ]
    if model.search:
        asked.append(Query(search="wang"))
    if "custom_personal" in personal:
        asked.append(Query(custom={"custom_personal": {"hobby": "x"}}))
    for query in asked:
        with pytest.raises(Unserved, match="analyst does not see personal data"):
            house.gate.page(ANALYST, model.name, query)


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.name)
def test_the_order_that_nobody_asked_for_tells_no_personal_value(model: ReadModel) -> None:
    table = table_of(model)
    unasked = table.serves[0].sort if table.serves else table.key[0]
    assert not table.by_name[unasked].personal


# The history


def facts(house: House, name: str, reader: Reader = ADMIN, **query: Any) -> list[dict[str, Any]]:
    """The facts of a record, oldest first."""
    asked = Query(filters={"id": house.ids[name], **query}, sort="position", limit=200)
    return house.gate.history(reader, asked).items


def test_a_fact_says_who_when_from_to_why_and_from_where(house: House) -> None:
    (first, second) = facts(house, "customer", fields="level")
    assert (first["from"], first["to"], first["reason"]) == (None, "A", REASON + PERSONAL)
    assert (second["from"], second["to"], second["reason"]) == ("A", "B", None)
    assert second["actor"] == str(SYSTEM)
    assert second["source"] == "system"
    assert second["occurred_at"] <= second["recorded_at"]
    assert {*second["words"]} == {"en", "zh"}
    assert second["label"] == {"en": "level", "zh": second["label"]["zh"]}


def test_custom_fields_are_told_by_their_labels(house: House) -> None:
    (fact,) = facts(house, "customer", fields="custom.tier")
    assert (fact["from"], fact["to"]) == (None, "gold")
    assert fact["label"] == {"en": "Tier", "zh": "字段"}


def test_masked_facts_say_that_they_are(house: House) -> None:
    told = {fact["field"]: fact for fact in facts(house, "customer", ANALYST)}
    assert told["name"]["masked"]
    assert (told["name"]["from"], told["name"]["to"]) == (None, None)
    assert told["level"]["to"] is not None
    assert "masked" not in told["level"]
    assert told["custom_personal.hobby"]["masked"]


def test_there_and_back_within_a_second_is_three_facts(services: Services) -> None:
    house = House(services)
    now = datetime.now(services.tenant.zone)
    house.do(RegisterCustomer(name="Acme", kind=Kind.PERSON, level=Level.A), "one", occurred_at=now)
    house.do(ChangeCustomer(level=Level.B), "one", occurred_at=now)
    house.do(ChangeCustomer(level=Level.A), "one", occurred_at=now)
    services.runner.catch_up()
    told = [(fact["from"], fact["to"]) for fact in facts(house, "one", fields="level")]
    assert told == [(None, "A"), ("A", "B"), ("B", "A")]


def test_a_page_of_the_history_holds_whole_events_and_goes_on_after_them(house: House) -> None:
    seen: list[tuple[int, str]] = []
    query = Query(sort="position", descending=True, limit=3, count=True)
    pages = 0
    while True:
        page = house.gate.history(ADMIN, query)
        seen += [(fact["position"], fact["field"]) for fact in page.items]
        assert len({fact["position"] for fact in page.items}) <= 3
        assert page.count == house.services.log.head()
        pages += 1
        if page.next_cursor is None:
            break
        query = Query(
            sort="position", descending=True, limit=3, count=True, cursor=page.next_cursor
        )
    assert pages == -(-house.services.log.head() // 3)
    assert len({*seen}) == len(seen)
    assert [position for position, _ in seen] == sorted((p for p, _ in seen), reverse=True)
    assert {position for position, _ in seen} == {*range(1, house.services.log.head() + 1)}


def test_the_history_is_filtered_by_what_it_declares(house: House) -> None:
    def told(**filters: Any) -> list[dict[str, Any]]:
        return house.gate.history(ADMIN, Query(filters=filters, sort="position")).items

    assert {fact["aggregate"] for fact in told(aggregate="tickets")} == {"tickets"}
    assert {fact["field"] for fact in told(fields="note")} == {"note"}
    assert told(source="api") == []
    assert len(told(source="system")) == len(told())
    assert {fact["actor"] for fact in told(actor=SYSTEM)} == {str(SYSTEM)}
    with pytest.raises(Unserved):
        told(type="CustomerChanged")


def test_the_history_names_records_that_values_point_at(house: House) -> None:
    (fact,) = facts(house, "deal", fields="customer_id")
    assert PERSONAL in fact["words"]["en"]
    (masked,) = facts(house, "deal", ANALYST, fields="customer_id")
    assert masked["to"] == str(house.ids["customer"])
    assert PERSONAL not in masked["words"]["en"]


def test_the_history_survives_an_erasure_without_the_values(services: Services) -> None:
    house = House(services)
    house.do(RegisterCustomer(name=PERSONAL, kind=Kind.PERSON, level=Level.A), "gone")
    house.do(ChangeCustomer(name="Wang", level=Level.B), "gone", reason=REASON)
    services.runner.catch_up()
    before = {(fact["position"], fact["field"]) for fact in facts(house, "gone")}
    with services.database.connect("eraser", services.tenant.schema) as connection:
        connection.execute("SELECT destroy_keys(%s, NULL)", [house.ids["gone"]])
    services.log.keys.forget()
    told = facts(house, "gone")
    assert {(fact["position"], fact["field"]) for fact in told} == before
    shown = json.dumps(told, ensure_ascii=False)
    assert PERSONAL not in shown
    assert REASON not in shown
    names = [fact for fact in told if fact["field"] == "name"]
    assert all(fact["from"] is None and fact["to"] is None and fact["erased"] for fact in names)
    levels = [(fact["from"], fact["to"]) for fact in told if fact["field"] == "level"]
    assert levels == [(None, "A"), ("A", "B")]
    event = house.gate.events(ADMIN, services.log.load(house.ids["gone"]))[0]
    assert event["erased"] == ["name"]
    assert "name" not in event["data"]


# As of


def test_a_record_is_shown_as_it_was_in_both_times(services: Services) -> None:
    house = House(services)
    zone = services.tenant.zone
    now = datetime.now(zone)

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    opened = house.do(RegisterCustomer(name="Opened", kind=Kind.PERSON), "one", occurred_at=ago(10))
    first = house.do(ChangeCustomer(name="First"), "one", occurred_at=ago(5))
    late = house.do(ChangeCustomer(name="Late entry"), "one", occurred_at=ago(12))
    learned = [from_microseconds(one.recorded_at) for one in (opened, first, late)]

    def name(as_of: datetime | None = None, known: datetime | None = None) -> Any:
        shown = services.gate.as_of(ADMIN, "customers", house.ids["one"], as_of, known)
        return shown and shown["name"]

    assert name() == "Late entry"  # by version: what was learned last counts
    assert name(as_of=ago(7), known=learned[1]) == "Opened"
    assert name(as_of=ago(4), known=learned[1]) == "First"
    assert name(as_of=ago(11)) == "Late entry"  # its opening is excluded, the entry is not
    assert name(as_of=ago(11), known=learned[1]) is None
    assert name(as_of=ago(20)) is None
    assert name(known=learned[0] - timedelta(microseconds=1)) is None
    assert name(as_of=ago(5)) == name(as_of=ago(4))  # a bound counts


def test_as_of_now_is_what_the_read_model_shows(house: House) -> None:
    for model in PROJECTIONS:
        if model.aggregate is not None:
            for reader in (ADMIN, ANALYST):
                for record in house.ids.values():
                    shown = house.gate.get(reader, model.name, record)
                    if shown is not None:
                        assert house.gate.as_of(reader, model.name, record) == shown


def test_what_is_no_record_is_not_shown_as_of_a_date(house: House) -> None:
    for name in ("ticket_messages", "history"):
        with pytest.raises(Unserved, match="no records that can be shown as of a date"):
            house.gate.as_of(ADMIN, name, house.ids["ticket"])


def test_what_does_not_exist_is_nothing(house: House) -> None:
    assert house.gate.get(ADMIN, "customers", id_of("nobody")) is None
    assert house.gate.as_of(ADMIN, "customers", id_of("nobody")) is None
    assert house.gate.get(ADMIN, "customers", house.ids["ticket"]) is None
    assert house.gate.as_of(ADMIN, "customers", house.ids["ticket"]) is None


def test_the_gate_says_how_far_the_read_models_are(house: House) -> None:
    assert house.gate.position() == house.services.log.head()
