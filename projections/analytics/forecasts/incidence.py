"""How likely a deal is to be won within so many days, by what became of those that had stood in the
same stage for as long: the cumulative incidence of wins, with losses as the competing outcome and
deals that are still open followed as far as they go (Aalen and Johansen 1978), among the deals that
were still there at that age (landmarking: van Houwelingen 2007).

Counted day by day, so no two machines give another digit; a test compares it with statsmodels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Final

from projections.analytics.forecasts.spells import Spell

LEAST: Final = 30
"""Deals that chances are learned from; those older than all but so many are taken as being as old
as these were."""


@dataclass(frozen=True, slots=True)
class Chance:
    """Of being won within the days that were asked for."""

    probability: float
    error: float
    """Its standard error."""


@dataclass(slots=True)
class _Day:
    """One day on which deals were decided."""

    open_before: float
    """The share that was still open."""
    at_risk: int
    won: int
    decided: int
    reached: float
    """The incidence of wins up to here."""


def chances(
    spells: Sequence[Spell], until: date, ages: Iterable[int], days: int
) -> Mapping[int, Chance]:
    """By days in the stage, the chance of being won within ``days`` more. There are to be at least
    :data:`LEAST` spells.
    """
    told = sorted(((*one.days(until), one) for one in spells), key=lambda one: -one[0])
    oldest = max(told[LEAST - 1][0] - 1, 0)
    won, lost, gone = Counter[int](), Counter[int](), Counter[int]()
    taken, found = 0, {}
    for age in sorted({min(age, oldest) for age in ages}, reverse=True):
        while taken < len(told) and told[taken][0] > age:
            _, followed, spell = told[taken]
            kind = gone if spell.ended is None else won if spell.won else lost
            kind[followed] += 1
            taken += 1
        found[age] = _chance(_days(age, days, taken, won, lost, gone))
    return {age: found[min(age, oldest)] for age in ages}


def _days(
    age: int, days: int, at_risk: int, won: Counter[int], lost: Counter[int], gone: Counter[int]
) -> list[_Day]:
    still_open, reached = 1.0, 0.0
    found = []
    for day in range(age + 1, age + days + 1):
        decided = won[day] + lost[day]
        if decided:
            reached += still_open * won[day] / at_risk
            found.append(_Day(still_open, at_risk, won[day], decided, reached))
            still_open *= 1 - decided / at_risk
        at_risk -= decided + gone[day]
    return found


def _chance(days: Sequence[_Day]) -> Chance:
    """With the standard error by the delta method (Marubini and Valsecchi 1995, 10.3)."""
    total = days[-1].reached if days else 0.0
    variance = 0.0
    for one in days:
        n, ahead = one.at_risk, total - one.reached
        if n > one.decided:
            variance += ahead**2 * one.decided / (n * (n - one.decided))
        variance += one.open_before**2 * one.won * (n - one.won) / n**3
        variance -= 2 * ahead * one.open_before * one.won / n**2
    return Chance(total, sqrt(max(variance, 0.0)))
