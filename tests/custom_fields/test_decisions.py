"""Custom fields: declared once, never of another type, and kept when they are retired."""

import pytest
from pydantic import ValidationError

from commands.custom_fields import (
    MOST_FIELDS,
    ChangeCustomField,
    DeclareCustomField,
    RestoreCustomField,
    RetireCustomField,
)
from commands.customers import ChangeCustomer
from commands.kernel import COMMANDS, Command
from domain.custom_fields import (
    CustomFieldChanged,
    CustomFieldDeclared,
    CustomFieldRestored,
    CustomFieldRetired,
    CustomFields,
    FieldType,
    custom_fields_id,
)
from domain.customers import CustomerChanged, CustomerRegistered, Kind
from domain.values import CustomValue
from tests.dsl import given, id_of

CUSTOMERS = custom_fields_id("customers")

region = CustomFieldDeclared(
    kind="customers",
    key="region",
    label="Region",
    type=FieldType.CHOICE,
    choices=("east", "west"),
    personal=False,
)
hobby = CustomFieldDeclared(kind="customers", key="hobby", label="Hobby", type=FieldType.TEXT)
retired = CustomFieldRetired(key="region")


def test_the_first_field_opens_the_definitions() -> None:
    given().at(CUSTOMERS).when(
        DeclareCustomField(key="hobby", label="Hobby", label_zh="爱好", type=FieldType.TEXT)
    ).then(
        CustomFieldDeclared(
            kind="customers", key="hobby", label="Hobby", label_zh="爱好", type=FieldType.TEXT
        )
    )


def test_the_next_field_joins_them() -> None:
    given(hobby).at(CUSTOMERS).when(
        DeclareCustomField(
            key="region",
            label="Region",
            type=FieldType.CHOICE,
            choices=("east", "west"),
            personal=False,
        )
    ).then(region)


def test_fields_are_declared_for_a_kind_of_record_and_nothing_else() -> None:
    given().at(id_of("nowhere")).when(
        DeclareCustomField(key="hobby", label="Hobby", type=FieldType.TEXT)
    ).rejected("belong to a kind of record", type="not-found")


def test_definitions_have_no_custom_fields_themselves() -> None:
    given().at(custom_fields_id("custom_fields")).when(
        DeclareCustomField(key="hobby", label="Hobby", type=FieldType.TEXT)
    ).rejected("belong to a kind of record")


@pytest.mark.parametrize("key", ["Region", "1st", "in between", "", "r" * 64])
def test_a_key_is_a_machines_word(key: str) -> None:
    with pytest.raises(ValidationError, match="key"):
        DeclareCustomField(key=key, label="Region", type=FieldType.TEXT)


def test_a_key_is_declared_once() -> None:
    given(hobby).at(CUSTOMERS).when(
        DeclareCustomField(key="hobby", label="Pastime", type=FieldType.TEXT)
    ).rejected("key: hobby is already declared. Change it")


def test_a_retired_key_is_not_given_to_another_field() -> None:
    given(region, retired).at(CUSTOMERS).when(
        DeclareCustomField(key="region", label="Region", type=FieldType.TEXT)
    ).rejected("key: region is already declared. Restore it")


def test_a_record_has_room_for_so_many_fields() -> None:
    many = [
        CustomFieldDeclared(kind="customers", key=f"f{n}", label="F", type=FieldType.TEXT)
        for n in range(MOST_FIELDS)
    ]
    another = DeclareCustomField(key="another", label="Another", type=FieldType.TEXT)
    given(*many).at(CUSTOMERS).when(another).rejected(f"room for {MOST_FIELDS} such fields")
    public = another.model_copy(update={"personal": False})
    given(*many).at(CUSTOMERS).when(public).then(
        CustomFieldDeclared(
            kind="customers", key="another", label="Another", type=FieldType.TEXT, personal=False
        )
    )


