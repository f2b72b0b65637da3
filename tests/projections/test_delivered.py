"""What the gate records: the personal fields that it gave out, of which records and about whom."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.products import CreateProduct
from commands.tickets import OpenTicket
from commands.users import InviteUser
from domain.customers import Customer, Kind
from domain.envelope import SYSTEM
from domain.fields import ERASED
from domain.tickets import Priority, Ticket
from projections.delivered import Delivered, is_given, subjects_in
from projections.readers import Reader
from store.database import Database
from store.lists import Query
from store.read_log import body_of
from tests.dsl import id_of
from tests.store.reading import recorded

ADMIN, ANALYST = (Reader(SYSTEM, role, "a test") for role in ("admin", "analyst"))
ANNA, BERT, ONE = id_of("anna"), id_of("bert"), id_of("one")


@pytest.fixture
def house(services: Services) -> Iterator[Services]:
    yield services
    services.runner.close()


def customer(house: Services, **fields: Any) -> UUID:
    given = {"name": "Keller", "kind": Kind.PERSON, **fields}
    stream = house.issue(RegisterCustomer.model_validate(given)).stream
    house.runner.catch_up()
    return stream


def left(house: Services) -> list[dict[str, Any]]:
    return [body_of(one) for one in recorded(house.log)]


@pytest.mark.parametrize("value", [None, ERASED, "", (), [], {}])
def test_what_is_empty_or_erased_tells_nothing(value: Any) -> None:
    assert not is_given(value)


@pytest.mark.parametrize("value", ["x", ["x"], {"a": 1}, 0, False, Decimal(0)])
def test_what_has_a_value_tells_something(value: Any) -> None:
    assert is_given(value)


def test_a_record_counts_once_with_all_whom_it_is_about() -> None:
    delivered = Delivered()
    delivered.add(ONE, [ANNA], ["name"])
    delivered.add(ONE, [BERT, ANNA], ["phones"])
    delivered.add(id_of("other"), [BERT], [])
    assert delivered.records == {ONE: [ANNA, BERT]}
    assert delivered.fields == {"name", "phones"}


def test_a_record_is_about_whom_it_names_or_itself() -> None:
    assert subjects_in(Ticket, {"contact_id": ANNA, "customer_id": BERT}, ONE) == [ANNA]
    assert subjects_in(Ticket, {"contact_id": None, "customer_id": BERT}, ONE) == [BERT]
    assert subjects_in(Ticket, {}, ONE) == [ONE]
    assert subjects_in(Customer, {"contact_id": ANNA}, ONE) == [ONE]


def test_fields_without_a_value_are_not_named(house: Services) -> None:
    stream = customer(house, note="Likes tea.")
    house.gate.get(ADMIN, "customers", stream)
    [found] = left(house)
    assert found["fields"] == ["name", "note"]


def test_a_record_without_anything_personal_is_none(house: Services) -> None:
    made = house.issue(CreateProduct(sku="TEA-1", name="Tea")).stream
    house.runner.catch_up()
    assert house.gate.get(ADMIN, "products", made) is not None
    assert house.gate.page(ADMIN, "products", Query()).items
    assert left(house) == []


def test_of_a_list_only_what_shows_something_counts(house: Services) -> None:
    plain = house.issue(CreateProduct(sku="TEA-1", name="Tea")).stream
    tagged = house.issue(CreateProduct(sku="TEA-2", name="Tea", tags=("anna's",))).stream
    house.runner.catch_up()
    assert len(house.gate.page(ADMIN, "products", Query()).items) == 2
    [found] = left(house)
    assert found["records"] == [str(tagged)] != [str(plain)]
    assert found["fields"] == ["tags"]


def test_what_was_erased_is_not_given_out(house: Services, database: Database) -> None:
    stream = customer(house)
    position = house.log.head()
    with database.connect("eraser", house.tenant.schema) as eraser:
        eraser.execute("SELECT destroy_keys(%s, NULL)", [stream])
    house.log.keys.forget()
    house.gate.events(ADMIN, house.log.at([position]).values())
    house.gate.as_of(ADMIN, "customers", stream)
    assert left(house) == []


def test_an_event_is_about_those_under_whose_keys_its_fields_lie(house: Services) -> None:
    about = customer(house)
    opening = OpenTicket(subject="No light", priority=Priority.LOW, customer_id=about)
    ticket = house.issue(opening, reason="a call").stream
    house.gate.events(ADMIN, house.log.load(ticket))
    [found] = left(house)
    assert (found["read_model"], found["records"]) == ("events", [str(ticket)])
    assert found["fields"] == ["reason", "subject"]
    assert found["subjects"] == [str(about)]


def test_the_history_names_those_whose_names_are_in_its_words(house: Services) -> None:
    owner = house.issue(InviteUser(name="Fang Wei", email="fang@example.com")).stream
    stream = customer(house)
    house.issue(ChangeCustomer(industry="steel"), stream, actor=owner)
    house.runner.catch_up()
    query = Query(filters={"id": stream, "fields": "industry"}, sort="position")
    [fact] = house.gate.history(ADMIN, query).items
    assert fact["actor_name"] == "Fang Wei"
    [found] = left(house)
    assert (found["records"], found["fields"]) == ([str(owner)], ["name"])


def test_the_ids_alone_are_nothing_personal(house: Services) -> None:
    stream = customer(house)
    assert house.gate.find(ADMIN, "customers", Query(search="kell")) == ([stream], None)
    assert house.gate.has("customers", stream)
    assert not house.gate.has("customers", ONE)
    assert house.gate.get(ADMIN, "customers", stream, unless_at=1) == {"version": 1}
    assert house.gate.states("customers", [stream])
    assert left(house) == []


def test_who_is_masked_leaves_nothing(house: Services) -> None:
    stream = customer(house)
    assert house.gate.get(ANALYST, "customers", stream)
    assert house.gate.page(ANALYST, "customers", Query()).items
    assert house.gate.history(ANALYST, Query()).items
    assert house.gate.events(ANALYST, house.log.load(stream))
    assert left(house) == []
