"""Made-up customers, who behave as a model says."""

from typing import Any

import numpy as np

from projections.analytics.prediction.bg_nbd import BgNbd

Floats = Any


def made_up(
    model: BgNbd, customers: int, weeks: float, seed: int, ahead: float = 0
) -> tuple[Floats, Floats, Floats, Floats]:
    """Customers who behave as the model says, watched for at most so many weeks, and how often they
    buy in those ahead.
    """
    chance = np.random.default_rng(seed)
    rate = chance.gamma(model.r, 1 / model.alpha, customers)
    leave = chance.beta(model.a, model.b, customers)
    age = chance.uniform(weeks / 2, weeks, customers)
    again, recency, later = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    for who in range(customers):
        at = chance.exponential(1 / max(rate[who], 1e-12))
        while at <= age[who] + ahead:
            if at <= age[who]:
                again[who] += 1
                recency[who] = at
            else:
                later[who] += 1
            if chance.random() < leave[who]:
                break
            at += chance.exponential(1 / rate[who])
    return again, recency, age, later
