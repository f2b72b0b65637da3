"""Verifying the log from its raw entries."""

from typing import Annotated

import typer

from api.cli.shared import Json, opened_tenant, print_json, progress_bar, settings, warn


def verify(
    most: Annotated[int, typer.Option("--most", help="Faults to show at most.", min=1)] = 100,
    as_json: Json = False,
) -> None:
    """Check every entry of the log, every commitment and every unique value; trust nothing."""
    from store.verify import verify as verify_log

    with opened_tenant() as services, progress_bar() as progress:
        found = verify_log(services.log, progress, most)
    if as_json:
        print_json({"tenant": settings.tenant, **found.as_json()})
    else:
        for fault in found.faults:
            typer.echo(str(fault))
        counted = f"{found.events:,} events of {found.streams:,} records, {found.rows:,} rows of "
        typer.echo(f"{counted}personal data: {_verdict(found.fault_count)}")
    if found.fault_count > len(found.faults):
        warn(f"{found.fault_count - len(found.faults)} more faults. Raise --most to see them.")
    if found.fault_count:
        raise typer.Exit(1)


def _verdict(faults: int) -> str:
    if not faults:
        return "nothing is wrong."
    return f"{faults:,} fault{'s' if faults > 1 else ''}."
