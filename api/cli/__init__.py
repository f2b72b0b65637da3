"""The command line: everything that Kept can do, from a terminal or a script.

What a command reports goes to standard output, as JSON with ``--json``; progress and warnings go to
standard error. A command that fails says so in one sentence and ends with 1, or with 2 where what
was asked for cannot be done as it was asked. Modules are imported when a command runs, so that
``kept --help`` is there at once.
"""

import sys
from itertools import islice
from typing import Annotated, Final

import typer

from api.cli import (
    analytics,
    answering,
    as_of,
    backups,
    breach,
    dashboards,
    development,
    diff,
    erasing,
    history,
    imports,
    keys,
    models,
    notices,
    processing,
    reads,
    retention,
    serving,
    sla,
    snapshots,
    status,
    tenancy,
    transparency,
    verifying,
    what_if,
)
from api.cli.errors import explained
from api.cli.shared import INTERRUPTED, settings, warn

app = typer.Typer(
    name="kept",
    help="Kept: a CRM core in which nothing is ever overwritten.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich takes longer to import than everything else together
    pretty_exceptions_enable=False,
)
app.command()(serving.demo)
app.command()(serving.serve)
app.command()(serving.stop)
app.command()(status.status)
app.command()(history.history)
app.command()(history.audit)
app.command()(processing.processing)
app.command()(answering.access)
app.command()(answering.portable)
app.command()(breach.breach)
app.command()(erasing.erase)
app.command()(erasing.certificate)
app.command()(notices.notices)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(history.sql)
app.command()(analytics.analytics)
app.add_typer(what_if.app, name="what-if")
app.command()(dashboards.dashboard)
app.command()(snapshots.snapshots)
app.add_typer(analytics.export_app, name="export")
app.add_typer(reads.app, name="reads")
app.add_typer(retention.app, name="retention")
app.add_typer(sla.app, name="sla")
app.command()(verifying.verify)
app.add_typer(transparency.app, name="log")
app.command()(transparency.witness)
app.command()(models.rebuild)
app.command()(as_of.as_of)
app.command()(diff.diff)
app.add_typer(models.parked_app, name="parked")
app.add_typer(imports.app, name="import")
app.add_typer(keys.app, name="keys")
app.add_typer(tenancy.app, name="tenants")
app.command()(tenancy.upgrade)
app.command()(development.bench)
app.command("test", context_settings=development.PASSED_ON)(development.run_tests)

_PASSED_ON: Final = ("test",)
"""Commands whose arguments are another program's."""


@app.callback()
def options(
    tenant: Annotated[
        str, typer.Option(envvar="KEPT_TENANT", help="The tenant to work with.")
    ] = "default",
) -> None:
    """Kept: a CRM core in which nothing is ever overwritten."""
    settings.tenant = tenant


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, and end the process with its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=_tenant_first(given), prog_name="kept")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            warn("Interrupted.")
        raise
    except Exception as error:
        sentence, code = explained(error)
        warn(sentence)
        sys.exit(code)


def _tenant_first(arguments: list[str]) -> list[str]:
    """``kept status --tenant acme`` means the same as ``kept --tenant acme status``."""
    first: list[str] = []
    rest: list[str] = []
    given = iter(arguments)
    for argument in given:
        if argument == "--" or (argument in _PASSED_ON and not rest):
            rest += [argument, *given]
        elif argument == "--tenant":
            first += [argument, *islice(given, 1)]
        elif argument.startswith("--tenant="):
            first.append(argument)
        else:
            rest.append(argument)
    return first + rest
