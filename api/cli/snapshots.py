"""Snapshots of saved figures: what is due, and writing it now."""

from typing import Annotated

import typer

from api.cli.shared import Json, opened_tenant, print_json, print_table


def snapshots(
    once: Annotated[
        bool, typer.Option("--once", help="Write what is due now, as the server does.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show which saved figures are written to KEPT_SNAPSHOTS, and what became of the last ones."""
    from api.cli.models import catch_up

    with opened_tenant() as services:
        catch_up(services)
        if once:
            found = [one.shown() for one in services.snapshots.take()]
            columns = ["number", "due_at", "what", "detail"]
        else:
            found = [one.shown() for one in services.snapshots.scheduled()]
            columns = ["number", "every", "hour", "format", "settled_until", "state", "problem"]
    if as_json:
        print_json(found)
    elif found:
        print_table([one.replace("_", " ") for one in columns], [[*one.values()] for one in found])
    else:
        typer.echo("Nothing is due." if once else "No saved figure has a schedule.")
