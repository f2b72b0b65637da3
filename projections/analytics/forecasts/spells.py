"""The ways of deals, told from their steps: how long each stood in a stage and what came of it.

Pure, and told up to any evening, so that a forecast of a past evening knows what was known then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from projections.analytics.kernel import Table, Views

Place = tuple[str, str]
"""A stage of a pipeline."""
_WON: Final = "won"


@dataclass(frozen=True, slots=True)
class Step:
    """A deal after one of its events."""

    deal: str
    day: date
    status: str
    place: Place
    archived: bool
    amount: Decimal | None
    currency: str | None
    was_status: str | None
    was_amount: Decimal | None
    was_currency: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Step":
        """From what an engine gives."""
        names = ("day", "status", "archived", "amount", "currency")
        before = ("was_status", "was_amount", "was_currency")
        place = (str(row["pipeline_id"]), row["stage"])
        return cls(str(row["id"]), place=place, **{name: row[name] for name in (*names, *before)})

    @property
    def is_open(self) -> bool:
        return self.status == "open" and not self.archived

    @property
    def is_win(self) -> bool:
        """Whether the deal was won by it."""
        return self.status == _WON != self.was_status


@dataclass(slots=True)
class Spell:
    """A time in a stage, from which a deal went on, or in which it stands. Days from its entry."""

    place: Place
    entered: date
    left: date | None = None
    ended: date | None = None
    """When the deal was won, lost or archived, from there or from where it went on."""
    won: bool = False

    def days(self, until: date) -> tuple[int, int]:
        """For how many it stood in the stage, and until how many it was followed."""
        stayed = ((self.left or until) - self.entered).days
        followed = ((self.ended or until) - self.entered).days
        return max(stayed, 0), max(followed, stayed, 0)


@dataclass(frozen=True, slots=True)
class OpenDeal:
    """A deal that is open on an evening."""

    deal: str
    place: Place
    age: int
    """Days in its stage."""
    amount: Decimal | None
    currency: str | None


@dataclass(slots=True)
class Told:
    """What the steps tell up to an evening."""

    until: date
    deals: int = 0
    spells: list[Spell] = field(default_factory=list)
    open: list[OpenDeal] = field(default_factory=list)
    wins: list[Step] = field(default_factory=list)
    """The last one of each deal that is won by then, at the amount by then; what was before is what
    was before it was won.
    """


def steps_of(views: Views, until: date) -> Table:
    """The steps of all deals up to an evening, deal by deal."""
    steps = views["opportunity_changes"]
    steps = steps.mutate(day=steps.occurred_at.date())
    steps = steps.filter(steps.day <= until)
    return steps.select(
        *("id", "position", "day", "status", "pipeline_id", "stage", "archived", "amount"),
        *("was_status", "was_amount"),
        currency=steps.amount_currency,
        was_currency=steps.was_amount_currency,
    ).order_by("id", "position")


def tell(steps: Iterable[Step], until: date) -> Told:
    """What they tell, of deals that come one after the other."""
    told = Told(until)
    for deal, all_of_it in groupby(steps, attrgetter("deal")):
        known = [one for one in all_of_it if one.day <= until]
        if known:
            told.deals += 1
            _tell(told, deal, known)
    return told


def _tell(told: Told, deal: str, steps: Sequence[Step]) -> None:
    running: list[Spell] = []
    now: Place | None = None
    last = steps[-1]
    if last.status == _WON:
        win = next((one for one in reversed(steps) if one.is_win), last)
        told.wins.append(replace(win, amount=last.amount, currency=last.currency))
    for step in steps:
        place = step.place if step.is_open else None
        if place == now:
            continue
        if now is not None:
            running[-1].left = step.day
        if place is None:
            for one in running:
                one.ended, one.won = step.day, step.status == _WON
            running = []
        else:
            running.append(Spell(place, step.day))
            told.spells.append(running[-1])
        now = place
    if now is not None:
        age = max((told.until - running[-1].entered).days, 0)
        told.open.append(OpenDeal(deal, now, age, last.amount, last.currency))
