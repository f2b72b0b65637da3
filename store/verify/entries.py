"""Checking one entry of the log after the other, stream by stream: columns, body, commitments."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from domain.kernel import Aggregate, Event, event_type
from store import codec
from store.errors import Unrecordable
from store.opening import event_of, opened_row
from store.verify.found import Tell
from store.verify.keys import HeldKey

TRACE: Final = "$"
"""What the names of the envelope's personal fields begin with."""
_NOTHING_PERSONAL: Final[dict[str, list[str]]] = {"fields": [], "commitments": []}

Finished = Callable[[UUID, Any, int], None]
"""Takes a stream, its state after its last event (None if that is not known), and that position."""


class Entry(NamedTuple):
    """A row of events, as it is stored."""

    stream: UUID
    version: int
    position: int
    recorded_at: int
    type: str
    body: bytes


class PersonalData(NamedTuple):
    """A row of personal data, as it is stored."""

    key_id: bytes
    nonce: bytes
    subject: bytes
    category: str
    ciphertext: bytes
    committed: bytes
    """What its commitment is over: :mod:`store.codec` says what that is, and a COPY gives it."""


class Missing(NamedTuple):
    """Personal data that an event once had, and that only an erasure may have taken away."""

    position: int
    recorded_at: int
    """Microseconds since 1970-01-01 UTC."""
    subject: UUID
    category: str


