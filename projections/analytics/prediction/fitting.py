"""Fitting by maximum likelihood: several starts, exact gradients, and a word when it went wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]  # it ships no types

Floats = Any
"""An array of 64-bit floats, or one of them."""
Likelihood = Callable[[Sequence[float]], tuple[float, Sequence[float]]]
"""From parameters, all above zero, to the log-likelihood and its derivative by each of them."""
DIGITS: Final = 5
"""Significant digits of a fitted parameter. Further ones say nothing, and differ by machine."""
LOWEST, HIGHEST = np.log(1e-5), np.log(1e6)
"""Between these, by their logarithms, parameters are searched for."""
_EDGE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted parameters, rounded, by which everything further is figured."""

    parameters: tuple[float, ...]
    log_likelihood: float
    trouble: str | None
    """Why the parameters are not to be relied upon; None where the fit converged."""


def fit(likelihood: Likelihood, starts: Sequence[Sequence[float]]) -> Fit:
    """The best of what is found from each start. The parameters are searched for by their
    logarithms, so none becomes negative.
    """

    def loss(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, slopes = likelihood(parameters)
        return -value, -np.asarray(slopes) * parameters

    bounds = [(LOWEST, HIGHEST)] * len(starts[0])
    options = {"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7}
    runs = [
        minimize(loss, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for start in starts
    ]
    best = min(runs, key=lambda one: float(one.fun))
    rounded = tuple(significant(float(one)) for one in np.exp(best.x))
    return Fit(rounded, round(float(likelihood(rounded)[0]), 2), _trouble(best))


def significant(number: float) -> float:
    """Rounded to so many significant digits."""
    return float(f"{number:.{DIGITS}g}")


def _trouble(run: Any) -> str | None:
    if not run.success:
        return "The search for the parameters did not converge."
    if np.any(run.x < LOWEST + _EDGE) or np.any(run.x > HIGHEST - _EDGE):
        return "A parameter lies at the bound of the search: the data do not determine it."
    return None
