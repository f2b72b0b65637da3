"""Values in the text format of PostgreSQL's COPY, by the kind of their column."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from pydantic import BaseModel

from domain.fields import ERASED
from domain.ids import text_of

NULL: Final = "\\N"
_JSON: Final = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_SPECIAL: Final = re.compile(r"[\\\t\n\r\0]")
_ESCAPES: Final = str.maketrans(
    # PostgreSQL's text has no U+0000; what brings one must not stop the read models.
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"}
)
_ESCAPED_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Column(Protocol):
    """What a writer has to know of a column."""

    @property
    def kind(self) -> str: ...
    @property
    def personal(self) -> bool: ...
    @property
    def part(self) -> str | None: ...


def writer(column: Column) -> Callable[[Any], str]:
    """What writes the values of a column; an erased one is NULL."""
    write = _WRITERS[column.kind]
    part = column.part
    if part is not None:
        return lambda value: NULL if value is ERASED else write(getattr(value, part))
    if column.personal:
        return lambda value: NULL if value is ERASED else write(value)
    return write


def write_text(value: Any) -> str:
    """A text, with what COPY takes for its own signs escaped."""
    text: str = value if type(value) is str else str(value)
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


def write_texts(values: Collection[str]) -> str:
    """An array of texts."""
    if not values:
        return "{}"
    joined = '","'.join(values)
    if joined.count('"') != 2 * (len(values) - 1) or _SPECIAL.search(joined):
        quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
        return ('{"' + '","'.join(quoted) + '"}').translate(_ESCAPES)
    return f'{{"{joined}"}}'


def _write_json(value: Any) -> str:
    if not value:
        return "[]" if isinstance(value, tuple) else "{}"
    text = orjson.dumps(value, default=_plain, option=_JSON).decode()
    if "\\u0000" in text:
        text = _ESCAPED_NUL.sub(r"\1\\ufffd", text)
    return write_text(text)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: item for name, item in value.__dict__.items() if item is not ERASED}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):  # in one zone, so that a row is the same whoever folded it
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot stand in a read model")


def _write_uuid(value: UUID | str) -> str:
    return value if isinstance(value, str) else text_of(value)


def _write_moment(value: datetime | str) -> str:
    return value if isinstance(value, str) else _moment_text(value)


_moment_text = lru_cache(4_096)(datetime.isoformat)
"""A row has the same moment in several columns. Of two that are equal, either text does."""


_WRITERS: Final[dict[str, Callable[[Any], str]]] = {
    "uuid": _write_uuid,
    "text": write_text,
    "integer": str,
    "boolean": lambda value: "t" if value else "f",
    "date": date.isoformat,
    "moment": _write_moment,
    "number": str,
    "texts": write_texts,
    "uuids": lambda values: "{" + ",".join(map(_write_uuid, values)) + "}",
    "json": _write_json,
}
