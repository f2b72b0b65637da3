"""What /openapi.json says of the forecasts."""

from typing import Any, Final

from api.analytics.docs import DAY, LANGUAGE, json_answer
from api.openapi import describe_read
from api.parameters import MIN_POSITION, MIN_POSITION_IN_QUERY, parameter, query
from projections.analytics.forecasts.asking import MODELS

_MODEL: Final = parameter(
    "model", "path", {"type": "string", "enum": [*MODELS]}, "By its name.", "won_months"
)
_MADE_ON: Final = query(
    "made_on", DAY, "The evening after which nothing is known; unless given, today.", "2026-03-31"
)
_AHEAD: Final = query(
    "ahead",
    {"type": "integer", "minimum": 1, "maximum": max(one.most for one in MODELS.values())},
    "How far it looks ahead: "
    + "; ".join(f"{one.name} up to {one.most} {one.unit}" for one in MODELS.values())
    + ".",
    3,
)
_AMOUNT: Final = {"type": "string"}
_PERCENT: Final = {"type": ["string", "null"]}
_EXPECTED: Final = {
    "type": "object",
    "required": ["first", "last", "currency", "amount", "low", "high"],
    "properties": {
        **dict.fromkeys(("first", "last"), DAY),
        "currency": {"type": "string"},
        "amount": _AMOUNT,
        "low": {**_AMOUNT, "description": "Ten of a hundred outcomes are to lie below."},
        "high": {**_AMOUNT, "description": "Ten of a hundred outcomes are to lie above."},
        "deals": {"type": ["integer", "null"], "description": "Open ones."},
        "unpriced": {"type": ["integer", "null"], "description": "Of these, without an amount."},
        "open_amount": {"type": ["string", "null"]},
        "expected_deals": {"type": ["string", "null"], "description": "Wins to be expected."},
    },
}
_TESTED: Final = {
    "type": "object",
    "properties": {
        "made_on": DAY,
        "currency": {"type": "string"},
        **dict.fromkeys(("amount", "low", "high"), _AMOUNT),
        "came": {**_AMOUNT, "description": "What then was won."},
        "naive": {**_AMOUNT, "description": "What the period before had brought."},
    },
}
_ACCURACY: Final = {
    "type": "object",
    "properties": {
        "currency": {"type": "string"},
        "times": {"type": "integer"},
        "error": {**_PERCENT, "description": "Mean absolute error, in percent of what came."},
        "naive_error": {**_PERCENT, "description": "The same of the period before."},
        "bias": {**_PERCENT, "description": "Positive where too much was forecast."},
        "covered": {**_PERCENT, "description": "How often what came lay in the interval."},
    },
}
_FORECAST: Final = {
    "type": "object",
    "required": ["model", "version", "made_on", "position", "expected", "trained_on", "tested"],
    "properties": {
        "model": {"type": "string"},
        "version": {"type": "integer", "minimum": 1},
        "title": {"type": "string"},
        "labels": {"type": "object", "description": "What its parts are called."},
        "made_on": DAY,
        "position": {"type": "integer", "description": "Up to there the log is in it."},
        "expected": {"type": "array", "items": _EXPECTED},
        "trained_on": {"type": "object", "description": "What it learned from, and its parameters"},
        "tested": {"type": "array", "items": _TESTED},
        "accuracy": {"type": "array", "items": _ACCURACY},
        "said": {
            "type": ["string", "null"],
            "description": "Why nothing is forecast, where history is too short.",
        },
    },
}


def describe_forecasts(path: str) -> dict[str, Any]:
    """The options of the list's route."""
    schema = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": {"type": "object"}}},
    }
    return describe_read(
        "ListForecasts",
        path,
        "List the forecasts",
        "Every model with its version and how far it looks ahead.",
        parameters=[LANGUAGE],
        answer=json_answer("The models.", schema),
    )


def describe_forecast(path: str) -> dict[str, Any]:
    """The options of a forecast's route."""
    return describe_read(
        "ReadForecast",
        path,
        "Forecast from history",
        "What is expected, in each currency by itself, with an interval; what the model learned "
        "from; and how it would have done on past evenings, against what the period before had "
        "brought. Only what had happened by the evening is known to it.",
        parameters=[_MODEL, _MADE_ON, _AHEAD, LANGUAGE, MIN_POSITION_IN_QUERY, MIN_POSITION],
        answer=json_answer("The forecast.", _FORECAST),
        errors=(400, 401, 403, 404, 422, 503),
    )
