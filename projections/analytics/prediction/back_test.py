"""How a model did: trained as of a past day, and held against what was bought since."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np

from projections.analytics.prediction.bg_nbd import BgNbd
from projections.analytics.prediction.fitting import Floats
from projections.analytics.prediction.histories import WEEK, Histories

DECILES: Final = 10
_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class Errors:
    """How far a prediction was off, in purchases."""

    total: Decimal
    mean_absolute: Decimal
    root_mean_square: Decimal


@dataclass(frozen=True, slots=True)
class Decile:
    """A tenth of the customers by what was predicted of them, on average."""

    customers: int
    predicted: Decimal
    actual: Decimal


@dataclass(frozen=True, slots=True)
class BackTest:
    """What was predicted of the days held back, and what came."""

    until: date
    held: int
    customers: int
    actual: int
    model: Errors
    baseline: Errors
    """As many purchases as in as many days before."""
    deciles: tuple[Decile, ...]

    @property
    def beats_baseline(self) -> bool:
        """Whether the model is off by less, as the root of the mean square has it."""
        return self.model.root_mean_square < self.baseline.root_mean_square


def back_test(model: BgNbd, past: Histories) -> BackTest:
    """Predict the days held back of histories on which the model was trained."""
    predicted = model.expected(past.again, past.recency, past.age, past.held / WEEK)
    return BackTest(
        past.until,
        past.held,
        len(past.ids),
        int(past.later.sum()),
        _errors(predicted, past.later),
        _errors(past.before, past.later),
        tuple(_deciles(predicted, past)),
    )


def decimal(number: Any) -> Decimal:
    """Rounded to four places."""
    return Decimal(f"{float(number):.{_PLACES}f}")


def _errors(predicted: Floats, actual: Floats) -> Errors:
    off = predicted - actual
    return Errors(
        decimal(predicted.sum()),
        decimal(np.abs(off).mean()),
        decimal(np.sqrt((off**2).mean())),
    )


def _deciles(predicted: Floats, past: Histories) -> list[Decile]:
    """Those of whom most is expected first. Who is alike in all that the model knows stands next to
    each other; ids decide nothing but who of them falls to which side of a bound.
    """
    order = np.lexsort((past.recency, past.again, -np.round(predicted, _PLACES)))
    parts = np.array_split(order, DECILES)
    return [
        Decile(len(one), decimal(predicted[one].mean()), decimal(past.later[one].mean()))
        for one in parts
        if len(one)
    ]
