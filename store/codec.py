"""Between events and what is stored: the canonical body, and personal data beside it with
commitments.

The body is canonical JSON (RFC 8785). Personal fields are in it by name only; their values are
encrypted, those of one data subject and category together, and the body commits to each such row by
SHA-256 over blind, nonce, subject, category and ciphertext, each prefixed by its length (4 bytes,
big endian). The random blind makes the commitment say nothing once the row is gone.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from domain.envelope import Envelope, Recorded
from domain.fields import ERASED, PersonalMark, personal_fields
from domain.ids import text_of
from domain.kernel import Aggregate, Event, Value
from store.epochs import NONCE_BYTES
from store.errors import EventTooLarge, Unrecordable
from store.keys import DataKey
from store.opening import bound_text, event_of, opened_row
from store.randomness import random_bytes

MAX_BODY: Final = 65_527
"""Bytes; with its 8 bytes of time an entry fits the 16-bit length of C2SP tlog-tiles bundles."""
BLIND_BYTES: Final = 16
_CANONICAL: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | orjson.OPT_NON_STR_KEYS
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TRACE: Final = "trace"


@dataclass(slots=True)
class NewEvent:
    """An event that was decided: its address, and the aggregate after it (which knows the data
    subject).
    """

    stream: UUID
    version: int
    event: Event
    state: Aggregate
    number: str | None = None


@dataclass(slots=True)
class Parts:
    """An event taken apart: its public fields, and its personal ones by (subject, category)."""

    new: NewEvent
    public: dict[str, Any]
    personal: dict[tuple[UUID, str], dict[str, Any]] = field(default_factory=dict)


def canonical(value: Any) -> bytes:
    """Canonical JSON. Keys are ours and ASCII, so sorting by code point is the order of RFC 8785.

    Raises:
        Unrecordable: an integer above 2^53, half of a surrogate pair, or NUL in a text.
    """
    return _written(value, _CANONICAL)


def _written(value: Any, option: int = orjson.OPT_NON_STR_KEYS) -> bytes:
    try:
        text = orjson.dumps(value, _json_of, option)
    except TypeError:
        raise Unrecordable from None
    if b"\\u0000" in text and _NUL.search(text):  # PostgreSQL's text cannot hold it
        raise Unrecordable
    return text


def _json_of(value: Any) -> Any:
    """What orjson does not know: decimals are strings, and values their given fields."""
    if isinstance(value, Value):
        return value.given()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot stand in an event")


def take_apart(new: NewEvent, envelope: Envelope) -> Parts:
    """Separate what stays in the log from what must be erasable."""
    event = new.event
    data = event.given()
    parts = Parts(new, data)
    subject = subject_of(new.state, new.stream)
    personal = marks_of(type(event))
    for name in [name for name in data if name in personal]:
        value, mark = data.pop(name), personal[name]
        if value is not ERASED:
            of = mark.of
            owner = subject if of is None else subject_named(of, event, new.state, subject)
            parts.personal.setdefault((owner, mark.category), {})[name] = value
    source = envelope.source
    if envelope.reason or source.file or source.address:
        trace = {"$reason": envelope.reason, "$file": source.file, "$address": source.address}
        given = {name: value for name, value in trace.items() if value is not None}
        parts.personal.setdefault((subject, _TRACE), {}).update(given)
    return parts


def seal(
    parts: Parts, header: Mapping[str, Any], keys: Mapping[tuple[UUID, str], DataKey], n: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The event's row and its rows of personal data, ``n``-th of its command, ready for the append.

    Raises:
        EventTooLarge: the body exceeds :data:`MAX_BODY`.
    """
    new = parts.new
    rows: list[dict[str, Any]] = []
    names: list[str] = []
    commitments: list[str] = []
    for pair in _in_order(parts.personal):
        subject, category = pair
        key = keys[pair]
        # Drawn together: each draw lets go of the interpreter, and of this thread's turn.
        drawn = random_bytes(NONCE_BYTES + BLIND_BYTES)
        nonce, blind = drawn[:NONCE_BYTES], drawn[NONCE_BYTES:]
        ciphertext = key.cipher.encrypt(
            nonce, _written(parts.personal[pair]), _bound(new.stream, new.version, pair)
        )
        names += parts.personal[pair]
        commitments.append(commitment(blind, nonce, subject, category, ciphertext))
        rows.append(
            {
                "n": n,
                "subject": subject,
                "category": category,
                "key_id": key.key_id,
                "nonce": nonce.hex(),
                "blind": blind.hex(),
                "ciphertext": ciphertext.hex(),
            }
        )
    kind = type(new.event)
    body = {
        **header,
        "stream": new.stream,
        "version": new.version,
        "type": kind.__name__,
        "schema": kind.SCHEMA,
        "data": parts.public,
    }
    if names:
        body["personal"] = {"fields": sorted(names), "commitments": commitments}
    if new.number is not None:
        body["number"] = new.number
    text = canonical(body)
    if len(text) > MAX_BODY:
        raise EventTooLarge(len(text))
    row = {
        "n": n,
        "stream": body["stream"],
        "version": new.version,
        "type": kind.__name__,
        "body": text.decode(),
    }
    return row, rows


