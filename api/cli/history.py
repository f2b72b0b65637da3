"""Reading: the history in words and as files for auditors, and SQL on the read models."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.shared import (
    AnswerLanguage,
    Json,
    Language,
    Stated,
    command_line_reader,
    opened_tenant,
    print_json,
    print_table,
    progress_bar,
    warn,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from api.audit.facts import Asked
    from api.services import Services

MOST_ROWS: Final = 1_000

Record = Annotated[str | None, typer.Option(help="Of this record, by id or number.")]
Actor = Annotated[str | None, typer.Option(help="By this user, by id or e-mail.")]
Field = Annotated[str | None, typer.Option(help="Of this field, such as stage.")]
Source = Annotated[str | None, typer.Option(help="Through: api, import, rule …")]
Since = Annotated[str | None, typer.Option(help="From this day or time on.")]
Until = Annotated[str | None, typer.Option(help="Up to the end of this day, or time.")]


class Format(StrEnum):
    """How an audit trail is written."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"
    PDF = "pdf"


def history(  # noqa: PLR0913, PLR0917  one for each option
    record: Record = None,
    actor: Actor = None,
    field: Field = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="Facts at most, the latest first.", min=1)] = 50,
    chinese: Annotated[bool, typer.Option("--zh", help="In Chinese 中文.")] = False,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Show who changed what, from what to what, when, why and from where."""
    from itertools import islice

    from api.audit.facts import PAGE, facts
    from api.cli.models import catch_up

    reader = command_line_reader(purpose)
    with opened_tenant() as services:
        catch_up(services)
        asked = _asked(services, record, actor, field, source, since, until)
        page = PAGE if len(asked.filters) > 1 else min(PAGE, limit)
        found = [*islice(facts(services.gate, reader, asked, page), limit)]
        zone = services.tenant.zone
    if as_json:
        print_json(found)
    else:
        _print(found, zone, "zh" if chinese else "en")


def audit(  # noqa: PLR0913, PLR0917  one for each option
    output: Annotated[Path, typer.Argument(help="The ZIP file to write.")],
    formats: Annotated[
        list[Format], typer.Option("--format", help="In this format; may be given again.")
    ] = [Format.CSV, Format.XLSX, Format.JSONL],  # noqa: B006  typer copies it
    record: Record = None,
    actor: Actor = None,
    field: Field = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
    language: Language = AnswerLanguage.EN,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Export the history with proofs, for auditors: kept verify --bundle checks it anywhere."""
    from dataclasses import replace

    from api.audit.export import export
    from api.cli.models import catch_up
    from domain.reading import Door

    reader = replace(command_line_reader(purpose), door=Door.AUDIT)

    with opened_tenant() as services, progress_bar() as progress:
        catch_up(services)
        asked = _asked(services, record, actor, field, source, since, until)
        names = [one.value for one in formats]
        done = export(services, reader, asked, names, output, progress, language.value)
    if as_json:
        print_json(
            {
                "file": str(output),
                "rows": done.rows,
                "entries": done.entries,
                "checkpoint_size": done.size,
            }
        )
    else:
        typer.echo(
            f"{done.rows:,} facts of {done.entries:,} entries are in {output}, proved under the "
            f"checkpoint of {done.size:,} entries. Check it with: kept verify --bundle {output}"
        )


def _asked(
    services: "Services",
    record: str | None,
    actor: str | None,
    field: str | None,
    source: str | None,
    since: str | None,
    until: str | None,
) -> "Asked":
    from api.audit.facts import Asked
    from api.cli.asked import moment, record_of, user_of

    zone = services.tenant.zone
    wanted = {
        "id": record and record_of(services, record),
        "actor": actor and user_of(services, actor),
        "fields": field,
        "source": source,
    }
    return Asked(
        {name: value for name, value in wanted.items() if value},
        moment(since, zone) if since else None,
        moment(until, zone, end_of_day=True) if until else None,
    )


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
    copy: Annotated[
        str | None, typer.Option(help="On this dated copy instead of today's; see kept as-of.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask the read models in SQL. It reads only, and no personal column."""
    from api.cli.as_of import whole_copy
    from api.cli.models import catch_up
    from store.sql_reader import ask

    with opened_tenant() as services:
        if copy is None:
            catch_up(services)
        else:
            whole_copy(services, copy)
        answer = ask(services.database, services.tenant, query, limit, copy)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    else:
        print_table(answer.columns, answer.rows)
    if answer.more:
        warn(f"There are more than {limit} rows. Raise --limit to see them.")
