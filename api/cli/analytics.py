"""Figures on the command line, and exports for other engines."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

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
    progress_bar,
    warn,
    write_files,
)

if TYPE_CHECKING:
    from api.analytics.series import Series
    from api.services import Services
    from projections.analytics.compiling import Dialect
    from projections.analytics.engine import Analytics
    from projections.analytics.kernel import Definition
    from store.dated_copies import DatedCopy

Where = Annotated[
    list[str] | None, typer.Option(help="Only with this, as stage=won; stage= finds none.")
]
Explain = Annotated[bool, typer.Option("--explain", help="The records and events behind it.")]
Output = Annotated[
    list[Path] | None, typer.Option(help="Write to this .csv, .xlsx or .parquet file.")
]
On = Annotated[Path | None, typer.Option(help="Figure it out on this export, by DuckDB.")]
Saved = Annotated[str | None, typer.Option(help="What was saved under this name, number or id.")]
Period = Annotated[
    str | None, typer.Option(help="Instead of --from and --to: last_90_days, this_quarter, …")
]
AsOf = Annotated[str | None, typer.Option(help="As of the end of this day, or this moment.")]
AsKnownAt = Annotated[str | None, typer.Option(help="By what was known then.")]

export_app = typer.Typer(help="Log and read models as files for other engines.")
export_app.info.no_args_is_help = True


MadeOn = Annotated[
    str | None, typer.Option(help="The evening of a forecast, after which nothing is known to it.")
]


class PersonalFields(StrEnum):
    """What is done with personal fields of the log."""

    LEFT_OUT = "left-out"
    PSEUDONYMS = "pseudonyms"
    CLEAR = "clear"


class Sql(StrEnum):
    """Whose SQL a figure is written in."""

    POSTGRES = "postgres"
    DUCKDB = "duckdb"
    SPARK = "spark"

    @property
    def dialect(self) -> "Dialect":
        return "pyspark" if self is Sql.SPARK else "duckdb" if self is Sql.DUCKDB else "postgres"


QueryOnly = Annotated[
    Sql | None, typer.Option("--sql", help="Show the query for this engine, and run nothing.")
]


def analytics(  # noqa: PLR0913, PLR0917  one for each option
    name: Annotated[str | None, typer.Argument(help="The figure; none: list them.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last day.")] = None,
    made_on: MadeOn = None,
    by: Annotated[list[str] | None, typer.Option(help="Group by this; may be given again.")] = None,
    where: Where = None,
    explain: Explain = False,
    output: Output = None,
    on: On = None,
    sql: QueryOnly = None,
    period: Period = None,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
    saved: Saved = None,
    language: Labels = AnswerLanguage.EN,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Show figures: sales, service and customers, as of now, of a period, or as they were."""
    if saved is not None:
        if name or since or until or by or where or explain or output or on or period or made_on:
            raise Failure("--saved: goes with --as-of and --as-known-at only. Leave out the rest.")
        from api.cli.dashboards import show_saved

        show_saved(saved, as_of, as_known_at, language, purpose, as_json)
        return
    if name is None:
        _list(language.value, as_json)
        return
    from api.analytics.files import WRITERS
    from projections.analytics import definition

    if on is not None and (as_of or as_known_at):
        raise Failure("--as-of: an export has one moment only. Leave out --on or --as-of.")
    days = {"from": since, "to": until, "period": period, "made_on": made_on}
    found, given = definition(name), given_of(days, by, where)
    if sql is not None:
        _show_query(found, given, sql)
        return
    wanted = _Wanted(found, given, on, as_of, as_known_at, explain, language, purpose)
    answer = _answer(wanted)
    if isinstance(answer, dict):
        print_json(answer) if as_json else _print_explained(answer)
        return
    write_files(answer, output, WRITERS)
    if as_json:
        print_json(answer.as_json())
    elif not output:
        print_table(answer.headings(), answer.rows(), found.title[language is AnswerLanguage.ZH])


class _Wanted(NamedTuple):
    """What is asked for."""

    definition: "Definition"
    given: dict[str, str]
    on: Path | None
    as_of: str | None
    as_known_at: str | None
    explain: bool
    language: AnswerLanguage
    purpose: str | None


def _answer(wanted: _Wanted) -> "Series | dict[str, Any]":
    """The figures, or what is behind them."""
    from dataclasses import replace

    from api.analytics.asking import asked_of
    from api.analytics.moments import now_at
    from api.analytics.series import explained, series
    from api.cli.asked import copy_at, moments_of
    from api.cli.models import catch_up

    found, reader = wanted.definition, command_line_reader(wanted.purpose)
    with opened_tenant() as services:
        if wanted.on is None:
            catch_up(services)
        zone = services.tenant.zone
        moments = moments_of(zone, wanted.as_of, wanted.as_known_at)
        asked = asked_of(found, wanted.given, now_at(moments, zone))
        copy = copy_at(services, moments)
        with engine_on(services, wanted.on, copy) as (engine, position):
            if wanted.explain:
                behind = engine.behind(found, replace(asked, by=()))
                return explained(found, position, behind, copy)
            return series(
                *(engine, services.gate, reader, found, asked, position),
                *(wanted.language.value, copy),
            )


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


def given_of(
    days: Mapping[str, str | None], by: list[str] | None, where: list[str] | None
) -> dict[str, str]:
    """What was given, as a URL has it."""
    given = {name: day for name, day in days.items() if day}
    given |= {} if by is None else {"by": ",".join(by)}
    for one in where or ():
        name, equals, value = one.partition("=")
        if not equals or name in (*days, "by"):
            raise Failure("--where takes a dimension and its value. Write it as stage=won.")
        given[name] = value
    return given


@contextmanager
def engine_on(
    services: "Services", on: Path | None, copy: "DatedCopy | None" = None
) -> "Iterator[tuple[Analytics, int]]":
    """Live, on a dated copy or on an export, with the position that it stands at."""
    if on is None:
        yield services.figures(copy), services.gate.position() if copy is None else copy.head
        return
    from api.exporting.opening import opened

    with opened(on) as (engine, position):
        yield engine, position


def _show_query(found: "Definition", given: dict[str, str], engine: Sql) -> None:
    from api.analytics.asking import asked_of, now_in
    from projections.analytics import compiling

    with opened_tenant() as services:
        asked = asked_of(found, given, now_in(services.tenant.zone))
    typer.echo(compiling.sql(compiling.figures(found, asked), engine.dialect))


def _print_explained(said: dict[str, Any]) -> None:
    rows = [(one["id"], ", ".join(map(str, one["positions"]))) for one in said["data"]]
    print_table(("record", "events"), rows)
    if said["next_cursor"]:
        warn("There are more records. Narrow it down with --where, --from and --to.")
