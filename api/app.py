"""The HTTP API: every route, who may pass, and what it says of itself.

Made with ``create_app(database)``. What needs a key is answered by :class:`api.routing.KeyedRoute`
directly; all else (health, what is not found) goes through FastAPI.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api import administration, feed, health, marketing, privacy, sales, service, transparency
from api.access import KeyRing
from api.analytics.dashboards import dashboards
from api.analytics.route import analytics
from api.analytics.saved import saves_figures
from api.answering.route import answers_requests
from api.audit.route import audit_trail
from api.openapi import TAGS
from api.problems import Problem, problem_of
from api.read_log import read_log
from api.replies import Reply
from api.routing import Index, KeyedRoute
from api.schemas import components
from api.tenancy import Options, Tenancy
from api.what_if.route import what_ifs
from projections import DERIVED, PROJECTIONS
from store.database import Database

OPEN: Final = "/health/"
"""Paths below need no key."""
DESCRIPTION: Final = """
A CRM core in which nothing is ever overwritten. Every change is a command; what it changes is an
event in one log, and everything that is shown is folded from that log.

**Commands** are `POST`ed (a change of fields is a `PATCH`: a field that is left out stays, `null`
clears it). The answer is a receipt: where in the log the change stands. Give every command an
`Idempotency-Key`, and it can be sent again safely; give it `If-Match`, and it happens only to the
version that you saw.

**Reads** come from read models, which follow the log within milliseconds. To read what you just
wrote, give a read the receipt's position as `Kept-Min-Position`.

**Whoever reads personal data** leaves an entry in the read log, and may say in `Kept-Purpose` for
what. What cannot be recorded is not answered: 503.

**Errors** are problem details (RFC 9457) with a sentence for people, a stable `type` for programs
and the fields that are wrong. 422: the request could never be valid. 409: the records, as they
stand, refuse it. 412: `If-Match` failed.
""".strip()


class Kept(FastAPI):
    """FastAPI, with one table for the routes that need a key."""

    index: Index
    description_json: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the table where it can: a keyed route costs no search and no layers."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        methods = self.index.methods(scope["path"])
        method = scope["method"]
        route = methods.get("GET" if method == "HEAD" else method)
        if route is not None:
            scope["app"] = self
            await route.serve(scope, receive, send)
        elif scope["path"].startswith(transparency.PREFIX):
            scope["app"] = self
            await transparency.serve_log(scope, receive, send)
        elif scope["path"].startswith(OPEN):
            await super().__call__(scope, receive, send)
        else:
            await self._refuse(methods, scope, receive, send)

    async def _refuse(
        self, methods: Mapping[str, KeyedRoute], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Without a key not even this is said: whether there is such a route."""
        keys: KeyRing = self.state.keys
        try:
            await keys.caller(dict(scope["headers"]).get(b"authorization"))
            problem = _no_method(methods) if methods else _no_route()
        except Exception as error:
            problem = problem_of(error)
        await problem.reply()(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        if self.openapi_schema is None:
            made = get_openapi(
                title=self.title,
                version=self.version,
                description=DESCRIPTION,
                routes=self.routes,
                tags=[{"name": name, "description": words} for name, words in TAGS.items()],
                license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            )
            shapes = components((*PROJECTIONS, *DERIVED))
            made["components"] = {**made.get("components", {}), **shapes}
            made["security"] = [{"key": []}]
            for path, item in made["paths"].items():
                if path.startswith(OPEN):
                    for operation in item.values():
                        operation["security"] = []
            self.openapi_schema = made
        return self.openapi_schema


def create_app(database: Database, options: Options | None = None) -> Kept:
    """The API over a database, which stays open when the app ends."""
    tenancy = Tenancy(database, options or Options())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await tenancy.close()

    app = Kept(
        title="Kept",
        version=_release(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={HTTPException: _of_http, Exception: _of_anything},
    )
    app.state.tenancy, app.state.keys = tenancy, KeyRing(tenancy)
    app.router.routes += _routes()
    app.index = Index([one for one in app.router.routes if isinstance(one, KeyedRoute)])
    return app


def _routes() -> list[Any]:
    described = APIRouter()
    described.routes.append(
        KeyedRoute("/openapi.json", _description, methods=["GET"], include_in_schema=False)
    )
    feed.feeds(described)
    transparency.proofs(described)
    audit_trail(described)
    read_log(described)
    analytics(described)
    what_ifs(described)
    dashboards(described)
    saves_figures(described)
    answers_requests(described)
    routers = (
        sales.router,
        service.router,
        marketing.router,
        privacy.router,
        administration.router,
        described,
        health.router,
    )
    return [route for router in routers for route in router.routes]


async def _description(request: Request) -> Reply:
    """What the routes are, for programs. It takes a second to write, so a thread does it, once."""
    app: Kept = request.app
    if app.description_json is None:
        app.description_json = await asyncio.to_thread(lambda: orjson.dumps(app.openapi()))
    return Reply(200, app.description_json)


def _release() -> str:
    try:
        return version("kept")
    except PackageNotFoundError:
        return "0"  # run from a checkout that is not installed


def _no_route() -> Problem:
    return Problem("no-such-route", "There is no such route. GET /openapi.json lists them.")


def _no_method(methods: Mapping[str, KeyedRoute]) -> Problem:
    allowed = ", ".join(sorted(methods))
    return Problem(
        "method-not-allowed",
        f"This route knows another method. Use one of: {allowed}.",
        headers={"Allow": allowed},
    )


async def _of_http(request: Request, error: Exception) -> Reply:
    """What FastAPI finds on the routes that it answers."""
    return (_no_route() if getattr(error, "status_code", 404) == 404 else _no_method({})).reply()  # noqa: PLR2004


async def _of_anything(request: Request, error: Exception) -> Reply:
    return problem_of(error).reply()
