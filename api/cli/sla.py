"""Service levels: what was promised about tickets, and what became of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.shared import Json, opened_tenant, print_json, print_table

if TYPE_CHECKING:
    from domain.sla_verdicts import Difference

app = typer.Typer(help="Service levels: what was promised about tickets, and what became of it.")
app.info.no_args_is_help = True


@app.command("report")
def report(
    at: Annotated[
        str | None, typer.Option(help="What is overdue at this day's end or time; now if none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Count met and missed: by the word that tickets came with and by our own, and why they differ.

    What a ticket came with is what its source system recorded; ours is judged by the SLA policy
    that was in force then.
    """
    from api.cli.asked import moment
    from api.cli.models import catch_up
    from api.service_levels import report as count

    with opened_tenant() as services:
        catch_up(services)
        zone = services.tenant.zone
        when = moment(at, zone, end_of_day=True) if at else datetime.now(UTC)
        found = count(services.gate, when)
    if as_json:
        print_json(found.as_json())
        return
    typer.echo(f"{found.tickets:,} tickets, {found.overdue:,} overdue at {when:%Y-%m-%d %H:%M}")
    stands = [[measure, *counts.values()] for measure, counts in found.outcomes.items()]
    print_table(("target", "due", "paused", "met", "missed"), stands)
    typer.echo(f"Missed by the recorded word: {found.counted(recorded='missed'):,}")
    typer.echo(f"Missed by our own judgement: {found.counted(ours='missed'):,}")
    rows = [
        [one.recorded, one.ours, _said(one.recorded, one.because), one.tickets]
        for one in found.compared
    ]
    print_table(("recorded", "ours", "where they differ, why", "tickets"), rows)


def _said(recorded: str, because: "Difference | None") -> str:
    from projections.words.service_levels import DIFFERENCES

    if because is not None:
        return DIFFERENCES[because].en
    return "" if recorded == "nothing" else "they agree"
