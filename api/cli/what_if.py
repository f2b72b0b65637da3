"""What-ifs: a rule of a file, replayed over the past; nothing is written but the report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

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
    from api.what_if.showing import Shown

app = typer.Typer(
    help="What-ifs: a rule replayed over the past. Nothing is written, nothing happens to anybody."
)
app.info.no_args_is_help = True
MOST_BYTES: Final = 1_048_576
"""Of a rule; as many as a request has."""
SHOWN_CHANGES: Final = 20

RuleFile = Annotated[Path, typer.Argument(help="The rule, as JSON.")]
Since = Annotated[str | None, typer.Option("--from", help="Records from this day on.")]
Until = Annotated[str | None, typer.Option("--to", help="Up to the end of this day; now if none.")]
Outputs = Annotated[
    list[Path] | None, typer.Option(help="Write a sheet to this .csv or .xlsx file.")
]
SheetName = Annotated[str | None, typer.Option(help="Which sheet; the first, if none is given.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; one for each core, if none is given.")
]


@app.command("sla-policy")
def sla_policy(  # noqa: PLR0913, PLR0917  one for each option
    file: RuleFile,
    since: Since = None,
    until: Until = None,
    output: Outputs = None,
    sheet: SheetName = None,
    language: Labels = AnswerLanguage.EN,
    workers: Workers = None,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Judge past tickets by another SLA policy, written as DefineSlaPolicy takes it."""
    asked = (since, until, language, workers, purpose)
    _report(_run("sla-policy", _read(file), *asked), output, sheet, as_json)


@app.command("scoring")
def scoring(  # noqa: PLR0913, PLR0917  one for each option
    file: RuleFile,
    against: Annotated[Path | None, typer.Option(help="Another rule, to compare with.")] = None,
    after_days: Annotated[
        int, typer.Option(min=0, max=366, help="Score so many days after the opening.")
    ] = 0,
    since: Since = None,
    until: Until = None,
    output: Outputs = None,
    sheet: SheetName = None,
    language: Labels = AnswerLanguage.EN,
    workers: Workers = None,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Score past deals early in their lives, and see how well that tells won from lost."""
    import orjson

    rules = {"rule": _json(file)} | ({} if against is None else {"against": _json(against)})
    text = orjson.dumps({**rules, "after_days": after_days})
    asked = (since, until, language, workers, purpose)
    _report(_run("scoring", text, *asked), output, sheet, as_json)


@app.command("assignment")
def assignment(  # noqa: PLR0913, PLR0917  one for each option
    file: RuleFile,
    since: Since = None,
    until: Until = None,
    output: Outputs = None,
    sheet: SheetName = None,
    language: Labels = AnswerLanguage.EN,
    workers: Workers = None,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Give past tickets out by a rule, and see who would have had how many at a time."""
    asked = (since, until, language, workers, purpose)
    _report(_run("assignment", _read(file), *asked), output, sheet, as_json)


def _read(file: Path) -> bytes:
    text = file.read_bytes()
    if len(text) > MOST_BYTES:
        raise Failure(f"{file}: holds more than {MOST_BYTES:,} bytes. Give a shorter rule.")
    return text


def _json(file: Path) -> Any:
    import orjson

    try:
        return orjson.loads(_read(file))
    except orjson.JSONDecodeError:
        raise Failure(f"{file}: is no JSON. Write one object, in UTF-8.") from None


def _run(
    name: str,
    text: bytes,
    since: str | None,
    until: str | None,
    language: AnswerLanguage,
    workers: int | None,
    purpose: str | None,
) -> "Shown":
    from api.what_if.asking import period_of, trial_of
    from api.what_if.showing import shown
    from projections.what_if.replay import replay

    reader = command_line_reader(purpose)
    with opened_tenant() as services, progress_bar() as progress:
        trial = trial_of(services, name, text, period_of(services, since, until))
        report = replay(services.log, trial, progress, workers=workers)
        return shown(report, services.gate, reader, language.value)


def _report(found: "Shown", output: list[Path] | None, sheet: str | None, as_json: bool) -> None:
    what_if = found.report.what_if
    chosen = what_if.sheet(sheet or what_if.sheets[0].name)
    if chosen is None:
        names = ", ".join(one.name for one in what_if.sheets)
        raise Failure(f"--sheet: is none of this report. Give one of: {names}.")
    from api.analytics.files import TABLES

    write_files(found.table(chosen), output, TABLES)
    if as_json:
        print_json(found.as_json())
    elif not output:
        _print(found)


def _print(found: "Shown") -> None:
    report = found.report
    typer.echo(found.said(report.what_if.title))
    typer.echo(f"{report.records:,} records, as of position {report.position:,}.")
    if report.left_out:
        warn(f"{report.left_out:,} records could not be folded and are left out.")
    for one in report.what_if.assumptions:
        typer.echo(f"- {found.said(one)}")
    for sheet in report.what_if.sheets:
        table = found.table(sheet)
        rows = [*table.rows()]
        is_long = sheet.name == "changed" and len(rows) > SHOWN_CHANGES
        typer.echo(f"\n{found.said(sheet.title)}")
        print_table(table.headings(), rows[:SHOWN_CHANGES] if is_long else rows)
        if is_long:
            warn(f"{len(rows) - SHOWN_CHANGES:,} more: --json, or --sheet changed --output FILE.")
