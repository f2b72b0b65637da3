"""Dated copies: every read model as it was at a date, for SQL."""

from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from datetime import datetime

    from api.services import Services
    from projections.dated_copies import Copied
    from store.dated_copies import DatedCopy


def as_of(
    date: Annotated[
        str | None,
        typer.Argument(help="The end of this day, or this moment, in the tenant's zone."),
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", help="The name of the copy: small letters, digits, _.")
    ] = None,
    as_known_at: Annotated[
        str | None, typer.Option(help="By what was known then; now, if it is left out.")
    ] = None,
    drop: Annotated[str | None, typer.Option(help="Take the copy of this name away.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one for each core, if none is given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy every read model as it was at a date; without one, list the copies. kept sql --copy
    asks one. An erasure drops them all.
    """
    if drop is not None and (date or schema or as_known_at):
        raise Failure("--drop: goes with nothing else. Give the name of the copy alone.")
    if (date is None) != (schema is None) or (as_known_at and date is None):
        raise Failure("A copy needs a date and a name: kept as-of 2026-03-31 --schema march")
    if drop is not None:
        _drop(drop, as_json)
    elif date is None or schema is None:
        _list(as_json)
    else:
        _make(date, schema, as_known_at, workers, as_json)


def whole_copy(services: "Services", name: str) -> "DatedCopy":
    """The copy of this name.

    Raises:
        Failure: there is none, or it is not whole.
    """
    from store import dated_copies

    with services.database.borrow("writer", services.tenant.schema) as connection:
        copy = dated_copies.find(connection, name)
    if copy is None or copy.made_at is None:
        what = "no dated copy named" if copy is None else "no more than a part of the dated copy"
        raise Failure(f"There is {what} {name}. Make it with: kept as-of DATE --schema {name}")
    return copy


def _drop(name: str, as_json: bool) -> None:
    from store import dated_copies

    with opened_tenant() as services:
        dated_copies.drop(services.database, services.tenant, name)
    if as_json:
        print_json({"dropped": name})
    else:
        typer.echo(f"Dropped the dated copy {name}.")


def _list(as_json: bool) -> None:
    from store import dated_copies

    with opened_tenant() as services:
        with services.database.borrow("writer", services.tenant.schema) as connection:
            found = dated_copies.copies(connection)
        zone = services.tenant.zone
        schemas = {one.name: services.tenant.dated(one.name) for one in found}
    if as_json:
        print_json([{"schema": schemas[one.name], **_shown(one)} for one in found])
    elif found:
        columns = ("name", "as of", "as known at", "up to", "made", "used", "schema")
        print_table(columns, [(*_row(one, zone), schemas[one.name]) for one in found])
    else:
        typer.echo("There is no dated copy. Make one with: kept as-of 2026-03-31 --schema march")


def _make(
    date: str, schema: str, as_known_at: str | None, workers: int | None, as_json: bool
) -> None:
    from api.cli.asked import moment, past
    from projections import DERIVED, PROJECTIONS
    from projections.dated_copies import copy_as_of
    from store.dated_copies import Wanted

    with opened_tenant() as services, progress_bar() as progress:
        zone = services.tenant.zone
        at = past("date", moment(date, zone, end_of_day=True))
        known = None
        if as_known_at:
            known = past("--as-known-at", moment(as_known_at, zone, end_of_day=True))
        wanted = Wanted(schema, at, known)
        made = copy_as_of(services.log, PROJECTIONS, DERIVED, wanted, progress, workers=workers)
        name = services.tenant.dated(schema)
    if as_json:
        print_json({"schema": name, **_shown(made.copy), "models": _sums(made)})
    else:
        rows = [(one["name"], one["rows"], one["checksum"]) for one in _sums(made)]
        print_table(("read model", "rows", "checksum"), rows)
        typer.echo(
            f"The schema {name} holds them as of {at:%Y-%m-%d %H:%M}, up to position "
            f'{made.copy.head:,}. Ask it with: kept sql --copy {schema} "SELECT …"'
        )
    if made.parked:
        warn(f"{len(made.parked)} rows stay as they were before an event that cannot be folded.")


def _sums(made: "Copied") -> list[dict[str, Any]]:
    return [
        {"name": name, "rows": rows, "checksum": checksum}
        for name, (rows, checksum) in made.sums.items()
    ]


def _shown(copy: "DatedCopy") -> dict[str, Any]:
    shown = copy._asdict()
    del shown["checked"]
    return shown


def _row(copy: "DatedCopy", zone: Any) -> tuple[Any, ...]:
    def local(at: "datetime | None") -> str | None:
        return None if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    known = local(copy.as_known_at) or "when it was made"
    made = local(copy.made_at) or "not yet: go on with it by the same command"
    return (copy.name, local(copy.as_of), known, copy.head, made, local(copy.used_at))
