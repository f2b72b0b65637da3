"""Serving the API: one uvicorn server in this process, which ends its feeds before itself."""

import gc
import logging
import os
import socket
from collections.abc import Callable
from typing import Final

import uvicorn

from api.app import Kept, create_app
from api.tenancy import Options
from store.database import Database

BACKLOG: Final = 2_048
PATIENCE: Final = 20
"""Seconds that requests get to end in, once the server was told to stop."""


class Server(uvicorn.Server):
    """Says when it is ready, and ends feeds and long polls before it waits for its requests."""

    def __init__(
        self, config: uvicorn.Config, app: Kept, on_ready: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(config)
        self._app, self._on_ready = app, on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        # What is there now stays until the end. To look through it for garbage again and again
        # would halt every request for a fifth of a second.
        gc.freeze()
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, let requests end, and let the last commits through."""
        self._app.state.tenancy.stop_waiting()
        await super().shutdown(sockets)


def serve(
    host: str,
    port: int,
    database: Database,
    options: Options | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal says stop. uvicorn then raises that signal again, so nothing may be left
    to do after this: what has to be closed is closed by the app itself.
    """
    app = create_app(database, options)
    Server(configuration(app, host, port), app, on_ready).run()


def configuration(app: Kept, host: str, port: int) -> uvicorn.Config:
    """How uvicorn serves: our own access log, because its own writes down queries."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        backlog=BACKLOG,
        access_log=False,
        server_header=False,
        proxy_headers=bool(os.environ.get("FORWARDED_ALLOW_IPS")),
        log_level=logging.WARNING,
        timeout_graceful_shutdown=PATIENCE,
    )
