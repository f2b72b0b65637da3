"""Gathering all that is held about whoever asks (GDPR Art. 15, PIPL Art. 45).

The log is read once, record by record. Each record is folded from what lies under their keys, so
that a deal or ticket which passed from one person to another shows to each what is theirs. What is
found goes line by line into files, for a person may have tens of thousands of events.
"""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import orjson

from api.answering.mentions import Mentions, mentions_of
from api.answering.recipients import Recipients
from api.answering.refusals import Permissions
from api.answering.telling import Teller, verb
from api.answering.who import Asker
from api.answering.words import TRACE
from api.read_log import page
from api.services import Services
from domain.envelope import Recorded, kind_of
from domain.kernel import Aggregate
from domain.reading import Purpose
from projections import PROJECTIONS
from projections.delivered import Delivered
from projections.gate import Gate
from projections.kernel import Projection, RecordRow
from projections.plain import plain
from projections.readers import Reader
from projections.words import WORDS, name_of
from store.codec import subject_of
from store.held import HeldEvent, batches, positions_of, streams_about
from store.lists import MAX_LIMIT, Query
from store.progress import Progress
from store.read_entries import Asked

OF_KIND: Final[dict[str, Projection]] = {
    one.aggregate.AGGREGATE: one for one in PROJECTIONS if one.aggregate is not None
}
"""The projection of each kind of record."""


READ: Final = (
    *("number", "read_at", "actor", "role", "door"),
    *("purpose", "read_model", "fields", "seal"),
)
"""What they are told of a read."""


@dataclass(slots=True)
class Gathered:
    """What was found. Records and events lie in files, one JSON object a line."""

    records: Path
    events: Path
    permissions: Permissions
    people: list[dict[str, Any]] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    """Of the records in which something of them stands."""
    streams: set[UUID] = field(default_factory=set)
    positions: "array[int]" = field(default_factory=lambda: array("q"))
    """Of the entries behind it."""
    fields: set[str] = field(default_factory=set)
    """Names of the personal fields in it."""
    recipients: Recipients = field(default_factory=Recipients)
    mentions: Mentions = field(default_factory=Mentions)
    reads: list[dict[str, Any]] = field(default_factory=list)


def gather(
    services: Services, reader: Reader, asker: Asker, folder: Path, progress: Progress
) -> Gathered:
    """Find all of it; the read models have to be as far as the answer is to be."""
    found = Gathered(
        folder / "records.jsonl", folder / "events.jsonl", Permissions(services.suppressions)
    )
    subjects = {*asker.people}
    streams = {*streams_about(services.log, subjects), *linked(services.gate, reader, asker)}
    positions = positions_of(services.log, streams)
    teller = Teller(services.gate, reader, asker.people)
    done = 0
    with ExitStack() as stack:
        files = [stack.enter_context(one.open("wb")) for one in (found.records, found.events)]
        story = _Story(found, teller, subjects, *files)
        for batch in batches(services.log, subjects, positions):
            teller.learn(one for held in batch for one in teller.wanted_by(held.recorded))
            for held in batch:
                story.take(held)
            done += len(batch)
            progress("events", done, len(positions))
        story.finish()
    found.permissions.look_up(asker.people)
    found.recipients.look_up(services.gate, reader, teller)
    found.mentions = mentions_of(services.gate, reader, asker.people, found.streams)
    found.reads = reads_of(services, [*subjects])
    record(services, reader, {one: [*subjects] for one in found.streams}, found.fields)
    return found


def for_them(reader: Reader) -> Reader:
    """Whoever answers them reads for that purpose."""
    return replace(reader, stated=Purpose.DATA_SUBJECT_REQUEST)


def record(
    services: Services,
    reader: Reader,
    records: Mapping[UUID, Sequence[UUID]],
    fields: Collection[str],
) -> None:
    """Write down that this was read. The values were opened under their keys, not by the gate.

    Raises:
        ReadNotRecorded: it could not be written down.
    """
    delivered = Delivered()
    for one, subjects in records.items():
        delivered.add(one, subjects, sorted(fields))
    services.gate.record(reader, "answers", delivered)


def reads_of(services: Services, subjects: Sequence[UUID]) -> list[dict[str, Any]]:
    """Who has read the data of these subjects, when, and for what purpose, the newest first. Whose
    else was read with theirs is left out.
    """
    found: list[dict[str, Any]] = []
    for subject in subjects:
        cursor: str | None = None
        while True:
            listed = page(services, Asked(subject=subject), MAX_LIMIT, cursor)
            found += listed.items
            cursor = listed.next_cursor
            if cursor is None:
                break
    by_number = {one["number"]: one for one in found}
    return [
        {name: by_number[number][name] for name in READ}
        for number in sorted(by_number, reverse=True)
    ]


