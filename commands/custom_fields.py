"""What may be done with the definitions of custom fields. Only administrators may do it."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, NotFound, Records, Rejected
from domain import AGGREGATES
from domain.custom_fields import (
    Choice,
    CustomFieldChanged,
    CustomFieldDeclared,
    CustomFieldRestored,
    CustomFieldRetired,
    CustomFields,
    FieldDefinition,
    FieldType,
    custom_fields_id,
)
from domain.fields import Public
from domain.kernel import Event
from domain.records import Record
from domain.values import Key, Line

MOST_FIELDS = 100
"""Declared for one kind of record, of each side of privacy: what a record can hold."""


@cache
def _kinds() -> dict[UUID, str]:
    """The kinds of records that can have custom fields, by the stream of their definitions."""
    kinds = [one.AGGREGATE for one in AGGREGATES if issubclass(one, Record)]
    return {custom_fields_id(kind): kind for kind in kinds}


class DeclareCustomField(Command, to=CustomFields, opens="either", admin=True):
    """Declare a custom field 自定义字段 that records of this kind have from now on."""

    key: Public[Key, "vocabulary"]
    label: Public[Line, "vocabulary"]
    label_zh: Public[Line | None, "vocabulary"] = None
    type: Public[FieldType, "vocabulary"]
    choices: Public[tuple[Choice, ...], "vocabulary"] = Field(default=(), max_length=500)
    personal: Public[bool, "switch"] = True
    """Personal unless said otherwise: only what describes no person may outlive an erasure."""

    def decide(self, fields: CustomFields, now: datetime, records: Records) -> Iterator[Event]:
        kind = _kinds().get(records.own_id)
        if kind is None:
            raise NotFound("Custom fields belong to a kind of record. Give one such as customers.")
        if self.key in fields.by_key:
            remedy = "Restore it" if fields.by_key[self.key].retired else "Change it"
            raise Rejected(
                f"key: {self.key} is already declared. {remedy}, or choose another key.",
                field="key",
            )
        alike = [one for one in fields.by_key.values() if one.personal == self.personal]
        if len(alike) >= MOST_FIELDS:
            raise Rejected(f"A record has room for {MOST_FIELDS} such fields. Use one of those.")
        _check_choices(self.type, self.choices)
        yield CustomFieldDeclared(
            kind=kind,
            key=self.key,
            label=self.label,
            label_zh=self.label_zh,
            type=self.type,
            choices=self.choices,
            personal=self.personal,
        )


class ChangeCustomField(Command, to=CustomFields, admin=True):
    """Change the labels of a custom field, or add choices; its type never changes."""

    key: Public[Key, "vocabulary"]
    label: Public[Line | None, "vocabulary"] = None
    label_zh: Public[Line | None, "vocabulary"] = None
    choices: Public[tuple[Choice, ...], "vocabulary"] = Field(default=(), max_length=500)
    """All of them, in the order in which they are offered."""

    def decide(self, fields: CustomFields, now: datetime) -> Iterator[Event]:
        held = _declared(fields, self.key)
        if held.retired:
            raise Rejected(f"key: {self.key} is retired. Restore it first.", field="key")
        if "label" in self.model_fields_set and self.label is None:
            raise Rejected("label: a custom field needs one. Give a value.", field="label")
        if "choices" in self.model_fields_set:
            _check_choices(held.type, self.choices)
            lost = [one for one in held.choices if one not in self.choices]
            if lost:
                raise Rejected(
                    f"choices: records may hold {', '.join(lost)}. Choices are only added.",
                    field="choices",
                )
        changed = {
            name: value
            for name, value in self.given().items()
            if name != "key" and getattr(held, name) != value
        }
        if changed:
            yield CustomFieldChanged(key=self.key, **changed)


class RetireCustomField(Command, to=CustomFields, admin=True):
    """Retire a custom field: it takes no new values, and those that records hold stay."""

    key: Public[Key, "vocabulary"]

    def decide(self, fields: CustomFields, now: datetime) -> Iterator[Event]:
        if not _declared(fields, self.key).retired:
            yield CustomFieldRetired(key=self.key)


class RestoreCustomField(Command, to=CustomFields, admin=True):
    """Take a retired custom field back into use."""

    key: Public[Key, "vocabulary"]

    def decide(self, fields: CustomFields, now: datetime) -> Iterator[Event]:
        if _declared(fields, self.key).retired:
            yield CustomFieldRestored(key=self.key)


def _declared(fields: CustomFields, key: str) -> FieldDefinition:
    if key not in fields.by_key:
        raise Rejected(f"key: no custom field {key} is declared. Declare it first.", field="key")
    return fields.by_key[key]


def _check_choices(kind: FieldType, choices: tuple[str, ...]) -> None:
    if kind in (FieldType.CHOICE, FieldType.CHOICES):
        if not choices:
            raise Rejected("choices: a choice needs some. Give at least one.", field="choices")
        if len(set(choices)) < len(choices):
            raise Rejected("choices: one is given twice. Give each once.", field="choices")
    elif choices:
        raise Rejected(f"choices: a {kind} has none. Leave them out.", field="choices")
