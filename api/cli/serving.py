"""Serving the API, and the demo company to look at."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.shared import (
    Failure,
    Json,
    opened_database,
    opened_tenant,
    print_json,
    progress_bar,
    settings,
)

if TYPE_CHECKING:
    from socket import AddressFamily

    from api.services import Services
    from store.database import Database

HOST: Final = "127.0.0.1"
PORT: Final = 8080
OF_A_NEW_TENANT: Final = 1
"""Events in a tenant that nobody has used: its default pipeline."""

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65_535)]


def serve(
    host: Host = HOST,
    port: Port = PORT,
    open_log: Annotated[
        bool,
        typer.Option("--open-log", help="Show checkpoints and hashes of the log without a key."),
    ] = False,
) -> None:
    """Serve the API and keep the read models current, until Ctrl-C."""
    from api.sealing import retention

    retention()  # or nobody would hear of a wrong one but the log
    port = _free(host, port)
    url = _url(host, port)
    sentences = [f"Kept serves {url} (API: {url}/docs). A key: kept keys create --role admin."]
    with opened_database() as database:
        _serve(database, host, port, sentences, open_log)


def demo(
    small: Annotated[bool, typer.Option("--small", help="A small part of the company.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Load, sum up and end.")] = False,
    host: Host = HOST,
    port: Port = PORT,
    as_json: Json = False,
) -> None:
    """Load a made-up company with 18 months of history, then serve it."""
    port = port if once else _free(host, port)
    with opened_database() as database:
        with opened_tenant() as services:
            summary = _load(services, small)
            key = None if once else _key(services)
        if as_json:
            print_json(summary | ({} if once else {"url": _url(host, port), "key": key}))
        else:
            _sum_up(summary)
        if key is not None:
            _serve(database, host, port, [] if as_json else _what_to_look_at(host, port, key))


def stop(as_json: Json = False) -> None:
    """Stop the embedded database for everybody who uses it."""
    from store import embedded
    from store.database import home

    was_running = embedded.stop(home())
    if as_json:
        print_json({"was_running": was_running})
    else:
        typer.echo("Stopped." if was_running else "It was not running.")


def _load(services: "Services", small: bool) -> dict[str, Any]:
    """The demo's summary. It is loaded now, unless it is here."""
    from datetime import UTC, datetime

    from api.cli.models import follow
    from api.demo import is_loaded, load

    with progress_bar() as progress:
        if is_loaded(services):
            summary: dict[str, Any] = {"already_loaded": True, "events": services.log.head()}
        elif services.log.head() > OF_A_NEW_TENANT:
            raise Failure(
                f"The tenant {settings.tenant} has data of its own, or a part of a demo. Make "
                "another: kept tenants create demo, then kept demo --tenant demo."
            )
        else:
            summary = load(services, small, progress, datetime.now(UTC))
        follow(services, progress)
    return summary


def _sum_up(summary: dict[str, Any]) -> None:
    from domain import AGGREGATES

    if summary.get("already_loaded"):
        typer.echo("The demo is here already.")
    counts = {name: value for name, value in summary.items() if type(value) is int}
    nouns = {one.AGGREGATE: one.NOUN for one in AGGREGATES}
    typer.echo(
        ", ".join(
            f"{value:,} {nouns[name] if value == 1 and name in nouns else name.replace('_', ' ')}"
            for name, value in counts.items()
        )
    )
    for one in summary.get("look_at", ()):
        why = one["why"].get("en", "") if isinstance(one["why"], dict) else one["why"]
        typer.echo(f"Look at {one['number']}: {why}")


def _key(services: "Services") -> str:
    """For the demo's administrator, so that what visitors do is done by somebody."""
    from api.cli.keys import make_user
    from api.demo.people import COLLEAGUES, address_of

    admin = next(one for one in COLLEAGUES if one.role == "admin")
    user = services.log.holder("users", "email", address_of(admin))
    if user is None:
        user = make_user(services, "admin", None, "Demo visitor")
    return services.api_keys.create(user, "admin")


def _url(host: str, port: int) -> str:
    shown = "localhost" if host in ("", "0.0.0.0", "::", "127.0.0.1") else host  # noqa: S104  shown, not bound
    return f"http://{shown}:{port}"


def _what_to_look_at(host: str, port: int, key: str) -> list[str]:
    url = _url(host, port)
    call = f"curl -s -H 'Authorization: Bearer {key}'"
    return [
        "",
        f"Kept serves {url} (see /openapi.json). A key of this demo, for an administrator:",
        f"  {key}",
        "Look at customers, at what was changed of them, and at the log itself:",
        f"  {call} '{url}/v1/customers?limit=5'",
        f"  {call} '{url}/v1/opportunities?status=won&sort=-amount&limit=5'",
        f"  {call} '{url}/v1/history?limit=5'",
        f"  {call} '{url}/v1/events?limit=5'",
        "Or from here: kept history, kept status, kept verify, and",
        "  kept sql 'SELECT stage, count(*) FROM opportunities GROUP BY stage'",
        "Ctrl-C ends it.",
    ]


def _free(host: str, port: int) -> int:
    """The port, if it can be listened on; for 0 any that can."""
    import socket

    try:
        with socket.create_server((host, port), family=_family(host)) as probe:
            return int(probe.getsockname()[1])
    except OSError as taken:
        why = taken.strerror or str(taken)
        raise Failure(
            f"{host}:{port} cannot be listened on ({why}). Choose another --port or --host."
        ) from None


def _family(host: str) -> "AddressFamily":
    import socket

    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _serve(
    database: "Database", host: str, port: int, sentences: list[str], open_log: bool = False
) -> None:
    from api.server import serve as serve_http
    from api.tenancy import Options

    def ready() -> None:
        for sentence in sentences:
            typer.echo(sentence)

    serve_http(host, port, database, Options(open_log=open_log), ready)
