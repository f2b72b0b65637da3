"""Forecasts over HTTP: what there is, what one says, and what is refused."""

from dataclasses import fields

import pytest

from projections.analytics.forecasts.asking import MODELS
from projections.analytics.forecasts.kernel import Accuracy, Expected, PastForecast
from tests.api.conftest import Api


def test_every_forecast_is_listed_in_both_languages(shared: Api) -> None:
    english = shared.get("/v1/forecasts", role="analyst")["data"]
    chinese = shared.get("/v1/forecasts?language=zh", role="analyst")["data"]
    assert [one["model"] for one in english] == [*MODELS]
    for one, other in zip(english, chinese, strict=True):
        assert one["title"] != other["title"]
        assert one["ahead"] == other["ahead"]


def test_a_forecast_says_of_what_it_learned_and_why_it_expects_nothing(shared: Api) -> None:
    found = shared.get("/v1/forecasts/open_deals?made_on=2026-01-31&ahead=30", role="analyst")
    assert (found["model"], found["version"], found["made_on"]) == ("open_deals", 1, "2026-01-31")
    assert found["trained_on"]["days"] == 30
    assert (found["expected"], found["tested"], found["accuracy"]) == ([], [], [])
    assert found["said"].endswith("A forecast needs 30.")
    said = shared.get("/v1/forecasts/open_deals?language=zh", role="analyst")["said"]
    assert said.endswith("预测至少需要 30 次。")
    parts = {field.name for part in (Expected, PastForecast, Accuracy) for field in fields(part)}
    assert found["labels"].keys() == parts


@pytest.mark.parametrize(
    ("path", "status", "kind", "part"),
    [
        ("mood", 404, "not-found", "There is no such forecast. There are: open_deals, won_months."),
        ("open_deals?made_on=spring", 422, "validation", "made_on: is no day."),
        ("open_deals?made_on=2126-01-31", 422, "validation", "made_on: lies in the future."),
        ("won_months?ahead=13", 422, "validation", "in range. Give one from 1 to 12."),
        ("won_months?language=de", 422, "validation", "language: is none of the choices."),
        ("won_months?by=month", 400, "unserved", "It knows: made_on, ahead"),
    ],
)
def test_what_cannot_be_forecast_is_refused(
    shared: Api, path: str, status: int, kind: str, part: str
) -> None:
    Api.refused(shared.analyst.get(f"/v1/forecasts/{path}"), status, kind, part)
