"""Backing up a tenant, and restoring it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.shared import (
    Failure,
    Json,
    opened_database,
    opened_tenant,
    print_json,
    progress_bar,
    settings,
    warn,
)

if TYPE_CHECKING:
    from api.services import Services


def backup(
    output: Annotated[Path, typer.Argument(help="The file to write.")],
    after: Annotated[
        Path | None, typer.Option(help="Continue this backup: only what came since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Back up the log, personal data and wrapped keys, encrypted under the epoch key."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from store import backup as backups

    start = 0 if after is None else backups.read_header(after).position
    with opened_tenant() as services, progress_bar() as progress:
        # Or the checkpoint that follows within the second would be newer than the backup.
        services.integrator.wait_for(services.log.head())
        header = backups.backup(services.log, output, datetime.now(UTC), start, progress)
    if as_json:
        print_json(asdict(header))
    else:
        typer.echo(
            f"Entries {header.after + 1:,} to {header.position:,} of {header.tenant} are in "
            f"{output}. It opens while the key of epoch {header.epoch} lives, which is not in it."
        )


def restore(
    files: Annotated[
        list[Path], typer.Argument(help="A whole backup, then those that continue it.", min=1)
    ],
    as_json: Json = False,
) -> None:
    """Restore a tenant that is not there, and verify it. What was erased since is erased again."""
    from api.services import Services
    from projections import DERIVED, PROJECTIONS
    from projections.preparing import prepare
    from store import backup as backups
    from store import ledger, tenants
    from store.database import home
    from store.epoch_keys import EpochKeyFiles
    from store.verify import verify

    with opened_database() as database, progress_bar() as progress:
        keys = EpochKeyFiles(home() / "epochs")
        header = backups.restore(database, files, keys, progress)
        undone = len(ledger.undone(database, tenants.find(database, header.tenant)))
        services = Services.open(database, header.tenant)
        try:
            prepare(services.log, PROJECTIONS, DERIVED)
            found = verify(services.log, progress)
            behind = _behind(services)
        finally:
            services.close()
    settings.tenant = header.tenant
    shown = {
        "tenant": header.tenant,
        "position": header.position,
        "erased_again": undone,
        "behind": behind,
        **found.as_json(),
    }
    if as_json:
        print_json(shown)
    else:
        typer.echo(
            f"{header.tenant} is restored up to entry {header.position:,}; {undone} erasures "
            "were done again."
        )
    if behind:
        warn(behind)
    if found.fault_count and not behind:
        raise Failure(f"{found.fault_count} faults: {found.faults[0]} See all: kept verify.", 1)


def _behind(services: "Services") -> str | None:
    """Why nothing is signed, if the backup is older than what was signed last."""
    from store.transparency.integrator import TreeDamaged

    try:
        services.integrator.catch_up()
    except TreeDamaged as damaged:
        return str(damaged)
    return None
