"""The headers of a command: under which conditions, when, for whom and why."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote_to_bytes
from uuid import UUID

from starlette.requests import Request
from uuid_utils.compat import uuid7

from api.access import Caller
from api.problems import Problem
from api.replies import LONGEST_VERSION
from api.routing import header
from domain.envelope import Envelope, Source

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LONGEST_KEY: Final = 255
LONGEST_REASON: Final = 2_000
RELEVANT: Final = (
    b"if-match",
    b"kept-occurred-at",
    b"kept-on-behalf-of",
    b"kept-reason",
    b"kept-correlation-id",
    b"kept-causation-id",
)
"""Headers that make another request of the same body."""


def envelope_of(request: Request, caller: Caller) -> Envelope:
    """Who, when, why and from where.

    Raises:
        Problem: a header is not valid, or the role lacks the right to it.
    """
    access = caller.access
    now = datetime.now(UTC)
    return Envelope.of(
        {
            "actor": access.user_id,
            "occurred_at": _occurred_at(request, caller, now),
            "source": Source.of({"kind": "api", "client": access.key_id}),
            "command_id": uuid7(),
            "on_behalf_of": _on_behalf_of(request, caller),
            "correlation_id": _id(request, "Kept-Correlation-Id"),
            "causation_id": _id(request, "Kept-Causation-Id"),
            "reason": _reason(request),
        }
    )


def expected_version(request: Request) -> int | None:
    """The version that ``If-Match`` names; None if any will do.

    Raises:
        Problem: it names none.
    """
    text = header(request, b"if-match")
    if text is None or text.strip() == "*":
        return None
    digits = text.strip()[1:-1]
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_VERSION
    if is_number and text.strip() == f'"{digits}"':
        return int(digits)
    remedy = 'Give the record\'s ETag, such as "7", or *.'
    if text.startswith("W/"):
        raise _wrong("If-Match", f"is a weak tag, which proves no version. {remedy}")
    raise _wrong("If-Match", f"is no version. {remedy}")


def idempotency_key(request: Request) -> str | None:
    """The ``Idempotency-Key``, if one was sent.

    Raises:
        Problem: it cannot be one.
    """
    key = header(request, b"idempotency-key")
    if key is None:
        return None
    if not key.strip() or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise _wrong(
            "Idempotency-Key",
            f"is no key. Give 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID.",
        )
    return key


def fingerprint(request: Request, body: bytes) -> str:
    """What makes two requests the same: method, path, body, and headers that change the outcome."""
    scope = request.scope
    headers: dict[bytes, bytes] = scope["headers_by_name"]
    given = [name + b":" + headers[name] for name in RELEVANT if name in headers]
    head = b"\n".join((scope["method"].encode(), scope["path"].encode(), *given))
    return (head + b"\n\n" + body).decode("latin-1")  # any bytes, one to one


def _occurred_at(request: Request, caller: Caller, now: datetime) -> datetime:
    text = header(request, b"kept-occurred-at")
    if text is None:
        return now
    caller.needs("backdate")
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            raise _wrong(
                "Kept-Occurred-At",
                "has no zone, so it is no moment. Write it as 2026-01-31T09:30:00+08:00.",
            )
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(
            "Kept-Occurred-At", "is no moment. Write it as 2026-01-31T09:30:00+08:00."
        ) from None
    if moment > now:
        raise _wrong("Kept-Occurred-At", "lies in the future. Give a moment that has been.")
    if moment < EARLIEST:
        raise _wrong("Kept-Occurred-At", f"lies before {EARLIEST.year}. Give a later moment.")
    return moment


def _on_behalf_of(request: Request, caller: Caller) -> UUID | None:
    user = _id(request, "Kept-On-Behalf-Of")
    if user is not None:
        caller.needs("act_for")
    return user


def _id(request: Request, name: str) -> UUID | None:
    text = header(request, name.lower().encode())
    if text is None:
        return None
    try:
        return UUID(text.strip())
    except ValueError:
        raise _wrong(name, "is no id. Give a UUID.") from None


def _reason(request: Request) -> str | None:
    """Why, as percent-encoded UTF-8: headers bear ASCII, and reasons come in every language."""
    sent: bytes | None = request.scope["headers_by_name"].get(b"kept-reason")
    if sent is None:
        return None
    try:
        reason = unquote_to_bytes(sent).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _wrong("Kept-Reason", "is no UTF-8. Percent-encode the text's UTF-8.") from None
    if len(reason) > LONGEST_REASON:
        raise _wrong("Kept-Reason", f"is too long. Give at most {LONGEST_REASON} characters.")
    if "\0" in reason:
        raise _wrong("Kept-Reason", "holds the character U+0000, which no text has. Take it out.")
    return reason or None


def _wrong(name: str, sentence: str) -> Problem:
    return Problem.of_field("invalid-header", name, sentence)
