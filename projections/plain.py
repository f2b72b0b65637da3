"""Values as JSON has them."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Final
from uuid import UUID

from domain.fields import Erased


def plain(value: Any) -> Any:
    """A value as JSON has it: decimals and ids as strings, moments in UTC, erased ones as null."""
    convert = _PLAIN.get(type(value))
    if convert is not None:
        return convert(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Collection):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.__dict__.items()}


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    **dict.fromkeys((NoneType, Erased), lambda value: None),
    **dict.fromkeys((bool, int, str), lambda value: value),
    **dict.fromkeys((UUID, Decimal), str),
    datetime: lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    date: date.isoformat,
}
