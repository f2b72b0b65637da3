"""What the API answers with: bytes that are ready, and headers that forbid keeping them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"
LONGEST_VERSION: Final = 9
"""Digits of a version in a tag."""

Header = tuple[bytes, bytes]

# Answers hold values in the clear, and no key reaches a cache: nobody on the way may keep one.
_ALWAYS: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class Reply(Response):
    """A finished answer; building it costs a tenth of what building a ``Response`` does."""

    def __init__(
        self, status: int, body: bytes, headers: Iterable[Header] = (), media: bytes = JSON
    ) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [
            (b"content-type", media),
            (b"content-length", b"%d" % len(body)),
            *_ALWAYS,
            *headers,
        ]


def json_reply(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    return Reply(status, orjson.dumps(content), encoded(headers or {}))


def encoded(headers: Mapping[str, str]) -> list[Header]:
    """Headers as ASGI has them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def etag(version: int) -> str:
    """A record's version as a strong entity tag: ``"7"``."""
    return f'"{version}"'


def version_of(tag: str | None) -> int | None:
    """The version that a tag of ours stands for; None if it is none."""
    digits = (tag or "")[1:-1]
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_VERSION
    return int(digits) if is_number and tag == etag(int(digits)) else None
