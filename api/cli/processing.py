"""The record of processing activities, for whoever keeps it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import typer

from api.cli.shared import Json, Stated, command_line_reader, opened_tenant, print_json

if TYPE_CHECKING:
    from api.services import Services
    from projections.readers import Reader

OF_RECIPIENT: Final = (
    *("number", "name", "role", "country", "safeguards", "safeguards_reference"),
    *("categories", "purposes", "contract_on", "status", "ended_on"),
)
"""What the record says of a recipient (Art. 30(1)(d) and (e))."""


def processing(purpose: Stated = None, as_json: Json = False) -> None:
    """Print the record of processing activities (GDPR Art. 30), recipients included."""
    from api.cli.models import catch_up
    from domain import AGGREGATES
    from domain.processing import SECURITY, activities, meanings

    found = activities(AGGREGATES)
    with opened_tenant() as services:
        catch_up(services)
        recipients = [*_recipients(services, command_line_reader(purpose))]
    if as_json:
        print_json(
            {
                "security": SECURITY,
                "activities": [asdict(one) for one in found],
                "recipients": recipients,
            }
        )
        return
    for one in found:
        said = meanings(one)
        typer.echo(f"{one.aggregate}\n  purpose: {one.purpose}\n  about: {one.people}")
        for category, fields in one.personal.items():
            typer.echo(f"  {category} ({said[category]}): {', '.join(fields)}")
        for reason, fields in one.public.items():
            typer.echo(f"  stays, as {reason}: {', '.join(fields)}")
        typer.echo("")
    for row in recipients:
        typer.echo(f"recipient {row['number']}")
        for name in OF_RECIPIENT[1:]:
            if row[name]:
                said_of = row[name] if isinstance(row[name], str) else ", ".join(row[name])
                typer.echo(f"  {name}: {said_of}")
        typer.echo("")
    typer.echo(f"security: {SECURITY}")


def _recipients(services: "Services", reader: "Reader") -> Iterator[dict[str, Any]]:
    """All of them, ended ones too: what they have they still have."""
    from store.lists import MAX_LIMIT, Query

    cursor: str | None = None
    while True:
        query = Query(sort="number", limit=MAX_LIMIT, cursor=cursor)
        page = services.gate.page(reader, "recipients", query)
        yield from ({name: row[name] for name in OF_RECIPIENT} for row in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return
