"""What the months to come will bring, by what was won in the months before: exponential smoothing
as a state space model with additive errors, ETS (Hyndman, Koehler, Ord and Snyder 2008).

Statsmodels takes seconds to import, so it is imported where a forecast is asked for.
"""

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from typing import Any, Final

from projections.analytics.forecasts.kernel import (
    COVERAGE,
    MOST_TESTS,
    Expected,
    Forecast,
    PastForecast,
    Z,
    month_end,
    month_ends,
    rounded,
)
from projections.analytics.forecasts.spells import Step, tell
from projections.words.kernel import Both

NAME: Final = "won_months"
VERSION: Final = 1
LEAST: Final = 6
"""Complete months that a level is learned from."""
LEAST_FOR_A_TREND: Final = 12
LEAST_FOR_SEASONS: Final = 36
_YEAR: Final = 12
_DIGITS: Final = 4
"""To which what was learned is rounded before it is used: the search for it ends a little elsewhere
on every machine, and no printed digit may hang on that.
"""


@dataclass(frozen=True, slots=True)
class _Learned:
    """A method, fitted to a series."""

    method: str
    parameters: Mapping[str, Decimal]
    mean: Sequence[float]
    """Of the months to come, in the series' own unit."""
    deviation: Sequence[float]


def forecast(steps: Sequence[Step], made_on: date, months: int, position: int) -> Forecast:
    """The forecast of an evening, tried out on the last months of what was known then."""
    series = _series(steps, made_on)
    expected: list[Expected] = []
    tested: list[PastForecast] = []
    learned_from: list[dict[str, Any]] = []
    short: dict[str, int] = {}
    for currency, values in sorted(series.items()):
        if len(values) < LEAST:
            short[currency] = len(values)
            continue
        ends, amounts = [*values], [*values.values()]
        learned, scale = _fitted(amounts, months)
        expected += _months(learned, scale, ends[-1], currency)
        tested += _tested(amounts, ends, currency)
        learned_from.append(
            {
                "currency": currency,
                "months": len(amounts),
                "first_day": ends[0].replace(day=1),
                "last_day": ends[-1],
                "method": learned.method,
                "scale": rounded(scale),
                "parameters": learned.parameters,
            }
        )
    trained_on = {
        "series": learned_from,
        "parameters": {"least_months": LEAST, "coverage": COVERAGE},
    }
    said = _too_short(short) if short or not series else None
    return Forecast(NAME, VERSION, made_on, position, expected, trained_on, tested, said)


def _too_short(short: Mapping[str, int]) -> Both:
    if not short:
        return Both(
            f"Nothing has been won yet. A forecast needs {LEAST} complete months.",
            f"尚无赢单，预测至少需要 {LEAST} 个完整月份。",
        )
    en = ", ".join(f"{months} in {currency}" for currency, months in short.items())
    zh = "、".join(f"{currency} {months} 个" for currency, months in short.items())
    return Both(
        f"Complete months since the first win: {en}. A forecast needs {LEAST}.",
        f"自首次赢单以来的完整月份：{zh}，预测至少需要 {LEAST} 个。",
    )


def _series(steps: Sequence[Step], made_on: date) -> dict[str, dict[date, Decimal]]:
    """By currency, what was won in each month that is over, from that of the first win on."""
    won: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for win in tell(steps, made_on).wins:
        if win.amount is not None and win.currency is not None:
            won[win.currency][month_end(win.day)] += win.amount
    return {
        currency: {
            end: months.get(end, Decimal(0)) for end in [*month_ends(made_on, min(months))][::-1]
        }
        for currency, months in won.items()
    }


def _months(learned: _Learned, scale: Decimal, last: date, currency: str) -> list[Expected]:
    found = []
    for mean, deviation in zip(learned.mean, learned.deviation, strict=True):
        first, last = last + timedelta(days=1), month_end(last + timedelta(days=1))
        amount, low, high = _interval(mean, deviation, scale)
        found.append(Expected(first, last, currency, amount, low, high))
    return found


def _interval(mean: float, deviation: float, scale: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Amount, low and high; nobody wins less than nothing."""
    ends = (mean, mean - Z * deviation, mean + Z * deviation)
    amount, low, high = (rounded(max(Decimal(one), Decimal(0)) * scale) for one in ends)
    return amount, low, high


def _tested(amounts: Sequence[Decimal], ends: Sequence[date], currency: str) -> list[PastForecast]:
    """One month ahead, from each of the last months that leave enough before them."""
    first = max(LEAST, len(amounts) - MOST_TESTS)
    found = []
    for known in range(first, len(amounts)):
        learned, scale = _fitted(amounts[:known], 1)
        interval = _interval(learned.mean[0], learned.deviation[0], scale)
        found.append(
            PastForecast(ends[known - 1], currency, *interval, amounts[known], amounts[known - 1])
        )
    return found


def _fitted(amounts: Sequence[Decimal], months: int) -> tuple[_Learned, Decimal]:
    """The method that fits best by the corrected information criterion of Akaike, and the unit in
    which it counts: the mean month.
    """
    scale = sum(amounts, Decimal(0)) / len(amounts)
    values = [float(one / scale) for one in amounts] if scale else []
    if all(one == before for before, one in pairwise(values)):
        return _Learned("constant", {}, [1.0] * months, [0.0] * months), scale
    methods: dict[str, dict[str, Any]] = {"ETS(A,N,N)": {}}
    if len(values) >= LEAST_FOR_A_TREND:
        methods["ETS(A,Ad,N)"] = {"trend": "add", "damped_trend": True}
    if len(values) >= LEAST_FOR_SEASONS:
        seasons = {"seasonal": "add", "seasonal_periods": _YEAR}
        methods["ETS(A,N,A)"] = {**seasons, "initialization_method": "heuristic"}
    with warnings.catch_warnings():
        # Of a search that did not end; then another method fits better, or the level is all.
        warnings.simplefilter("ignore")
        fits = [(_fit(values, settings, months), name) for name, settings in methods.items()]
    (_, parameters, mean, deviation), name = min(fits, key=lambda one: (one[0][0], one[1]))
    return _Learned(name, parameters, mean, deviation), scale


def _fit(
    values: Sequence[float], settings: Mapping[str, Any], months: int
) -> tuple[float, dict[str, Decimal], list[float], list[float]]:
    """How well a method fits, its parameters, and the months to come by them. The variance is that
    of the errors by their degrees of freedom, since there are few of them.
    """
    import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415
    from statsmodels.tsa.exponential_smoothing.ets import (  # type: ignore[import-untyped]  # noqa: PLC0415
        ETSModel,
    )

    model = ETSModel(pd.Series(values), error="add", **settings)
    fitted = model.fit(disp=False)
    known, learned = len(values), [round(float(one), _DIGITS) for one in fitted.params]
    ahead = model.smooth(learned).get_prediction(start=known, end=known + months - 1)
    freedom = known / (known - len(learned))
    mean = [float(one) for one in ahead.predicted_mean]
    deviation = [sqrt(float(one) * freedom) for one in ahead.forecast_variance]
    names = {name: Decimal(str(one)) for name, one in zip(model.param_names, learned, strict=True)}
    return round(float(fitted.aicc), _DIGITS), names, mean, deviation
