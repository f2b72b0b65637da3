"""Read models: rebuilt from the log, and rows that could not be folded."""

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.shared import (
    Failure,
    Json,
    opened_tenant,
    print_json,
    print_table,
    progress_bar,
    warn,
)
from store.progress import Progress

if TYPE_CHECKING:
    from api.services import Services
    from projections.kernel import ReadModel

parked_app = typer.Typer(help="Rows that wait because an event could not be folded into them.")
LOOK_EVERY: Final = 0.1
PATIENCE: Final = 60.0
"""Seconds without any progress after which nobody seems to follow the log."""


def rebuild(
    names: Annotated[list[str] | None, typer.Argument(help="Read models; see kept status.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one for each core, if none is given.")
    ] = None,
    afresh: Annotated[
        bool, typer.Option(help="Do not go on with a rebuild that was broken off.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fold read models anew from the log, beside the live ones, and put them in their place. What
    was broken off is gone on with.
    """
    from projections import DERIVED, PROJECTIONS
    from projections.rebuild import rebuild as rebuild_models

    chosen = _chosen(names or [], every)
    with opened_tenant() as services, progress_bar() as progress:
        current = not _far_behind(services)
        if current:
            follow(services, progress)
        began = time.monotonic()
        built = rebuild_models(
            *(services.log, PROJECTIONS, DERIVED, chosen, progress), workers=workers, afresh=afresh
        )
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
        _must_equal(models_built)
        return
    words = {True: "yes", False: "NO", None: "that was behind"}
    rows = [
        (one["name"], one["rows"], one["checksum"], words[one["equals_live"]])
        for one in models_built
    ]
    print_table(("read model", "rows", "checksum", "equals the live one"), rows)
    typer.echo(f"{events:,} events in {seconds} s")
    _must_equal(models_built)


def _chosen(names: list[str], every: bool) -> "list[ReadModel]":
    from projections import DERIVED, PROJECTIONS

    every_model: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)
    models = {one.name: one for one in every_model}
    unknown = [name for name in names if name not in models]
    if unknown:
        raise Failure(f"There is no read model {unknown[0]}. There are: {', '.join(models)}.")
    if bool(names) == every:
        raise Failure(f"Name read models, or give --all. There are: {', '.join(models)}.")
    return [*models.values()] if every else [models[name] for name in dict.fromkeys(names)]


def _must_equal(models: list[dict[str, Any]]) -> None:
    """A live read model that differs from what the log says was wrong, and nobody knew."""
    wrong = [one["name"] for one in models if one["equals_live"] is False]
    if wrong:
        raise Failure(
            f"What stood live differed from the log: {', '.join(wrong)}. It is right now; please "
            "report it.",
            code=1,
        )


@parked_app.callback(invoke_without_command=True)
def parked(context: typer.Context, as_json: Json = False) -> None:
    """List the rows that wait, with the event that each waits at and why."""
    from api.parked import parked as waiting_rows

    if context.invoked_subcommand is not None:
        return
    with opened_tenant() as services:
        rows = waiting_rows(services)
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
    from api.parked import retry as retry_parked

    with opened_tenant() as services:
        results = retry_parked(services, model)
    left = sum(not one["folded"] for one in results)
    if as_json:
        print_json(results)
    else:
        typer.echo(f"{len(results) - left} of {len(results)} rows no longer wait.")
    if left:
        raise Failure(f"{left} rows still cannot be folded. See why: kept parked.", code=1)


def _far_behind(services: "Services") -> bool:
    """Whether a rebuild is quicker than following."""
    from projections.rebuild import FAR_BEHIND

    return services.log.head() - services.runner.position() > FAR_BEHIND


@parked_app.command("skip")
def skip(
    model: Annotated[str, typer.Argument(help="The read model whose row waits.")],
    record: Annotated[str, typer.Argument(help="The record, by id.")],
    reason: Annotated[str, typer.Option(help="Why; the history says it.")],
    as_json: Json = False,
) -> None:
    """Let a row go on without the event that it waits at, in this read model and its rebuilds. The
    event stays in the log; this decision is one of its own.
    """
    from uuid import UUID

    from api.envelopes import system_envelope
    from api.parked import skip as skip_parked
    from domain.envelope import Source

    try:
        stream = UUID(record)
    except ValueError:
        raise Failure(f"record: {record} is no id. Give one that kept parked lists.") from None
    if not reason.strip():
        raise Failure("--reason: is empty. Say why the row is to go on without its event.")
    envelope = system_envelope(reason=reason.strip(), source=Source(kind="command_line"))
    with opened_tenant() as services:
        done = skip_parked(services, model, stream, envelope)
    if as_json:
        print_json(done)
    else:
        typer.echo(
            f"{model} goes on without the event {done['position']}; that is recorded as event "
            f"{done['skipped_at']}."
        )
    if not done["folded"]:
        raise Failure("The row waits again, at a later event. See why: kept parked.", code=1)


def bring_up_to_date(services: "Services", progress: Progress) -> None:
    """Fold into the read models what was appended, in the quicker of the two ways."""
    from projections import DERIVED, PROJECTIONS
    from projections.kernel import ReadModel
    from projections.rebuild import FAR_BEHIND
    from projections.rebuild import rebuild as rebuild_models

    head = services.log.head()
    if head - services.runner.position() > max(FAR_BEHIND, head // 2):
        models: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)
        rebuild_models(services.log, PROJECTIONS, DERIVED, models, progress)
    follow(services, progress)


def follow(services: "Services", progress: Progress) -> None:
    """Let the live read models reach the end of the log. Another process may be keeping them."""
    head, reached, moved = services.log.head(), -1, time.monotonic()
    while (position := services.runner.position()) < head:
        services.start_runner()
        if position > reached:
            reached, moved = position, time.monotonic()
        elif time.monotonic() - moved > PATIENCE:
            raise Failure(
                f"The read models stay at {position} of {head}. Look for the process that keeps "
                "them: kept status.",
                code=1,
            )
        progress("read models", position, head)
        time.sleep(LOOK_EVERY)


def catch_up(services: "Services") -> None:
    """Before reading: fold in what was appended, unless that would take long."""
    behind = services.log.head() - services.runner.position()
    if _far_behind(services):
        warn(f"The read models are {behind:,} events behind. Bring them up: kept rebuild --all.")
    elif behind:
        with progress_bar() as progress:
            follow(services, progress)
