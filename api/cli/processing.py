"""The record of processing activities, for whoever keeps it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import typer

from api.cli.shared import Json, Stated, command_line_reader, opened_tenant, print_json

if TYPE_CHECKING:
    from api.services import Services
    from projections.readers import Reader

Kept = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""By kind of record and category, for how long: the schedules in force."""
OF_RECIPIENT: Final = (
    *("number", "name", "role", "country", "safeguards", "safeguards_reference"),
    *("categories", "purposes", "contract_on", "status", "ended_on"),
)
"""What the record says of a recipient (Art. 30(1)(d) and (e))."""


def processing(purpose: Stated = None, as_json: Json = False) -> None:
    """Print the record of processing activities (GDPR Art. 30), as the fields tell it, with the
    retention schedules that are in force here, and the recipients.
    """
    from api.cli.models import catch_up
    from domain import AGGREGATES
    from domain.processing import SECURITY, activities, meanings

    found = activities(AGGREGATES)
    with opened_tenant() as services:
        catch_up(services)
        recipients = [*_recipients(services, command_line_reader(purpose))]
        kept = _kept(services)
    if as_json:
        shown = [{**asdict(one), "retention": kept.get(one.aggregate, {})} for one in found]
        print_json({"security": SECURITY, "activities": shown, "recipients": recipients})
        return
    for one in found:
        said, limits = meanings(one), kept.get(one.aggregate, {})
        typer.echo(f"{one.aggregate}\n  purpose: {one.purpose}\n  about: {one.people}")
        for category, fields in one.personal.items():
            typer.echo(f"  {category} ({said[category]}): {', '.join(fields)}")
            for limit in limits.get(category, ()):
                typer.echo(
                    f"    kept for {limit['duration']} from {limit['trigger']}, then "
                    f"{limit['action']} ({limit['law']}, {limit['schedule']})"
                )
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
    from store.lists import Query

    for row in services.gate.items(reader, "recipients", Query(sort="number")):
        yield {name: row[name] for name in OF_RECIPIENT}


def _kept(services: "Services") -> Kept:
    """The envisaged time limits (Art. 30(1)(f)), by kind of record and category."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for one in services.erasures.retention.in_force():
        found[one.kind][one.category].append(one.shown())
    return found
