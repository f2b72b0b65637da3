"""The read log of one tenant: who read whose personal data, which fields, for what, by which door.

An entry holds ids and names of fields, never a value. It is durable before what was read is given
out: the entries of all who read at once are committed together, as commands are. Where it cannot be
recorded, nothing is given out.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID

import orjson

from store import codec
from store.batches import Texts, Uuids
from store.codec import BLIND_BYTES
from store.database import Connection
from store.errors import StoreError
from store.event_log import EventLog
from store.group_commit import GroupCommitter, Outcome, Waiting
from store.randomness import random_bytes
from store.sending import BOOLEAN, FALSE, TRUE, Prepared

MOST_RECORDS: Final = 1_000
"""Records in one entry; a larger read makes several."""
SCHEMA: Final = 1
"""Counts up when the shape of a body changes."""


class ReadNotRecorded(StoreError):
    """What was read is not given out, since it could not be recorded."""

    retry_after = 2

    def __init__(self) -> None:
        super().__init__(
            "Reads of personal data are recorded, and that cannot be done right now. "
            "Try again in a few seconds."
        )


@dataclass(frozen=True, slots=True)
class Read:
    """Who read, and what."""

    actor: UUID
    client: str
    """The API key's id, or what else they came with."""
    role: str
    door: str
    purpose: str
    model: str
    """The read model, or ``events``."""
    records: Mapping[UUID, Sequence[UUID]]
    """The records of which something personal was given out, each with its data subjects."""
    fields: Sequence[str]
    """The personal fields that were given out; of no record more than these."""
    asked: Sequence[str] = ()
    """The personal fields that were filtered, searched or sorted by."""


class Entry(NamedTuple):
    """An entry as it is stored."""

    number: int
    read_at: int
    """Microseconds since 1970-01-01 UTC."""
    body: str


APPEND_READS: Final = Prepared(
    "append_reads",
    "SELECT FROM append_reads({})",
    [Texts.ARRAY, Uuids.ARRAY, Texts.ARRAY, Texts.ARRAY, Texts.ARRAY, BOOLEAN],
)


class ReadCommitter(GroupCommitter):
    """Commits entries of the read log, those of all threads together."""

    NAME: ClassVar = "kept-read-commit"
    GATHER: ClassVar = 0.01
    STATEMENT: ClassVar = APPEND_READS

    @staticmethod
    def size(entry: Mapping[str, Any]) -> int:
        return len(entry["body"])

    @staticmethod
    def pack(entries: Sequence[Mapping[str, Any]]) -> list[Any]:
        return [
            Texts([one["body"] for one in entries]),
            Uuids([one["actor"] for one in entries]),
            *(Texts([one[name] for one in entries]) for name in ("door", "model", "subjects")),
        ]

    def store(
        self,
        connection: Connection,
        entries: list[Mapping[str, Any]],
        packed: list[Any] | None,
        is_again: bool,
    ) -> list[Outcome]:
        values = [one.data for one in packed or ()]
        self.STATEMENT.execute(connection, [*values, TRUE if is_again else FALSE])
        return [("recorded", None)] * len(entries)


class ReadLog:
    """Thread-safe. One for each tenant in a process; close it to let the last entries through."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._committer = ReadCommitter(
            lambda: log.database.connect("writer", log.tenant.schema), lambda position: None
        )
        self._here = threading.local()
        self.has_recorded = False
        """Whether this process recorded anything."""

    def record(self, read: Read) -> None:
        """Record a read; returns when that is durable, or within :meth:`gathering` at once.

        Raises:
            ReadNotRecorded: it could not be; nothing of it may be given out.
        """
        records = [*read.records.items()]
        chunks = range(0, len(records), MOST_RECORDS)
        waiting = [self._submit(read, records[at : at + MOST_RECORDS]) for at in chunks]
        gathered: list[Waiting] | None = getattr(self._here, "gathered", None)
        if gathered is not None:
            gathered += waiting
            return
        for one in waiting:
            one.wait_quietly()
            self.check(one)

    @contextmanager
    def gathering(self) -> Iterator[list[Waiting]]:
        """In here this thread does not wait. Whoever gathers gives nothing out before everything in
        the list is settled and has passed :meth:`check`.
        """
        gathered: list[Waiting] = []
        self._here.gathered = gathered
        try:
            yield gathered
        finally:
            self._here.gathered = None

    @staticmethod
    def check(settled: Waiting) -> None:
        """Only go on if the entry is durable.

        Raises:
            ReadNotRecorded: it is not.
        """
        if settled.error is not None:
            raise ReadNotRecorded from settled.error

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._committer.close()

    def _submit(self, read: Read, records: Sequence[tuple[UUID, Sequence[UUID]]]) -> Waiting:
        ids = [one for one, _ in records]
        subjects = [*dict.fromkeys(subject for _, own in records for subject in own)]
        body: dict[str, Any] = {
            "schema": SCHEMA,
            "actor": read.actor,
            "client": read.client,
            "role": read.role,
            "door": read.door,
            "purpose": read.purpose,
            "read_model": read.model,
            "records": ids,
            "count": len(ids),
            "fields": sorted(read.fields),
            # So that a hash says nothing of what was read, and every body is another.
            "blind": random_bytes(BLIND_BYTES).hex(),
        }
        if subjects != ids:
            body["subjects"] = subjects
        if read.asked:
            body["asked"] = sorted(read.asked)
        self.has_recorded = True
        try:
            return self._committer.submit(
                {
                    "body": codec.canonical(body).decode(),
                    "actor": read.actor,
                    "door": read.door,
                    "model": read.model,
                    "subjects": "{" + ",".join(map(str, subjects)) + "}",
                }
            )
        except StoreError as full:
            raise ReadNotRecorded from full


def subjects_of(body: Mapping[str, Any]) -> list[str]:
    """Whose data was read, by an entry's body; those who are no records of their own included."""
    found: list[str] = body.get("subjects", body["records"])
    return found


def body_of(entry: Entry) -> dict[str, Any]:
    """What an entry says."""
    found: dict[str, Any] = orjson.loads(entry.body)
    return found
