"""Conditions as data: a field, an operator and a value. Nothing of them is ever run as a program.

A kind of rule names the fields that it knows, all of them public; each has a kind, which says what
it may be compared with. A field without a value meets only ``is_empty`` and ``is_not``.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from domain.kernel import Value
from projections.what_if.kernel import refused

MOST_CONDITIONS: Final = 10
"""Conditions that have to be met together."""
MOST_VALUES: Final = 100
"""Values that one condition lists."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Facts = Mapping[str, Any]
"""A record's public fields by name: words and ids as texts, numbers as decimals, several values as
a frozen set, None where there is nothing.
"""


class Operator(StrEnum):
    """How a field is compared."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_EMPTY = "is_empty"


class Known(NamedTuple):
    """A field that conditions may name."""

    kind: Literal["word", "id", "number"]
    choices: tuple[str, ...] = ()
    """Of a word, if there are only so many."""


_ORDER: Final = (Operator.AT_LEAST, Operator.AT_MOST)
_EQUAL: Final = (Operator.IS, Operator.IS_NOT)


class Condition(Value):
    """One comparison; a kind of rule says in ``FIELDS`` what it may be about."""

    FIELDS: ClassVar[Mapping[str, Known]] = {}

    field: Word
    """Which public field."""
    operator: Operator
    """How it is compared; at_least and at_most are for numbers."""
    value: (
        Word
        | Annotated[Decimal, Field(max_digits=19, decimal_places=4)]
        | Annotated[tuple[Word, ...], Field(min_length=1, max_length=MOST_VALUES)]
        | None
    ) = None
    """With what; a list for one_of, nothing for is_empty."""

    @field_validator("field")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in cls.FIELDS:
            raise refused(f"is no field that rules know. Give one of: {', '.join(cls.FIELDS)}.")
        return name

    @field_validator("operator")
    @classmethod
    def _fits_the_field(cls, operator: Operator, info: ValidationInfo) -> Operator:
        known = cls.FIELDS.get(info.data.get("field", ""))
        if known is not None and known.kind != "number" and operator in _ORDER:
            raise refused("compares numbers, and the field is none. Give is, is_not or one_of.")
        return operator

    @model_validator(mode="after")
    def _has_its_value(self) -> Self:
        problem = _problem(self.FIELDS[self.field], self.operator, self.value)
        if problem is not None:
            raise refused(f"value {problem}")
        return self

    def holds(self, facts: Facts) -> bool:
        """Whether a record with these fields meets it."""
        known, found = self.FIELDS[self.field], facts[self.field]
        several = found if isinstance(found, frozenset) else frozenset() if found is None else None
        if self.operator is Operator.IS_EMPTY:
            return several is not None and not several
        if self.operator in _ORDER:
            least = self.operator is Operator.AT_LEAST
            limit = Decimal(str(self.value))
            return found is not None and (found >= limit if least else found <= limit)
        wanted = {_comparable(known, one) for one in _listed(self.value)}
        has = bool(wanted & (frozenset((found,)) if several is None else several))
        return has != (self.operator is Operator.IS_NOT)


def all_hold(conditions: tuple[Condition, ...], facts: Facts) -> bool:
    """Whether a record meets all of them; none are met by every record."""
    return all(one.holds(facts) for one in conditions)


def as_text(value: Any) -> str | None:
    """A fact that is a word or an id."""
    return None if value is None else str(value)


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _comparable(known: Known, value: Any) -> Any:
    if known.kind == "number":
        return Decimal(str(value))
    return str(UUID(value)) if known.kind == "id" else str(value)


def _problem(known: Known, operator: Operator, value: Any) -> str | None:  # noqa: PLR0911
    """What is wrong with the value of a condition, if anything is."""
    if operator is Operator.IS_EMPTY:
        return None if value is None else "has no place beside is_empty. Leave it out."
    if value is None:
        return "is required. Give what the field is compared with."
    if (operator is Operator.ONE_OF) != isinstance(value, tuple):
        return "has to be a list for one_of, and a single one otherwise."
    for one in _listed(value):
        try:
            found = _comparable(known, one)
        except InvalidOperation:
            return 'is no number. Give one such as "12.50".'
        except ValueError:
            return "is no id. Give a UUID."
        if known.kind == "number" and not found.is_finite():
            return 'is no number. Give one such as "12.50".'
        if known.choices and found not in known.choices:
            return f"is none of the choices. Give one of: {', '.join(known.choices)}."
    return None
