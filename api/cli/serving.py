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
    from api.services import Services
    from store.database import Database

HOST: Final = "127.0.0.1"
PORT: Final = 8080
OF_A_NEW_TENANT: Final = 1
"""Events in a tenant that nobody has used: its default pipeline."""

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65_535)]


def serve(host: Host = HOST, port: Port = PORT) -> None:
    """Serve the API and keep the read models current, until Ctrl-C."""
    with opened_database() as database:
        _serve(
            database,
            host,
            port,
            [f"Kept serves {_url(host, port)} (API: {_url(host, port)}/docs)."],
        )


def demo(
    small: Annotated[bool, typer.Option("--small", help="A tenth of the company.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Load, sum up and end.")] = False,
    host: Host = HOST,
    port: Port = PORT,
    as_json: Json = False,
) -> None:
    """Load a made-up company with 18 months of history, then serve it."""
    with opened_database() as database:
        with opened_tenant() as services:
            summary = _loaded(services, small)
            key = None if once else _demo_key(services)
        if as_json:
            print_json(summary | ({} if once else {"url": _url(host, port), "key": key}))
        else:
            for name, value in summary.items():
                typer.echo(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
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


def _loaded(services: "Services", small: bool) -> dict[str, Any]:
    """The demo's summary, loaded now unless this tenant holds it already."""
    from api import demo as company

    if services.log.head() > OF_A_NEW_TENANT and not company.is_loaded(services):
        raise Failure(
            f"The tenant {settings.tenant} has data of its own, which the demo leaves alone. "
            "Make another: kept tenants create demo, then kept demo --tenant demo."
        )
    with progress_bar() as progress:
        return company.load(services, small, progress)


def _demo_key(services: "Services") -> str:
    from api.cli.keys import make_user

    return services.api_keys.create(make_user(services, "admin", None, "Demo visitor"), "admin")


def _url(host: str, port: int) -> str:
    shown = "localhost" if host in ("", "0.0.0.0", "::", "127.0.0.1") else host  # noqa: S104  shown, not bound
    return f"http://{shown}:{port}"


def _what_to_look_at(host: str, port: int, key: str) -> list[str]:
    url = _url(host, port)
    call = f"curl -s -H 'Authorization: Bearer {key}'"
    return [
        "",
        f"Kept serves {url} (API: {url}/docs). A key of this demo, for an administrator:",
        f"  {key}",
        "Look at customers, at what was changed of them, and at the log itself:",
        f"  {call} '{url}/v1/customers?limit=5'",
        f"  {call} '{url}/v1/opportunities?status=won&sort=-amount&limit=5'",
        f"  {call} '{url}/v1/history?limit=5'",
        f"  {call} '{url}/v1/events?limit=5'",
        "Or from here: kept history, kept sql 'SELECT stage, count(*) FROM opportunities GROUP BY 1'.",
        "Ctrl-C ends it.",
    ]


def _serve(database: "Database", host: str, port: int, sentences: list[str]) -> None:
    import socket

    from api.server import serve as serve_http

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as taken:
            raise Failure(
                f"{host}:{port} cannot be listened on ({taken.strerror}). Choose another --port."
            ) from None

    def ready() -> None:
        for sentence in sentences:
            typer.echo(sentence)

    serve_http(host, port, database, on_ready=ready)
