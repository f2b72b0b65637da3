"""Imports of other systems' data. Each can be run again: it goes on where it stopped."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.shared import Failure, Json, opened_tenant, print_json, progress_bar, warn

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from api.imports.intake import Intake

app = typer.Typer(help="Imports: other systems' data with its own dates, safe to run again.")
app.info.no_args_is_help = True
SHOWN_REASONS: Final = 12

ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write each row's note there (.csv or .jsonl).")
]
As = Annotated[
    str | None, typer.Option("--as", help="The user who imports, by e-mail or id. Else the system.")
]
ZoneOption = Annotated[
    str | None, typer.Option("--time-zone", help="Of the file's times. Else the tenant's.")
]
Workers = Annotated[int, typer.Option(help="Records on their way at once.", min=1, max=256)]


@app.command("maven-crm")
def maven_crm(
    directory: Annotated[Path, typer.Argument(help="With accounts.csv, products.csv …")],
    report: ReportFile = None,
    actor: As = None,
    workers: Workers = 32,
    as_json: Json = False,
) -> None:
    """Import the Maven CRM set: a company with its customers, products, teams and deals."""
    from api.imports.maven_company import CLIENT
    from api.imports.maven_crm import import_maven_crm

    def run(intake: "Intake") -> None:
        import_maven_crm(intake, directory)

    _import(CLIENT, run, report, actor, workers, as_json)


@app.command("incidents")
def incidents(
    file: Annotated[Path, typer.Argument(help="The incident log: a CSV file, or a zip of one.")],
    time_zone: ZoneOption = None,
    report: ReportFile = None,
    actor: As = None,
    workers: Workers = 32,
    as_json: Json = False,
) -> None:
    """Import an incident log: tickets with the whole history of their states."""
    from api.imports.incidents import CLIENT, import_incidents

    zone_of = _zone(time_zone)

    def run(intake: "Intake") -> None:
        import_incidents(intake, file, zone_of(intake))

    _import(CLIENT, run, report, actor, workers, as_json)


@app.command("online-retail")
def online_retail(
    file: Annotated[Path, typer.Argument(help="The invoices: a CSV file, or a gzip of one.")],
    time_zone: ZoneOption = None,
    report: ReportFile = None,
    actor: As = None,
    workers: Workers = 32,
    as_json: Json = False,
) -> None:
    """Import the Online Retail set: a wholesaler's products, customers, orders and credits."""
    from api.imports.online_retail import CLIENT, import_online_retail

    zone_of = _zone(time_zone)

    def run(intake: "Intake") -> None:
        import_online_retail(intake, file, zone_of(intake))

    _import(CLIENT, run, report, actor, workers, as_json)


@app.command("portable")
def portable(
    file: Annotated[Path, typer.Argument(help="What kept portable wrote: the zip, or its .jsonl.")],
    with_consents: Annotated[
        bool, typer.Option(help="Also consents: they were given to this same company.")
    ] = False,
    report: ReportFile = None,
    actor: As = None,
    workers: Workers = 32,
    as_json: Json = False,
) -> None:
    """Import what somebody brings along: their particulars, refusals and what they wrote."""
    from api.imports.portable import CLIENT, import_portable

    def run(intake: "Intake") -> None:
        import_portable(intake, file, with_consents)

    _import(CLIENT, run, report, actor, workers, as_json)


def _zone(name: str | None) -> "Callable[[Intake], ZoneInfo]":
    """The zone of a file's times, which is the tenant's unless one is named."""
    from zoneinfo import ZoneInfo, available_timezones

    if name is not None and name not in available_timezones():
        raise Failure(f"{name} is no time zone. Give an IANA name such as Europe/London.")
    return lambda intake: ZoneInfo(name) if name else intake.services.tenant.zone


def _import(
    client: str,
    run: Callable[["Intake"], None],
    report_file: Path | None,
    actor: str | None,
    workers: int,
    as_json: bool,
) -> None:
    from api.cli.keys import find_user
    from api.cli.models import bring_up_to_date
    from api.imports.intake import Intake
    from api.imports.report import Report
    from domain.envelope import SYSTEM

    with (
        Report.to(report_file) as report,
        opened_tenant(must_exist=False) as services,
        progress_bar() as progress,
    ):
        who = find_user(services, actor) or SYSTEM
        intake = Intake(services, client, report, progress, who, workers)
        began, before = time.monotonic(), services.log.head()
        try:
            run(intake)
        except KeyboardInterrupt:
            warn("Run the same command again: it goes on where it stopped, and doubles nothing.")
            raise
        imported = time.monotonic()
        events = services.log.head() - before
        bring_up_to_date(services, progress)
        seconds = {"import": imported - began, "read_models": time.monotonic() - imported}
    summary: dict[str, Any] = {
        "import": client,
        "run": intake.run_id,
        "opened": dict(intake.opened),
        "known": dict(intake.known),
        "events": events,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "rows": dict(report.outcomes),
        "reasons": report.summary(),
    }
    if as_json:
        print_json(summary)
    else:
        _print(summary, report_file)


def _print(summary: dict[str, Any], report_file: Path | None) -> None:
    opened, known, seconds = summary["opened"], summary["known"], summary["seconds"]
    for name in opened | known:
        there = f", {known[name]:,} were here" if name in known else ""
        typer.echo(f"{name}: {opened.get(name, 0):,} new{there}")
    typer.echo(
        f"{summary['events']:,} events in {seconds['import']} s, "
        f"read models {seconds['read_models']} s more"
    )
    words = {"not_taken": "not taken", "mended": "mended", "incomplete": "kept as it is"}
    for one in summary["reasons"][:SHOWN_REASONS]:
        said = words.get(one["outcome"], "nothing new")
        typer.echo(f"  {one['rows']:>7,} rows {said}: {one['reason']}")
    if report_file is not None:
        typer.echo(f"Every row of these: {report_file}")
    elif summary["reasons"]:
        warn("To see every row of these: add --report FILE.csv and run it again.")
