"""Values in the text format of PostgreSQL's COPY, column by column, by the kind of the column."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from pydantic import BaseModel

from domain.fields import ERASED

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


def cells(column: Column, values: Sequence[Any]) -> Sequence[str]:
    """The values of a column; None and what was erased are NULL."""
    part = column.part
    if part is not None:
        values = [one and getattr(one, part) for one in _unerased(values)]
    elif column.personal:
        values = _unerased(values)
    return _WRITERS[column.kind](values)


def _unerased(values: Sequence[Any]) -> Sequence[Any]:
    return [None if one is ERASED else one for one in values]


def _each(write: Callable[[Any], str]) -> Callable[[Sequence[Any]], Sequence[str]]:
    return lambda values: [NULL if one is None else write(one) for one in values]


def _cells_of_text(values: Sequence[Any]) -> Sequence[str]:
    # One look at all of them together: a sign of COPY's own is rare.
    if _SPECIAL.search("".join([str(one) for one in values if one is not None])):
        return [NULL if one is None else write_text(str(one)) for one in values]
    return [NULL if one is None else str(one) for one in values]


def write_text(text: str) -> str:
    """A text, with what COPY takes for its own signs escaped."""
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
    # Without hyphens, which PostgreSQL does not need and which are half of the work.
    return value if isinstance(value, str) else f"{value.int:032x}"


def _write_uuids(values: Collection[UUID | str]) -> str:
    return f"{{{','.join([_write_uuid(one) for one in values])}}}"


def _write_moment(value: datetime | str) -> str:
    return value if isinstance(value, str) else _moment_text(value)


_moment_text = lru_cache(16_384)(datetime.isoformat)
"""A row has the same moment in several columns. Of two that are equal, either text does."""


_WRITERS: Final[dict[str, Callable[[Sequence[Any]], Sequence[str]]]] = {
    "uuid": _each(_write_uuid),
    "text": _cells_of_text,
    "integer": _each(str),
    "boolean": _each(lambda value: "t" if value else "f"),
    "date": _each(str),
    "moment": _each(_write_moment),
    "number": _each(str),
    "texts": _each(write_texts),
    "uuids": _each(_write_uuids),
    "json": _each(_write_json),
}
