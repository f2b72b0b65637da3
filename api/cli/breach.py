"""The scope of a breach, for whoever has to report it within 72 hours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.cli.shared import Failure, Json, opened_tenant, print_json, print_table, warn

if TYPE_CHECKING:
    from datetime import datetime

    from api.services import Services

MOST_SHOWN: Final = 50


def breach(
    since: Annotated[str, typer.Option(help="From this day or time on.")],
    until: Annotated[str, typer.Option(help="Up to the end of this day, or time.")],
    actor: Annotated[str | None, typer.Option(help="Of this user, by id or e-mail.")] = None,
    key: Annotated[str | None, typer.Option(help="Of this API key, by its id.")] = None,
    readable: Annotated[
        Path | None,
        typer.Option(help="Also write whose data could be read to this file, one a line."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell whose data and which fields somebody could read in some time, and which they did."""
    from api.breach import scope
    from api.cli.asked import moment, user_of
    from api.cli.models import catch_up

    if actor is None and key is None:
        raise Failure("Say whose access it is about: --actor or --key.")
    with opened_tenant() as services:
        catch_up(services)
        zone = services.tenant.zone
        begin, end = moment(since, zone), moment(until, zone, end_of_day=True)
        who = user_of(services, actor) if actor else None
        found = scope(services, begin, end, who, key)
        if readable is not None:
            _write(services, begin, end, readable, found.sees_personal)
    if as_json:
        print_json(found.as_json())
        return
    counted = ", ".join(f"{name} of {count:,}" for name, count in found.readable.items())
    typer.echo(f"Could be read: {counted or 'nothing personal'}.")
    typer.echo(f"Was read: something of {len(found.seen):,} persons and records.")
    rows = [
        [one.subject, one.reads, ", ".join(sorted(one.fields)), one.first, one.last]
        for one in found.seen[:MOST_SHOWN]
    ]
    print_table(["subject", "reads", "fields", "first", "last"], rows)
    if len(found.seen) > MOST_SHOWN:
        warn(f"There are {len(found.seen) - MOST_SHOWN:,} more. See all: --json.")


def _write(
    services: "Services", begin: "datetime", end: "datetime", path: Path, sees_personal: bool
) -> None:
    from store.readable import subjects

    with path.open("x", encoding="utf-8") as file:
        path.chmod(0o600)
        for subject, categories in subjects(services.log, begin, end) if sees_personal else ():
            file.write(f"{subject} {','.join(categories)}\n")
