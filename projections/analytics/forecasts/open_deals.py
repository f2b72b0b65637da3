"""What the deals that are open on an evening will bring within so many days, by what became of the
deals that had stood in the same stage for as long.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import islice
from math import sqrt
from typing import Any, Final

from projections.analytics.forecasts.incidence import LEAST, Chance, chances
from projections.analytics.forecasts.kernel import (
    COVERAGE,
    MOST_TESTS,
    Expected,
    Forecast,
    PastForecast,
    Z,
    month_ends,
    rounded,
)
from projections.analytics.forecasts.spells import OpenDeal, Place, Spell, Step, Told, tell
from projections.words.kernel import Both

NAME: Final = "open_deals"
VERSION: Final = 1
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Prices:
    """What deals brought that were won, against the amount at which they had stood before."""

    agreed: Mapping[str, float]
    """By currency, for each unit that they had stood at."""
    unpriced: Sequence[float]
    """Of those that had stood at no amount."""
    currency: str | None
    """Theirs, if it is but one."""


def forecast(steps: Sequence[Step], made_on: date, days: int, position: int) -> Forecast:
    """The forecast of an evening, tried out on the ends of the months before."""
    told = tell(steps, made_on)
    decided = sum(one.ended is not None for one in told.spells)
    trained_on: dict[str, Any] = {
        "deals": told.deals,
        "spells": len(told.spells),
        "won": sum(one.won for one in told.spells),
        "lost": sum(one.ended is not None and not one.won for one in told.spells),
        "first_day": min((one.entered for one in told.spells), default=None),
        "last_day": made_on,
        "days": days,
        "parameters": {"least_deals": LEAST, "coverage": COVERAGE},
    }
    if decided < LEAST:
        return Forecast(NAME, VERSION, made_on, position, [], trained_on, [], _too_short(decided))
    tested = _tested(steps, made_on, days, min(one.entered for one in told.spells))
    expected = [_widened(one, tested, made_on) for one in _expected(told, days)]
    trained_on["dispersion"] = {
        one.currency: rounded(dispersion(tested, one.currency, made_on)) for one in expected
    }
    shown = [one.tested for one in tested]
    return Forecast(NAME, VERSION, made_on, position, expected, trained_on, shown)


def _too_short(decided: int) -> Both:
    return Both(
        f"Of {decided} times that a deal stood in a stage the outcome is known. "
        f"A forecast needs {LEAST}.",
        f"已知结果的商机阶段经历仅 {decided} 次，预测至少需要 {LEAST} 次。",
    )


def _expected(told: Told, days: int) -> list[Expected]:
    prices, by_deal = _prices(told.wins), _chances(told, days)
    held: dict[str, list[OpenDeal]] = defaultdict(list)
    for deal in told.open:
        currency = deal.currency if deal.amount is not None else prices.currency
        if currency is not None:
            held[currency].append(deal)
    first, last = told.until + timedelta(days=1), told.until + timedelta(days=days)
    return [
        _summed(deals, currency, prices, by_deal, (first, last))
        for currency, deals in sorted(held.items())
    ]


def _summed(
    deals: Sequence[OpenDeal],
    currency: str,
    prices: _Prices,
    by_deal: Mapping[str, Chance],
    period: tuple[date, date],
) -> Expected:
    """The sum over deals. Its variance is that of each being won or not, and of the amounts of
    those that have none yet; and that of the chances themselves, which within a stage are learned
    from the same deals and so are taken to err together.
    """
    total = variance = wins = 0.0
    shared: dict[Place, float] = defaultdict(float)
    mean, spread = _moments(prices.unpriced)
    for deal in deals:
        chance = by_deal[deal.deal]
        priced = deal.amount is not None
        worth = float(deal.amount or 0) * prices.agreed.get(currency, 1.0) if priced else mean
        squared = worth**2 + (0.0 if priced else spread)
        p = chance.probability
        wins += p
        total += p * worth
        variance += p * squared - (p * worth) ** 2
        shared[deal.place] += worth * chance.error
    reach = Z * sqrt(variance + sum(one**2 for one in shared.values()))
    return Expected(
        *period,
        currency,
        rounded(total),
        rounded(max(total - reach, 0.0)),
        rounded(total + reach),
        deals=len(deals),
        unpriced=sum(one.amount is None for one in deals),
        open_amount=sum((one.amount for one in deals if one.amount is not None), _NOTHING),
        expected_deals=rounded(wins),
    )


def _chances(told: Told, days: int) -> dict[str, Chance]:
    """By deal. Where too few have stood in a stage, those of all stages count."""
    spells: dict[Place, list[Spell]] = defaultdict(list)
    waiting: dict[Place | None, list[OpenDeal]] = defaultdict(list)
    for spell in told.spells:
        spells[spell.place].append(spell)
    for deal in told.open:
        enough = len(spells[deal.place]) >= LEAST
        waiting[deal.place if enough else None].append(deal)
    found: dict[str, Chance] = {}
    for place, deals in waiting.items():
        learned = told.spells if place is None else spells[place]
        by_age = chances(learned, told.until, [one.age for one in deals], days)
        found |= {one.deal: by_age[one.age] for one in deals}
    return found


def _prices(wins: Sequence[Step]) -> _Prices:
    stood: dict[str, Decimal] = defaultdict(Decimal)
    brought: dict[str, Decimal] = defaultdict(Decimal)
    unpriced: list[Step] = []
    for win in wins:
        if win.amount is None or win.currency is None:
            continue
        if win.was_amount is None:
            unpriced.append(win)
        elif win.was_currency == win.currency:
            stood[win.currency] += win.was_amount
            brought[win.currency] += win.amount
    currencies = {win.currency for win in unpriced}
    return _Prices(
        {name: float(brought[name] / amount) for name, amount in stood.items() if amount},
        [float(win.amount or 0) for win in unpriced],
        currencies.pop() if len(currencies) == 1 else None,
    )


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and variance; none of nothing."""
    if not values:
        return 0.0, 0.0
    mean = sum(values) / len(values)
    return mean, sum((one - mean) ** 2 for one in values) / len(values)


