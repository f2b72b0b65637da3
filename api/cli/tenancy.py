"""Tenants, and bringing their tables up to this release."""

from typing import Annotated

import typer

from api.cli.shared import Failure, Json, opened_database, print_json, print_table, warn

app = typer.Typer(help="Tenants: each has its own data, and nothing reaches across.")
app.info.no_args_is_help = True


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _.")],
    time_zone: Annotated[str, typer.Option(help="Of its days, such as Asia/Shanghai.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Make a tenant."""
    from zoneinfo import available_timezones

    from api.services import create_tenant

    if time_zone not in available_timezones():
        raise Failure(f"{time_zone} is no time zone. Give an IANA name such as Asia/Shanghai.")
    with opened_database() as database:
        create_tenant(database, name, time_zone)
    if as_json:
        print_json({"name": name, "time_zone": time_zone})
    else:
        typer.echo(f"Made the tenant {name} in {time_zone}. Use it with --tenant {name}.")


@app.command("list")
def list_tenants(as_json: Json = False) -> None:
    """List the tenants."""
    from store import tenants

    with opened_database(must_exist=True) as database:
        found = [tenants.find(database, name) for name in tenants.names(database)]
    if as_json:
        print_json([{"name": one.name, "time_zone": str(one.zone)} for one in found])
    else:
        print_table(("tenant", "time zone"), [(one.name, one.zone) for one in found])


def upgrade(as_json: Json = False) -> None:
    """Bring every tenant's tables, functions and read models up to this release."""
    from api.services import Services
    from projections import DERIVED, PROJECTIONS
    from projections.preparing import prepare
    from store import tenants

    done = []
    with opened_database(must_exist=True) as database:
        for name in tenants.names(database):
            migrations = tenants.upgrade(database, name)
            services = Services.open(database, name)
            try:
                rebuilt = prepare(services.log, PROJECTIONS, DERIVED)
            finally:
                services.close()
            done.append({"tenant": name, "migrations": migrations, "rebuilt": rebuilt})
    if as_json:
        print_json(done)
        return
    for one in done:
        what = [*one["migrations"], *(f"read model {name}" for name in one["rebuilt"])]
        typer.echo(f"{one['tenant']}: {', '.join(what) or 'was up to date'}")
    warn("Processes that serve keep their old code: restart them.")
