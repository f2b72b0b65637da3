"""The transparency log: what it has signed, proofs of it, its keys, and witnesses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.shared import Failure, Json, opened_tenant, print_json, print_table, settings, warn

if TYPE_CHECKING:
    from api.services import Services

app = typer.Typer(help="The transparency log: checkpoints, proofs and the keys that sign.")
app.info.no_args_is_help = True


@app.command("checkpoint")
def checkpoint(as_json: Json = False) -> None:
    """Print the newest checkpoint, brought up to the end of the log."""
    with opened_tenant() as services:
        note = _caught_up(services)
        vkeys = services.transparency.vkeys()
    if as_json:
        from store.transparency.notes import Checkpoint, parts

        said = Checkpoint.parse(parts(note)[0])
        shown = {"origin": said.origin, "size": said.size, "root": said.root.hex()}
        print_json({"tenant": settings.tenant, **shown, "note": note, "vkeys": vkeys})
    else:
        typer.echo(note, nl=False)


@app.command("prove")
def prove(
    positions: Annotated[list[int], typer.Argument(help="From receipts or the history.", min=1)],
    output: Annotated[Path | None, typer.Option(help="The file; else standard output.")] = None,
) -> None:
    """Write a proof that entries are in the log, for kept verify --bundle."""
    import json

    with opened_tenant() as services:
        _caught_up(services)
        bundle = services.transparency.bundle(positions)
    text = json.dumps(bundle, ensure_ascii=False, indent=1)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(f"{text}\n", "utf-8")
        proved = len(bundle["entries"])
        warn(f"{proved} {'entry is' if proved == 1 else 'entries are'} proved in {output}.")


@app.command("stamp")
def stamp() -> None:
    """Have the newest checkpoint stamped by the time-stamp authority of KEPT_TSA (RFC 3161)."""
    from store.transparency.timestamps import Authority
    from store.transparency.timestamps import stamp as ask

    authority = Authority.configured()
    if authority is None:
        raise Failure("No authority is named. Set KEPT_TSA to its URL, and KEPT_TSA_ROOTS.")
    with opened_tenant() as services:
        _caught_up(services)
        at = ask(services.log, authority)
    typer.echo(
        "It was stamped before." if at is None else f"Stamped at {at:%Y-%m-%d %H:%M:%S} UTC."
    )


@app.command("keys")
def keys(as_json: Json = False) -> None:
    """List the keys that sign checkpoints, for those who verify them."""
    with opened_tenant() as services:
        found = _keys(services)
    if as_json:
        print_json({"tenant": settings.tenant, "keys": found})
    else:
        print_table(["verifier key", "made", "retired"], [[*one.values()] for one in found])


@app.command("rotate-key")
def rotate_key() -> None:
    """Make a further signing key. It signs beside the others, until they are retired."""
    with opened_tenant() as services, _as_projector(services) as connection:
        services.transparency.keys.signers(connection)  # a first one, if there is none
        signer = services.transparency.keys.add(connection)
    typer.echo(signer.verifier.vkey)
    warn("Hand this key on to those who verify; then retire the old one: kept log retire-key.")


@app.command("retire-key")
def retire_key(
    key_id: Annotated[str, typer.Argument(help="The eight digits after the first + of the key.")],
) -> None:
    """Let a key sign no more. What it signed still verifies."""
    with opened_tenant() as services, _as_projector(services) as connection:
        done = services.transparency.keys.retire(connection, key_id)
    if not done:
        raise Failure(
            f"No key {key_id} signs, or nobody else does. List them with: kept log keys, "
            "and make another one first with: kept log rotate-key."
        )
    typer.echo("Retired.")


def witness(
    logs: Annotated[list[str], typer.Option("--log", help="The verifier key of a log to watch.")],
    name: Annotated[str, typer.Option(help="The name it signs with, such as its host's.")],
    directory: Annotated[Path, typer.Option(help="Where its key and what it knows are kept.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65_535)] = 8090,
) -> None:
    """Watch logs from elsewhere: sign their checkpoints, and refuse forks and rollbacks."""
    import time

    from api.witness import serve
    from store.transparency.notes import NoteError, Verifier
    from store.transparency.witness import Witness

    try:
        verifiers = [Verifier.parse(one) for one in logs]
    except NoteError as wrong:
        raise Failure(str(wrong)) from None
    made = Witness(name, directory, verifiers, time.time)
    typer.echo(f"Watching {len(verifiers)} logs at http://{host}:{port}. Its key:")
    typer.echo(made.signer.verifier.vkey)
    serve(made, host, port)


def _caught_up(services: "Services") -> str:
    services.integrator.wait_for(services.log.head())
    note = services.transparency.checkpoint()
    if note is None:
        raise Failure("The log is empty, so there is nothing to sign yet.")
    return note


def _keys(services: "Services") -> list[dict[str, Any]]:
    with _as_projector(services) as connection:
        rows = connection.execute(
            "SELECT vkey, made_at, retired_at FROM signing_keys ORDER BY number"
        ).fetchall()
    return [{"vkey": row[0], "made_at": row[1], "retired_at": row[2]} for row in rows]


def _as_projector(services: "Services") -> Any:
    return services.database.connect("projector", services.tenant.schema)
