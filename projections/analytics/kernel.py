"""The kernel of the figures: what a definition is, and how measures come out of counts and sums.

A definition says, once and in Ibis, which facts it is about: one row a deal, a ticket or a change
of one, by the public read models. All else is declared: what the facts may be grouped and filtered
by, and what is measured of them. An engine only counts, adds up and ranks, which every engine does
alike to the last digit; what has to be divided is divided here, in decimals.

Days are days of the tenant's zone: whoever runs a definition sets the session's zone to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, Literal

from projections.words.kernel import Both

Table = Any
"""An Ibis table expression. Ibis is imported where figures are asked for, and nowhere else."""
Views = Mapping[str, Table]
"""The public read models by name."""
Unit = Literal[
    "deals", "tickets", "customers", "orders", "money", "percent", "days", "hours", "times"
]
Chart = Literal["bar", "line", "funnel", "waterfall", "heatmap"]
Kind = Literal["count", "distinct", "sum", "share", "mean", "median", "percentile", "most"]

PERIODS: Final = ("day", "week", "month", "quarter", "year")
"""What time is grouped by."""
CURRENCY: Final = "currency"
"""Amounts of two currencies are never added up: whatever holds money is grouped by this too."""
ROUNDED_TO: Final = Decimal("0.01")
"""To which a quotient is rounded, half to even."""
HOUR: Final = 3_600
DAY: Final = 86_400


class UnknownFigure(Exception):
    """There is no such definition, or it cannot be asked this way; the text says what there is."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field, self.sentence = field, sentence


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a definition."""

    today: date
    """In the tenant's zone; what is open has the age that it has today."""
    since: date | None = None
    """The first day of the period."""
    until: date | None = None
    """Its last day."""
    by: tuple[str, ...] = ()
    """Dimensions and at most one of :data:`PERIODS`."""
    filters: Mapping[str, str | None] = field(default_factory=dict)
    """Equality by dimension; None finds what is empty."""
    settings: Mapping[str, int] = field(default_factory=dict)
    """What its settings are set to; the others are at their defaults."""

    made_on: date | None = None
    """The day on whose evening a forecast is looked back at, if the figure is about one."""

    @property
    def last_day(self) -> date:
        """The day on whose evening what stands is counted."""
        return self.until or self.today


