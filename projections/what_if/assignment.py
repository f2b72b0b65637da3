"""What if tickets had been assigned by a rule: who would have got which, and how much at a time.

Tickets come in the order in which they were opened, and each takes as long as it did. The desk is
empty at the beginning: what was open before the period is not given out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from domain.envelope import Recorded
from domain.kernel import Value
from domain.ticket_history import IN_WORK
from domain.tickets import Ticket
from domain.values import Line
from projections.what_if.conditions import MOST_CONDITIONS, Facts, all_hold
from projections.what_if.kernel import Period, refused
from projections.what_if.loads import OpenTickets, Span
from projections.what_if.ticket_facts import TicketCondition, facts_of

MOST_ROUTES: Final = 100
MOST_HOLDERS: Final = 100
KINDS: Final = ("user_id", "team_id", "queue")
"""Of holders, by the field that names one."""


class Who(NamedTuple):
    """A holder of tickets."""

    kind: str
    """One of :data:`KINDS`."""
    key: str


class Sharing(StrEnum):
    """How several share what a route gives them."""

    ROUND_ROBIN = "round_robin"
    """In turn."""
    LEAST_OPEN = "least_open"
    """Whoever has the fewest open ones by this rule; of several the first in the list."""


class Holder(Value):
    """Who gets tickets: a user, a team or a queue."""

    user_id: UUID | None = None
    team_id: UUID | None = None
    queue: Line | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in KINDS) != 1:
            raise refused("has to be one holder. Give one of: user_id, team_id, queue.")
        return self

    @property
    def who(self) -> Who:
        """Whom it names."""
        kind = next(name for name in KINDS if getattr(self, name) is not None)
        return Who(kind, str(getattr(self, kind)))


class Route(Value):
    """Where the tickets go that meet all conditions, if no earlier route took them."""

    when: Annotated[tuple[TicketCondition, ...], Field(max_length=MOST_CONDITIONS)] = ()
    """None: every ticket."""
    to: Annotated[tuple[Holder, ...], Field(min_length=1, max_length=MOST_HOLDERS)]
    by: Sharing = Sharing.ROUND_ROBIN

    @field_validator("to")
    @classmethod
    def _are_of_a_kind(cls, to: tuple[Holder, ...]) -> tuple[Holder, ...]:
        if len({one.who.kind for one in to}) > 1:
            raise refused("mixes users, teams and queues. Give holders of one kind.")
        if len({one.who for one in to}) < len(to):
            raise refused("names somebody twice. Give each once.")
        return to

    @property
    def kind(self) -> str:
        """Of its holders."""
        return self.to[0].who.kind


class Assignment(Value):
    """An assignment rule: routes in order, of which the first that fits takes a ticket."""

    routes: Annotated[tuple[Route, ...], Field(min_length=1, max_length=MOST_ROUTES)]

    def route(self, facts: Facts) -> int | None:
        """Which route takes a ticket; None if none does."""
        found = (n for n, one in enumerate(self.routes) if all_hold(one.when, facts))
        return next(found, None)


class Passage(NamedTuple):
    """One ticket: when it came, where the rule sends it, and what became of it."""

    opened_at: datetime
    position: int
    """Of its first event, which orders what came at the same moment."""
    id: UUID
    number: str | None
    route: int | None
    in_work: tuple[Span, ...]
    held: tuple[tuple[Who, Span], ...]
    """Who really had it when, of the kind of holder that its route names."""


def fold(rule: Assignment, period: Period, events: Sequence[Recorded]) -> Passage:
    """One ticket, from its opening to the end of the period."""
    first, states = events[0], [*_states(events)]
    opened_at = first.occurred_at
    route = rule.route(facts_of([*_states(_at(events, opened_at))][-1]))
    kind = None if route is None else rule.routes[route].kind
    in_work: list[tuple[Who, Span]] = []
    held: list[tuple[Who, Span]] = []
    last, ends = opened_at, [*(one.occurred_at for one in events[1:]), period.until]
    for state, end in zip(states, ends, strict=True):
        if end > last and is_in_work(state):
            span = Span(last, end)
            in_work.append((Who("", ""), span))
            key = None if kind is None else getattr(state, _FIELDS[kind])
            if kind is not None and key is not None:
                held.append((Who(kind, str(key)), span))
        last = max(last, end)  # late entries tell of times that have passed
    worked = tuple(span for _, span in _joined(in_work))
    return Passage(
        opened_at, first.position, first.stream, first.number, route, worked, _joined(held)
    )


def is_in_work(ticket: Ticket) -> bool:
    """Whether somebody has to do something about it."""
    return ticket.status in IN_WORK and ticket.merged_into_id is None and not ticket.archived


def given_out(rule: Assignment, passages: Sequence[Passage]) -> list[Who | None]:
    """Who gets each ticket, which are in order of time; None where no route takes one."""
    desk: OpenTickets[Who] = OpenTickets()
    turns: Counter[int] = Counter()
    found: list[Who | None] = []
    for one in passages:
        if one.route is None:
            found.append(None)
            continue
        route = rule.routes[one.route]
        desk.at(one.opened_at)
        if route.by is Sharing.LEAST_OPEN:
            who = min((holder.who for holder in route.to), key=lambda who: desk.now[who])
        else:
            who = route.to[turns[one.route] % len(route.to)].who
            turns[one.route] += 1
        desk.give(who, one.in_work)
        found.append(who)
    return found


_FIELDS: Final = {"user_id": "assignee_id", "team_id": "team_id", "queue": "queue"}
"""Of a ticket, by the field of a holder."""


def _at(events: Sequence[Recorded], moment: datetime) -> list[Recorded]:
    return [one for one in events if one.occurred_at <= moment]


def _states(events: Sequence[Recorded]) -> Iterator[Ticket]:
    """The ticket after each event."""
    ticket = Ticket()
    for one in events:
        ticket = one.event.evolve(ticket)
        yield ticket


def _joined(spans: Sequence[tuple[Who, Span]]) -> tuple[tuple[Who, Span], ...]:
    """Those that follow upon each other with the same holder as one."""
    found: list[tuple[Who, Span]] = []
    for who, span in spans:
        if found and found[-1][0] == who and found[-1][1].end == span.start:
            found[-1] = (who, Span(found[-1][1].start, span.end))
        else:
            found.append((who, span))
    return tuple(found)
