"""Dated copies over HTTP: what is said while one is made for a read, and where to look."""

from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request

from api.filters import parameters
from api.openapi import describe_read
from api.parameters import MOMENT, parameter
from api.problems import Problem
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of, segment
from projections.plain import plain
from store.dated_copies import COPY_NAME, DatedCopy

PATH: Final = "/v1/dated-copies"
RETRY_AFTER: Final = 1
_COPY: Final = {
    "type": "object",
    "required": ["name", "as_of", "as_known_at", "is_ready", "parts_done", "parts"],
    "properties": {
        "name": {"type": "string"},
        "as_of": {**MOMENT, "description": "As it was then."},
        "as_known_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "By what Kept knew then; null: when it was made.",
        },
        "is_ready": {
            "type": "boolean",
            "description": "Whether reads are answered from it.",
        },
        "parts_done": {"type": "integer", "description": "Parts of the log that are in it."},
        "parts": {"type": "integer", "description": "Of so many; 0: not begun, or all done."},
    },
}
_NAME: Final = parameter(
    "name", "path", {"type": "string", "pattern": COPY_NAME}, "The copy's name.", "march"
)


def serves_dated_copies(router: APIRouter) -> None:
    """Serve how far a copy is."""
    described = describe_read(
        "GetDatedCopy",
        f"{PATH}/{{name}}",
        "How far a dated copy is",
        "Lists and figures as of a date are read from a copy of the read models, made when the "
        "date is first asked for and kept until others are used more, or somebody's data is "
        "erased. Once it is ready, ask again.",
        parameters=[_NAME],
        answer={"description": "The copy.", "content": {"application/json": {"schema": _COPY}}},
        errors=(400, 401, 403, 404, 422, 503),
    )
    router.routes.append(KeyedRoute(f"{PATH}/{{name}}", _copy, methods=["GET"], **described))


async def in_the_making(request: Request, copy: DatedCopy) -> Reply:
    """That it can be read soon, and where to look."""
    headers = {"Location": f"{PATH}/{copy.name}", "Retry-After": str(RETRY_AFTER)}
    return json_reply(202, await _shown(request, copy), headers)


def later() -> dict[str, Any]:
    """What OpenAPI says of that answer."""
    return {
        "description": "What is asked for as of this date is being made ready. Ask again.",
        "headers": {
            "Location": {
                "description": "Where it says how far it is.",
                "schema": {"type": "string"},
            },
            "Retry-After": {
                "description": "Seconds after which to ask again.",
                "schema": {"type": "integer"},
            },
        },
        "content": {"application/json": {"schema": _COPY}},
    }


async def _copy(request: Request) -> Reply:
    caller = caller_of(request)
    caller.needs("read")
    parameters(request, ())
    served = caller.served
    found = await anyio.to_thread.run_sync(
        served.services.dating.find, segment(request), limiter=served.reads
    )
    if found is None:
        raise Problem(
            "not-found", "There is no such dated copy, or no more. Ask for what you read."
        )
    return json_reply(200, await _shown(request, found))


async def _shown(request: Request, copy: DatedCopy) -> dict[str, Any]:
    served = caller_of(request).served
    shown = await anyio.to_thread.run_sync(served.services.dating.shown, copy, limiter=served.reads)
    return {name: plain(value) for name, value in shown.items()}
