"""What every forecast says: what is expected, of what it learned, and how it did on history that it
had not seen. Amounts are per currency and never added up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import NormalDist
from typing import Any, Final

from domain.periods import months_after
from projections.analytics.kernel import ROUNDED_TO
from projections.words.kernel import Both

COVERAGE: Final = 80
"""Percent of outcomes that an interval is to hold."""
Z: Final = NormalDist().inv_cdf((1 + COVERAGE / 100) / 2)
"""Standard deviations on either side of it."""
MOST_TESTS: Final = 6
"""Past evenings, the latest ones, on which a forecast is tried out."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a period is expected to bring, in one currency."""

    first: date
    last: date
    currency: str
    amount: Decimal
    low: Decimal
    """:data:`COVERAGE` of a hundred outcomes are to lie between low and high."""
    high: Decimal
    deals: int | None = None
    """That are open, where the forecast is of deals."""
    unpriced: int | None = None
    """Of these, deals without an amount; they count as the wins did that had none either."""
    open_amount: Decimal | None = None
    expected_deals: Decimal | None = None
    """How many of them are expected to be won."""


@dataclass(frozen=True, slots=True)
class PastForecast:
    """A forecast as it would have been made on a past evening, and what then came."""

    made_on: date
    currency: str
    amount: Decimal
    low: Decimal
    high: Decimal
    came: Decimal
    naive: Decimal
    """What the period before had brought: a forecast that anybody can make."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How the forecasts of one currency did, in percent; none where nothing came at all."""

    currency: str
    times: int
    error: Decimal | None
    """The mean of the absolute errors, each as a share of what came."""
    naive_error: Decimal | None
    bias: Decimal | None
    """All forecasts together against all that came; positive where too much was forecast."""
    covered: Decimal | None
    """How often what came lay in the interval."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast, and all that is needed to judge it."""

    model: str
    version: int
    made_on: date
    position: int
    expected: Sequence[Expected]
    trained_on: Mapping[str, Any]
    """What it learned from, with the parameters that this gave."""
    tested: Sequence[PastForecast]
    said: Both | None = None
    """Why nothing is forecast, if so."""

    @property
    def accuracy(self) -> list[Accuracy]:
        """How it did, by currency."""
        currencies = sorted({one.currency for one in self.tested})
        return [_accuracy(one, self.tested) for one in currencies]


def rounded(value: float | Decimal) -> Decimal:
    """To hundredths, half to even."""
    return Decimal(value).quantize(ROUNDED_TO, ROUND_HALF_EVEN)


def month_end(day: date) -> date:
    """The last day of its month."""
    return months_after(day.replace(day=1), 1) - timedelta(days=1)


def month_ends(last: date, first: date) -> Iterable[date]:
    """The ends of months from ``last`` back to ``first``."""
    end = last if last == month_end(last) else last.replace(day=1) - timedelta(days=1)
    while end >= first:
        yield end
        end = end.replace(day=1) - timedelta(days=1)


def _accuracy(currency: str, tested: Sequence[PastForecast]) -> Accuracy:
    own = [one for one in tested if one.currency == currency]
    came = sum((one.came for one in own), Decimal(0))
    forecast = sum((one.amount for one in own), Decimal(0))
    held = sum(one.low <= one.came <= one.high for one in own)
    return Accuracy(
        currency,
        len(own),
        _error([(one.amount, one.came) for one in own]),
        _error([(one.naive, one.came) for one in own]),
        rounded(100 * (forecast - came) / came) if came else None,
        rounded(Decimal(100 * held) / len(own)),
    )


def _error(pairs: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """MAPE; a period that brought nothing has no share."""
    shares = [abs(forecast - came) / came for forecast, came in pairs if came]
    return rounded(100 * sum(shares) / len(shares)) if shares else None