class _Story:
    """Takes events in the order of records and versions."""

    def __init__(
        self,
        found: Gathered,
        teller: Teller,
        subjects: set[UUID],
        records: IO[bytes],
        events: IO[bytes],
    ) -> None:
        self._found, self._teller, self._subjects = found, teller, subjects
        self._records, self._events = records, events
        self._stream: UUID | None = None
        self._row: Any = None
        self._told = 0

    def take(self, held: HeldEvent) -> None:
        """Fold one event, and tell it where it is about them."""
        recorded = held.recorded
        if recorded.stream != self._stream:
            self.finish()
            self._stream, self._row, self._told = recorded.stream, None, 0
        projection = OF_KIND[kind_of(recorded.body)]
        self._row = projection.fold((recorded.stream,), self._row, recorded)
        if held.is_about or self._is_theirs():
            line = _event(self._teller, held)
            self._events.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            self._found.recipients.take(recorded)
            self._found.positions.append(recorded.position)
            self._found.fields.update(recorded.personal_names)
            self._told += 1

    def finish(self) -> None:
        """Tell of the record as it stands after its last event."""
        row, stream = self._row, self._stream
        if row is None or stream is None or not self._told:
            return
        self._row = None
        kind = row.AGGREGATE
        is_theirs = subject_of(row, stream) in self._subjects
        found, is_person = self._found, stream in self._subjects
        line = {
            "kind": kind,
            "noun": WORDS[kind].noun._asdict(),
            "id": str(stream),
            "number": row.number,
            "is_the_person": is_person,
            "is_theirs_now": is_theirs,
            "fields": [*self._fields(row, is_theirs)],
        }
        self._records.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        found.kinds.add(kind)
        found.streams.add(stream)
        if is_person:
            named = {"name": name_of(row.__dict__)}
            found.people.append({**{k: line[k] for k in ("kind", "noun", "id", "number")}, **named})
        if is_theirs:
            found.permissions.take(stream, row, self._teller)

    def _fields(self, row: RecordRow, is_theirs: bool) -> Iterator[dict[str, Any]]:
        """What is personal in the row is theirs, for nothing else was opened; the rest is of
        whomever the record is about now.
        """
        names = OF_KIND[_kind(row)].fields_of_aggregate
        for one in self._teller.fields(_kind(row), row, names):
            if is_theirs or one["category"] is not None:
                yield one

    def _is_theirs(self) -> bool:
        stream = self._stream
        return stream is not None and subject_of(self._row, stream) in self._subjects


def purpose_of(kind: str) -> dict[str, str]:
    """What records of a kind are processed for (Art. 15(1)(a))."""
    aggregate: type[Aggregate] | None = OF_KIND[kind].aggregate
    said = aggregate.PURPOSE if aggregate else ""
    return {"en": said, "zh": WORDS[kind].purpose_zh or said}


def _kind(row: RecordRow) -> str:
    kind: str = getattr(row, "AGGREGATE", "")
    return kind


def _event(teller: Teller, held: HeldEvent) -> dict[str, Any]:
    recorded = held.recorded
    body, kind = recorded.body, kind_of(recorded.body)
    event = recorded.event
    given = event.model_fields_set
    names = [name for name in type(event).model_fields if name in given]
    fields = [*teller.fields(kind, event, names), *_trace(recorded)]
    return {
        "position": recorded.position,
        "kind": kind,
        "id": recorded.stream_text,
        "type": recorded.type,
        "what": verb(kind, recorded.type)._asdict(),
        "occurred_at": plain(recorded.occurred_at),
        "recorded_at": plain(recorded.recorded_at),
        "actor": body["actor"],
        "actor_name": teller.names.get(body["actor"]),
        "on_behalf_of": body.get("on_behalf_of"),
        "source": {**body["source"], **{k: v for k, v in recorded.trace.items() if k != "reason"}},
        "fields": fields,
        "not_shown": held.not_shown,
    }


def _trace(recorded: Recorded) -> Iterator[dict[str, Any]]:
    """Why it was changed, and from where, as far as that lies under their keys."""
    for name, value in recorded.trace.items():
        said = dict.fromkeys(("en", "zh"), value)
        label = TRACE[name]._asdict()
        yield {"field": name, "label": label, "category": "trace", "value": value, "words": said}


def linked(gate: Gate, reader: Reader, asker: Asker) -> Iterator[UUID]:
    """Records that are about them and may hold nothing personal, such as a bare consent."""
    column = f"{asker.kind.NOUN}_id"
    for projection in OF_KIND.values():
        aggregate = projection.aggregate
        if aggregate is None or column not in aggregate.SUBJECT:
            continue
        for serve in [one for one in projection.serves if one.filters == (column,)][:1]:
            for person in asker.people:
                query = Query({column: person}, sort=serve.sort)
                yield from gate.find_all(reader, projection.name, query)
