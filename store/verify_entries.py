"""Checking one entry of the log after the other, stream by stream: columns, body, commitments."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag

from domain.fields import personal_fields
from domain.kernel import Event
from store import codec
from store.codec import PersonalRow
from store.database import Connection
from store.keys import DataKey, KeyStore

TRACE: Final = "$"
"""What the names of the envelope's personal fields begin with."""
_NOTHING_PERSONAL: Final[dict[str, list[str]]] = {"fields": [], "commitments": []}

Tell = Callable[[int | None, str], None]
"""Takes a position and what is wrong there."""
Finished = Callable[[UUID, Any, int], None]
"""Takes a stream, its state after its last event (None if that is not known), and that position."""


class Entry(NamedTuple):
    """A row of events, as it is stored."""

    stream: UUID
    version: int
    position: int
    type: str
    recorded_at: int
    body: str


class PersonalData(NamedTuple):
    """A row of personal data, as it is stored."""

    subject: UUID
    category: str
    key_id: UUID
    nonce: bytes
    blind: bytes
    ciphertext: bytes


class Keys:
    """The data keys of the entries at hand, those that live and those that were destroyed."""

    def __init__(self, store: KeyStore, connection: Connection, schema: str) -> None:
        self._store, self._connection, self._schema = store, connection, schema
        self.live: dict[UUID, DataKey] = {}
        self.destroyed: set[UUID] = set()

    def look_up(self, key_ids: set[UUID]) -> None:
        """Have these at hand, and forget those before."""
        self.live = self._store.by_ids(self._connection, key_ids)
        self.destroyed = {
            row[0]
            for row in self._connection.execute(
                f"SELECT key_id FROM {self._schema}.data_keys"
                " WHERE key_id = ANY(%s) AND destroyed_at IS NOT NULL",
                [list(key_ids)],
            )
        }

    def was_destroyed(self, subject: UUID, category: str) -> bool:
        """Whether an erasure destroyed a key of this subject and category."""
        return (
            self._connection.execute(
                f"SELECT 1 FROM {self._schema}.data_keys"
                " WHERE subject = %s AND category = %s AND destroyed_at IS NOT NULL LIMIT 1",
                [subject, category],
            ).fetchone()
            is not None
        )


