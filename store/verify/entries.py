"""Checking one entry of the log after the other, stream by stream: columns, body, commitments."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from domain.kernel import Aggregate, Event
from store import codec
from store.errors import Unrecordable
from store.opening import TRACE, event_of, opened_row
from store.verify.found import Tell
from store.verify.keys import HeldKey

_NOTHING_PERSONAL: Final[dict[str, list[str]]] = {"fields": [], "commitments": []}

_Wanted = tuple[str | None, bytes]
"""How a personal field names its subject, and its category."""
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
    category: bytes
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
            if "personal" in body:
                personal = body["personal"]
                "".join(personal["fields"])
                "".join(personal["commitments"])
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
        found: dict[str, Any] = body
        return found

    def _event(
        self, entry: Entry, body: dict[str, Any], rows: Iterable[PersonalData]
    ) -> Event | None:
        """The event with what can be opened of its personal data."""
        is_personal = "personal" in body
        opened: dict[str, Any] = {}
        try:
            for row in rows:
                key = self._keys.get(row.key_id)
                if (
                    key is None
                    or key.cipher is None
                    or (key.subject, key.category) != (row.subject, row.category)
                ):
                    self._tell_of_key(entry, row, key)
                elif is_personal:
                    named = key.subject_text, key.category_text
                    fields = opened_row(body, named, key.cipher, row.nonce, row.ciphertext)
                    opened = opened | fields if opened else fields
            return event_of(body, opened)[0]
        except InvalidTag:
            self._tell(entry.position, "A row of personal data does not open with its key.")
        except LookupError:
            self._tell(entry.position, f"This release knows no event named {body['type']}.")
        except (TypeError, ValueError, ArithmeticError, AttributeError) as wrong:
            kind = type(wrong).__name__
            self._tell(entry.position, f"The event {body['type']} cannot be read ({kind}).")
        return None

    def _tell_of_key(self, entry: Entry, row: PersonalData, key: HeldKey | None) -> None:
        """Why a row cannot be opened with the key that it names."""
        if key is None:
            why = "has a key that does not exist"
        elif key.is_destroyed:
            why = "outlived its key"
        elif key.cipher is None and (key.subject, key.category) == (row.subject, row.category):
            why = "has a key that does not open"
        else:
            why = "has the key of another subject or category"
        self._tell(entry.position, f"A row of personal data ({row.category.decode()}) {why}.")

    def _check_commitments(
        self, entry: Entry, body: dict[str, Any], event: Event, rows: Iterable[PersonalData]
    ) -> None:
        """Every commitment equals a row, or is one to a row that an erasure took away."""
        personal = body.get("personal", _NOTHING_PERSONAL)
        commitments = personal["commitments"]
        if [hashlib.sha256(row.committed).hexdigest() for row in rows] != commitments:
            self._compare(entry, commitments, rows)
        wanted = _wanted(type(event), tuple(personal["fields"]))
        if wanted is None:
            return  # an older shape, whose names this release cannot tell the category of
        expected = self._pairs(entry.stream, event, wanted)
        present = {(row.subject, row.category) for row in rows}
        if expected.keys() != present:
            for pair in sorted(expected.keys() - present):
                subject, category = expected[pair], pair[1].decode()
                self.missing.append(Missing(entry.position, entry.recorded_at, subject, category))
        if len(commitments) != len(expected):
            self._tell(entry.position, "The body commits to more or fewer rows than it has fields.")

    def _compare(
        self, entry: Entry, commitments: Sequence[str], rows: Iterable[PersonalData]
    ) -> None:
        """Which of the rows is not one that the body commits to; that one is missing is told by
        what the fields say.
        """
        left = [*commitments]
        for row in rows:
            found = hashlib.sha256(row.committed).hexdigest()
            if found in left:
                left.remove(found)
            else:
                category = row.category.decode()
                self._tell(
                    entry.position,
                    f"A row of personal data ({category}) is not the one committed to.",
                )

    def _pairs(
        self, stream: UUID, event: Event, wanted: Iterable[_Wanted]
    ) -> dict[tuple[bytes, bytes], UUID]:
        """The subject of each (subject, category) under which fields are stored."""
        subject = codec.subject_of(self._state, stream)
        pairs: dict[tuple[bytes, bytes], UUID] = {}
        for of, category in wanted:
            owner = subject
            if of is not None:
                owner = codec.subject_named(of, event, self._state, subject)
            pairs[(owner.bytes, category)] = owner
        return pairs


@cache
def _unborn(kind: type[Aggregate]) -> Aggregate:
    return kind()


@lru_cache(4_096)
def _wanted(
    kind: type[Event], names: tuple[str, ...]
) -> tuple[tuple[str | None, bytes], ...] | None:
    """How these personal fields name their subject, and their categories; None if one is of an
    older shape.
    """
    marks = codec.marks_of(kind)
    found: dict[_Wanted, None] = {}
    for name in names:
        if name.startswith(TRACE):
            found[(None, b"trace")] = None
        elif name in marks:
            found[(marks[name].of, marks[name].category.encode())] = None
        else:
            return None
    return (*found,)