def header(envelope: Envelope) -> dict[str, Any]:
    """The envelope's part of the body, the same for every event of a command."""
    source: dict[str, Any] = {"kind": envelope.source.kind}
    if envelope.source.client is not None:
        source["client"] = envelope.source.client
    if envelope.source.row is not None:
        source["row"] = envelope.source.row
    made: dict[str, Any] = {
        "occurred_at": _moment(envelope.occurred_at),
        "actor": envelope.actor,
        "command": envelope.command_id,
        "correlation": envelope.correlation_id or envelope.command_id,
        "source": source,
    }
    if envelope.on_behalf_of is not None:
        made["on_behalf_of"] = envelope.on_behalf_of
    if envelope.causation_id is not None:
        made["causation"] = envelope.causation_id
    return made


def _moment(moment: datetime) -> str:
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")


def commitment(blind: bytes, nonce: bytes, subject: UUID, category: str, ciphertext: bytes) -> str:
    """The hex digest by which a body commits to one row of personal data."""
    parts = (blind, nonce, subject.bytes, category.encode(), ciphertext)
    return hashlib.sha256(b"".join([len(p).to_bytes(4) + p for p in parts])).hexdigest()


def leaf_entry(recorded_us: int, body: bytes) -> bytes:
    """An entry of the log as it is hashed: its time (8 bytes, big endian) and its body."""
    return recorded_us.to_bytes(8, signed=True) + body


def leaf_hash(recorded_us: int, body: bytes) -> str:
    """The RFC 6962 leaf hash of a log entry, in hex."""
    return hashlib.sha256(b"\x00" + leaf_entry(recorded_us, body)).hexdigest()


class PersonalRow(NamedTuple):
    """One row of personal data as it is stored, its ids as text."""

    subject: str
    category: str
    key_id: str
    nonce: bytes
    ciphertext: bytes


def unseal(
    position: int,
    recorded_us: int,
    text: str | bytes,
    rows: Sequence[PersonalRow],
    keys: Mapping[str, DataKey],
) -> Recorded:
    """The event as it was decided; personal fields whose row or key is gone read as Erased.

    Raises:
        LookupError: this release does not know the event type.
    """
    body = orjson.loads(text)
    opened: dict[str, Any] = {}
    subjects: dict[str, None] = {}
    if "personal" in body:
        for subject, category, key_id, nonce, ciphertext in rows:
            key = keys.get(key_id)
            if key is not None:
                opened |= opened_row(body, (subject, category), key.cipher, nonce, ciphertext)
                subjects[subject] = None
    event, trace = event_of(body, opened)
    recorded = Recorded(position, recorded_us, body, event)
    if trace:
        recorded.trace = trace
    if subjects:
        recorded.subject_texts = (*subjects,)
    return recorded


def _in_order(pairs: Collection[tuple[UUID, str]]) -> Iterable[tuple[UUID, str]]:
    return sorted(pairs, key=lambda pair: (pair[0].int, pair[1])) if len(pairs) > 1 else pairs


@cache
def marks_of(kind: type[Event]) -> dict[str, PersonalMark]:
    """The personal fields of an event, by name."""
    return personal_fields(kind)


def subject_of(state: Aggregate, stream: UUID) -> UUID:
    """Whom a record is about: under their keys lies what it is given, unless a field says else."""
    for name in state.SUBJECT:
        subject: UUID | None = getattr(state, name)
        if subject:
            return subject
    return stream


def subject_named(name: str, event: Event, state: Aggregate, otherwise: UUID) -> UUID:
    """Whom a field is about that names another one, of the event or else of the record."""
    for holder in (event, state):
        found = getattr(holder, name, None)
        if isinstance(found, UUID):
            return found
    return otherwise


def _bound(stream: UUID, version: int, pair: tuple[UUID, str]) -> bytes:
    return bound_text(text_of(stream), version, text_of(pair[0]), pair[1])


def subjects(parts: Iterable[Parts]) -> set[tuple[UUID, str]]:
    """Every (subject, category) that needs a key."""
    return {pair for part in parts for pair in part.personal}