class Checker:
    """Takes the entries ordered by stream and version.

    ``keys`` are those of the rows at hand, which whoever calls keeps current; ``missing`` is for
    whoever calls to look into.
    """

    def __init__(self, keys: Mapping[bytes, HeldKey], tell: Tell, finished: Finished) -> None:
        self._keys, self._tell, self._finished = keys, tell, finished
        self._stream: UUID | None = None
        self._stream_text = ""
        self._version = self._position = 0
        self._state: Any = None
        self._is_known = True
        self.streams = 0
        self.missing: list[Missing] = []

    def finish(self) -> None:
        """The stream at hand has ended."""
        if self._stream is not None:
            state = self._state if self._is_known else None
            self._finished(self._stream, state, self._position)

    def check(self, entry: Entry, rows: Sequence[PersonalData]) -> None:
        """Check the next entry with its rows of personal data."""
        if entry.stream != self._stream:
            self.finish()
            self._stream, self._stream_text = entry.stream, str(entry.stream)
            self._version, self._state, self._is_known = 0, None, True
            self.streams += 1
        if entry.version != self._version + 1:
            before = f"follows version {self._version}" if self._version else "is its first"
            self._tell(
                entry.position, f"Version {entry.version} of the record {entry.stream} {before}."
            )
        self._version, self._position = entry.version, entry.position
        body = self._body(entry)
        event = None if body is None else self._event(entry, body, rows)
        if body is None or event is None:
            self._is_known = False
            return
        if self._state is None:
            self._state = _unborn(event.AGGREGATE)
        if not isinstance(self._state, event.AGGREGATE):
            self._tell(entry.position, f"A {entry.type} stands among the events of another kind.")
            self._is_known = False
            return
        self._state = event.evolve(self._state)
        if rows or "personal" in body:
            self._check_commitments(entry, body, event, rows)

    def _body(self, entry: Entry) -> dict[str, Any] | None:
        """The body, if it is canonical JSON that agrees with the columns."""
        try:
            body = orjson.loads(entry.body)
            said = body["stream"], body["version"], body["type"]
            is_canonical = codec.canonical(body) == entry.body
            body["data"], body["schema"], body["source"]["kind"]
            personal = body.get("personal", _NOTHING_PERSONAL)
            "".join([*personal["fields"], *personal["commitments"]])
        except (orjson.JSONDecodeError, TypeError, KeyError, Unrecordable):
            self._tell(entry.position, "The body is not one of an event of ours.")
            return None
        if not is_canonical:
            self._tell(entry.position, "The body is not in canonical form.")
        held = self._stream_text, entry.version, entry.type
        if said != held:
            for name, one, other in zip(("stream", "version", "type"), said, held, strict=True):
                if one != other:
                    self._tell(entry.position, f"The column {name} differs from the body.")
        if len(entry.body) > codec.MAX_BODY:
            self._tell(entry.position, f"The body is larger than {codec.MAX_BODY} bytes.")
        return dict(body)

    def _event(
        self, entry: Entry, body: dict[str, Any], rows: Iterable[PersonalData]
    ) -> Event | None:
        """The event with what can be opened of its personal data."""
        keys = [(row, self._key_of(entry, row)) for row in rows]
        opened: dict[str, Any] = {}
        try:
            event_type(body["type"])
            if "personal" in body:
                for row, key in keys:
                    if key is not None and key.cipher is not None:
                        named = key.subject_text, key.category
                        opened |= opened_row(body, named, key.cipher, row.nonce, row.ciphertext)
            return event_of(body, opened)[0]
        except InvalidTag:
            self._tell(entry.position, "A row of personal data does not open with its key.")
        except LookupError:
            self._tell(entry.position, f"This release knows no event named {body['type']}.")
        except (TypeError, ValueError, ArithmeticError, AttributeError) as wrong:
            kind = type(wrong).__name__
            self._tell(entry.position, f"The event {body['type']} cannot be read ({kind}).")
        return None

    def _key_of(self, entry: Entry, row: PersonalData) -> HeldKey | None:
        """The key of a row, if it is one that may open it."""
        key = self._keys.get(row.key_id)
        if key is None:
            why = "has a key that does not exist"
        elif key.is_destroyed:
            why = "outlived its key"
        elif (key.subject, key.category) != (row.subject, row.category):
            why = "has the key of another subject or category"
        elif key.cipher is None:
            why = "has a key that does not open"
        else:
            return key
        self._tell(entry.position, f"A row of personal data ({row.category}) {why}.")
        return None

    def _check_commitments(
        self, entry: Entry, body: dict[str, Any], event: Event, rows: Iterable[PersonalData]
    ) -> None:
        """Every commitment equals a row, or is one to a row that an erasure took away."""
        personal = body.get("personal", _NOTHING_PERSONAL)
        left = [*personal["commitments"]]
        present: set[tuple[int, str]] = set()
        for row in rows:
            present.add((int.from_bytes(row.subject), row.category))
            found = hashlib.sha256(row.committed).hexdigest()
            if found in left:
                left.remove(found)
            else:
                self._tell(
                    entry.position,
                    f"A row of personal data ({row.category}) is not the one committed to.",
                )
        wanted = _wanted(type(event), tuple(personal["fields"]))
        if wanted is None:
            return  # an older shape, whose names this release cannot tell the category of
        expected = self._pairs(entry.stream, event, wanted)
        if expected.keys() != present:
            gone = [
                (str(expected[one]), one[1], expected[one]) for one in expected.keys() - present
            ]
            for _, category, subject in sorted(gone, key=lambda one: one[:2]):
                self.missing.append(Missing(entry.position, entry.recorded_at, subject, category))
        if len(personal["commitments"]) != len(expected):
            self._tell(entry.position, "The body commits to more or fewer rows than it has fields.")

    def _pairs(
        self, stream: UUID, event: Event, wanted: Iterable[tuple[str | None, str]]
    ) -> dict[tuple[int, str], UUID]:
        """The subject of each (subject, category) under which fields are stored."""
        subject = codec.subject_of(self._state, stream)
        pairs: dict[tuple[int, str], UUID] = {}
        for of, category in wanted:
            owner = subject
            if of is not None:
                owner = codec.subject_named(of, event, self._state, subject)
            pairs[(owner.int, category)] = owner
        return pairs


@cache
def _unborn(kind: type[Aggregate]) -> Aggregate:
    return kind()


@lru_cache(4_096)
def _wanted(kind: type[Event], names: tuple[str, ...]) -> tuple[tuple[str | None, str], ...] | None:
    """How these personal fields name their subject, and their categories; None if one is of an
    older shape.
    """
    marks = codec.marks_of(kind)
    found: dict[tuple[str | None, str], None] = {}
    for name in names:
        if name.startswith(TRACE):
            found[(None, "trace")] = None
        elif name in marks:
            found[(marks[name].of, marks[name].category)] = None
        else:
            return None
    return (*found,)