class Checker:
    """Takes the entries ordered by stream and version."""

    def __init__(self, keys: Keys, tell: Tell, finished: Finished) -> None:
        self._keys, self._tell, self._finished = keys, tell, finished
        self._stream: UUID | None = None
        self._version = self._position = 0
        self._state: Any = None
        self._is_known = True
        self.streams = self.erased = 0

    def finish(self) -> None:
        """The stream at hand has ended."""
        if self._stream is not None:
            state = self._state if self._is_known else None
            self._finished(self._stream, state, self._position)

    def check(self, entry: Entry, rows: Sequence[PersonalData]) -> None:
        """Check the next entry with its rows of personal data."""
        if entry.stream != self._stream:
            self.finish()
            self._stream, self._version, self._state, self._is_known = entry.stream, 0, None, True
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
            self._state = event.AGGREGATE()
        if not isinstance(self._state, event.AGGREGATE):
            self._tell(entry.position, f"A {entry.type} stands among the events of another kind.")
            self._is_known = False
            return
        self._state = event.evolve(self._state)
        self._check_commitments(entry, body, event, rows)

    def _body(self, entry: Entry) -> dict[str, Any] | None:
        """The body, if it is canonical JSON that agrees with the columns."""
        text = entry.body.encode()
        try:
            body = orjson.loads(text)
            columns = {name: body[name] for name in ("stream", "version", "type")}
            is_canonical = codec.canonical(body) == text
            body["data"], body["schema"], body["source"]["kind"]
            personal = body.get("personal", _NOTHING_PERSONAL)
            "".join([*personal["fields"], *personal["commitments"]])
        except (orjson.JSONDecodeError, TypeError, KeyError):
            self._tell(entry.position, "The body is not one of an event of ours.")
            return None
        if not is_canonical:
            self._tell(entry.position, "The body is not in canonical form.")
        held = {"stream": str(entry.stream), "version": entry.version, "type": entry.type}
        for name, value in columns.items():
            if value != held[name]:
                self._tell(entry.position, f"The column {name} differs from the body.")
        if len(text) > codec.MAX_BODY:
            self._tell(entry.position, f"The body is larger than {codec.MAX_BODY} bytes.")
        return dict(body)

    def _event(
        self, entry: Entry, body: dict[str, Any], rows: Iterable[PersonalData]
    ) -> Event | None:
        """The event with what can be opened of its personal data."""
        opened = [row for row in rows if self._is_openable(entry, row)]
        secrets = [PersonalRow(*row[:4], row.ciphertext) for row in opened]
        try:
            recorded = codec.unseal(
                entry.position, entry.recorded_at, entry.body, secrets, self._keys.live
            )
        except InvalidTag:
            self._tell(entry.position, "A row of personal data does not open with its key.")
        except LookupError:
            self._tell(entry.position, f"This release knows no event named {body['type']}.")
        except (TypeError, ValueError, ArithmeticError, AttributeError) as wrong:
            kind = type(wrong).__name__
            self._tell(entry.position, f"The event {body['type']} cannot be read ({kind}).")
        else:
            return recorded.event
        return None

    def _is_openable(self, entry: Entry, row: PersonalData) -> bool:
        key = self._keys.live.get(row.key_id)
        what = f"A row of personal data ({row.category})"
        if key is None:
            gone = row.key_id in self._keys.destroyed
            why = "outlived its key" if gone else "has a key that does not exist"
            self._tell(entry.position, f"{what} {why}.")
            return False
        if (key.subject, key.category) != (row.subject, row.category):
            self._tell(entry.position, f"{what} has the key of another subject or category.")
            return False
        return True

    def _check_commitments(
        self, entry: Entry, body: dict[str, Any], event: Event, rows: Iterable[PersonalData]
    ) -> None:
        """Every commitment equals a row, or is one to a row that an erasure took away."""
        personal = body.get("personal", _NOTHING_PERSONAL)
        left = Counter(personal["commitments"])
        present: set[tuple[UUID, str]] = set()
        for row in rows:
            present.add((row.subject, row.category))
            found = codec.commitment(
                row.blind, row.nonce, row.subject, row.category, row.ciphertext
            )
            if left[found] > 0:
                left[found] -= 1
            else:
                self._tell(
                    entry.position,
                    f"A row of personal data ({row.category}) is not the one committed to.",
                )
        marks = personal_fields(type(event))
        if any(name not in marks and not name.startswith(TRACE) for name in personal["fields"]):
            return  # an older shape, whose names this release cannot tell the category of
        expected = self._pairs(entry.stream, event, personal["fields"])
        for subject, category in sorted(expected - present, key=str):
            if self._keys.was_destroyed(subject, category):
                self.erased += 1
            else:
                self._tell(
                    entry.position,
                    f"A row of personal data ({category}) is missing, and no erasure says why.",
                )
        if len(personal["commitments"]) != len(expected):
            self._tell(entry.position, "The body commits to more or fewer rows than it has fields.")

    def _pairs(self, stream: UUID, event: Event, names: Iterable[str]) -> set[tuple[UUID, str]]:
        """The (subject, category) pairs under which fields of these names are stored."""
        state, marks = self._state, personal_fields(type(event))
        subject = next((one for name in state.SUBJECT if (one := getattr(state, name))), stream)
        pairs: set[tuple[UUID, str]] = set()
        for name in names:
            if name.startswith(TRACE):
                pairs.add((subject, "trace"))
                continue
            mark = marks[name]
            owner = subject
            for holder in (event, state) if mark.of else ():
                named = getattr(holder, mark.of or "", None)
                if isinstance(named, UUID):
                    owner = named
                    break
            pairs.add((owner, mark.category))
        return pairs
