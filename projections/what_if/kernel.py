"""The kernel of the what-ifs: a rule as data, replayed over what happened, and what would differ.

A what-if is declared once: which records it replays, how one record's events fold under the rule,
and what is told of all of them. All of it is pure; :mod:`projections.what_if.replay` reads the log.
It writes nothing, so nothing that a rule says here happens to anybody.

A record belongs to a period if it began in it. Of its events those count that had happened by the
period's end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from domain.envelope import Recorded
from domain.kernel import Aggregate
from projections.analytics.kernel import quotient
from projections.words.kernel import Both, Values

MOST_SHOWN: Final = 1_000
"""Records that a report names; all of them are counted."""


class Ref(NamedTuple):
    """A record of another kind, which has a name where it is shown."""

    kind: str
    id: UUID


Cell = Ref | UUID | datetime | Decimal | int | str | bool | None
Rows = list[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet."""

    name: str
    label: Both
    values: Values = field(default_factory=dict)
    """What its values are called, where they are words of ours."""
    empty: Both | None = None
    """What it means that there is none."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a report."""

    name: str
    title: Both
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """Which records are replayed, and up to when."""

    zone: ZoneInfo
    """The tenant's, whose days and months count."""
    until: datetime
    """What happened later is left out."""
    since: datetime | None = None
    """Records that began earlier are left out."""

    def month(self, at: datetime) -> str:
        """The month of a moment: ``2026-03``."""
        return f"{at.astimezone(self.zone):%Y-%m}"


class Tally(Protocol):
    """What all records together come to. Two that were counted apart can be put together."""

    def count(self, outcome: Any) -> None:
        """One record more."""

    def add(self, other: Any) -> None:
        """Those that another process counted, whose records come after these."""

    def rows(self) -> dict[str, Rows]:
        """The report, by the names of the sheets."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A kind of rule that can be replayed."""

    name: str
    version: int
    """Goes up when the same rule would be reported otherwise."""
    title: Both
    description: Both
    assumptions: tuple[Both, ...]
    """What the report takes for granted, and a reader has to know."""
    aggregate: type[Aggregate]
    """The kind of record that is replayed."""
    read_model: str
    """The live counterpart: events that it goes on without are left out here too."""
    fold: Callable[[Any, Period, Sequence[Recorded]], Any]
    """What one record's events come to under the rule; None if it does not count."""
    tally: Callable[[Any, Period], Tally]
    sheets: tuple[Sheet, ...]

    def sheet(self, name: str) -> Sheet | None:
        """The sheet of that name."""
        return next((one for one in self.sheets if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Report:
    """What a rule would have changed."""

    what_if: WhatIf
    period: Period
    position: int
    """Up to there the log was replayed."""
    records: int
    left_out: int
    """Records whose events could not be folded."""
    rows: Mapping[str, Rows]


def refused(sentence: str) -> PydanticCustomError:
    """What is wrong with a field of a rule, and what to do."""
    return PydanticCustomError("form", "{sentence}", {"sentence": sentence})


def share(part: int | Decimal, whole: int | Decimal, times: int = 100) -> Decimal | None:
    """A part of a whole, in percent unless said otherwise; None of nothing."""
    return quotient(part, whole, times)
