"""What every field of an event is: personal, or public with its reason.

Nothing is public by type. ``Personal[str, "contact"]`` never enters the event log's body: its value
is encrypted beside the log under the key of its subject and category, so that it can be erased
(GDPR Art. 17, PIPL Art. 47). ``Public[str, "vocabulary"]`` stays in the log for ever, for the
reason that its word stands for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = [
    "CATEGORIES",
    "ERASED",
    "PUBLIC_REASONS",
    "Erased",
    "Personal",
    "PersonalMark",
    "Public",
    "PublicMark",
    "mark_of",
    "personal_fields",
]

CATEGORIES: Final = {
    "identity": "who the person is: names, salutation, birthday, ids in other systems",
    "contact": "how to reach them: e-mail addresses, phone numbers, postal addresses, websites",
    "profile": "what was noted about them: tags, language, department, custom fields",
    "content": "what was said or written: subjects, messages, notes, descriptions",
    "trace": "how a change came about: reasons, file names, network addresses",
}
"""Data categories.

Each (subject, category) has a key of its own, so each can be erased or kept by itself.
"""

PUBLIC_REASONS: Final = {
    "vocabulary": "the company's own words (a stage, a SKU, a currency), which describe no person",
    "figure": "a business figure (an amount, a count, a probability), which statistics must keep",
    "link": "the id of another record, which says nothing once that record's personal data is gone",
    "moment": "a date of the business process, not of a person's life",
    "switch": "a state of the record itself, such as a flag",
}


class Erased(str):
    """What an erased personal value reads as.

    Empty, so that code which only looks finds nothing.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Erased"


ERASED: Final = Erased()


@dataclass(frozen=True, slots=True)
class PublicMark:
    reason: str

    def __post_init__(self) -> None:
        if self.reason not in PUBLIC_REASONS:
            raise TypeError(
                f"{self.reason!r} is no reason to be public; choose of {[*PUBLIC_REASONS]}"
            )


@dataclass(frozen=True, slots=True)
class PersonalMark:
    """``of`` names the field, of the event or else of the aggregate, that holds the data subject's
    id.
    """

    category: str
    of: str | None = None

    def __post_init__(self) -> None:
        if self.category not in CATEGORIES:
            raise TypeError(f"{self.category!r} is no data category; choose of {[*CATEGORIES]}")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        # Nothing in JSON is erased, so input from outside is checked without a call into Python.
        return core_schema.json_or_python_schema(
            json_schema=schema,
            python_schema=core_schema.no_info_wrap_validator_function(_let_erased_pass, schema),
        )


def _let_erased_pass(value: Any, validate: Callable[[Any], Any]) -> Any:
    return value if value is ERASED else validate(value)


if TYPE_CHECKING:
    from typing import Annotated as Personal
    from typing import Annotated as Public
else:

    class Personal:
        """``Personal[type, category]`` or ``Personal[type, category, of]``."""

        def __class_getitem__(cls, parameters: tuple[Any, ...]) -> Any:
            kind, category, *of = parameters
            return Annotated[kind, PersonalMark(category, *of)]

    class Public:
        """``Public[type, reason]``."""

        def __class_getitem__(cls, parameters: tuple[Any, str]) -> Any:
            kind, reason = parameters
            return Annotated[kind, PublicMark(reason)]


def mark_of(model: type[BaseModel], field: str) -> PersonalMark | PublicMark | None:
    """The mark of one field; None if it has none, which a test forbids in events."""
    for item in model.model_fields[field].metadata:
        if isinstance(item, PersonalMark | PublicMark):
            return item
    return None


def personal_fields(model: type[BaseModel]) -> dict[str, PersonalMark]:
    """The personal fields of a model, by name."""
    marks = {name: mark_of(model, name) for name in model.model_fields}
    return {name: mark for name, mark in marks.items() if isinstance(mark, PersonalMark)}
