"""The envelope: who, when, why and from where. It is around an event, never in it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from domain.fields import Personal, Public
from domain.ids import uuid_of
from domain.kernel import Event, Value, event_type, well_known

SYSTEM = well_known("users/system")
"""The actor of what Kept does by itself, such as setting up a tenant."""

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly (a float would lose the last ones)."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The UTC moment of so many microseconds since 1970-01-01."""
    return _EPOCH + timedelta(microseconds=microseconds)


def moment_text(microseconds: int) -> str:
    """The same moment in ISO 8601, quicker than through a datetime."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{_second_text(seconds)}.{rest:06d}+00:00"


@lru_cache(1_024)
def _second_text(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


class Source(Value):
    """Through which door a change came: an API client, a file and row, a rule."""

    kind: Public[Literal["api", "import", "command_line", "rule", "system"], "vocabulary"]
    client: Public[str | None, "vocabulary"] = None
    """The API key's id, or the name of the import or rule."""
    row: Public[int | None, "figure"] = None
    file: Personal[str | None, "trace"] = None
    address: Personal[str | None, "trace"] = None
    """Network address of the client."""


class Envelope(Value):
    """Given by the door for one command; every event of the command carries it."""

    actor: Public[UUID, "link"]
    occurred_at: Public[datetime, "moment"]
    """When it was so: the ``now`` of the decision, with the tenant's zone. Never in the future."""
    source: Source
    command_id: Public[UUID, "link"]
    on_behalf_of: Public[UUID | None, "link"] = None
    correlation_id: Public[UUID | None, "link"] = None
    causation_id: Public[UUID | None, "link"] = None
    reason: Personal[str | None, "trace"] = Field(default=None, max_length=2_000)


def kind_of(body: Mapping[str, Any]) -> str:
    """The kind of record that an event's body is about: ``customers``."""
    return event_type(body["type"]).AGGREGATE.AGGREGATE or str(body["data"]["aggregate"])


class lazy(Generic[T]):
    """An attribute that is computed once; ``functools.cached_property`` takes a lock to do that."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute, self._name = compute, compute.__name__

    def __get__(self, holder: Any, kind: type | None = None) -> T:
        value: T = self._compute(holder)
        holder.__dict__[self._name] = value
        return value


class Recorded:
    """An event as the log holds it: the event, its address and its envelope, read from the body as
    needed.
    """

    def __init__(self, position: int, recorded_us: int, body: dict[str, Any], event: Event) -> None:
        self.position = position
        self.recorded_us = recorded_us
        self.body = body
        self.event = event
        self.trace: dict[str, Any] = {}
        """The envelope's own personal fields (``reason``, ``file``, ``address``), where they still
        exist.
        """
        self.subject_texts: tuple[str, ...] = ()
        """Whom its personal fields are about, as far as those still exist."""

    def __repr__(self) -> str:
        return f"<{self.position}: {self.type} {self.stream} v{self.version}>"

    @property
    def stream_text(self) -> str:
        return str(self.body["stream"])

    @property
    def type(self) -> str:
        return str(self.body["type"])

    @property
    def version(self) -> int:
        return int(self.body["version"])

    @lazy
    def stream(self) -> UUID:
        return uuid_of(self.body["stream"])

    @lazy
    def subjects(self) -> tuple[UUID, ...]:
        """The ids of those whom its personal fields are about, as far as those still exist."""
        return tuple(uuid_of(one) for one in self.subject_texts)

    @lazy
    def actor(self) -> UUID:
        return uuid_of(self.body["actor"])

    @lazy
    def occurred_at(self) -> datetime:
        return datetime.fromisoformat(self.body["occurred_at"])

    @lazy
    def recorded_at(self) -> datetime:
        return from_microseconds(self.recorded_us)

    @property
    def number(self) -> str | None:
        """The human number that the record was given with its first event."""
        return self.body.get("number")

    @property
    def personal_names(self) -> list[str]:
        """Names of the personal fields that the event was recorded with, erased since or not."""
        return list(self.body.get("personal", {}).get("fields", ()))
