"""Read models: rebuilt from the log, and rows that could not be folded."""

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.shared import (
    Failure,
    Json,
    Progress,
    opened_tenant,
    print_json,
    print_table,
    progress_bar,
)

if TYPE_CHECKING:
    from api.services import Services

parked_app = typer.Typer(help="Rows that wait because an event could not be folded into them.")
MANY: Final = 10_000
"""Events behind, from which on a rebuild beside the live tables is quicker than following."""
LOOK_EVERY: Final = 0.2


def rebuild(
    names: Annotated[list[str] | None, typer.Argument(help="Read models; see kept status.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: Json = False,
) -> None:
    """Fold read models anew from the log, beside the live ones, and put them in their place."""
    from projections import DERIVED, PROJECTIONS
    from projections.rebuild import rebuild as rebuild_models

    models = {model.name: model for model in (*PROJECTIONS, *DERIVED)}
    unknown = [name for name in names or () if name not in models]
    if unknown:
        raise Failure(f"There is no read model {unknown[0]}. There are: {', '.join(models)}.")
    if bool(names) == every:
        raise Failure(f"Name read models, or give --all. There are: {', '.join(models)}.")
    chosen = [*models.values()] if every else [models[name] for name in dict.fromkeys(names or ())]
    with opened_tenant() as services, progress_bar() as progress:
        current = services.log.head() - services.runner.position() <= MANY
        if current:
            follow(services, progress)
        began = time.monotonic()
        built = rebuild_models(services.log, PROJECTIONS, DERIVED, chosen, progress)
        events, seconds = services.log.head(), round(time.monotonic() - began, 2)
    models_built: list[dict[str, Any]] = [
        {
            "name": one.name,
            "rows": one.rows,
            "checksum": one.checksum,
            "equals_live": one.checksum == one.live_checksum
            if current and one.live_checksum
            else None,
        }
        for one in built
    ]
    if as_json:
        print_json({"events": events, "seconds": seconds, "models": models_built})
        return
    words = {True: "yes", False: "NO", None: "that was behind"}
    rows = [
        (one["name"], one["rows"], one["checksum"], words[one["equals_live"]])
        for one in models_built
    ]
    print_table(("read model", "rows", "checksum", "equals the live one"), rows)
    typer.echo(f"{events:,} events in {seconds} s")


@parked_app.callback(invoke_without_command=True)
def parked(context: typer.Context, as_json: Json = False) -> None:
    """List the rows that wait, with the event that each waits at and why."""
    if context.invoked_subcommand is not None:
        return
    with opened_tenant() as services:
        rows = _parked(services)
    if as_json:
        print_json(rows)
    elif rows:
        columns = ("model", "stream", "position", "error", "since")
        print_table(columns, [[row[one] for one in columns] for row in rows])
    else:
        typer.echo("No row waits.")


@parked_app.command("retry")
def retry(
    model: Annotated[str | None, typer.Argument(help="Only of this read model.")] = None,
    as_json: Json = False,
) -> None:
    """Fold the waiting rows anew, each from the whole of its record's events."""
    results = []
    with opened_tenant() as services, progress_bar() as progress:
        rows = [row for row in _parked(services) if model in (None, row["model"])]
        for done, row in enumerate(rows):
            folded = services.runner.retry_parked(row["model"], row["stream"])
            results.append({**row, "folded": folded})
            progress("fold", done + 1, len(rows))
    left = sum(not one["folded"] for one in results)
    if as_json:
        print_json(results)
    else:
        typer.echo(f"{len(results) - left} of {len(results)} rows no longer wait.")
    if left:
        raise Failure(f"{left} rows still cannot be folded. See why: kept parked.", code=1)


def bring_up_to_date(services: "Services", progress: Progress) -> None:
    """Fold into the read models what was appended, in the quicker of the two ways."""
    from projections import DERIVED, PROJECTIONS
    from projections.rebuild import rebuild as rebuild_models

    head = services.log.head()
    if head - services.runner.position() > max(MANY, head // 2):
        models = (*PROJECTIONS, *DERIVED)
        rebuild_models(services.log, PROJECTIONS, DERIVED, models, progress)
    follow(services, progress)


def follow(services: "Services", progress: Progress) -> None:
    """Let the live read models reach the end of the log. Another process may be keeping them."""
    head = services.log.head()
    services.start_runner()
    while (position := services.runner.position()) < head:
        progress("read models", position, head)
        time.sleep(LOOK_EVERY)
    progress("read models", head, head)


def _parked(services: "Services") -> list[dict[str, Any]]:
    from store.tracking import Tracking

    with services.database.borrow("writer", services.tenant.schema) as connection:
        return Tracking(connection).parked_rows()
