"""The read log: who read whose personal data, and what for."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.shared import Failure, Json, opened_tenant, print_json, print_table, warn

if TYPE_CHECKING:
    from api.services import Services
    from store.read_entries import Asked

app = typer.Typer(help="The read log: who read whose personal data, and what for.")


@app.callback(invoke_without_command=True)
def reads(  # noqa: PLR0913, PLR0917  one for each option
    context: typer.Context,
    subject: Annotated[
        str | None, typer.Option(help="Of this person's data, by id or number.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="By this user, by id or e-mail.")] = None,
    since: Annotated[str | None, typer.Option(help="From this day or time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to the end of this day, or time.")] = None,
    read_model: Annotated[
        str | None, typer.Option(help="Of this read model, history or events.")
    ] = None,
    door: Annotated[str | None, typer.Option(help="Through: http, feed, audit, cli.")] = None,
    limit: Annotated[int, typer.Option(help="Entries at most, the latest first.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show who read whose personal data, which fields, what for, and where that is sealed."""
    if context.invoked_subcommand is not None:
        return
    from api.cli.models import catch_up
    from api.read_log import page
    from store.lists import MAX_LIMIT

    found: list[dict[str, Any]] = []
    with opened_tenant() as services:
        catch_up(services)
        asked = _asked(services, subject, actor, since, until)
        asked = _of(asked, read_model, door)
        cursor: str | None = None
        while len(found) < limit:
            listed = page(services, asked, min(limit - len(found), MAX_LIMIT), cursor)
            found += listed.items
            cursor = listed.next_cursor
            if cursor is None:
                break
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command("seal")
def seal(as_json: Json = False) -> None:
    """Seal what was read since the last seal; kept serve does so once a minute."""
    from api.cli.models import catch_up

    with opened_tenant() as services:
        catch_up(services)
        count = services.sealer.seal()
    if as_json:
        print_json({"sealed": count})
    else:
        typer.echo(f"Sealed {count:,} reads.")


@app.command("expire")
def expire(as_json: Json = False) -> None:
    """Delete reads that are older than KEPT_READ_LOG_DAYS; kept serve does so once a day."""
    from api.cli.models import catch_up

    with opened_tenant() as services:
        catch_up(services)
        count = services.sealer.expire()
    if as_json:
        print_json({"expired": count})
    else:
        typer.echo(f"Deleted {count:,} reads whose time was over.")


def _asked(
    services: "Services",
    subject: str | None,
    actor: str | None,
    since: str | None,
    until: str | None,
) -> "Asked":
    from api.cli.asked import moment, record_of, user_of
    from store.read_entries import Asked

    zone = services.tenant.zone
    return Asked(
        subject=record_of(services, subject) if subject else None,
        actor=user_of(services, actor) if actor else None,
        since=moment(since, zone) if since else None,
        until=moment(until, zone, end_of_day=True) if until else None,
    )


def _of(asked: "Asked", read_model: str | None, door: str | None) -> "Asked":
    from dataclasses import replace

    from api.read_log_docs import DOORS, READ_MODELS

    for given, choices in ((read_model, READ_MODELS), (door, DOORS)):
        if given not in (None, *choices):
            raise Failure(f"There is nothing named {given}. There are: {', '.join(choices)}.")
    return replace(asked, model=read_model, door=door)


def _print(found: list[dict[str, Any]]) -> None:
    headings = ("number", "read at", "by", "as", "door", "for", "of", "records", "fields", "sealed")
    rows = [
        (
            one["number"],
            one["read_at"],
            one["actor"],
            one["role"],
            one["door"],
            one["purpose"],
            one["read_model"],
            one["count"],
            ", ".join(one["fields"]),
            one["seal"]["position"] if one["seal"] else "not yet",
        )
        for one in found
    ]
    print_table(headings, rows)
    if not found:
        warn("Nobody read anything that fits.")