@dataclass(frozen=True, slots=True)
class Settled:
    """A forecast of a past evening, whose outcome was known on a later one."""

    known_on: date
    squared: float
    """Of how many standard deviations the outcome lay off."""
    tested: PastForecast


def dispersion(trials: Sequence[Settled], currency: str, evening: date) -> float:
    """By how much outcomes spread more than those of deals that are decided each by itself, as far
    as it was known by then: the mean of the squared standardised errors (McCullagh and Nelder 1989,
    4.5); never less than 1.
    """
    known = [
        one.squared for one in trials if one.known_on <= evening and one.tested.currency == currency
    ]
    return max(sum(known) / len(known), 1.0) if known else 1.0


def _widened(one: Expected, trials: Sequence[Settled], evening: date) -> Expected:
    """With the interval that this takes."""
    reach = float(one.high - one.amount) * sqrt(dispersion(trials, one.currency, evening))
    low = max(float(one.amount) - reach, 0.0)
    return replace(one, low=rounded(low), high=rounded(float(one.amount) + reach))


def _tested(steps: Sequence[Step], made_on: date, days: int, since: date) -> list[Settled]:
    """As it would have been made on the ends of months whose outcome is known by now, each by what
    was known then.
    """
    span, trials = timedelta(days=days), list[Settled]()
    told_by = cache(lambda day: tell(steps, day))
    evenings = islice(month_ends(made_on - span, since + span), MOST_TESTS)
    for evening in [*evenings][::-1]:
        told = told_by(evening)
        if sum(one.ended is not None for one in told.spells) < LEAST:
            continue
        came = _came(told, told_by(evening + span))
        before = _came(told_by(evening - span), told)
        for one in _expected(told, days):
            shown = _widened(one, trials, evening)
            outcome, naive = came.get(one.currency, _NOTHING), before.get(one.currency, _NOTHING)
            deviation = float(one.high - one.amount) / Z
            off = float(outcome - one.amount) / deviation if deviation else 0.0
            tested = PastForecast(
                evening, one.currency, one.amount, shown.low, shown.high, outcome, naive
            )
            trials.append(Settled(evening + span, off**2, tested))
    return trials


def _came(then: Told, later: Told) -> dict[str, Decimal]:
    """What the deals that were open on an evening had brought by a later one."""
    were_open = {one.deal for one in then.open}
    won: dict[str, Decimal] = defaultdict(Decimal)
    for win in later.wins:
        if win.deal in were_open and win.currency is not None:
            won[win.currency] += win.amount or _NOTHING
    return dict(won)
