"""Conditions as data: what they hold of, and what is wrong with those that cannot be one."""

import json
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from api.sentences import field_errors
from projections.what_if.conditions import Condition, Known

FIELDS = {
    "colour": Known("word", ("red", "blue")),
    "note": Known("word"),
    "size": Known("number"),
    "owner_id": Known("id"),
    "parts": Known("word"),
}
ANNA = "01920b5e-3f4a-7c1d-8e2f-5a6b7c8d9e0f"
FACTS = {
    "colour": "red",
    "note": None,
    "size": Decimal("10.0"),
    "owner_id": ANNA,
    "parts": frozenset({"a", "b"}),
}


class Thing(Condition):
    FIELDS: ClassVar = FIELDS


def condition(field: str, operator: str, value: Any = None) -> Thing:
    text = json.dumps({"field": field, "operator": operator, "value": value})
    return Thing.model_validate_json(text, strict=True)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("colour", "is", "red"),
        ("colour", "is_not", "blue"),
        ("colour", "one_of", ["blue", "red"]),
        ("size", "is", "10"),
        ("size", "is", 10),
        ("size", "at_least", 10),
        ("size", "at_most", "10.00"),
        ("size", "is_not", 11),
        ("owner_id", "is", ANNA.upper()),
        ("parts", "is", "b"),
        ("parts", "one_of", ["x", "a"]),
        ("parts", "is_not", "x"),
        ("note", "is_empty", None),
        ("note", "is_not", "x"),
    ],
)
def test_what_holds(field: str, operator: str, value: Any) -> None:
    assert condition(field, operator, value).holds(FACTS)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("colour", "is", "blue"),
        ("colour", "is_not", "red"),
        ("colour", "is_empty", None),
        ("size", "at_least", "10.01"),
        ("size", "at_most", "9.99"),
        ("size", "one_of", ["9", "11"]),
        ("parts", "is_not", "a"),
        ("parts", "is_empty", None),
        ("note", "is", "x"),
        ("note", "one_of", ["x"]),
    ],
)
def test_what_does_not_hold(field: str, operator: str, value: Any) -> None:
    assert not condition(field, operator, value).holds(FACTS)


def test_nothing_is_known_of_a_number_that_is_not_there() -> None:
    nothing = {**FACTS, "size": None}
    assert not condition("size", "at_least", 0).holds(nothing)
    assert not condition("size", "at_most", 0).holds(nothing)
    assert condition("parts", "is_empty").holds({**FACTS, "parts": frozenset()})


@pytest.mark.parametrize(
    ("field", "operator", "value", "where", "part"),
    [
        ("mood", "is", "x", "field", "is no field that rules know. Give one of: colour, note"),
        ("colour", "at_least", "1", "operator", "compares numbers, and the field is none"),
        ("colour", "like", "x", "operator", "is none of the choices"),
        ("colour", "is", "green", "", "value is none of the choices. Give one of: red, blue"),
        ("colour", "is", None, "", "value is required"),
        ("colour", "is", ["red"], "", "value has to be a list for one_of"),
        ("colour", "one_of", "red", "", "value has to be a list for one_of"),
        ("colour", "is_empty", "red", "", "value has no place beside is_empty"),
        ("size", "is", "ten", "", "value is no number"),
        ("size", "at_least", "NaN", "", "value is no number"),
        ("owner_id", "is", "anna", "", "value is no id"),
        ("colour", "is", {"a": 1}, "value", "is no text"),
    ],
)
def test_what_is_none_says_which_field_what_and_what_to_do(
    field: str, operator: str, value: Any, where: str, part: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        condition(field, operator, value)
    [first, *_] = field_errors(refused.value)
    assert first["field"] == where
    assert part in f"{first['problem']} {first['remedy']}"
