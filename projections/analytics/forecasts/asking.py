"""The forecasts that there are, and what may be asked of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from projections.analytics.forecasts import months, open_deals
from projections.analytics.forecasts.kernel import Forecast
from projections.analytics.forecasts.spells import Step
from projections.analytics.kernel import UnknownFigure
from projections.words.kernel import Both


@dataclass(frozen=True, slots=True)
class Model:
    """A way to forecast."""

    name: str
    version: int
    title: Both
    description: Both
    unit: Literal["days", "months"]
    """In which it is said how far it looks ahead."""
    usual: int
    most: int
    forecast: Callable[[Sequence[Step], date, int, int], Forecast]


MODELS: Final[Mapping[str, Model]] = {
    one.name: one
    for one in (
        Model(
            open_deals.NAME,
            open_deals.VERSION,
            Both("What open deals will bring", "进行中商机预期成交"),
            Both(
                "What the deals that are open on an evening are expected to bring within so many "
                "days, by what became of deals that had stood in the same stage for as long.",
                "依据在同一阶段停留同样天数的历史商机的结果，预测某日终进行中的商机在若干天内的成交金额。",
            ),
            "days",
            90,
            366,
            open_deals.forecast,
        ),
        Model(
            months.NAME,
            months.VERSION,
            Both("What months will bring", "月度成交预测"),
            Both(
                "What is expected to be won in each of the next months, by what was won in the "
                "months that were over on an evening (exponential smoothing).",
                "依据截至某日终已结束各月的赢单金额，以指数平滑法预测后续各月的赢单金额。",
            ),
            "months",
            3,
            12,
            months.forecast,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class AskedForecast:
    """What is asked of a model."""

    model: Model
    made_on: date
    """Nothing that happened later is known to it."""
    ahead: int


def asked_forecast(
    name: str, made_on: date | None, ahead: int | None, today: date
) -> AskedForecast:
    """What is asked, with what goes without saying: from today, as far as is usual.

    Raises:
        UnknownFigure: there is no such model, or it does not look so far.
    """
    model = MODELS.get(name)
    if model is None:
        raise UnknownFigure("model", f"is no forecast. There are: {', '.join(MODELS)}.")
    if made_on is not None and made_on > today:
        raise UnknownFigure("made_on", "lies in the future. Give today or an earlier day.")
    if ahead is not None and not 1 <= ahead <= model.most:
        raise UnknownFigure("ahead", f"is out of range. Give 1 to {model.most} {model.unit}.")
    return AskedForecast(model, made_on or today, ahead or model.usual)
