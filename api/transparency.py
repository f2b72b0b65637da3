"""The transparency log over HTTP: at the paths of C2SP tlog-tiles for standard clients, below
``/log/{tenant}/``, and proofs as JSON for those who integrate Kept.

Checkpoints and hashes say nothing of what was hashed, so a server may open them to everybody
(``kept serve --open-log``); entries always need a key.
"""

from functools import partial
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.access import Caller, KeyRing
from api.filters import parameters, whole_number, wrong
from api.openapi import describe_read
from api.parameters import POSITION, parameter, query
from api.problems import Problem, problem_of
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of, segment
from api.tenancy import Served, Tenancy
from store.transparency.tiles import parse

PREFIX: Final = "/log/"
MOST_POSITION: Final = 2**62
TEXT: Final = b"text/plain; charset=utf-8"
OCTETS: Final = b"application/octet-stream"
_METHODS: Final = ("GET", "HEAD")


def proofs(router: APIRouter) -> None:
    """Serve the proofs."""
    for path, endpoint, options in (
        ("/v1/proofs/consistency", consistency, _describe_consistency()),
        ("/v1/proofs/{position}", proof, _describe_proof()),
    ):
        router.routes.append(KeyedRoute(path, endpoint, methods=["GET"], **options))


async def proof(request: Request) -> Reply:
    """The proof of one entry."""
    caller = caller_of(request)
    caller.needs("read")
    position = whole_number("position", segment(request), 1, MOST_POSITION)
    bundle = await _in_thread(
        caller.served, partial(caller.served.services.transparency.bundle, [position])
    )
    return json_reply(200, bundle)


async def consistency(request: Request) -> Reply:
    """The proof that one tree continues another."""
    caller = caller_of(request)
    caller.needs("read")
    given = parameters(request, ("old", "new"))
    if "old" not in given:
        raise wrong("old", "is missing. Give the size of the tree that you know.")
    old = whole_number("old", given["old"], 1, MOST_POSITION)
    new = whole_number("new", given["new"], 1, MOST_POSITION) if "new" in given else None
    transparency = caller.served.services.transparency
    return json_reply(
        200, await _in_thread(caller.served, partial(transparency.consistency, old, new))
    )


async def serve_log(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer below ``/log/``, where paths are as long as the log is large."""
    try:
        reply = await _answer(scope, Request(scope, receive))
    except Exception as error:
        reply = problem_of(error).reply()
    await reply(scope, receive, send)


async def _answer(scope: Scope, request: Request) -> Reply:
    name, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
    served = await _opened(scope, request, name, needs_key=rest.startswith("tile/entries/"))
    if scope["method"] not in _METHODS:
        raise Problem(
            "method-not-allowed",
            f"This route knows another method. Use one of: {', '.join(_METHODS)}.",
            headers={"Allow": ", ".join(_METHODS)},
        )
    transparency = served.services.transparency
    if rest == "checkpoint":
        note = await _in_thread(served, transparency.checkpoint)
        if note is None:
            raise Problem("not-found", "There is no checkpoint yet. Ask again in a second.")
        return Reply(200, note.encode(), media=TEXT)
    tile = parse(rest.removeprefix("tile/")) if rest.startswith("tile/") else None
    if tile is None:
        raise Problem("no-such-route", "There is checkpoint and tile/<level>/<number> here.")
    found = await _in_thread(served, partial(transparency.tile, tile))
    if found is None:
        raise Problem("not-found", "The tree has no such tile yet.")
    return Reply(200, found, media=OCTETS)


async def _opened(scope: Scope, request: Request, name: str, needs_key: bool) -> Served:
    """The tenant, if whoever asks may see its log."""
    tenancy: Tenancy = scope["app"].state.tenancy
    keys: KeyRing = scope["app"].state.keys
    authorization = dict(scope["headers"]).get(b"authorization")
    if tenancy.options.open_log and not needs_key and authorization is None:
        served = await tenancy.served(name)
        if served is None:
            raise Problem("not-found", "There is no such log.")
        return served
    caller: Caller = await keys.caller(authorization)
    caller.needs("read")
    if caller.served.services.tenant.name != name:
        raise Problem("not-found", "There is no such log.")
    return caller.served


async def _in_thread(served: Served, work: Any) -> Any:
    return await anyio.to_thread.run_sync(work, limiter=served.reads)


def _describe_proof() -> dict[str, Any]:
    return describe_read(
        "ProveEntry",
        "/v1/proofs/{position}",
        "Prove an entry",
        "The entry at a position, its audit path (RFC 6962) and a signed checkpoint, in one file "
        "that `kept verify --bundle` checks without a database and without us. Any receipt turns "
        "into a proof by its `position`, within a second of its commit.",
        parameters=[parameter("position", "path", POSITION, "From the receipt.", 1042)],
        answer={
            "description": "A proof.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Proof"}}},
        },
        errors=(400, 401, 403, 404, 422, 503),
    )


def _describe_consistency() -> dict[str, Any]:
    hashed = {"type": "string", "description": "32 bytes in Base64."}
    tree = {
        "type": "object",
        "properties": {"size": {"type": "integer"}, "root": hashed},
        "required": ["size", "root"],
    }
    answer = {
        "type": "object",
        "properties": {"old": tree, "new": tree, "proof": {"type": "array", "items": hashed}},
        "required": ["old", "new", "proof"],
    }
    return describe_read(
        "ProveConsistency",
        "/v1/proofs/consistency",
        "Prove that the log only grew",
        "The consistency proof (RFC 6962) between two sizes of the tree: nothing that was in the "
        "old one was changed, moved or taken away.",
        parameters=[
            {**query("old", POSITION, "The size that you know.", 1), "required": True},
            query("new", POSITION, "A later size; the newest unless given."),
        ],
        answer={"description": "A proof.", "content": {"application/json": {"schema": answer}}},
        errors=(400, 401, 403, 404, 422, 503),
    )
