"""Retention: what is due by the schedules, and having it erased."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from api.cli.shared import Failure, Json, opened_tenant, print_json, print_table, progress_bar

app = typer.Typer(help="Retention: what is due by the schedules, and having it erased.")
app.info.no_args_is_help = True


@app.command("plan")
def plan(
    on: Annotated[str | None, typer.Option(help="On this day; today if none is given.")] = None,
    limit: Annotated[int, typer.Option(help="Lines at most.", min=1)] = 1_000,
    as_json: Json = False,
) -> None:
    """Show what is due, by which schedule, and what keeps it. Nothing is done."""
    from api.cli.models import catch_up
    from store.lists import MAX_LIMIT

    shown: list[dict[str, Any]] = []
    with opened_tenant() as services:
        catch_up(services)
        day = _day(on) if on else datetime.now(services.tenant.zone).date()
        cursor: str | None = None
        while len(shown) < limit:
            ask = min(limit - len(shown), MAX_LIMIT)
            items, cursor = services.erasures.retention.plan(day, ask, cursor)
            shown += [one.shown() for one in items]
            if cursor is None:
                break
    if as_json:
        print_json({"on": day.isoformat(), "items": shown, "is_all": cursor is None})
        return
    headings = ("record", "category", "due", "would be", "by", "law", "kept by")
    print_table(headings, [_line(one) for one in shown])
    if cursor is not None:
        typer.echo(f"There is more. Give --limit above {limit:,}, or --json and a program.")


@app.command("apply")
def apply(as_json: Json = False) -> None:
    """Erase what is due and nothing keeps; the server does so by itself once an hour."""
    from api.cli.models import catch_up

    with opened_tenant() as services, progress_bar() as progress:
        catch_up(services)
        done = services.erasures.retain(datetime.now(UTC), progress)
    counts = Counter(one.status.value for one in done)
    if as_json:
        print_json(
            {
                "erasures": len(done),
                "by_status": dict(sorted(counts.items())),
                "destroyed_keys": sum(one.destroyed_keys for one in done),
                "destroyed_rows": sum(one.destroyed_rows for one in done),
            }
        )
    else:
        rows = sum(one.destroyed_rows for one in done)
        typer.echo(f"{len(done):,} categories were due; {rows:,} rows destroyed.")
    if any(one.is_open for one in done):
        raise Failure("Not all of it is done: another process is at it, or a hold came first.", 1)


def _line(one: dict[str, Any]) -> tuple[Any, ...]:
    kept = ", ".join(
        " ".join(str(part) for part in keeper.values() if part) for keeper in one["kept_by"]
    )
    would = {"erase": "erased", "review": "reviewed"}[one["action"]]
    by = f"{one['schedule']}: {one['duration']} from {one['trigger']}"
    record = one["number"] or one["record"]
    return record, one["category"], one["due_on"], would, by, one["law"], kept


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Failure(f"{text} is no day. Write it as 2026-01-31.") from None
