"""What if another SLA policy had been in force: every clock of every ticket, judged a second time.

The clocks begin and end where they did; what was promised about them is the proposed policy's. A
clock is judged as somebody finds it who looks at the end of the period: what is overdue then is
missed.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from domain.envelope import Recorded
from domain.service_clocks import Clocks, judged
from domain.service_levels import Clock, Measure, Outcome
from domain.sla_policies import SlaPolicy
from domain.tickets import Priority
from projections.what_if.kernel import MOST_SHOWN, Cell, Period, Rows, share

_HOUR_US: Final = 3_600_000_000
_MICROSECOND: Final = timedelta(microseconds=1)


class Clocked(NamedTuple):
    """One clock of a ticket under both policies."""

    measure: Measure
    priority: Priority
    before: Clock
    """By what was promised then."""
    after: Clock
    """By what is proposed."""


class Judged(NamedTuple):
    """One ticket."""

    id: UUID
    number: str | None
    clocks: Sequence[Clocked]


def fold(policy: SlaPolicy, period: Period, events: Sequence[Recorded]) -> Judged:
    """Every clock of one ticket, by what was promised then and by the policy that is proposed."""
    then, proposed = _Run(None), _Run(policy)
    for one in events:
        then.take(one)
        proposed.take(one)
    priority = then.clocks.priority
    pairs = zip(then.all(), proposed.all(), strict=True)
    looked = [
        Clocked(one.measure, priority, one.looked_at(period.until), other.looked_at(period.until))
        for one, other in pairs
    ]
    return Judged(events[0].stream, events[0].number, looked)


class _Run:
    """The clocks of one ticket on their way, with the next responses that others came after."""

    def __init__(self, policy: SlaPolicy | None) -> None:
        self._policy = policy
        self.clocks = Clocks()
        self._passed: list[Clock] = []

    def take(self, recorded: Recorded) -> None:
        before = self.clocks.next_response
        self.clocks = judged(self.clocks, recorded, self._policy)
        after = self.clocks.next_response
        if before is not None and after is not None and before.started_at != after.started_at:
            self._passed.append(before)

    def all(self) -> list[Clock]:
        return [*self._passed, *self.clocks.clocks]


class Sums:
    """Of a group of clocks, under one of the policies."""

    def __init__(self) -> None:
        self.outcomes: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.over_us = 0
        """Time of the calendar from when they were due to when they ended."""

    def count(self, clock: Clock, until: datetime) -> None:
        """One clock more."""
        if clock.outcome is None:
            return
        self.outcomes[clock.outcome] += 1
        if clock.was_missed and clock.due_at is not None:
            late = (clock.ended_at or until) - clock.due_at
            self.over_us += max(late // _MICROSECOND, 0)

    def add(self, other: "Sums") -> None:
        """Those of another group."""
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] += count
        self.over_us += other.over_us

    def cells(self) -> tuple[Cell, ...]:
        """As they are told: promised, by outcome, missed in percent, hours over."""
        counts = [self.outcomes[one] for one in _TOLD]
        missed, judged_ = self.outcomes[Outcome.MISSED], sum(self.outcomes[one] for one in _ENDED)
        over = share(self.over_us, _HOUR_US, 1)
        return (sum(counts), *counts, share(missed, judged_), over)


_TOLD: Final = (Outcome.MET, Outcome.MISSED, Outcome.PAUSED, Outcome.DUE)
_ENDED: Final = (Outcome.MET, Outcome.MISSED)


class Group:
    """A group of clocks under both policies."""

    def __init__(self) -> None:
        self.clocks = self.newly_missed = self.newly_met = 0
        self.before, self.after = Sums(), Sums()

    def count(self, one: Clocked, until: datetime) -> None:
        """One clock more."""
        self.clocks += 1
        self.before.count(one.before, until)
        self.after.count(one.after, until)
        self.newly_missed += one.after.was_missed and not one.before.was_missed
        self.newly_met += one.before.was_missed and not one.after.was_missed

    def add(self, other: "Group") -> None:
        """The clocks of another group."""
        self.clocks += other.clocks
        self.newly_missed += other.newly_missed
        self.newly_met += other.newly_met
        self.before.add(other.before)
        self.after.add(other.after)

    def cells(self) -> tuple[Cell, ...]:
        """As it is told, after what it is a group of."""
        sides = (*self.before.cells(), *self.after.cells())
        return (self.clocks, *sides, self.newly_missed, self.newly_met)


Key = tuple[str, Measure, Priority]
"""Month in which the clock began, target, priority."""


class SlaTally:
    """The clocks of all tickets, by month, target and priority; and which of them change."""

    def __init__(self, _: SlaPolicy, period: Period) -> None:
        self._period = period
        self._groups: dict[Key, Group] = defaultdict(Group)
        self._changed: Rows = []

    def count(self, ticket: Judged) -> None:
        """One ticket more."""
        for one in ticket.clocks:
            month = self._period.month(one.before.started_at)
            self._groups[month, one.measure, one.priority].count(one, self._period.until)
            changes = one.before.was_missed != one.after.was_missed
            if changes and len(self._changed) < MOST_SHOWN:
                self._changed.append(_told(ticket, one))

    def add(self, other: "SlaTally") -> None:
        """Those that another process counted."""
        for key, group in other._groups.items():
            self._groups[key].add(group)
        self._changed += other._changed[: MOST_SHOWN - len(self._changed)]

    def rows(self) -> dict[str, Rows]:
        """The report."""
        return {
            "targets": self._by(lambda key: (key[1], key[2])),
            "months": self._by(lambda key: (key[0], key[1])),
            "changed": self._changed,
        }

    def _by(self, group_of: Callable[[Key], tuple[str, str]]) -> Rows:
        found: dict[tuple[str, str], Group] = defaultdict(Group)
        for key, group in self._groups.items():
            found[group_of(key)].add(group)
        return [(*map(str, key), *found[key].cells()) for key in sorted(found, key=_in_order)]


def _in_order(key: tuple[str, str]) -> list[tuple[int, str]]:
    """Targets and priorities as people list them, months by the calendar."""
    return [(_LISTED.index(one), "") if one in _LISTED else (0, one) for one in key]


def _told(ticket: Judged, one: Clocked) -> tuple[Cell, ...]:
    before, after = one.before, one.after
    return (
        ticket.id,
        ticket.number,
        one.measure.value,
        one.priority.value,
        before.started_at,
        before.ended_at,
        before.due_at,
        before.outcome and before.outcome.value,
        after.due_at,
        after.outcome and after.outcome.value,
    )


_LISTED: Final = (*Measure, *Priority)
