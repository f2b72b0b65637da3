"""Between the eventsourcing library's stored events and ours.

A stored event's state is the canonical body. What lies beside it (when it was recorded, the rows of
personal data, the keys that open them) travels on subclasses of the library's classes, because its
own ``Cipher`` knows one key for all, and an erasure needs one for each data subject and category.
"""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self, cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, Notification, StoredEvent

from domain.envelope import Envelope, Recorded
from store import codec
from store.codec import NewEvent, PersonalRow
from store.keys import DataKey, KeyStore

_set = object.__setattr__
Pair = tuple[UUID, str]
"""A data subject and a category, which have a key of their own."""


@dataclass(frozen=True)
class LogEntry(Notification):
    """An event as it was read: the body, and what lies beside it. ``id`` is its position."""

    recorded_us: int
    personal: Sequence[PersonalRow]
    keys: Map[str, DataKey]

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """From all of its fields: a frozen dataclass would set each of them the slow way."""
        made = object.__new__(cls)
        _set(made, "__dict__", values)
        return made


@dataclass(frozen=True)
class SealedEvent(StoredEvent):
    """An event that is ready to be appended: the body, and the rows and keys that go with it."""

    command: UUID
    personal: Sequence[Map[str, Any]]
    keys: Map[Pair, DataKey]


@dataclass(frozen=True, slots=True)
class DecidedEvent:
    """What the library calls a domain event, on its way in: a fact, its address, its envelope."""

    new: NewEvent
    envelope: Envelope
    made: dict[Pair, DataKey] = field(default_factory=dict)
    """Keys made for events that are saved together: those about one subject share them."""

    @property
    def originator_id(self) -> UUID:
        return self.new.stream

    @property
    def originator_version(self) -> int:
        return self.new.version


def decided(envelope: Envelope, *events: NewEvent) -> list[DecidedEvent]:
    """The events of one command, to be saved together."""
    made: dict[Pair, DataKey] = {}
    return [DecidedEvent(new, envelope, made) for new in events]


class LogMapper(Mapper[UUID]):
    """Seals decided events, and opens those of the log."""

    def __init__(self, keys: KeyStore) -> None:
        self.keys = keys

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> SealedEvent:
        """The canonical body; personal fields encrypted beside it.

        Raises:
            SubjectErased: nothing more may be written about this data subject.
        """
        event = cast("DecidedEvent", domain_event)
        parts = codec.take_apart(event.new, event.envelope)
        pairs = codec.subjects([parts])
        keys = {pair: key for pair in pairs if (key := event.made.get(pair))}
        keys |= self.keys.of([pair for pair in pairs if pair not in keys])
        for pair in pairs - keys.keys():
            keys[pair] = event.made[pair] = self.keys.make(*pair)
        row, personal = codec.seal(parts, codec.header(event.envelope), keys, n=1)
        return SealedEvent(
            originator_id=event.originator_id,
            originator_version=event.originator_version,
            topic=row["type"],
            state=row["body"].encode(),
            command=event.envelope.command_id,
            personal=personal,
            keys=keys,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The event with its envelope (:class:`domain.envelope.Recorded`)."""
        entry = cast("LogEntry", stored_event)
        recorded: Recorded = codec.unseal(
            entry.id, entry.recorded_us, entry.state, entry.personal, entry.keys
        )
        return recorded
