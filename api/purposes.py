"""For what personal data is read: the header ``Kept-Purpose``."""

from dataclasses import replace
from typing import Final

from starlette.requests import Request

from api.filters import wrong
from api.parameters import header as header_parameter
from api.routing import caller_of, header
from domain.reading import Door, Purpose
from projections.gate import Reader

_PURPOSES: Final = [one.value for one in Purpose]
PURPOSE: Final = header_parameter(
    "Kept-Purpose",
    {"type": "string", "enum": _PURPOSES},
    "What personal data is read for, for the read log; unless given, what the role works for.",
    "service",
)


def reader_of(request: Request, door: Door = Door.HTTP) -> Reader:
    """Who reads, through which door, and for what.

    Raises:
        Problem: the purpose is none that there is.
    """
    reader, stated = caller_of(request).reader, header(request, b"kept-purpose")
    if stated is None:
        return replace(reader, door=door)
    if stated not in _PURPOSES:
        raise wrong("Kept-Purpose", f"is none of the choices. Give one of: {', '.join(_PURPOSES)}.")
    return replace(reader, door=door, stated=Purpose(stated))
