"""Forecasts from history on the command line."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.analytics import MadeOn, OnExport, engine_on
from api.cli.shared import AnswerLanguage, Json, opened_tenant, print_json, print_table

if TYPE_CHECKING:
    from projections.analytics.forecasts.kernel import Forecast


def forecast(
    model: Annotated[str | None, typer.Argument(help="The forecast; none: list them.")] = None,
    made_on: MadeOn = None,
    ahead: Annotated[
        int | None, typer.Option(help="How far it looks ahead, in days or months of the model.")
    ] = None,
    on: OnExport = None,
    language: Annotated[AnswerLanguage, typer.Option(help="Of titles.")] = AnswerLanguage.EN,
    as_json: Json = False,
) -> None:
    """Forecast what will be won, from history, and say how such forecasts did before."""
    from api.analytics.asking import MADE_ON, day, now_in
    from api.analytics.forecasts import described, forecast_by, told
    from projections.analytics.forecasts.asking import MODELS, asked_forecast

    if model is None:
        models = [described(one, language.value) for one in MODELS.values()]
        if as_json:
            print_json(models)
            return
        rows = [(one["model"], one["version"], one["title"]) for one in models]
        print_table(("forecast", "version", "title"), rows)
        return
    evening = day(MADE_ON, made_on) if made_on else None
    with opened_tenant() as services:
        if on is None:
            from api.cli.models import catch_up

            catch_up(services)
        asked = asked_forecast(model, evening, ahead, now_in(services.tenant.zone).date())
        with engine_on(services, on) as (engine, position):
            found = forecast_by(engine, asked, position)
    if as_json:
        print_json(told(found, language.value))
        return
    _show(found, language is AnswerLanguage.ZH)


def _show(found: "Forecast", in_chinese: bool) -> None:
    from projections.analytics.forecasts.asking import MODELS

    model = MODELS[found.model]
    columns = ["first", "last", "currency", "amount", "low", "high"]
    if any(one.deals is not None for one in found.expected):
        columns += ["deals", "unpriced", "open_amount", "expected_deals"]
    rows = [[getattr(one, name) for name in columns] for one in found.expected]
    print_table([name.replace("_", " ") for name in columns], rows, model.title[in_chinese])
    if found.said is not None:
        typer.echo(found.said[in_chinese])
    if not found.tested:
        return
    typer.echo("Tried out on past evenings:")
    tested = [
        (one.made_on, one.currency, one.amount, one.low, one.high, one.came, one.naive)
        for one in found.tested
    ]
    headings = ("made on", "currency", "amount", "low", "high", "came", "period before")
    print_table(headings, tested)
    accuracy = [
        (one.currency, one.times, one.error, one.naive_error, one.bias, one.covered)
        for one in found.accuracy
    ]
    judged = (
        *("currency", "times", "mean error (%)", "that of the period before (%)"),
        *("bias (%)", "in the interval (%)"),
    )
    print_table(judged, accuracy)
