"""Forecasts over HTTP, and as programs get them from the command line as well."""

from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.analytics.asking import MADE_ON, day, language_of, now_in
from api.analytics.forecast_docs import describe_forecast, describe_forecasts
from api.filters import parameters, whole_number
from api.problems import Problem
from api.reads import reading
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of, segment
from projections.analytics.engine import Analytics
from projections.analytics.forecasts.asking import MODELS, AskedForecast, Model, asked_forecast
from projections.analytics.forecasts.kernel import Forecast
from projections.analytics.forecasts.spells import Step, steps_of
from projections.analytics.forecasts.words import LABELS
from projections.gate import Gate
from projections.plain import plain
from projections.readers import Reader
from projections.words.kernel import LANGUAGES, Language

PATH: Final = "/v1/forecasts"


def forecasts(router: APIRouter) -> None:
    """Serve the forecasts."""
    one = f"{PATH}/{{model}}"
    router.routes += [
        KeyedRoute(PATH, listed, methods=["GET"], **describe_forecasts(PATH)),
        KeyedRoute(one, forecast, methods=["GET"], **describe_forecast(one)),
    ]


async def listed(request: Request) -> Response:
    """What can be forecast."""
    caller_of(request).needs("read")
    language = language_of(parameters(request, ("language",)))
    return json_reply(200, {"data": [described(one, language) for one in MODELS.values()]})


async def forecast(request: Request) -> Response:
    """What one model expects, of what it learned, and how it did before."""
    name = segment(request)
    if name not in MODELS:
        raise Problem("not-found", f"There is no such forecast. There are: {', '.join(MODELS)}.")
    given = parameters(request, (MADE_ON, "ahead", "language", "min_position"))
    request.scope["min_position"] = given.pop("min_position", None)
    language, caller = language_of(given), caller_of(request)
    made_on = day(MADE_ON, given[MADE_ON]) if MADE_ON in given else None
    ahead = (
        whole_number("ahead", given["ahead"], 1, MODELS[name].most) if "ahead" in given else None
    )
    asked = asked_forecast(name, made_on, ahead, now_in(caller.zone).date())
    services, look = caller.served.services, caller.served.progress.look

    def read(gate: Gate, reader: Reader) -> dict[str, Any]:
        return told(forecast_by(services.analytics, asked, look()), language)

    found, headers = await reading(request, read)
    return json_reply(200, found, headers)


def forecast_by(analytics: Analytics, asked: AskedForecast, position: int) -> Forecast:
    """The forecast by the engine's read models, which stand at ``position`` at least.

    Raises:
        FiguresTimedOut: reading the steps of all deals took too long.
    """
    model = asked.model

    def make() -> Forecast:
        # They import Ibis.
        from projections.analytics.compiling import sql  # noqa: PLC0415
        from projections.analytics.views import views  # noqa: PLC0415

        engine = analytics.engine
        rows = engine.rows(sql(steps_of(views(), asked.made_on), engine.dialect))
        steps = [Step.of(row) for row in rows]
        return model.forecast(steps, asked.made_on, asked.ahead, position)

    key = (model.name, model.version, asked.made_on, asked.ahead)
    return analytics.remembered(key, position, make)


def described(model: Model, language: Language) -> dict[str, Any]:
    """What a model is, for people and programs."""
    at = LANGUAGES.index(language)
    return {
        "model": model.name,
        "version": model.version,
        "title": model.title[at],
        "description": model.description[at],
        "ahead": {"unit": model.unit, "usual": model.usual, "most": model.most},
    }


def told(forecast: Forecast, language: Language) -> dict[str, Any]:
    """A forecast for programs: decimals as texts, so that none is rounded."""
    model, at = MODELS[forecast.model], LANGUAGES.index(language)
    found: dict[str, Any] = plain(
        {
            "model": forecast.model,
            "version": forecast.version,
            "title": model.title[at],
            "labels": {name: label[at] for name, label in LABELS.items()},
            "made_on": forecast.made_on,
            "position": forecast.position,
            "expected": [asdict(one) for one in forecast.expected],
            "trained_on": forecast.trained_on,
            "tested": [asdict(one) for one in forecast.tested],
            "accuracy": [asdict(one) for one in forecast.accuracy],
            "said": forecast.said and forecast.said[at],
        }
    )
    return found
