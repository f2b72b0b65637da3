"""The kernel of the commands: a command decides, purely, on the events to record, or is rejected.

A command is its own HTTP body: it carries no id of its stream, no actor and no clock. Those come
from the door through the dispatcher.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from commands.forms import checked_forms
from domain.envelope import SYSTEM
from domain.kernel import Aggregate, Event
from domain.records import Record
from domain.suppressions import Suppression, Trace

A = TypeVar("A", bound=Aggregate)


class Rejected(Exception):
    """A refusal by the business rules: a sentence for whoever asked, and the field it is about."""

    def __init__(self, sentence: str, *, field: str | None = None, type: str = "rejected") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.type = type
        """Stable, machine-readable; the last part of the problem's URI."""


class NotFound(Rejected):
    """The addressed record does not exist."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence, field=field, type="not-found")


class At(NamedTuple):
    """An event for another stream than the command's own."""

    stream: UUID
    event: Event


class Records:
    """The other records that a decision reads. What it reads is locked: if one changed meanwhile,
    it is decided again."""

    def __init__(
        self,
        load: Callable[[type[Aggregate], UUID], Aggregate | None],
        new_id: Callable[[], UUID],
        stream: UUID,
        remembered: Callable[[Sequence[Trace]], Sequence[Suppression]] = lambda traces: (),
        actor: UUID = SYSTEM,
    ) -> None:
        self._load = load
        self.new_id = new_id
        """An id for a record that this decision opens."""
        self.own_id = stream
        """The id of the record that the command is for."""
        self.actor = actor
        """Who issues the command, for rules that want two people."""
        self.remembered = remembered
        """What addresses remember of refusals. Not locked: who asks before sending asks again."""

    def get(self, aggregate: type[A], stream: UUID) -> A | None:
        """A record as it stands now, or None where none has that id."""
        found = self._load(aggregate, stream)
        return found if isinstance(found, aggregate) else None

    def need(self, aggregate: type[A], stream: UUID, field: str) -> A:
        """A record that has to exist and be open to links; ``field`` is what the sentence names.

        Raises:
            Rejected: it does not exist, or is archived, merged into another or restricted.
        """
        found = self.get(aggregate, stream)
        noun = aggregate.NOUN
        if found is None:
            raise Rejected(
                f"{field}: there is no {noun} {stream}. Give the id of an existing {noun}.",
                field=field,
                type="unknown-reference",
            )
        barred = found.barred() if isinstance(found, Record) else None
        if barred:
            raise Rejected(
                f"{field}: {noun} {stream} {barred}", field=field, type="barred-reference"
            )
        return found


class Command(BaseModel):
    """Imperative, frozen. ``to`` is the aggregate it is for; ``opens`` says that it begins a new
    stream, or with ``"either"`` that it may. An ``internal`` one is issued by Kept alone, once it
    has done what the events say, and no door leads to it.

    ``decide(self, state, now)`` or ``decide(self, state, now, records)`` yields events, or raises
    :class:`Rejected`. ``now`` is in the tenant's zone; it may lie in the past for who may backdate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", revalidate_instances="never")

    TO: ClassVar[type[Aggregate]] = Aggregate
    OPENS: ClassVar[bool | None] = False
    """Whether it begins a new stream; None if the stream may exist or not."""
    READS: ClassVar[bool] = False
    ADMIN: ClassVar[bool] = False
    """Only an administrator may issue it."""

    def __init_subclass__(
        cls,
        to: type[Aggregate] | None = None,
        opens: bool | Literal["either"] = False,
        admin: bool | None = None,
        internal: bool = False,
        **kwargs: Any,
    ) -> None:
        """Takes the keywords; pydantic hands them to the method below once the fields are known."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        to: type[Aggregate] | None = None,
        opens: bool | Literal["either"] = False,
        admin: bool | None = None,
        internal: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if to is None:
            return
        cls.TO, cls.OPENS = to, (None if opens == "either" else opens)
        cls.ADMIN = cls.ADMIN if admin is None else admin
        cls.READS = "records" in inspect.signature(cls.decide).parameters
        if not internal:
            COMMANDS[cls.__name__] = cls

    @field_validator("*")
    @classmethod
    def _has_its_form(cls, value: Any, info: ValidationInfo) -> Any:
        return checked_forms(cls, info.field_name or "", value)

    def decide(self, *_: Any) -> Iterable[Event | At]:
        """The events that follow from this command in this state; none if nothing would change."""
        raise TypeError(f"{type(self).__name__} does not decide anything")

    def given(self) -> dict[str, Any]:
        """The fields that the caller gave."""
        return {name: getattr(self, name) for name in self.__pydantic_fields_set__}

    @classmethod
    def sentence(cls) -> str:
        """The first line of the docstring: what the command does, for people."""
        return (inspect.getdoc(cls) or cls.__name__).splitlines()[0]


COMMANDS: dict[str, type[Command]] = {}
"""Every command that may be asked for, by name; filled as those of :data:`commands.MODULES` are
imported.
"""

E = TypeVar("E", bound=Event)


def changes(command: Command, state: Aggregate, event: type[E]) -> Iterator[E]:
    """The event that holds those given fields that differ from the state; none if none does."""
    changed: dict[str, Any] = {}
    fields = _names(event)
    for name, value in command.given().items():
        if name not in fields:
            continue
        held = getattr(state, name)
        if isinstance(value, dict) and isinstance(held, dict):
            value = {key: item for key, item in value.items() if held.get(key) != item}  # noqa: PLW2901
            if value:
                changed[name] = value
        elif held != value:
            changed[name] = value
    if changed:
        yield event.of(changed)


@cache
def _names(event: type[Event]) -> frozenset[str]:
    """Of its fields; pydantic's own property looks them up anew."""
    return frozenset(event.model_fields)


def opened(command: Command, event: type[E]) -> E:
    """The opening event with the fields that the command gave, or that the event cannot miss."""
    required, shared = _shared_fields(type(command), event)
    return event.of(
        {name: getattr(command, name) for name in required | (shared & command.model_fields_set)}
    )


@cache
def _shared_fields(command: type[Command], event: type[Event]) -> tuple[set[str], set[str]]:
    """Of the fields that both have: those that the event cannot miss, and all."""
    shared = command.model_fields.keys() & event.model_fields.keys()
    return {name for name in shared if event.model_fields[name].is_required()}, shared
