"""How Kept is doing: database, tenants, log and read models."""

from typing import TYPE_CHECKING, Any

import typer

from api.cli.shared import Json, opened_database, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from store.database import Connection, Database
    from store.tenants import Tenant


def status(as_json: Json = False) -> None:
    """Show the database, the tenants, and how far each read model has followed the log."""
    report = _report()
    if as_json:
        print_json(report)
        return
    place = report["database"]
    typer.echo(f"Kept {report['version']}, {place['kind']} database in {place['where']}")
    if place.get("state"):
        typer.echo(place["state"])
    for warning in report["warnings"]:
        typer.echo(f"Warning: {warning}")
    for tenant in report["tenants"]:
        typer.echo(f"\nTenant {tenant['name']} ({tenant['time_zone']}), {tenant['head']:,} events")
        columns = ("name", "version", "position", "lag", "parked")
        rows = [[model[one] for one in columns] for model in tenant["models"]]
        print_table(("read model", "version", "position", "behind", "parked"), rows)
        for snapshot in tenant["snapshots"]:
            if snapshot["problem"]:
                typer.echo(
                    f"Warning: the last snapshot of {snapshot['number']} could not be written "
                    f"({snapshot['problem']}). See kept snapshots."
                )


def _report() -> dict[str, Any]:
    import os
    from importlib.metadata import PackageNotFoundError, version

    from store import tenants
    from store.database import home

    try:
        release = version("kept")
    except PackageNotFoundError:
        release = "from a checkout"
    report: dict[str, Any] = {"version": release, "warnings": [], "tenants": []}
    embedded = not os.environ.get("KEPT_DATABASE_URL")
    report["database"] = _embedded() if embedded else _server()
    if embedded and not (home() / "postgres").is_dir():
        return report
    with opened_database() as database:
        if embedded:
            report["database"] = _embedded()
        report["warnings"] = list(database.warnings)
        for name in tenants.names(database):
            report["tenants"].append(_tenant(database, tenants.find(database, name)))
    return report


def _embedded() -> dict[str, Any]:
    from store import embedded
    from store.database import home

    facts = embedded.status(home())
    running = facts["pid"] is not None
    state = (
        f"PostgreSQL {facts['version']} runs on port {facts['port']} for {facts['users']} processes"
        if running
        else "Nothing there yet: kept demo or kept serve makes it"
    )
    return {"kind": "embedded", "where": str(home()), "running": running, "state": state, **facts}


def _server() -> dict[str, Any]:
    import os

    from store.database import place_of

    return {"kind": "server", "where": place_of(os.environ["KEPT_DATABASE_URL"])}


def _tenant(database: "Database", tenant: "Tenant") -> dict[str, Any]:
    """From the tables alone: it must be shown also where the tenant's epoch key is missing."""
    from collections import Counter

    from projections import DERIVED, PROJECTIONS
    from projections.kernel import ReadModel
    from store.tracking import Tracking

    with database.borrow("writer", tenant.schema) as connection:
        tracking = Tracking(connection)
        known, parked = tracking.known(), Counter(name for name, _ in tracking.parked())
        head = tracking.head()
        snapshots = _snapshots(connection, known)
    models = []
    every: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)
    for model in every:
        position, _ = known.get((model.name, model.version), (0, ""))
        models.append(
            {
                "name": model.name,
                "version": model.version,
                "position": position,
                "lag": head - position,
                "parked": parked[model.name],
            }
        )
    return {
        "name": tenant.name,
        "time_zone": str(tenant.zone),
        "head": head,
        "models": models,
        "snapshots": snapshots,
    }


def _snapshots(
    connection: "Connection", known: "Mapping[tuple[str, int], object]"
) -> list[dict[str, Any]]:
    """The saved figures that have snapshots, by number; what could not be written of each."""
    from projections.plain import plain
    from projections.saved_figures import saved_figures
    from projections.tables import table_of
    from store.lists import MAX_LIMIT, Query, list_rows

    if (saved_figures.name, saved_figures.version) not in known:
        return []  # an older release's, not upgraded yet
    query = Query({"is_scheduled": True, "archived": False}, sort="number", limit=MAX_LIMIT)
    page = list_rows(connection, table_of(saved_figures), query, bytes(32))  # no second page
    shown = ("number", "snapshot_state", "snapshot_due_at", "snapshot_problem")
    return [
        {name.removeprefix("snapshot_"): plain(row[name]) for name in shown} for row in page.rows
    ]
