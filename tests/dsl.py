"""The language of decision tests: ``given(events).when(command).then(events)``.

Nothing is patched and nothing is stored: events fold into a state, and the command decides on it.
Ids are needed only where records point at each other; ``id_of("alice")`` makes one to be read.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from commands.kernel import At, Command, Records, Rejected
from domain.envelope import SYSTEM
from domain.kernel import Aggregate, Event, fold, well_known
from domain.records import RecordDetails
from domain.values import Money

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Monday morning, at which every decision is taken that says nothing else."""
TODAY = NOW.date()


def id_of(name: str) -> UUID:
    """The id of somebody or something in a test."""
    return well_known(f"tests/{name}")


THIS = id_of("this")
"""The id of the record that the command is for."""


def new_id(number: int) -> UUID:
    """The id of the first, second, … record that a decision opens."""
    return id_of(f"opened {number}")


def state_of(*events: Event) -> Aggregate:
    """What these events fold into."""
    state: Aggregate = fold(events[0].AGGREGATE(), events)
    return state


def given(*events: Event) -> "Given":
    """The record's history; none for one that is about to be opened."""
    return Given(events)


Other = Aggregate | Event | Iterable[Event]


class Given:
    """What is known before a decision."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = tuple(events)
        self._others: dict[UUID, Aggregate] = {}
        self._id = THIS

    def at(self, stream: UUID) -> Self:
        """The id of the record itself, where the decision depends on it."""
        self._id = stream
        return self

    def among(self, others: Mapping[UUID, Other]) -> Self:
        """The other records, each as a state, an event or a list of events."""
        for stream, other in others.items():
            if isinstance(other, Aggregate):
                self._others[stream] = other
            else:
                self._others[stream] = state_of(*([other] if isinstance(other, Event) else other))
        return self

    def when(self, command: Command, *, now: datetime = NOW, by: UUID = SYSTEM) -> "Outcome":
        """Let the command decide."""
        wanted, kinds = type(command).TO, {event.AGGREGATE for event in self._events}
        if not all(issubclass(wanted, kind) for kind in kinds):
            raise AssertionError(
                f"{type(command).__name__} is for a {wanted.__name__}, not {kinds}"
            )
        if type(command).OPENS is True and self._events:
            raise AssertionError(f"{type(command).__name__} opens a record; give no events.")
        if type(command).OPENS is False and not self._events:
            raise AssertionError(f"{type(command).__name__} needs a record; give its events.")
        states = {**self._others, self._id: fold(wanted(), self._events)}
        numbers = count(1)
        records = Records(
            lambda kind, stream: states.get(stream),
            lambda: new_id(next(numbers)),
            self._id,
            actor=by,
        )
        arguments = (records,) if type(command).READS else ()
        try:
            decided = list(command.decide(states[self._id], now, *arguments))
        except Rejected as rejection:
            return Outcome(rejection)
        for one in decided:
            stream, event = one if isinstance(one, At) else (self._id, one)
            states[stream] = event.evolve(states.get(stream) or event.AGGREGATE())
        return Outcome(decided)


class Outcome:
    """What a decision came to: events, or a rejection."""

    def __init__(self, outcome: "Rejected | list[Event | At]") -> None:
        self._outcome = outcome

    def then(self, *expected: Event | At) -> None:
        """Exactly these events follow, in this order; ``At(id, event)`` is for another record."""
        if isinstance(self._outcome, Rejected):
            raise AssertionError(f"rejected: {self._outcome.sentence}") from self._outcome
        if [*map(_shape, self._outcome)] != [*map(_shape, expected)]:
            raise AssertionError(f"expected {_lines(expected)}\nbut got  {_lines(self._outcome)}")

    def nothing(self) -> None:
        """All is already as the command wants it."""
        self.then()

    def rejected(self, part: str, *, type: str | None = None) -> None:
        """The command is refused, with a sentence that contains this."""
        if not isinstance(self._outcome, Rejected):
            raise AssertionError(f"not rejected, but got {_lines(self._outcome)}")
        sentence = self._outcome.sentence
        if part not in sentence:
            raise AssertionError(f"rejected otherwise: {sentence}") from self._outcome
        if not sentence.endswith(".") or "None" in sentence:
            raise AssertionError(f"no sentence for people: {sentence}")
        if type is not None and self._outcome.type != type:
            raise AssertionError(f"rejected as {self._outcome.type}, not {type}")


def _shape(one: Event | At) -> object:
    """What has to be equal: of a change also which fields it touches, for null clears a field."""
    if isinstance(one, At):
        return one.stream, _shape(one.event)
    return one, one.given() if issubclass(type(one), RecordDetails) else None


def _lines(events: Iterable[Event | At]) -> str:
    return "".join(f"\n    {one!r}" for one in events) or "nothing"


def cny(amount: int | str) -> Money:
    return Money.model_validate({"amount": amount, "currency": "CNY"})


def eur(amount: int | str) -> Money:
    return Money.model_validate({"amount": amount, "currency": "EUR"})
