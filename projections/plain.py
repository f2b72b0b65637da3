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
    kind = type(value)
    if kind in SAME:
        return value
    convert = _PLAIN.get(kind)
    if convert is not None:
        return convert(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Collection):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.__dict__.items()}


SAME: Final = frozenset((NoneType, bool, int, str))
"""Types whose values are as JSON has them: most of what is shown."""
_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    Erased: lambda value: None,
    **dict.fromkeys((UUID, Decimal), str),
    **dict.fromkeys((list, tuple), lambda value: [plain(item) for item in value]),
    dict: lambda value: {str(key): plain(item) for key, item in value.items()},
    datetime: lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    date: date.isoformat,
}
