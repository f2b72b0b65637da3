"""What if deals had been scored by a rule: the score each would have had early on, and how well it
tells those that were won from those that were lost.

A deal is scored as it stood so many days after it was opened, or just before it was closed if that
was sooner; nothing that became known later is in its score.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple, Self
from uuid import UUID

from pydantic import Field, field_validator

from domain.envelope import Recorded
from domain.kernel import Value
from domain.opportunities import Opportunity, OpportunityLost, OpportunityWon, Status
from domain.values import Line
from projections.what_if.conditions import MOST_CONDITIONS, Facts, Operator, all_hold
from projections.what_if.deals import DealCondition, facts_of
from projections.what_if.kernel import MOST_SHOWN, Period, Rows, refused, share

MOST_ITEMS: Final = 100
"""Items of a rule, each with its points."""
MOST_BANDS: Final = 10
MOST_DAYS: Final = 366
Points = Annotated[Decimal, Field(ge=-1_000, le=1_000, max_digits=6, decimal_places=2)]


class Item(Value):
    """So many points for a deal that meets all conditions."""

    when: Annotated[tuple[DealCondition, ...], Field(min_length=1, max_length=MOST_CONDITIONS)]
    """What has to be met, all of it. An amount goes together with its currency."""
    points: Points

    @field_validator("when")
    @classmethod
    def _names_the_currency(cls, when: tuple[DealCondition, ...]) -> tuple[DealCondition, ...]:
        named = any(one.field == "currency" and one.operator is Operator.IS for one in when)
        if any(one.field == "amount" for one in when) and not named:
            raise refused("compares an amount without its currency. Add: currency is ….")
        return when


class Band(Value):
    """From so many points on a deal belongs to it, unless a higher one takes it."""

    name: Line
    at_least: Points


class Scoring(Value):
    """A scoring rule: items with points, and bands that the sums fall into."""

    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=MOST_BANDS)]
    """What reaches none of them is below all bands."""

    @field_validator("bands")
    @classmethod
    def _are_different(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        if len({one.name for one in bands}) < len(bands):
            raise refused("name two the same. Give each a name of its own.")
        if len({one.at_least for one in bands}) < len(bands):
            raise refused("begin twice at the same points. Give each a beginning of its own.")
        return tuple(sorted(bands, key=lambda one: one.at_least, reverse=True))

    def score(self, facts: Facts) -> Decimal:
        """The points of a deal."""
        return sum((one.points for one in self.items if all_hold(one.when, facts)), Decimal(0))

    def band(self, score: Decimal) -> str | None:
        """The band of so many points; None below all."""
        return next((one.name for one in self.bands if score >= one.at_least), None)


class ScoringTrial(Value):
    """A scoring rule to be tried on past deals, and what it is compared with."""

    rule: Scoring
    against: Scoring | None = None
    """Another rule; the probability that stood in the deal is compared in any case."""
    after_days: Annotated[int, Field(ge=0, le=MOST_DAYS)] = 0
    """So many days after its opening a deal is scored."""

    @property
    def rules(self) -> dict[str, Scoring]:
        """Those to be tried, by what the report calls them."""
        return {"rule": self.rule} | ({} if self.against is None else {"against": self.against})


PROBABILITY: Final = "probability"
LIKELIHOODS: Final[Mapping[int, str]] = {75: "75–100 %", 50: "50–74 %", 25: "25–49 %", 0: "0–24 %"}
"""Bands of the stored probability."""


class Score(NamedTuple):
    """Of a deal, by one rule."""

    points: Decimal
    band: str | None


class Scored(NamedTuple):
    """One deal: its scores by rule, where it got one, and what became of it."""

    id: UUID
    number: str | None
    month: str
    scores: Mapping[str, Score]
    status: Status


def fold(trial: ScoringTrial, period: Period, events: Sequence[Recorded]) -> Scored:
    """The scores of one deal on its day, and how it ended."""
    opened_at = events[0].occurred_at
    day = opened_at + timedelta(days=trial.after_days)
    closed = next((one for one in events if isinstance(one.event, _CLOSING)), None)
    before = events if closed is None else events[: events.index(closed)]
    on = min(day, period.until if closed is None else closed.occurred_at)
    seen = [one for one in before if one.occurred_at <= day]
    facts = facts_of(
        _state(seen),
        len(seen) - 1,
        opened_at.astimezone(period.zone).date(),
        on.astimezone(period.zone).date(),
    )
    sums = {name: rule.score(facts) for name, rule in trial.rules.items()}
    scores = {name: Score(sums[name], rule.band(sums[name])) for name, rule in trial.rules.items()}
    stored = facts["probability"]
    if stored is not None:
        likely = next(label for least, label in LIKELIHOODS.items() if stored >= least)
        scores[PROBABILITY] = Score(stored, likely)
    first, month = events[0], period.month(opened_at)
    return Scored(first.stream, first.number, month, scores, _state(events).status)


_CLOSING: Final = (OpportunityWon, OpportunityLost)


def _state(events: Sequence[Recorded]) -> Opportunity:
    deal = Opportunity()
    for one in events:
        deal = one.event.evolve(deal)
    return deal


class Judgement:
    """How well one rule tells won from lost."""

    def __init__(self) -> None:
        self.points: Counter[tuple[Decimal, bool]] = Counter()
        """Deals by score, and whether they were won."""
        self.bands: Counter[tuple[str | None, bool]] = Counter()

    def add(self, other: Self) -> None:
        """The deals of another."""
        self.points += other.points
        self.bands += other.bands

    @property
    def auc(self) -> Decimal | None:
        """Of a hundred pairs of a won and a lost deal, in how many the won one had the higher
        score; one as high counts half. Exact, by ranks.
        """
        won = lost_below = 0
        twice = 0
        for score in sorted({score for score, _ in self.points}):
            here, lost = self.points[score, True], self.points[score, False]
            twice += here * (2 * lost_below + lost)
            won, lost_below = won + here, lost_below + lost
        return share(twice, 2 * won * lost_below)


class ScoringTally:
    """The deals that ended, by rule, score and band; those that a second rule puts elsewhere."""

    def __init__(self, trial: ScoringTrial, _: Period) -> None:
        self._trial = trial
        self._names = (*trial.rules, PROBABILITY)
        self._judged = {name: Judgement() for name in self._names}
        self._open: Counter[str] = Counter()
        self._unscored: Counter[str] = Counter()
        self._changed: Rows = []

    def count(self, deal: Scored) -> None:
        """One deal more."""
        won = deal.status is Status.WON
        for name in self._names:
            score = deal.scores.get(name)
            if score is None:
                self._unscored[name] += 1
            elif deal.status is Status.OPEN:
                self._open[name] += 1
            else:
                self._judged[name].points[score.points, won] += 1
                self._judged[name].bands[score.band, won] += 1
        other = deal.scores.get("against")
        rule = deal.scores["rule"]
        if other is not None and other.band != rule.band and len(self._changed) < MOST_SHOWN:
            told = (deal.id, deal.number, deal.month, deal.status.value)
            self._changed.append((*told, *rule, *other))

    def add(self, other: "ScoringTally") -> None:
        """Those that another process counted."""
        for name, judged in other._judged.items():
            self._judged[name].add(judged)
        self._open += other._open
        self._unscored += other._unscored
        self._changed += other._changed[: MOST_SHOWN - len(self._changed)]

    def rows(self) -> dict[str, Rows]:
        """The report."""
        return {
            "quality": [self._quality(name) for name in self._names],
            "bands": [row for name in self._names for row in self._bands(name)],
            "changed": self._changed,
        }

    def _quality(self, name: str) -> tuple[Any, ...]:
        judged = self._judged[name]
        won, lost = _split(judged.bands)
        rate = share(won, won + lost)
        return (
            name,
            won + lost,
            won,
            lost,
            rate,
            judged.auc,
            self._open[name],
            self._unscored[name],
        )

    def _bands(self, name: str) -> Rows:
        bands = self._judged[name].bands
        won, lost = _split(bands)
        rows: Rows = []
        for band in self._order(name):
            here, gone = bands[band, True], bands[band, False]
            # The win rate of the band over that of all; both have the same hundred in them.
            lift = share(here * (won + lost), (here + gone) * won, 1)
            rate = share(here, here + gone)
            rows.append((name, band, here + gone, here, gone, rate, lift, share(here, won)))
        return rows

    def _order(self, name: str) -> list[str | None]:
        """The bands from the highest on."""
        if name == PROBABILITY:
            return [*LIKELIHOODS.values()]
        return [*(one.name for one in self._trial.rules[name].bands), None]


def _split(bands: Counter[tuple[str | None, bool]]) -> tuple[int, int]:
    """How many were won, and how many lost."""
    won = sum(count for (_, is_won), count in bands.items() if is_won)
    return won, bands.total() - won
