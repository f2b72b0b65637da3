"""How often customers will buy, and whether they still do: the BG/NBD model.

P. S. Fader, B. G. S. Hardie, K. L. Lee, "Counting Your Customers the Easy Way: An Alternative to
the Pareto/NBD Model", Marketing Science 24 (2005) 275-284. While a customer is alive, purchases are
Poisson at a rate of their own (gamma, ``r`` and ``alpha``, which is in units of time); after each
repeat purchase they may drop out, by a probability of their own (beta, ``a`` and ``b``).

A history is ``x`` repeat purchases, ``t_x`` from the first to the last, ``t`` from the first to
now. Who never came back is alive for certain in this model: drop-outs happen only at repeat
purchases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import (  # type: ignore[import-untyped]  # it ships no types
    digamma,
    expit,
    gammaln,
    hyp2f1,
)

from projections.analytics.prediction.fitting import Fit, Floats, fit

NAMES: Final = ("r", "alpha", "a", "b")
_NEAR: Final = 1e-6
_BUSY: Final = 20
"""Repeat purchases from which on the series is added up."""
_TERMS: Final = 120
"""After so many, the terms of a customer who bought that often add nothing any more."""


@dataclass(frozen=True, slots=True)
class BgNbd:
    """The model with its parameters."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, x: Floats, t_x: Floats, t: Floats) -> Floats:
        """The probability that they still buy."""
        again = np.maximum(x, 1)
        odds = (
            np.log(self.a)
            - np.log(self.b + again - 1)
            + (self.r + x) * (np.log(self.alpha + t) - np.log(self.alpha + t_x))
        )
        return np.where(x > 0, expit(-odds), 1.0)

    def expected(self, x: Floats, t_x: Floats, t: Floats, ahead: float) -> Floats:
        """How many purchases are expected in the time ``ahead``.

        The paper's (10), by Euler's transformation of the hypergeometric function, in which the
        powers that would overflow for busy customers cancel.
        """
        a = _off(self.a, 1)
        whole = _off(a + self.b + x - 1, 0)
        z = ahead / (self.alpha + t + ahead)
        series = (1 - z) ** (a - 1) * _hypergeometric(whole - x - self.r, a - 1, whole, z, x)
        return whole / (a - 1) * (1 - series) * self.alive(x, t_x, t)

    def expected_of_new(self, ahead: float) -> float:
        """How many purchases are expected of somebody about whom nothing is known."""
        nothing = np.zeros(1)
        return float(self.expected(nothing, nothing, nothing, ahead)[0])

    def median_wait(self, x: Floats, t_x: Floats, t: Floats) -> Floats:
        """The time after which it is as likely as not that they bought again; infinite for whom it
        never becomes so. Whoever is alive buys next at a rate that is gamma (r + x, alpha + t).
        """
        with np.errstate(divide="ignore", over="ignore"):
            missed = np.maximum(1 - 0.5 / self.alive(x, t_x, t), 0.0)
            return (self.alpha + t) * np.expm1(-np.log(missed) / (self.r + x))


def _off(number: Floats, pole: float) -> Floats:
    """The number, or one next to it where the formula has a pole that cancels."""
    return np.where(np.abs(number - pole) > _NEAR, number, pole + _NEAR)


def _hypergeometric(a: Floats, b: Floats, c: Floats, z: Floats, x: Floats) -> Floats:
    """Gauss's function. Of busy customers it is added up term by term, of which few are needed;
    there SciPy's overflows.
    """
    busy = x >= _BUSY
    with np.errstate(over="ignore", invalid="ignore"):  # in what the other of the two is for
        return np.where(busy, _series(a, b, np.where(busy, c, 1.0), z), hyp2f1(a, b, c, z))


def _series(a: Floats, b: Floats, c: Floats, z: Floats) -> Floats:
    term = total = np.ones_like(z)
    for n in range(_TERMS):
        term = term * (a + n) * (b + n) / ((c + n) * (n + 1)) * z
        total = total + term
    return total


def log_likelihood(
    parameters: Sequence[float], x: Floats, t_x: Floats, t: Floats
) -> tuple[float, tuple[float, ...]]:
    """The paper's (7), in logarithms throughout, and its derivatives."""
    r, alpha, a, b = parameters
    again = np.maximum(x, 1)
    stayed = -(r + x) * np.log(alpha + t)
    left = np.where(
        x > 0, np.log(a) - np.log(b + again - 1) - (r + x) * np.log(alpha + t_x), -np.inf
    )
    either = np.logaddexp(stayed, left)
    gone = np.exp(left - either)
    value = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + gammaln(a + b)
        + gammaln(b + x)
        - gammaln(b)
        - gammaln(a + b + x)
        + either
    )
    both = digamma(a + b) - digamma(a + b + x)
    late, early = (1 - gone) / (alpha + t), gone / (alpha + t_x)
    by_r = (
        digamma(r + x)
        - digamma(r)
        + np.log(alpha)
        - (1 - gone) * np.log(alpha + t)
        - gone * np.log(alpha + t_x)
    )
    by_alpha = r / alpha - (r + x) * (late + early)
    by_a = both + gone / a
    by_b = both + digamma(b + x) - digamma(b) - gone / (b + again - 1)
    slopes = tuple(float(one.sum()) for one in (by_r, by_alpha, by_a, by_b))
    return float(value.sum()), slopes


def train(x: Floats, t_x: Floats, t: Floats) -> tuple[BgNbd, Fit]:
    """The most likely model of these histories."""
    order = np.lexsort((x, t_x, t))  # a sum must not depend on how customers are stored
    x, t_x, t = x[order], t_x[order], t[order]
    scale = float(t.mean())
    starts = (
        (1.0, scale, 1.0, 1.0),
        (0.25, scale / 4, 0.8, 2.5),
        (2.0, 2 * scale, 0.1, 10.0),
    )
    found = fit(lambda parameters: log_likelihood(parameters, x, t_x, t), starts)
    return BgNbd(*found.parameters), found
