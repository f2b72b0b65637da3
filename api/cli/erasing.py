"""Carrying out erasures, and certifying them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.shared import Failure, Json, opened_tenant, print_json, progress_bar, warn

if TYPE_CHECKING:
    from uuid import UUID

    from api.services import Services

Which = Annotated[str, typer.Argument(help="The request, by number (R-7) or id.")]


def erase(
    request: Annotated[
        str | None, typer.Argument(help="The request, by number (R-7) or id; else all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Carry out the erasures that were decided, at once; the server does so by itself."""
    from api.cli.models import catch_up
    from domain.subject_requests import ENDED

    with opened_tenant() as services, progress_bar() as progress:
        catch_up(services)
        wanted = services.erasures.pending() if request is None else [_found(services, request)]
        done = services.erasures.carry_out(*wanted, progress=progress)
    shown = [_told(one, state) for one, state in zip(wanted, done, strict=True)]
    if as_json:
        print_json(shown)
    else:
        for one in shown:
            typer.echo(
                f"{one['request']}: {one['status']}; {one['destroyed_rows']:,} rows and "
                f"{one['destroyed_keys']:,} keys destroyed, {one['touched_records']:,} records "
                "held something."
            )
            if one["notices_owed"]:
                warn(
                    f"{len(one['notices_owed'])} recipients of this data are to be told: "
                    f"kept notices {one['request']} lists them."
                )
        if not shown:
            warn("No erasure was decided that is not done.")
    if any(state.status not in ENDED for state in done):
        raise Failure("Not all of it is done: another process is at it, or none was decided.", 1)


def certificate(
    request: Which,
    output: Annotated[Path, typer.Argument(help="The file to write.")],
    opening: Annotated[
        Path | None,
        typer.Option(help="Also write what opens it, for the person alone, to this file."),
    ] = None,
) -> None:
    """Write the certificate of an erasure; kept verify --bundle checks it anywhere."""
    import json

    from api.certificates import certificate as certify
    from api.certificates import opening_of
    from api.cli.models import catch_up

    with opened_tenant() as services:
        catch_up(services)
        found = _found(services, request)
        made = certify(services.log, services.integrator, services.transparency, found)
        secret = None if opening is None else opening_of(services.log, found).hex()
    output.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")
    warn(f"Certified in {output}. Check it with: kept verify --bundle {output}")
    if opening is not None:
        opening.touch(mode=0o600)
        opening.write_text(f"{secret}\n", "ascii")
        warn(f"Whoever has {opening} can tell whom the certificate names: hand it to them alone.")


def _found(services: "Services", request: str) -> "UUID":
    from api.cli.asked import record_of

    return record_of(services, request)


def _told(request: "UUID", state: Any) -> dict[str, Any]:
    return {
        "request": str(request),
        "status": state.status.value,
        "categories": [*state.categories],
        "destroyed_keys": state.destroyed_keys,
        "destroyed_rows": state.destroyed_rows,
        "touched_records": state.touched_records,
        "places_left": [*state.left],
        "notices_owed": [str(one) for one in state.notices_owed],
    }
