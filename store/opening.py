"""From a stored body and rows of personal data back to the event."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.fields import ERASED
from domain.kernel import Event, event_type

TRACE_FIELDS: Final = ("reason", "file", "address")
"""Personal fields of the envelope."""
TRACE: Final = "$"
"""What their stored names begin with."""
_TRACE_NAMES: Final = tuple((name, TRACE + name) for name in TRACE_FIELDS)


def opened_row(
    body: Mapping[str, Any], named: tuple[str, str], cipher: AESGCM, nonce: bytes, ciphertext: bytes
) -> dict[str, Any]:
    """The fields of a row of personal data by name; ``named`` are its subject and category.

    Raises:
        InvalidTag: it is not of this key, or does not belong to this event.
    """
    bound = bound_text(body["stream"], body["version"], *named)
    fields: dict[str, Any] = orjson.loads(cipher.decrypt(nonce, ciphertext, bound))
    return fields


def event_of(body: Mapping[str, Any], opened: dict[str, Any]) -> tuple[Event, dict[str, Any]]:
    """The event of a body and its opened personal fields, and the envelope's own; the others read
    as Erased.

    Raises:
        LookupError: this release does not know the event type.
    """
    kind = event_type(body["type"])
    data: dict[str, Any] = body["data"]
    trace: dict[str, Any] = {}
    if "personal" in body:
        names = body["personal"]["fields"]
        if len(opened) < len(names):
            data = dict.fromkeys(names, ERASED) | data
        data = data | opened
        if names and names[0].startswith(TRACE):  # they are sorted, and nothing sorts before it
            trace = {name: data.pop(stored) for name, stored in _TRACE_NAMES if stored in data}
    if body["schema"] < kind.SCHEMA:
        data = kind.upcast(data, body["schema"])
    return kind.restore(data), trace


def bound_text(stream: str, version: int, subject: str, category: str) -> bytes:
    """The associated data of a ciphertext: where it belongs, so that it opens nowhere else."""
    return f"{stream}/{version}/{subject}/{category}".encode()