@dataclass(frozen=True, slots=True)
class Dimension:
    """What facts are grouped and filtered by: a column of theirs."""

    name: str
    label: Both
    values: Mapping[str, Both] = field(default_factory=dict)
    """What its values are called, where they are words of ours."""
    links: str | None = None
    """The read model whose records it points at."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A whole number that a definition leaves open, such as after how many days one has churned."""

    name: str
    label: Both
    default: int
    least: int
    most: int

    def of(self, asked: Asked) -> int:
        """What it is set to."""
        return asked.settings.get(self.name, self.default)

    def read(self, text: str) -> int:
        """What somebody wrote for it.

        Raises:
            UnknownFigure: it is no whole number, or out of bounds.
        """
        if text.isascii() and text.isdecimal() and len(text) <= len(str(self.most)):
            number = int(text)
            if self.least <= number <= self.most:
                return number
        raise UnknownFigure(
            self.name,
            f"is no whole number in range. Give one from {self.least} to {self.most}.",
        )


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a group of facts."""

    name: str
    label: Both
    unit: Unit
    kind: Kind = "count"
    column: str = ""
    """What is added up, ranked or told apart; of a share, the part."""
    whole: str = ""
    """Of a share, by what is divided: a column, or else the number of facts."""
    percent: int = 90
    """Of a percentile, by nearest rank: the least value that so many of a hundred do not exceed."""
    divisor: int = 1
    """Such as the seconds of an hour."""

    @property
    def is_money(self) -> bool:
        return self.unit == "money"

    def figure(self, row: Mapping[str, Any]) -> Decimal | int | None:
        """The figure, out of what the engine gave; None where there is nothing to measure."""
        if self.kind == "share":
            return quotient(row[f"{self.name}_part"], row[f"{self.name}_whole"], 100)
        if self.kind == "mean":
            return quotient(row[f"{self.name}_part"], row[f"{self.name}_whole"], 1, self.divisor)
        if self.kind == "median":
            low, high = row[f"{self.name}_low"], row[f"{self.name}_high"]
            return None if low is None else quotient(low + high, 2, 1, self.divisor)
        found = row[self.name]
        if self.divisor != 1:
            return quotient(found, 1, 1, self.divisor)
        return _exact(found)


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure that is defined once, for every engine."""

    name: str
    version: int
    """Goes up when the same records would give other figures."""
    area: Literal["sales", "service", "customers"]
    title: Both
    description: Both
    facts: Callable[[Views, Asked], Table]
    """One row a fact: ``id`` of its record, ``position`` of an event, ``on`` (the day that the
    period is about), a column for each dimension, and what the measures name.
    """
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    by: tuple[str, ...]
    """What it is grouped by unless something else is asked for."""
    chart: Chart = "bar"
    behind: tuple[str, ...] = ()
    """The fields of a record whose changes made the figure; empty where a fact is an event."""
    standing: bool = False
    """Whether it tells what stands on the last day of the period, instead of what fell into it."""
    settings: tuple[Setting, ...] = ()
    traced: Callable[[Views, Asked], Table] | None = None
    """The events behind the facts, by ``id`` of the fact's record and ``position``, where they are
    those of other records.
    """

    looks_back: bool = False
    """Whether it is about what was forecast on some evening: see :attr:`Asked.made_on`."""

    @property
    def has_money(self) -> bool:
        return any(one.is_money for one in self.measures)

    def dimension(self, name: str) -> Dimension | None:
        """The dimension of that name."""
        return next((one for one in self.dimensions if one.name == name), None)

    def checked(self, asked: Asked) -> Asked:
        """What is asked, with what goes without saying.

        Raises:
            UnknownFigure: it knows no such dimension, or the period ends before it begins.
        """
        known = [one.name for one in self.dimensions]
        periods = () if self.standing else PERIODS
        for name in asked.by:
            if name not in (*known, *periods):
                choices = ", ".join((*known, *periods))
                raise UnknownFigure("by", f"is none of its dimensions. Give some of: {choices}.")
        if len({*asked.by}) < len(asked.by) or sum(one in PERIODS for one in asked.by) > 1:
            raise UnknownFigure("by", "names something twice. Give each once, and one period.")
        for name in asked.filters:
            if name not in (*known, CURRENCY) or (name == CURRENCY and not self.has_money):
                raise UnknownFigure(name, f"is no dimension. Filter by: {', '.join(known)}.")
        if asked.since and asked.until and asked.until < asked.since:
            raise UnknownFigure("to", "lies before from. Give a later day, or leave one out.")
        return self._looking_back(asked)

    def _looking_back(self, asked: Asked) -> Asked:
        """With the evening that it looks back at: unless given, the one before the period."""
        if not self.looks_back:
            if asked.made_on is not None:
                raise UnknownFigure("made_on", "is only for figures of forecasts. Leave it out.")
            return asked
        begins, day = asked.since, timedelta(days=1)
        before = None if begins is None else max(begins, date.min + day) - day
        made_on = asked.made_on or before or asked.last_day
        if made_on > asked.last_day:
            raise UnknownFigure("made_on", "lies after the period. Give an earlier day.")
        return replace(asked, made_on=made_on)


def one_if(condition: Any) -> Any:
    """1 where it holds, else 0, so that it can be added up; not every engine casts to a number."""
    return condition.ifelse(1, 0)


def latest(changes: Table, *conditions: Any) -> Table:
    """Of each record, the latest of the changes that fit."""
    fitting = changes.filter(*conditions) if conditions else changes
    fitting = fitting.group_by("id").aggregate(last=changes.position.max())
    fitting = fitting.select("last", of=fitting.id)
    # Joined by the record, of which PostgreSQL knows how many there are: of the greatest positions
    # it knows nothing, and would sort all changes into buckets instead of these few.
    is_last = changes.position - fitting["last"] == 0
    return changes.inner_join(fitting, [changes.id == fitting.of, is_last])


def by_evening(changes: Table, day: date, asked: Asked) -> tuple[Any, ...]:
    """The condition that a change was made by the evening of a day; none for today, since nothing
    lies in the future.
    """
    return () if day >= asked.today else (changes.occurred_at.date() <= day,)


def quotient(part: Any, whole: Any, times: int, divisor: int = 1) -> Decimal | None:
    """So many times a part by the whole and a divisor, to :data:`ROUNDED_TO`; None of nothing."""
    if part is None or not whole:
        return None
    return (Decimal(part) * times / (Decimal(whole) * divisor)).quantize(
        ROUNDED_TO, ROUND_HALF_EVEN
    )


def _exact(found: Any) -> Decimal | int | None:
    """As it was counted or added up, whatever type the engine gives."""
    if found is None:
        return None
    number = Decimal(found)
    whole = number.to_integral_value()
    return int(whole) if number == whole else number.normalize()