@pytest.mark.parametrize("kind", [FieldType.CHOICE, FieldType.CHOICES])
def test_a_choice_has_choices(kind: FieldType) -> None:
    given().at(CUSTOMERS).when(
        DeclareCustomField(key="region", label="Region", type=kind)
    ).rejected("choices: a choice needs some")


def test_each_choice_is_given_once() -> None:
    given().at(CUSTOMERS).when(
        DeclareCustomField(
            key="region", label="Region", type=FieldType.CHOICE, choices=("east", "east ")
        )
    ).rejected("choices: one is given twice")


def test_what_is_no_choice_has_no_choices() -> None:
    given().at(CUSTOMERS).when(
        DeclareCustomField(key="hobby", label="Hobby", type=FieldType.DATE, choices=("east",))
    ).rejected("choices: a date has none")


def test_labels_change() -> None:
    given(region).when(ChangeCustomField(key="region", label="Area", label_zh="区域")).then(
        CustomFieldChanged(key="region", label="Area", label_zh="区域")
    )


def test_a_chinese_label_can_go() -> None:
    given(region, CustomFieldChanged(key="region", label_zh="区域")).when(
        ChangeCustomField(key="region", label_zh=None)
    ).then(CustomFieldChanged(key="region", label_zh=None))


def test_a_field_keeps_a_label() -> None:
    given(region).when(ChangeCustomField(key="region", label=None)).rejected(
        "label: a custom field"
    )


def test_the_same_again_changes_nothing() -> None:
    given(region).when(
        ChangeCustomField(key="region", label="Region", choices=("east", "west"))
    ).nothing()


def test_choices_are_added_and_put_in_another_order() -> None:
    given(region).when(ChangeCustomField(key="region", choices=("north", "west", "east"))).then(
        CustomFieldChanged(key="region", choices=("north", "west", "east"))
    )


def test_no_choice_is_taken_away_that_a_record_may_hold() -> None:
    given(region).when(ChangeCustomField(key="region", choices=("east", "north"))).rejected(
        "choices: records may hold west"
    )


def test_a_text_does_not_become_a_choice() -> None:
    given(hobby).when(ChangeCustomField(key="hobby", choices=("chess",))).rejected(
        "choices: a text has none"
    )


def test_a_type_is_not_even_asked_for_in_a_change() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ChangeCustomField.model_validate({"key": "hobby", "type": "date"})


@pytest.mark.parametrize(
    "command",
    [
        ChangeCustomField(key="shoe_size", label="Shoe size"),
        RetireCustomField(key="shoe_size"),
        RestoreCustomField(key="shoe_size"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_only_a_declared_field_is_changed(command: Command) -> None:
    given(hobby).when(command).rejected("no custom field shoe_size is declared")


def test_a_field_is_retired_once() -> None:
    given(region).when(RetireCustomField(key="region")).then(retired)
    given(region, retired).when(RetireCustomField(key="region")).nothing()


def test_a_retired_field_is_not_changed() -> None:
    given(region, retired).when(ChangeCustomField(key="region", label="Area")).rejected(
        "key: region is retired"
    )


def test_a_retired_field_is_restored_once() -> None:
    given(region, retired).when(RestoreCustomField(key="region")).then(
        CustomFieldRestored(key="region")
    )
    given(region).when(RestoreCustomField(key="region")).nothing()


def test_only_administrators_decide_on_custom_fields() -> None:
    assert all(command.ADMIN for command in COMMANDS.values() if command.TO is CustomFields)


# What records make of the definitions.

customer = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)


def declared(kind: FieldType, *choices: str) -> CustomFieldDeclared:
    return CustomFieldDeclared(
        kind="customers", key="x", label="X", type=kind, choices=choices, personal=False
    )


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        (declared(FieldType.TEXT), "anything"),
        (declared(FieldType.NUMBER), "12.50"),
        (declared(FieldType.NUMBER), 12),
        (declared(FieldType.DATE), "2026-01-31"),
        (declared(FieldType.SWITCH), False),
        (declared(FieldType.CHOICE, "east", "west"), "west"),
        (declared(FieldType.CHOICES, "east", "west"), ("west", "east")),
        (declared(FieldType.CHOICES, "east", "west"), ()),
    ],
)
def test_a_record_holds_a_value_of_the_declared_type(
    definition: CustomFieldDeclared, value: CustomValue
) -> None:
    given(customer).among({CUSTOMERS: definition}).when(ChangeCustomer(custom={"x": value})).then(
        CustomerChanged(custom={"x": value})
    )


