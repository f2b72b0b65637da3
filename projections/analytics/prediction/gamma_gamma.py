"""What a purchase of a customer is worth: the gamma-gamma model.

P. S. Fader, B. G. S. Hardie, "The Gamma-Gamma Model of Monetary Value" (2013). The value of a
purchase is gamma distributed around a mean of the customer's own; those means have a distribution
over customers that three parameters describe: ``p``, ``q`` and ``gamma``, which is money. The model
takes it that who buys often buys neither dearer nor cheaper; the correlation says how far that is
so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import digamma, gammaln  # type: ignore[import-untyped]  # it ships no types

from projections.analytics.prediction.fitting import Fit, Floats, fit, significant

NAMES: Final = ("p", "q", "gamma")


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """The model with its parameters."""

    p: float
    q: float
    gamma: float

    def expected(self, n: Floats, mean: Floats) -> Floats:
        """What a further purchase of somebody is worth whose ``n`` purchases were worth ``mean`` on
        average: between that and what purchases are worth of everybody, the nearer to the former
        the more they are.
        """
        return self.p * (self.gamma + n * mean) / (self.p * n + self.q - 1)


def log_likelihood(
    parameters: Sequence[float], n: Floats, mean: Floats
) -> tuple[float, tuple[float, ...]]:
    """The paper's (1a) in logarithms, and its derivatives."""
    p, q, gamma = parameters
    spent = gamma + n * mean
    value = (
        gammaln(p * n + q)
        - gammaln(p * n)
        - gammaln(q)
        + q * np.log(gamma)
        + (p * n - 1) * np.log(mean)
        + p * n * np.log(n)
        - (p * n + q) * np.log(spent)
    )
    whole = digamma(p * n + q)
    by_p = n * (whole - digamma(p * n) + np.log(mean) + np.log(n) - np.log(spent))
    by_q = whole - digamma(q) + np.log(gamma) - np.log(spent)
    by_gamma = q / gamma - (p * n + q) / spent
    slopes = tuple(float(one.sum()) for one in (by_p, by_q, by_gamma))
    return float(value.sum()), slopes


def train(n: Floats, mean: Floats) -> tuple[GammaGamma, Fit]:
    """The most likely model of these means of ``n`` purchases, all above zero."""
    order = np.lexsort((n, mean))  # a sum must not depend on how customers are stored
    n, mean = n[order], mean[order]
    scale = significant(float(mean.mean()))
    scaled = mean / scale
    starts = ((2.0, 3.0, 2.0), (6.0, 4.0, 0.4), (0.5, 10.0, 10.0))
    found = fit(lambda parameters: log_likelihood(parameters, n, scaled), starts)
    p, q, gamma = found.parameters
    parameters = (p, q, significant(gamma * scale))
    value = round(log_likelihood(parameters, n, mean)[0], 2)
    trouble = found.trouble
    if trouble is None and q <= 1:
        trouble = "q is not above 1, so there is no mean over all customers."
    return GammaGamma(*parameters), Fit(parameters, value, trouble)
