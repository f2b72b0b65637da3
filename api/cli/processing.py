"""The record of processing activities, for whoever keeps it."""

from dataclasses import asdict

import typer

from api.cli.shared import Json, print_json


def processing(as_json: Json = False) -> None:
    """Print the record of processing activities (GDPR Art. 30), as the fields tell it."""
    from domain import AGGREGATES
    from domain.processing import SECURITY, activities, meanings

    found = activities(AGGREGATES)
    if as_json:
        print_json({"security": SECURITY, "activities": [asdict(one) for one in found]})
        return
    for one in found:
        said = meanings(one)
        typer.echo(f"{one.aggregate}\n  purpose: {one.purpose}\n  about: {one.people}")
        for category, fields in one.personal.items():
            typer.echo(f"  {category} ({said[category]}): {', '.join(fields)}")
        for reason, fields in one.public.items():
            typer.echo(f"  stays, as {reason}: {', '.join(fields)}")
        typer.echo("")
    typer.echo(f"security: {SECURITY}")
