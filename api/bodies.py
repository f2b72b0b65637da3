"""Reading what was sent: JSON of a bounded size, in which no text holds what no database can."""

from collections.abc import Iterator
from typing import Any, Final

import orjson
from starlette.requests import Request

from api.problems import Problem

MAX_BODY: Final = 1_048_576
"""Bytes."""
_ESCAPED_NUL: Final = b"\\u0000"
_PLAIN: Final = b"application/json"


async def json_body(request: Request) -> bytes:
    """The bytes of a JSON body; ``{}`` where none was sent.

    Raises:
        Problem: it is too large, of another media type, or holds U+0000.
    """
    headers: dict[bytes, bytes] = request.scope["headers_by_name"]
    body = b""
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise Problem("malformed", "The connection ended inside the body. Send it again.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            raise _too_large()
    if not body:
        return b"{}"
    kind = headers.get(b"content-type", _PLAIN)
    if kind != _PLAIN:
        _check_media_type(kind)
    if _ESCAPED_NUL in body:
        _check_text(body)
    return body


def _too_large() -> Problem:
    return Problem("too-large", f"The body is larger than {MAX_BODY} bytes. Send less at once.")


def _check_media_type(kind: bytes) -> None:
    essence = kind.partition(b";")[0].strip().lower()
    if essence != _PLAIN and not (
        essence.startswith(b"application/") and essence.endswith(b"+json")
    ):
        raise Problem(
            "unsupported-media-type",
            "The body is not declared as JSON. Send Content-Type: application/json.",
        )


def _check_text(body: bytes) -> None:
    """PostgreSQL has no U+0000 in text, so such a value could be recorded and never shown."""
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        return  # the command's model says so
    for where in _with_nul(sent, ()):
        raise Problem.of_field(
            "validation", where, "holds the character U+0000, which no text has. Take it out."
        )


def _with_nul(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, str):
        if "\0" in value:
            yield ".".join(path)
    elif isinstance(value, dict):
        for name, item in value.items():
            if "\0" in name:
                yield ".".join((*path, "…"))
            yield from _with_nul(item, (*path, name if name.isidentifier() else "…"))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _with_nul(item, (*path, str(number)))
