"""The plan of retention over HTTP: what is due, by which schedule, and what keeps it. It holds ids
and numbers only, so nobody reads anything of somebody.
"""

from datetime import date, datetime
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request

from api.examples import AN_ID
from api.filters import parameters, whole_number, wrong
from api.keepers import WHYS
from api.lists import DEFAULT_LIMIT, LONGEST_CURSOR
from api.openapi import describe_read
from api.parameters import ID, query
from api.problems import Problem
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of
from domain.fields import CATEGORIES
from domain.retention_schedules import Action, Kind, Trigger
from store.lists import MAX_LIMIT

PATH: Final = "/v1/retention-schedules/plan"
PLANNERS: Final = ("admin", "auditor")
_TEXT: Final = {"type": "string"}
_DAY: Final = {"type": "string", "format": "date"}
_KEEPER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["why", "what", "until"],
    "properties": {
        "why": {**_TEXT, "enum": [*WHYS]},
        "what": {
            "type": ["string", "null"],
            "description": "The law of a hold or duty, or the number of a request.",
        },
        "until": {"type": ["string", "null"], "format": "date", "description": "The last day."},
    },
}
_ITEM: Final[dict[str, Any]] = {
    "kind": {**_TEXT, "enum": [*Kind]},
    "record": {**ID, "example": AN_ID},
    "number": {"type": ["string", "null"], "description": "The record's number."},
    "category": {**_TEXT, "enum": [*CATEGORIES]},
    "action": {**_TEXT, "enum": [*Action]},
    "due_on": {**_DAY, "description": "The first day on which it is not to be kept any more."},
    "schedule": {**_TEXT, "description": "The schedule's number."},
    "trigger": {**_TEXT, "enum": [*Trigger]},
    "duration": {**_TEXT, "example": "P3Y"},
    "law": _TEXT,
    "kept_by": {
        "type": "array",
        "items": _KEEPER,
        "description": "What keeps it all the same. Empty: it is erased, or has to be looked at.",
    },
}
_PAGE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["data", "next_cursor"],
    "properties": {
        "data": {
            "type": "array",
            "items": {"type": "object", "required": [*_ITEM], "properties": _ITEM},
        },
        "next_cursor": {"type": ["string", "null"], "description": "Null on the last page."},
    },
}


def plans_retention(router: APIRouter) -> None:
    """Serve the plan."""
    router.routes.append(KeyedRoute(PATH, planned, methods=["GET"], **_describe()))


async def planned(request: Request) -> Reply:
    """A page of what is due."""
    caller = caller_of(request)
    caller.needs("read")
    if caller.reader.role not in PLANNERS:
        raise Problem("forbidden", "The plan of retention is for administrators and auditors.")
    given = parameters(request, ("on", "limit", "cursor"))
    on = _day(given["on"]) if "on" in given else datetime.now(caller.zone).date()
    limit = whole_number("limit", given.get("limit", str(DEFAULT_LIMIT)), 1, MAX_LIMIT)
    served = caller.served
    items, cursor = await anyio.to_thread.run_sync(
        served.services.erasures.retention.plan,
        *(on, limit, given.get("cursor") or None),
        limiter=served.reads,
    )
    shown = [one.shown() for one in items]
    return json_reply(200, {"data": shown, "next_cursor": cursor}, {"Cache-Control": "no-store"})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong("on", "is no date. Write it as 2026-01-31.") from None


def _describe() -> dict[str, Any]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    cursor = {"type": "string", "maxLength": LONGEST_CURSOR}
    return describe_read(
        "PlanRetention",
        PATH,
        "What is due by the retention schedules",
        "Each category of a record whose time is over on a day, by which schedule and law, what is "
        "to be done, and what keeps it. `kept retention apply` and the server go by the same. A "
        "page may be shorter than its limit, or empty; go on while there is a cursor."
        "\n\nOnly for the roles admin and auditor.",
        parameters=[
            query(
                "on", _DAY, "The day; today in the tenant's zone if none is given.", "2027-01-31"
            ),
            query("limit", limit, "Items on a page at most."),
            query("cursor", cursor, "From the page before; everything else stays as it was."),
        ],
        answer={"description": "A page.", "content": {"application/json": {"schema": _PAGE}}},
    )
