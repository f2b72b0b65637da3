"""Golden events: every shape that was ever stored, with the value that it has to load to, for ever.

``tests/golden/<Event>.v<schema>.json`` holds the fields as they are stored, personal ones
included, and what they load to. ``python -m tests.store.golden`` writes the files that are missing,
and never touches one that exists: a released shape is a promise. What a file *loads to* is edited
by hand when a new schema changes the shape of today.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from domain import AGGREGATES
from domain.erasure import OF_EVERY_KIND
from domain.kernel import Event, Value
from domain.values import Form
from store.codec import canonical
from tests.domain.examples import FORMS
from tests.dsl import id_of

FOLDER = Path(__file__).parents[1] / "golden"
EVENTS = [
    *OF_EVERY_KIND.values(),
    *(event for aggregate in AGGREGATES for event in aggregate.EVENTS.values()),
]


def path_of(event: type[Event], schema: int | None = None) -> Path:
    """Where the golden file of an event's schema is; of today's if none is given."""
    return FOLDER / f"{event.__name__}.v{schema or event.SCHEMA}.json"


def text_of(event: Event) -> str:
    """The golden file of an event."""
    content = {
        "event": type(event).__name__,
        "schema": type(event).SCHEMA,
        "stored": json.loads(canonical(event.given())),
        "loads_to": {name: shown(value) for name, value in _given(event)},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def shown(value: Any) -> str:
    """A value with its types, and of a value made of fields those that were given."""
    if isinstance(value, Value):
        fields = (f"{name}={shown(one)}" for name, one in _given(value))
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, tuple):
        return f"({''.join(shown(one) + ',' for one in value)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {shown(one)}' for key, one in value.items())}}}"
    return f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)


def _given(value: Value) -> Iterator[tuple[str, Any]]:
    given = value.given()
    return ((name, given[name]) for name in type(value).model_fields if name in given)


def example(kind: type[BaseModel]) -> Any:
    """An instance with every field given, always the same one."""
    fields = kind.model_fields.items()
    return kind.model_validate({name: _value(name, *_parts(info)) for name, info in fields})


def _parts(info: FieldInfo) -> tuple[Any, list[Any]]:
    return info.annotation, [*info.metadata]


def _value(name: str, kind: Any, marks: list[Any]) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(name, arguments[0], [*_flat(arguments[1:]), *marks])
    if origin in (Union, UnionType):
        return _value(name, next(one for one in arguments if one is not NoneType), marks)
    if origin is Literal:
        return arguments[-1]
    if origin is dict:
        return {_value("key", arguments[0], []): _value(name, arguments[1], [])}
    if origin is tuple:
        return (_value(name, arguments[0], []),)
    return _plain(name, kind, marks)


def _plain(name: str, kind: type[Any], marks: list[Any]) -> Any:
    if issubclass(kind, BaseModel):
        return example(kind)
    if issubclass(kind, Enum):
        return [*kind][-1]
    if kind is str:
        return _text(name, marks)
    if kind is int:
        return min([7, *(mark.le for mark in marks if hasattr(mark, "le"))])
    fixed: dict[Any, Any] = {
        bool: True,
        UUID: id_of(name),
        date: date(2026, 2, 28),
        datetime: datetime(2026, 2, 28, 23, 59, 59, 123456, UTC),
        AwareDatetime: datetime(2026, 2, 28, 23, 59, 59, 123456, UTC),
        Decimal: Decimal("12.50"),
    }
    return fixed[kind]


def _text(name: str, marks: list[Any]) -> str:
    for mark in marks:
        if isinstance(mark, Form):
            return FORMS[mark.name][-1]
        if getattr(mark, "pattern", None):
            return name
    return f"{name} 王 𝄞 <&>"


def _flat(marks: tuple[Any, ...]) -> Iterator[Any]:
    for mark in marks:
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def write() -> list[Path]:
    """Write the golden files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    missing = [event for event in EVENTS if not path_of(event).exists()]
    for event in missing:
        path_of(event).write_text(text_of(example(event)), "utf-8")
    return [path_of(event) for event in missing]


if __name__ == "__main__":
    for path in write():
        print(path)
