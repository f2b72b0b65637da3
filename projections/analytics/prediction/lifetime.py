"""Models trained on histories, and what they say of each customer: whether they still buy, when
next, how often, and what they will be worth.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import numpy as np

from projections.analytics.kernel import UnknownFigure
from projections.analytics.prediction import bg_nbd, gamma_gamma
from projections.analytics.prediction.back_test import BackTest, back_test, decimal
from projections.analytics.prediction.fitting import Fit, Floats
from projections.analytics.prediction.histories import WEEK, Histories

Progress = Callable[[str, int, int], None]
FEWEST: Final = 50
"""Customers, and customers who came back, on whom a model is trained at least."""
SOON, LATER = 30, 90
"""Days in which purchases are expected."""
YEAR: Final = 365
LONGEST: Final = 3_650
"""Days beyond which no date of a next purchase is given."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a customer is worth in a currency."""

    each: Decimal
    """Expected value of a purchase."""
    lifetime: Decimal
    """Discounted value of what is expected in the months to come."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is to be expected of a customer."""

    id: UUID
    alive: Decimal
    """Probability that they still buy."""
    soon: Decimal
    """Purchases expected in the next 30 days."""
    later: Decimal
    """And in the next 90."""
    next_on: date | None
    """By which day it is as likely as not that they bought again; None where it never becomes so,
    or not within ten years.
    """
    worth: Mapping[str, Worth]
    """By currency; without those in which no model could be trained."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The model of the value of purchases in a currency."""

    customers: int
    correlation: Decimal
    """Between how often and for how much customers buy; the model takes it to be near 0."""
    fit: Fit


@dataclass(frozen=True, slots=True)
class Model:
    """Models as they were trained: on what, with which outcome, and how they did on the past."""

    until: date
    months: int
    discount: int
    customers: int
    came_back: int
    purchases: int
    fit: Fit
    spending: Mapping[str, Spent]
    tested: BackTest | None
    """None where the past had too few customers to train a model."""
    predictions: Sequence[Prediction]
    """Those who are worth most first."""


def trained(
    now: Histories, past: Histories, months: int, discount: int, progress: Progress
) -> Model:
    """Train on what is known now, test on what is held back of the past.

    Raises:
        UnknownFigure: too few customers bought anything, or came back.
    """
    came_back = int((now.again > 0).sum())
    if came_back < FEWEST:
        raise UnknownFigure(
            "to",
            f"is too early: only {came_back} customers had bought again by then, and a model takes "
            f"{FEWEST}. Give a later day.",
        )
    progress("models", 0, 4)
    buys, fit = bg_nbd.train(now.again, now.recency, now.age)
    progress("models", 1, 4)
    spending = {
        currency: found
        for currency in now.spending
        if (found := _spending(now, currency)) is not None
    }
    progress("models", 2, 4)
    tested = _tested(past)
    progress("models", 3, 4)
    each = {currency: one[1] for currency, one in spending.items()}
    predictions = _predictions(now, buys, each, months, discount)
    progress("models", 4, 4)
    return Model(
        now.until,
        months,
        discount,
        len(now.ids),
        came_back,
        int(now.again.sum()) + len(now.ids),
        fit,
        {currency: one[0] for currency, one in spending.items()},
        tested,
        predictions,
    )


def _tested(past: Histories) -> BackTest | None:
    if int((past.again > 0).sum()) < FEWEST:
        return None
    buys, _ = bg_nbd.train(past.again, past.recency, past.age)
    return back_test(buys, past)


def _spending(now: Histories, currency: str) -> tuple[Spent, Floats] | None:
    """The model of a currency and, by customer, what a purchase in it is expected to be worth."""
    spent = now.spending[currency]
    if len(spent.who) < FEWEST:
        return None
    model, fit = gamma_gamma.train(spent.purchases, spent.mean)
    varies = spent.purchases.std() > 0 and spent.mean.std() > 0
    correlation = np.corrcoef(spent.purchases, spent.mean)[0, 1] if varies else 0.0
    each = np.zeros(len(now.ids))
    if fit.trouble is None:
        each[spent.who] = model.expected(spent.purchases, spent.mean)
    return Spent(len(spent.who), decimal(correlation), fit), each


def _predictions(
    now: Histories, buys: bg_nbd.BgNbd, spending: Mapping[str, Floats], months: int, discount: int
) -> list[Prediction]:
    history = (now.again, now.recency, now.age)
    alive, wait = buys.alive(*history), buys.median_wait(*history) * WEEK
    soon, later = (buys.expected(*history, days / WEEK) for days in (SOON, LATER))
    discounted = _discounted(buys, now, months, discount)
    shares = {currency: _share(now, currency) for currency in spending}
    found = [
        Prediction(
            one,
            decimal(alive[at]),
            decimal(soon[at]),
            decimal(later[at]),
            now.until + timedelta(days=int(np.ceil(wait[at]))) if wait[at] <= LONGEST else None,
            {
                currency: Worth(
                    _money(each[at]), _money(each[at] * shares[currency][at] * discounted[at])
                )
                for currency, each in spending.items()
                if each[at] > 0
            },
        )
        for at, one in enumerate(now.ids)
    ]
    return sorted(found, key=_by_worth)


def _by_worth(one: Prediction) -> tuple[Decimal, Decimal, UUID]:
    most = max((worth.lifetime for worth in one.worth.values()), default=Decimal(0))
    return -most, -one.later, one.id


def _discounted(buys: bg_nbd.BgNbd, now: Histories, months: int, discount: int) -> Floats:
    """The purchases expected in the months to come, each month's as of its end counting less by the
    discount.
    """
    total, before = np.zeros(len(now.ids)), np.zeros(len(now.ids))
    for month in range(1, months + 1):
        upto = buys.expected(now.again, now.recency, now.age, month * YEAR / 12 / WEEK)
        total += (upto - before) / (1 + discount / 100) ** (month / 12)
        before = upto
    return total


def _share(now: Histories, currency: str) -> Floats:
    """How many of a customer's purchases were in a currency."""
    spent, found = now.spending[currency], np.zeros(len(now.ids))
    found[spent.who] = np.minimum(spent.purchases / (now.again[spent.who] + 1), 1.0)
    return found


def _money(number: float) -> Decimal:
    return Decimal(f"{number:.2f}")
