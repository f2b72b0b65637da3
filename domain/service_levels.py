"""Service levels 服务级别: what is promised about a ticket, and what one clock of it shows.

Terms are what a policy promises from some moment on. A :class:`Clock` runs for one target of one
ticket: it is due, paused, met or missed; ``domain.service_clocks`` says what starts and ends it.
Times are UTC, durations microseconds.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field

from domain.business_hours import BusinessHours, after_business_time, business_time
from domain.kernel import Value, replace
from domain.ticket_history import WaitingFor

MOST_MINUTES: Final = 366 * 24 * 60
"""Of a target: a year."""
_MICROSECOND: Final = timedelta(microseconds=1)
_CALENDAR: Final = BusinessHours()


class Measure(StrEnum):
    """What a target is about."""

    FIRST_RESPONSE = "first_response"
    """首次响应: from the opening to the first answer of a person."""
    NEXT_RESPONSE = "next_response"
    """后续响应: from the first message that is not answered yet to the next answer of a person."""
    RESOLUTION = "resolution"
    """解决: from the opening to the end."""


class CountedIn(StrEnum):
    """Which time counts."""

    CALENDAR = "calendar"
    BUSINESS = "business"


class Target(Value):
    """Within how much time something is promised."""

    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)]
    counted_in: CountedIn = CountedIn.CALENDAR


class Promise(Value):
    """The targets of one priority; what has none is not promised."""

    first_response: Target | None = None
    next_response: Target | None = None
    resolution: Target | None = None


class Targets(Value):
    """The targets by priority."""

    urgent: Promise = Promise()
    high: Promise = Promise()
    medium: Promise = Promise()
    low: Promise = Promise()


def promised(response: int, resolution: int) -> Promise:
    """Every answer within so many minutes of the calendar, and the end within so many."""
    answer = Target(minutes=response, counted_in=CountedIn.CALENDAR)
    end = Target(minutes=resolution, counted_in=CountedIn.CALENDAR)
    return Promise(first_response=answer, next_response=answer, resolution=end)


DEFAULT_TARGETS: Final = Targets(
    urgent=promised(30, 2 * 60),
    high=promised(60, 4 * 60),
    medium=promised(8 * 60, 24 * 60),
    low=promised(24 * 60, 72 * 60),
)


class Terms(Value):
    """All that a policy promises, and how time is counted."""

    targets: Targets = Targets()
    hours: BusinessHours = BusinessHours()
    pauses: tuple[WaitingFor, ...] = ()
    """A ticket on hold for one of these pauses its clocks."""

    def target(self, measure: Measure, priority: str) -> Target | None:
        """What is promised for a priority, if anything is."""
        promise: Promise = getattr(self.targets, priority)
        found: Target | None = getattr(promise, measure)
        return found


class Outcome(StrEnum):
    """Of a clock. One that is still due when its time is over has been missed; whoever reads it
    says so by the time that they ask for."""

    DUE = "due"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"


class Clock(Value):
    """One target of a ticket on its way."""

    measure: Measure
    terms: Terms | None = None
    """Those that were in force when it began; none where nothing was promised."""
    target: Target | None = None
    """What it is judged by, as the priority has it."""
    outcome: Outcome | None = None
    """None where no target applies: then only time is taken."""
    started_at: datetime
    running_since: datetime | None = None
    """None while it is paused, and after its end."""
    due_at: datetime | None = None
    ended_at: datetime | None = None
    calendar_us: int = 0
    """Time of the calendar up to when it last stopped, without pauses."""
    business_us: int = 0
    """Of that, business time."""

    @classmethod
    def begun(cls, measure: Measure, terms: Terms | None, at: datetime) -> Self:
        """One that runs from now on; :meth:`timed` says until when."""
        return cls.of({"measure": measure, "terms": terms, "started_at": at, "running_since": at})

    @property
    def is_running(self) -> bool:
        return self.running_since is not None

    @property
    def was_missed(self) -> bool:
        return self.outcome is Outcome.MISSED

    @property
    def is_decided(self) -> bool:
        """Whether it is over, or known to be missed."""
        return self.ended_at is not None or self.was_missed

    @property
    def over_us(self) -> int | None:
        """By how much it went beyond its target, in the time that the target counts; None while it
        runs, and where nothing was promised.
        """
        if self.target is None or self.is_running:
            return None
        in_business = self.target.counted_in is CountedIn.BUSINESS
        used = self.business_us if in_business else self.calendar_us
        return max(used - timedelta(minutes=self.target.minutes) // _MICROSECOND, 0)

    def is_overdue(self, at: datetime) -> bool:
        """Whether it was to have ended by then, and has not."""
        return self.ended_at is None and self.due_at is not None and self.due_at < at

    def looked_at(self, at: datetime) -> Self:
        """As somebody who looks at it then finds it: what was not met in time is missed for good,
        whatever comes later.
        """
        late = self.outcome is Outcome.DUE and self.is_overdue(at)
        return replace(self, outcome=Outcome.MISSED) if late else self

    def timed(self, priority: str) -> Self:
        """With the time by which it is due. The time that it has run counts, whatever the priority
        was meanwhile.
        """
        if self.ended_at is not None or self.outcome is Outcome.MISSED:
            return self
        target = None if self.terms is None else self.terms.target(self.measure, priority)
        if self.terms is None or target is None:
            return replace(self, target=None, outcome=None, due_at=None)
        if self.running_since is None:
            return replace(self, target=target, outcome=Outcome.PAUSED, due_at=None)
        in_business = target.counted_in is CountedIn.BUSINESS
        hours = self.terms.hours if in_business else _CALENDAR
        used = (self.business_us if in_business else self.calendar_us) * _MICROSECOND
        left = timedelta(minutes=target.minutes) - used
        due_at = after_business_time(hours, self.running_since, left)
        return replace(self, target=target, outcome=Outcome.DUE, due_at=due_at)

    def stopped(self, at: datetime) -> Self:
        """Not running any more; the time since is added up."""
        since = self.running_since
        if since is None:
            return self
        hours = _CALENDAR if self.terms is None else self.terms.hours
        lasted = max(at - since, timedelta(0))
        return replace(
            self,
            running_since=None,
            calendar_us=self.calendar_us + lasted // _MICROSECOND,
            business_us=self.business_us + business_time(hours, since, at) // _MICROSECOND,
        )

    def going_on(self, at: datetime) -> Self:
        """Running again after a pause or an end. What was missed stays missed."""
        return replace(self, running_since=at, ended_at=None)

    def ended(self, at: datetime) -> Self:
        """Over, in time unless it had been missed. Once over, it stays as it ended."""
        if self.ended_at is not None:
            return self
        promised = self.outcome in (Outcome.DUE, Outcome.PAUSED)
        outcome = Outcome.MET if promised else self.outcome
        # Only a resolution can go on, so only it needs to know by what it is judged.
        terms = self.terms if self.measure is Measure.RESOLUTION else None
        return replace(self.stopped(at), ended_at=at, outcome=outcome, terms=terms)

    def under(self, terms: Terms | None) -> Self:
        """Judged by other terms, if it is not over."""
        return self if self.ended_at is not None else replace(self, terms=terms)
