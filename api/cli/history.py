"""Reading: the history in words, and SQL on the read models."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.shared import (
    Json,
    command_line_reader,
    opened_tenant,
    print_json,
    print_table,
    warn,
)

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from api.services import Services

PAGE: Final = 200
MOST_ROWS: Final = 1_000


def history(  # noqa: PLR0913, PLR0917  one for each option
    record: Annotated[str | None, typer.Option(help="Of this record, by id or number.")] = None,
    actor: Annotated[str | None, typer.Option(help="By this user, by id or e-mail.")] = None,
    field: Annotated[str | None, typer.Option(help="Of this field, such as stage.")] = None,
    source: Annotated[str | None, typer.Option(help="Through: api, import, rule …")] = None,
    since: Annotated[str | None, typer.Option(help="From this day or time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to the end of this day, or time.")] = None,
    limit: Annotated[int, typer.Option(help="Facts at most, the latest first.", min=1)] = 50,
    chinese: Annotated[bool, typer.Option("--zh", help="In Chinese 中文.")] = False,
    as_json: Json = False,
) -> None:
    """Show who changed what, from what to what, when, why and from where."""
    from api.cli.asked import moment, record_of, user_of
    from api.cli.models import catch_up

    with opened_tenant() as services:
        catch_up(services)
        zone = services.tenant.zone
        wanted = {
            "id": record and record_of(services, record),
            "actor": actor and user_of(services, actor),
            "fields": field,
            "source": source,
        }
        facts = _facts(
            services,
            {name: value for name, value in wanted.items() if value},
            moment(since, zone) if since else None,
            moment(until, zone, end_of_day=True) if until else None,
            limit,
        )
    if as_json:
        print_json(facts)
    else:
        _print(facts, zone, "zh" if chinese else "en")


def _facts(
    services: "Services",
    wanted: dict[str, Any],
    since: "datetime | None",
    until: "datetime | None",
    limit: int,
) -> list[dict[str, Any]]:
    """Asked by as much as an index serves; the rest is looked through."""
    from store.lists import Query

    sort = "occurred_at" if since or until else "position"
    model = services.gate.models["history"]
    served = [serve.filters for serve in model.serves if serve.sort == sort]
    best = max((one for one in served if {*one} <= wanted.keys()), key=len)
    rest = {name: str(value) for name, value in wanted.items() if name not in best}
    if "fields" in rest:
        rest["field"] = rest.pop("fields")
    facts: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(facts) < limit:
        query = Query(
            filters={name: wanted[name] for name in best},
            since=since,
            until=until,
            sort=sort,
            descending=True,
            limit=PAGE if rest else min(PAGE, limit),
            cursor=cursor,
        )
        answer = services.gate.history(command_line_reader(), query)
        fields = wanted.get("fields")
        facts += [
            fact
            for fact in answer.items
            if all(str(fact[name]) == value for name, value in rest.items())
            and fields in (None, fact["field"])
        ]
        cursor = answer.next_cursor
        if cursor is None:
            break
    return facts[:limit]


def _print(facts: list[dict[str, Any]], zone: "tzinfo", language: str) -> None:
    from datetime import datetime

    for fact in facts:
        at = datetime.fromisoformat(fact["occurred_at"]).astimezone(zone)
        door = ": ".join(one for one in (fact["source"], fact.get("client")) if one)
        said = fact["words"][language]
        typer.echo(f"{at:%Y-%m-%d %H:%M:%S}  {said}  [{door}, {fact['position']}]")
    if not facts:
        warn("Nothing was changed that fits.")


def sql(
    query: Annotated[str, typer.Argument(help="One query on the read models, such as customers.")],
    limit: Annotated[int, typer.Option(help="Rows at most.", min=1)] = MOST_ROWS,
    as_json: Json = False,
) -> None:
    """Ask the read models in SQL. It reads only, and no personal column."""
    from api.cli.models import catch_up
    from store.sql_reader import ask

    with opened_tenant() as services:
        catch_up(services)
        answer = ask(services.database, services.tenant, query, limit)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    else:
        print_table(answer.columns, answer.rows)
    if answer.more:
        warn(f"There are more than {limit} rows. Raise --limit to see them.")
