"""Predictions of customers: trained when somebody asks, and kept as long as no event is added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from projections.analytics.engine import Analytics
from projections.analytics.kernel import Asked, Setting
from projections.words.kernel import Both
from store.progress import Progress, untold

if TYPE_CHECKING:
    from projections.analytics.prediction.histories import Histories
    from projections.analytics.prediction.lifetime import Model, Prediction

VERSION: Final = 1
"""Goes up when the same orders would give other predictions."""
HELD: Final = Setting("held", Both("days held back to test it on", "回测保留天数"), 90, 7, 1_095)
MONTHS: Final = Setting("months", Both("months whose value counts", "价值预测月数"), 12, 1, 60)
DISCOUNT: Final = Setting(
    "discount", Both("discount a year, in percent", "年折现率（%）"), 10, 0, 100
)
SETTINGS: Final = (HELD, MONTHS, DISCOUNT)
MOST_CACHED: Final = 8
"""Models that are kept."""


@dataclass(slots=True)
class Predicting:
    """Models of one tenant's customers."""

    analytics: Analytics
    _cached: dict[tuple[Any, ...], "Model"] = field(default_factory=dict, repr=False)
    _cached_at: int = -1

    def model(self, asked: Asked, position: int, progress: Progress = untold) -> "Model":
        """The model of all that was bought up to the last day, and how it did when it was trained
        so many days before. ``position`` is where the read models stand at least.

        Raises:
            UnknownFigure: too few customers had bought again by then.
            FiguresTimedOut: to find out took too long.
        """
        settings = [one.of(asked) for one in SETTINGS]
        key = (asked.last_day, *settings)
        if position != self._cached_at or len(self._cached) >= MOST_CACHED:
            self._cached, self._cached_at = {}, position
        cached = self._cached
        if key not in cached:
            cached[key] = self._trained(asked, progress, *settings)
        return cached[key]

    def known(self, asked: Asked, position: int) -> "Model | None":
        """The model, if it was asked for since the last event; None if it would have to be trained
        first.
        """
        key = (asked.last_day, *(one.of(asked) for one in SETTINGS))
        return self._cached.get(key) if position == self._cached_at else None

    def _trained(
        self, asked: Asked, progress: Progress, held: int, months: int, discount: int
    ) -> "Model":
        from projections.analytics.prediction.lifetime import (  # noqa: PLC0415  it imports SciPy
            trained,
        )

        last = asked.last_day
        progress("orders", 0, 2)
        now = self._histories(last, held)
        progress("orders", 1, 2)
        past = self._histories(last - timedelta(days=held), held)
        progress("orders", 2, 2)
        return trained(now, past, months, discount, progress)

    def _histories(self, until: date, held: int) -> "Histories":
        from projections.analytics import compiling  # noqa: PLC0415  it imports Ibis
        from projections.analytics.prediction import histories  # noqa: PLC0415
        from projections.analytics.views import views  # noqa: PLC0415

        engine = self.analytics.engine
        query = compiling.sql(histories.table(views(), until, held), engine.dialect)
        return histories.read(engine.rows(query), until, held)


def stated(model: "Model", position: int) -> dict[str, Any]:
    """What a model was trained on, with which outcome, and how it did on the past."""
    from projections.analytics.prediction import bg_nbd, gamma_gamma  # noqa: PLC0415

    return {
        "name": "lifetime_value",
        "version": VERSION,
        "position": position,
        "to": model.until.isoformat(),
        "settings": {"months": model.months, "discount": model.discount},
        "purchases": {
            "model": "BG/NBD",
            "time_unit": "week",
            "customers": model.customers,
            "came_back": model.came_back,
            "purchases": model.purchases,
            "parameters": _named(bg_nbd.NAMES, model.fit.parameters),
            "log_likelihood": f"{model.fit.log_likelihood:.2f}",
            "trouble": model.fit.trouble,
        },
        "value": [
            {
                "model": "gamma-gamma",
                "currency": currency,
                "customers": one.customers,
                "parameters": _named(gamma_gamma.NAMES, one.fit.parameters),
                "log_likelihood": f"{one.fit.log_likelihood:.2f}",
                "correlation": str(one.correlation),
                "trouble": one.fit.trouble,
            }
            for currency, one in model.spending.items()
        ],
        "back_test": _back_test(model),
    }


def predicted(one: "Prediction") -> dict[str, Any]:
    """What is to be expected of a customer."""
    return {
        "alive": str(one.alive),
        "expected_30_days": str(one.soon),
        "expected_90_days": str(one.later),
        "next_purchase_on": one.next_on and one.next_on.isoformat(),
        "worth": [
            {"currency": currency, "each": str(worth.each), "lifetime_value": str(worth.lifetime)}
            for currency, worth in one.worth.items()
        ],
    }


def _back_test(model: "Model") -> dict[str, Any] | None:
    tested = model.tested
    if tested is None:
        return None
    errors = {
        name: {
            "purchases": str(one.total),
            "mean_absolute_error": str(one.mean_absolute),
            "root_mean_square_error": str(one.root_mean_square),
        }
        for name, one in (("model", tested.model), ("same_as_before", tested.baseline))
    }
    return {
        "to": tested.until.isoformat(),
        "held": tested.held,
        "customers": tested.customers,
        "actual_purchases": tested.actual,
        **errors,
        "beats_baseline": tested.beats_baseline,
        "deciles": [
            {
                "customers": one.customers,
                "predicted": str(one.predicted),
                "actual": str(one.actual),
            }
            for one in tested.deciles
        ],
    }


def _named(names: tuple[str, ...], parameters: tuple[float, ...]) -> Mapping[str, str]:
    return {name: f"{one:g}" for name, one in zip(names, parameters, strict=True)}
