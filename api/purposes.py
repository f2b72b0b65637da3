"""For what personal data is read: the header ``Kept-Purpose``."""

from dataclasses import replace

from starlette.requests import Request

from api.filters import wrong
from api.parameters import PURPOSES
from api.routing import caller_of, header
from domain.reading import Door, Purpose
from projections.readers import Reader


def reader_of(request: Request, door: Door = Door.HTTP) -> Reader:
    """Who reads, through which door, and for what.

    Raises:
        Problem: the purpose is none that there is.
    """
    reader, stated = caller_of(request).reader, header(request, b"kept-purpose")
    if stated is None:
        return replace(reader, door=door)
    if stated not in PURPOSES:
        raise wrong("Kept-Purpose", f"is none of the choices. Give one of: {', '.join(PURPOSES)}.")
    return replace(reader, door=door, stated=Purpose(stated))
