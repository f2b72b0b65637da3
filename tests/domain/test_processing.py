"""The record of processing says what the code does."""

import json

from domain import AGGREGATES
from domain.contacts import Contact
from domain.fields import CATEGORIES, personal_fields
from domain.processing import activities, meanings


def test_every_kind_of_record_says_what_it_is_for() -> None:
    for one in activities(AGGREGATES):
        assert one.purpose.endswith("."), f"{one.aggregate}: set PURPOSE"
        assert one.people, f"{one.aggregate}: set PEOPLE"
        assert meanings(one).keys() == one.personal.keys() | one.public.keys()


def test_every_personal_field_is_in_it() -> None:
    said = {one.aggregate: one for one in activities(AGGREGATES)}
    for aggregate in AGGREGATES:
        listed = {name for names in said[aggregate.AGGREGATE].personal.values() for name in names}
        for event in aggregate.EVENTS.values():
            assert personal_fields(event).keys() <= listed, event.__name__


def test_it_tells_the_category_of_each() -> None:
    (contacts,) = activities([Contact])
    assert "emails" in contacts.personal["contact"]
    assert "birthday" in contacts.personal["identity"]
    assert {*contacts.personal["trace"]} >= {"address", "file", "reason"}
    assert [*contacts.personal] == [name for name in CATEGORIES if name in contacts.personal]
    assert json.dumps(contacts.public)
