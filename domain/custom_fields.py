"""Custom fields 自定义字段: what a company wants to know beyond the fields that Kept has.

Each kind of record has one stream of definitions; records hold their values under ``custom`` and
``custom_personal``.
"""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.fields import Public
from domain.kernel import Aggregate, Event, Value, replace, well_known
from domain.values import Key, Line

Choice = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    SWITCH = "switch"
    CHOICE = "choice"
    CHOICES = "choices"
    """Several of the choices at once."""


def custom_fields_id(kind: str) -> UUID:
    """The stream of a kind's definitions: ``custom_fields_id("customers")``."""
    return well_known(f"custom_fields/{kind}")


class FieldDefinition(Value):
    """One custom field. Its key, its type and whether it is personal are given once for ever."""

    key: Key
    label: Line
    label_zh: Line | None = None
    type: FieldType
    choices: tuple[Choice, ...] = ()
    personal: bool = True
    """Personal values can be erased and go under ``custom_personal``, others under ``custom``."""
    retired: bool = False
    """Takes no new values; those that records hold stay."""


class CustomFields(Aggregate):
    AGGREGATE: ClassVar[str] = "custom_fields"
    PREFIX: ClassVar[str] = "CF"
    PURPOSE: ClassVar[str] = "Declaring the company's own fields."
    PEOPLE: ClassVar[str] = "nobody, unless somebody is named in a text"

    kind: Public[str | None, "vocabulary"] = None
    """The plural of the records that have these fields, such as ``customers``."""
    by_key: Public[dict[str, FieldDefinition], "vocabulary"] = Field(default={})


def _with(fields: CustomFields, key: str, **changes: object) -> CustomFields:
    """With one definition changed; a key not declared, or not yet as of then, changes nothing."""
    if key not in fields.by_key:
        return fields
    return replace(fields, by_key={**fields.by_key, key: replace(fields.by_key[key], **changes)})


class CustomFieldDeclared(Event):
    kind: Public[str, "vocabulary"]
    key: Public[Key, "vocabulary"]
    label: Public[Line, "vocabulary"]
    label_zh: Public[Line | None, "vocabulary"] = None
    type: Public[FieldType, "vocabulary"]
    choices: Public[tuple[Choice, ...], "vocabulary"] = Field(default=(), max_length=500)
    personal: Public[bool, "switch"] = True

    def evolve(self, fields: CustomFields) -> CustomFields:
        definition = FieldDefinition.model_construct(
            key=self.key,
            label=self.label,
            label_zh=self.label_zh,
            type=self.type,
            choices=self.choices,
            personal=self.personal,
        )
        return replace(fields, kind=self.kind, by_key={**fields.by_key, self.key: definition})


class CustomFieldChanged(Event):
    """Holds only what changed."""

    key: Public[Key, "vocabulary"]
    label: Public[Line | None, "vocabulary"] = None
    label_zh: Public[Line | None, "vocabulary"] = None
    choices: Public[tuple[Choice, ...], "vocabulary"] = Field(default=(), max_length=500)

    def evolve(self, fields: CustomFields) -> CustomFields:
        changed = {name: value for name, value in self.given().items() if name != "key"}
        return _with(fields, self.key, **changed)


class CustomFieldRetired(Event):
    key: Public[Key, "vocabulary"]

    def evolve(self, fields: CustomFields) -> CustomFields:
        return _with(fields, self.key, retired=True)


class CustomFieldRestored(Event):
    key: Public[Key, "vocabulary"]

    def evolve(self, fields: CustomFields) -> CustomFields:
        return _with(fields, self.key, retired=False)
