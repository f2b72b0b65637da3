"""The read log over HTTP: who read whose personal data, and the proof that the entry is not ours to
change. Reading it is not recorded in it.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request

from api.filters import an_id, moment, parameters, whole_number, wrong
from api.lists import DEFAULT_LIMIT
from api.problems import Problem
from api.read_log_docs import DOORS, READ_MODELS, describe_proof, describe_reads
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of, segment
from api.services import Services
from domain.envelope import from_microseconds
from projections.plain import plain
from projections.readers import KEPT
from store.lists import MAX_LIMIT, Query
from store.read_entries import Asked, entries
from store.read_log import Entry, body_of, subjects_of

PARAMETERS: Final = (
    "subject",
    "actor",
    "since",
    "until",
    "read_model",
    "door",
    "limit",
    "cursor",
)
MOST_NUMBER: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the read log, JSON-ready."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def read_log(router: APIRouter) -> None:
    """Serve the read log to those who look after it."""
    for path, endpoint, options in (
        ("/v1/reads", listed_reads, describe_reads()),
        ("/v1/reads/{number}/proof", proof, describe_proof()),
    ):
        router.routes.append(KeyedRoute(path, endpoint, methods=["GET"], **options))


async def listed_reads(request: Request) -> Reply:
    """A page of the read log, the newest first."""
    caller = caller_of(request)
    caller.needs("audit")
    given = parameters(request, PARAMETERS)
    ids: dict[str, Any] = {
        name: an_id(name, given[name]) for name in ("subject", "actor") if name in given
    }
    bounds: dict[str, Any] = {
        name: moment(name, given[name], caller.zone, end_of_day=name == "until")
        for name in ("since", "until")
        if name in given
    }
    for name, choices in (("read_model", READ_MODELS), ("door", DOORS)):
        if given.get(name, choices[0]) not in choices:
            raise wrong(name, f"is none of the choices. Give one of: {', '.join(choices)}.")
    asked = Asked(**ids, **bounds, model=given.get("read_model"), door=given.get("door"))
    limit = whole_number("limit", given.get("limit", str(DEFAULT_LIMIT)), 1, MAX_LIMIT)
    served = caller.served
    found = await anyio.to_thread.run_sync(
        page, served.services, asked, limit, given.get("cursor") or None, limiter=served.reads
    )
    return json_reply(200, {"data": found.items, "next_cursor": found.next_cursor})


async def proof(request: Request) -> Reply:
    """The path from an entry to the root of the seal over it."""
    caller = caller_of(request)
    caller.needs("audit")
    number = whole_number("number", segment(request), 1, MOST_NUMBER)
    served = caller.served
    found = await anyio.to_thread.run_sync(prove, served.services, number, limiter=served.reads)
    return json_reply(200, found)


def page(services: Services, asked: Asked, limit: int, cursor: str | None = None) -> Listed:
    """Entries as they are shown, each with the seal over it.

    Raises:
        BadCursor: the cursor is of another list, or none of ours.
    """
    found, following = entries(services.log, asked, limit, cursor)
    seals = _seals(services, [one.number for one in found])
    return Listed([_shown(one, seals) for one in found], following)


def prove(services: Services, number: int) -> dict[str, Any]:
    """The proof of one entry.

    Raises:
        Problem: there is no such entry, or it is not sealed yet.
    """
    seal = _seal_of(_seals(services, [number]), number)
    if seal is None:
        raise Problem("not-found", "This read is not there, or not sealed yet. Ask in a minute.")
    found = services.read_ranges.inclusion(number, seal["first"], seal["last"])
    if found is None:
        raise Problem("not-found", "This read is no longer there: its retention has ended.")
    return {
        "entry": found.entry._asdict(),
        "index": number - seal["first"],
        "size": seal["last"] - seal["first"] + 1,
        "proof": [base64.b64encode(one).decode() for one in found.path],
        "seal": seal,
    }


def _seals(services: Services, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The seals over these reads and between, in order."""
    if not numbers:
        return []
    first, last = min(numbers), max(numbers)
    seals: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = Query(sort="last", since=first, limit=MAX_LIMIT, cursor=cursor)
        answer = services.gate.page(KEPT, "read_seals", query)
        seals += [
            {name: row[name] for name in ("id", "first", "last", "root", "position")}
            for row in answer.items
        ]
        cursor = answer.next_cursor
        if cursor is None or seals[-1]["last"] >= last:
            return seals


def _seal_of(seals: Sequence[Mapping[str, Any]], number: int) -> Mapping[str, Any] | None:
    return next((one for one in seals if one["first"] <= number <= one["last"]), None)


def _shown(entry: Entry, seals: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    body = body_of(entry)
    return {
        "number": entry.number,
        "read_at": plain(from_microseconds(entry.read_at)),
        **{name: body[name] for name in _SHOWN},
        "subjects": subjects_of(body),
        "asked": body.get("asked", []),
        "seal": _seal_of(seals, entry.number),
    }


_SHOWN: Final = (
    "actor",
    "client",
    "role",
    "door",
    "purpose",
    "read_model",
    "records",
    "count",
    "fields",
)
