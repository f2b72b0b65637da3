"""Dashboards and saved figures on the command line."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.analytics import AsKnownAt, AsOf, Period
from api.cli.shared import (
    AnswerLanguage,
    Failure,
    Json,
    Labels,
    Stated,
    command_line_reader,
    opened_tenant,
    print_json,
    print_table,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.analytics.series import Series
    from api.services import Services
    from domain.saved_figures import Question


def dashboard(  # noqa: PLR0913, PLR0917  one for each option
    name: Annotated[str | None, typer.Argument(help="The dashboard; none: list them.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last day.")] = None,
    period: Period = None,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
    language: Labels = AnswerLanguage.EN,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Show a dashboard: several figures, all as of one position."""
    if name is None:
        _list(language, as_json)
        return
    from api.analytics.moments import now_at
    from api.analytics.together import Shown, questions, together
    from api.cli.asked import copy_at, moments_of
    from api.cli.models import catch_up
    from projections.analytics.dashboards import DASHBOARDS

    found = DASHBOARDS.get(name)
    if found is None:
        raise Failure(f"There is no dashboard {name}. There are: {', '.join(DASHBOARDS)}.")
    days = {"from": since, "to": until, "period": period}
    given = {key: text for key, text in days.items() if text is not None}
    reader = command_line_reader(purpose)
    with opened_tenant() as services:
        moments = moments_of(services.tenant.zone, as_of, as_known_at)
        asked = questions(found, given, now_at(moments, services.tenant.zone))
        catch_up(services)
        copy = copy_at(services, moments)
        shown = Shown(found, *together(services, reader, asked, language.value, copy), copy)
    if as_json:
        print_json(shown.as_json(language.value))
    else:
        _print(shown.series, language)


def show_saved(
    text: str,
    as_of: str | None,
    as_known_at: str | None,
    language: AnswerLanguage,
    purpose: str | None,
    as_json: bool,
) -> None:
    """What a saved figure gives, by its name, number or id."""
    from api.analytics.asked_again import answered, question_of
    from api.analytics.moments import now_at
    from api.cli.asked import copy_at, moments_of
    from api.cli.models import catch_up

    reader = command_line_reader(purpose)
    with opened_tenant() as services:
        catch_up(services)
        saved = _saved(services, text)
        moments = moments_of(services.tenant.zone, as_of, as_known_at)
        wanted = question_of(saved, now_at(moments, services.tenant.zone))
        copy = copy_at(services, moments)
        found = answered(services, reader, saved, wanted, language.value, copy)
    if found.has_moved:
        warn(f"The definition is at version {found.of.version}, and was at {saved.version}.")
    if as_json:
        print_json(found.as_json(language.value))
    else:
        _print(found.series, language)


def _saved(services: "Services", text: str) -> "Question":
    """Among the shared ones, and those that were saved here."""
    from api.cli.asked import record_of
    from domain.envelope import SYSTEM
    from domain.saved_figures import SavedFigure, name_claim

    named = [name_claim(text, whose) for whose in (None, SYSTEM)]
    found = services.log.holders("saved_figures", "name", named)
    record = next((found[one] for one in named if one in found), None)
    record = record or record_of(services, text)
    state = services.dispatcher.state(SavedFigure, record).state
    if not isinstance(state, SavedFigure) or state.question is None:
        raise Failure("There is no such saved figure. See GET /v1/saved-figures.")
    return state.question


def _list(language: AnswerLanguage, as_json: bool) -> None:
    from api.analytics.together import described
    from projections.analytics.dashboards import DASHBOARDS

    found = [described(one, language.value) for one in DASHBOARDS.values()]
    if as_json:
        print_json(found)
        return
    rows = [
        (one["name"], one["title"], ", ".join(panel["figure"] for panel in one["panels"]))
        for one in found
    ]
    print_table(("name", "title", "figures"), rows)


def _print(series: "Sequence[Series]", language: AnswerLanguage) -> None:
    for number, one in enumerate(series):
        if number:
            typer.echo()
        title = one.definition.title[language is AnswerLanguage.ZH]
        typer.echo(f"# {title}")
        print_table(one.headings(), one.rows())
