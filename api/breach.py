"""The scope of a breach (GDPR Art. 33 and 34, PIPL Art. 57): of somebody's access, or of one key's,
in a span of time, whose data and which fields could be read, and which were.

What was read is what the read log says; it holds every read of every door, or the answer did not
leave. What could be read is what the role may see of everybody whose keys lived then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from api.services import Services
from domain import AGGREGATES
from domain.envelope import from_microseconds
from domain.processing import activities
from projections.readers import MASKED_ROLES
from store import readable
from store.lists import MAX_LIMIT
from store.read_entries import Asked, entries
from store.read_log import body_of, subjects_of


@dataclass(slots=True)
class Seen:
    """What was read of one person."""

    subject: str
    reads: int = 0
    fields: set[str] = field(default_factory=set)
    purposes: set[str] = field(default_factory=set)
    doors: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "subject": self.subject,
            "reads": self.reads,
            "fields": sorted(self.fields),
            "purposes": sorted(self.purposes),
            "doors": sorted(self.doors),
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Scope:
    """The answer."""

    keys: list[dict[str, Any]]
    """The API keys that were in use then, without their secrets."""
    sees_personal: bool
    readable: dict[str, int]
    """Persons and records with data, by category; empty if the role sees none."""
    fields: dict[str, dict[str, tuple[str, ...]]]
    """The personal fields that could be read, by kind of record and category."""
    seen: list[Seen]
    """Of whom something was read, those with most reads first."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "keys": self.keys,
            "sees_personal": self.sees_personal,
            "readable": self.readable,
            "fields": self.fields,
            "read": [one.as_json() for one in self.seen],
        }


def scope(
    services: Services,
    since: datetime,
    until: datetime,
    actor: UUID | None = None,
    client: str | None = None,
) -> Scope:
    """Find it out; ``client`` is the id of an API key."""
    keys = [
        one
        for one in services.api_keys.every()
        if (actor is None or one["user_id"] == actor)
        and (client is None or one["key_id"] == client)
        and one["created_at"] <= until
        and (one["revoked_at"] is None or one["revoked_at"] >= since)
    ]
    seen: dict[str, Seen] = {}
    roles = {one["role"] for one in keys}
    for read_at, body in _reads(services, Asked(actor=actor, since=since, until=until)):
        if client is not None and body["client"] != client:
            continue
        roles.add(body["role"])
        for subject in subjects_of(body):
            _add(seen.setdefault(subject, Seen(subject)), read_at, body)
    sees = bool(roles - MASKED_ROLES)
    return Scope(
        keys,
        sees,
        readable.counts(services.log, since, until) if sees else {},
        {one.aggregate: one.personal for one in activities(AGGREGATES)} if sees else {},
        sorted(seen.values(), key=lambda one: (-one.reads, one.subject)),
    )


def _reads(services: Services, asked: Asked) -> Iterator[tuple[datetime, dict[str, Any]]]:
    cursor: str | None = None
    while True:
        found, cursor = entries(services.log, asked, MAX_LIMIT, cursor)
        for one in found:
            yield from_microseconds(one.read_at), body_of(one)
        if cursor is None:
            return


def _add(seen: Seen, read_at: datetime, body: dict[str, Any]) -> None:
    seen.reads += 1
    seen.fields.update(body["fields"])
    seen.purposes.add(body["purpose"])
    seen.doors.add(body["door"])
    seen.first = min(read_at, seen.first or read_at)
    seen.last = max(read_at, seen.last or read_at)