@pytest.mark.parametrize(
    ("definition", "value", "sentence"),
    [
        (declared(FieldType.TEXT), True, "is no text"),
        (declared(FieldType.TEXT), "x" * 10_001, "at most 10000 characters"),
        (declared(FieldType.NUMBER), "twelve", "is no number"),
        (declared(FieldType.NUMBER), "NaN", "is no number"),
        (declared(FieldType.NUMBER), "1_000", "is no number"),
        (declared(FieldType.NUMBER), "１２", "is no number"),
        (declared(FieldType.NUMBER), True, "is no number"),
        (declared(FieldType.DATE), "31.01.2026", "is no date"),
        (declared(FieldType.DATE), 20260131, "is no date"),
        (declared(FieldType.DATE), "20260131", "is no date"),
        (declared(FieldType.DATE), "2026-02-30", "is no date"),
        (declared(FieldType.SWITCH), "yes", "is no switch"),
        (declared(FieldType.CHOICE, "east", "west"), "north", "Give one of: east, west"),
        (declared(FieldType.CHOICES, "east", "west"), ("north",), "Choose among: east, west"),
        (declared(FieldType.CHOICES, "east", "west"), "east", "Choose among: east, west"),
    ],
)
def test_a_record_holds_no_value_of_another_type(
    definition: CustomFieldDeclared, value: CustomValue, sentence: str
) -> None:
    given(customer).among({CUSTOMERS: definition}).when(
        ChangeCustomer(custom={"x": value})
    ).rejected(f"custom.x: {sentence}" if sentence.startswith("is") else sentence)


def test_a_record_holds_no_value_of_a_field_that_nobody_declared() -> None:
    given(customer).when(ChangeCustomer(custom={"shoe_size": "44"})).rejected(
        "custom.shoe_size: no such custom field is declared for customers"
    )


def test_a_retired_field_takes_no_value() -> None:
    given(customer).among({CUSTOMERS: [region, retired]}).when(
        ChangeCustomer(custom={"region": "east"})
    ).rejected("custom.region: no such custom field")


def test_what_a_retired_field_still_holds_can_be_cleared() -> None:
    given(customer, CustomerChanged(custom={"region": "east"})).among(
        {CUSTOMERS: [region, retired]}
    ).when(ChangeCustomer(custom={"region": None})).then(CustomerChanged(custom={"region": None}))


def test_what_describes_a_person_lies_where_it_can_be_erased() -> None:
    given(customer).among({CUSTOMERS: hobby}).when(
        ChangeCustomer(custom={"hobby": "chess"})
    ).rejected("custom.hobby: this field goes under custom_personal")
    given(customer).among({CUSTOMERS: hobby}).when(
        ChangeCustomer(custom_personal={"hobby": "chess"})
    ).then(CustomerChanged(custom_personal={"hobby": "chess"}))


def test_a_change_holds_only_the_custom_values_that_differ_and_null_takes_one_away() -> None:
    shoe = CustomFieldDeclared(
        kind="customers", key="shoe", label="Shoe", type=FieldType.NUMBER, personal=False
    )
    given(customer, CustomerChanged(custom={"region": "east", "shoe": "44"})).among(
        {CUSTOMERS: [region, shoe]}
    ).when(ChangeCustomer(custom={"region": "east", "shoe": None})).then(
        CustomerChanged(custom={"shoe": None})
    )
