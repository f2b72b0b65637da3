"""The record of processing activities, for whoever keeps it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import typer

from api.cli.shared import Json, opened_tenant, print_json

Kept = Mapping[str, Sequence[Mapping[str, Any]]]
"""By category, for how long: the schedules in force."""


def processing(as_json: Json = False) -> None:
    """Print the record of processing activities (GDPR Art. 30), as the fields tell it, with the
    retention schedules that are in force here.
    """
    from domain import AGGREGATES
    from domain.processing import SECURITY, activities, meanings

    found, kept = activities(AGGREGATES), _kept()
    if as_json:
        shown = [{**asdict(one), "retention": kept.get(one.aggregate, {})} for one in found]
        print_json({"security": SECURITY, "activities": shown})
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
    typer.echo(f"security: {SECURITY}")


def _kept() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The envisaged time limits (Art. 30(1)(f)), by kind of record and category. None where there
    is no database yet: the rest of the record is the same everywhere.
    """
    import os

    from store.database import home

    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    if not os.environ.get("KEPT_DATABASE_URL") and not home().is_dir():
        return found
    from api.cli.models import catch_up

    with opened_tenant() as services:
        catch_up(services)
        for one in services.erasures.retention.in_force():
            found[one.kind][one.category].append(one.shown())
    return found
