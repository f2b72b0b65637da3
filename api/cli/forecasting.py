"""Forecasts from history on the command line."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.cli.analytics import MadeOn, On, engine_on
from api.cli.shared import AnswerLanguage, Json, Labels, opened_tenant, print_json, print_table

if TYPE_CHECKING:
    from projections.analytics.forecasts.kernel import Forecast

EXPECTED: Final = ("first", "last", "currency", "amount", "low", "high")
EXPECTED_OF_DEALS: Final = (*EXPECTED, "deals", "unpriced", "open_amount", "expected_deals")
TRIALS: Final = ("made_on", "currency", "amount", "low", "high", "came", "naive")
ACCURACY: Final = ("currency", "times", "error", "naive_error", "bias", "covered")


def forecast(
    model: Annotated[str | None, typer.Argument(help="The forecast; none: list them.")] = None,
    made_on: MadeOn = None,
    ahead: Annotated[
        int | None, typer.Option(help="How far it looks ahead, in days or months of the model.")
    ] = None,
    on: On = None,
    language: Labels = AnswerLanguage.EN,
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
    from projections.analytics.forecasts.words import TRIED_OUT

    of_deals = any(one.deals is not None for one in found.expected)
    columns = EXPECTED_OF_DEALS if of_deals else EXPECTED
    _print(columns, found.expected, in_chinese, MODELS[found.model].title[in_chinese])
    if found.said is not None:
        typer.echo(found.said[in_chinese])
    if found.tested:
        typer.echo(TRIED_OUT[in_chinese])
        _print(TRIALS, found.tested, in_chinese)
        _print(ACCURACY, found.accuracy, in_chinese)


def _print(
    columns: Sequence[str], rows: Iterable[object], in_chinese: bool, title: str = ""
) -> None:
    from projections.analytics.forecasts.words import LABELS

    headings = [LABELS[name][in_chinese] for name in columns]
    print_table(headings, [[getattr(one, name) for name in columns] for one in rows], title)
