"""Figures on the command line, and exports for other engines."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.shared import (
    AnswerLanguage,
    Failure,
    Json,
    Stated,
    command_line_reader,
    opened_tenant,
    print_json,
    print_table,
    progress_bar,
    warn,
)

if TYPE_CHECKING:
    from api.services import Services
    from projections.analytics.engine import Analytics
    from projections.analytics.kernel import Asked, Definition

export_app = typer.Typer(help="Log and read models as files for other engines.")
export_app.info.no_args_is_help = True


MadeOn = Annotated[
    str | None, typer.Option(help="The evening of a forecast, after which nothing is known to it.")
]
OnExport = Annotated[Path | None, typer.Option(help="Figure it out on this export, by DuckDB.")]


class PersonalFields(StrEnum):
    """What is done with personal fields of the log."""

    LEFT_OUT = "left-out"
    PSEUDONYMS = "pseudonyms"
    CLEAR = "clear"


def analytics(  # noqa: PLR0913, PLR0917  one for each option
    name: Annotated[str | None, typer.Argument(help="The figure; none: list them.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last day.")] = None,
    made_on: MadeOn = None,
    by: Annotated[list[str] | None, typer.Option(help="Group by this; may be given again.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Only with this, as stage=won; stage= finds none.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="The records and events behind it.")
    ] = False,
    output: Annotated[
        list[Path] | None, typer.Option(help="Write to this .csv, .xlsx or .parquet file.")
    ] = None,
    on: OnExport = None,
    language: Annotated[AnswerLanguage, typer.Option(help="Of labels.")] = AnswerLanguage.EN,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Show figures: sales, service and customers, as of now or of a period."""
    if name is None:
        _list(language.value, as_json)
        return
    from api.analytics.asking import asked_of, now_in
    from api.cli.models import catch_up
    from projections.analytics import definition

    found = definition(name)
    days = {"from": since, "to": until, "made_on": made_on}
    given = _given(days, by, where)
    reader = command_line_reader(purpose)
    with opened_tenant() as services:
        if on is None:
            catch_up(services)
        asked = asked_of(found, given, now_in(services.tenant.zone))
        with engine_on(services, on) as (engine, position):
            if explain:
                _explain(engine, found, asked, position, as_json)
                return
            from api.analytics.series import series

            answer = series(engine, services.gate, reader, found, asked, position, language.value)
    for path in output or ():
        _write(answer, path)
    if as_json:
        print_json(answer.as_json())
    elif not output:
        print_table(answer.headings(), answer.rows(), found.title[language is AnswerLanguage.ZH])


@export_app.command("parquet")
def parquet(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one to bring up to date.")],
    personal: Annotated[
        PersonalFields, typer.Option(help="What to do with personal fields of the log.")
    ] = PersonalFields.LEFT_OUT,
    copy: Annotated[
        str | None,
        typer.Option(help="With personal fields: the name under which KEPT_COPIES counts it."),
    ] = None,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Export log and read models to Parquet; a second run adds what is new."""
    from api.cli.models import catch_up
    from api.exporting.entries import Personal
    from api.exporting.parquet import export

    reader = command_line_reader(purpose)
    with opened_tenant() as services, progress_bar() as progress:
        catch_up(services)
        done = export(services, reader, folder, Personal(personal.value), copy, progress)
    if as_json:
        print_json({"position": done.position, "entries": done.entries, "models": [*done.models]})
    else:
        typer.echo(
            f"{folder} stands at position {done.position:,}: {done.entries:,} entries were added, "
            f"{len(done.models)} read models written."
        )


def _list(language: Any, as_json: bool) -> None:
    from api.analytics.series import described
    from projections.analytics import DEFINITIONS

    found = [described(one, language) for one in DEFINITIONS.values()]
    if as_json:
        print_json(found)
        return
    rows = [
        (one["name"], one["version"], one["title"], ", ".join(d["name"] for d in one["dimensions"]))
        for one in found
    ]
    print_table(("name", "version", "title", "by"), rows)


def _given(
    days: Mapping[str, str | None], by: list[str] | None, where: list[str] | None
) -> dict[str, str]:
    given = {name: day for name, day in days.items() if day}
    given |= {} if by is None else {"by": ",".join(by)}
    for one in where or ():
        name, equals, value = one.partition("=")
        if not equals or name in (*days, "by"):
            raise Failure("--where takes a dimension and its value. Write it as stage=won.")
        given[name] = value
    return given


@contextmanager
def engine_on(services: "Services", on: Path | None) -> "Iterator[tuple[Analytics, int]]":
    """Live, or on an export, with the position that it stands at."""
    if on is None:
        yield services.analytics, services.gate.position()
        return
    from api.exporting.opening import opened

    with opened(on) as (engine, position):
        yield engine, position


def _explain(
    engine: "Analytics", found: "Definition", asked: "Asked", position: int, as_json: bool
) -> None:
    from dataclasses import replace

    from api.analytics.series import explained

    said = explained(found, position, engine.behind(found, replace(asked, by=())))
    if as_json:
        print_json(said)
        return
    rows = [(one["id"], ", ".join(map(str, one["positions"]))) for one in said["data"]]
    print_table(("record", "events"), rows)
    if said["next_cursor"]:
        warn("There are more records. Narrow it down with --where, --from and --to.")


def _write(answer: Any, path: Path) -> None:
    from api.analytics.files import WRITERS

    write = WRITERS.get(path.suffix.removeprefix("."))
    if write is None:
        raise Failure(f"--output: no such kind of file. Name it {' or '.join(WRITERS)}.")
    write(answer, path)
