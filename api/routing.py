"""Routes that need a key, found by one look into a table, and answered without FastAPI's layers.

FastAPI documents these routes and answers what has no key. Its search through a hundred routes, its
middleware and its dependencies cost a command as much as deciding it does.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access import Caller, KeyRing
from api.problems import Problem, problem_of

access_log = logging.getLogger("kept.access")

Endpoint = Callable[[Request], Awaitable[Response]]
ID_AT: Final = 3
"""The segment of a path in which a record's id stands: ``/v1/customers/{id}/archive``."""
UUID_LENGTH: Final = 36


class KeyedRoute(APIRoute):
    """A route that only a key opens. Its endpoint takes a request and gives a response."""

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(path, endpoint, response_model=None, **options)
        self.answer = endpoint
        self.shape = "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
        self.app = self.serve

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong is answered as a problem."""
        started = time.perf_counter()
        try:
            keys: KeyRing = scope["app"].state.keys
            scope["headers_by_name"] = headers = dict(scope["headers"])
            scope["caller"] = await keys.caller(headers.get(b"authorization"))
            response = await self.answer(Request(scope, receive))
        except Exception as error:
            response = problem_of(error).reply()
        try:
            await response(scope, receive, send)
        except Exception as error:
            problem_of(error)  # too late to answer, but it is logged, by its place only
        if access_log.isEnabledFor(logging.INFO):
            self._note(scope, response.status_code, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Never the query, the body or the path as it was sent: people write names into them."""
        caller: Caller | None = scope.get("caller")
        who = "-" if caller is None else f"{caller.access.tenant}/{caller.access.key_id}"
        access_log.info(
            "%s %s %s %d %.1f ms", who, scope["method"], self.path, status, seconds * 1000
        )


def caller_of(request: Request) -> Caller:
    """Who sent the request."""
    caller: Caller = request.scope["caller"]
    return caller


def header(request: Request, name: bytes) -> str | None:
    """A header's text, if it was sent; the last one where it was sent twice."""
    value: bytes | None = request.scope["headers_by_name"].get(name)
    return None if value is None else value.decode("latin-1")


def segment(request: Request) -> str:
    """What stands in the path where a record's id is expected."""
    path: str = request.scope["path"]
    return path.split("/")[ID_AT]


def record_id(request: Request) -> UUID:
    """The id in the path.

    Raises:
        Problem: it is none, so there is no such record.
    """
    text = segment(request)
    try:
        if len(text) == UUID_LENGTH:
            return UUID(text)
    except ValueError:
        pass
    raise Problem(
        "not-found", "There is no such record: what stands in the path is no id. Give its UUID."
    )


class Index:
    """Every keyed route by its shape and method."""

    def __init__(self, routes: list[KeyedRoute]) -> None:
        self._by_shape: dict[str, dict[str, KeyedRoute]] = {}
        for route in routes:
            methods = self._by_shape.setdefault(route.shape, {})
            for method in route.methods or ():
                if method in methods:
                    raise TypeError(f"two routes answer {method} {route.path}")
                methods[method] = route

    def methods(self, path: str) -> Mapping[str, KeyedRoute]:
        """The routes of a path, by method."""
        found = self._by_shape.get(path)
        if found is None:
            parts = path.split("/")
            if len(parts) > ID_AT and parts[ID_AT]:
                parts[ID_AT] = "{}"
                found = self._by_shape.get("/".join(parts))
        return found or {}
