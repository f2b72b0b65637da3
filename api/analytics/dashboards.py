"""Dashboards over HTTP: several figures in one answer, made for charts."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.analytics.asking import PERIOD
from api.analytics.docs import IN_PERIOD, LANGUAGE, OF_PAST, SERIES, json_answer
from api.analytics.moments import copy_of, now_at
from api.analytics.route import language_in
from api.analytics.together import Shown, described, questions, together
from api.dated_copies import in_the_making
from api.filters import parameters
from api.openapi import describe_read
from api.parameters import MIN_POSITION, MIN_POSITION_IN_QUERY, PURPOSE, parameter
from api.problems import Problem
from api.read_docs import PAST, or_later
from api.reads import MOMENTS, past, reading
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of, segment
from projections.analytics.dashboards import DASHBOARDS
from projections.gate import Gate
from projections.readers import Reader

PATH: Final = "/v1/dashboards"
_TEXTS: Final = {name: {"type": "string"} for name in ("name", "title", "description")}
_LISTED: Final = {
    "type": "object",
    "required": ["name", "version", "title", "panels"],
    "properties": {
        **_TEXTS,
        "version": {"type": "integer"},
        "panels": {"type": "array", "items": {"type": "object"}},
    },
}
_SHOWN: Final = {
    "type": "object",
    "required": ["name", "version", "title", "position", "panels"],
    "properties": {
        **_TEXTS,
        "version": {"type": "integer"},
        "position": {"type": "integer", "description": "Of every panel."},
        **OF_PAST,
        "panels": {"type": "array", "items": SERIES},
    },
}
_NAME: Final = parameter(
    "name", "path", {"type": "string", "enum": [*DASHBOARDS]}, "The dashboard.", "business"
)


def dashboards(router: APIRouter) -> None:
    """Serve the dashboards."""
    one = f"{PATH}/{{name}}"
    router.routes += [
        KeyedRoute(PATH, listed, methods=["GET"], **_describe_list()),
        KeyedRoute(one, dashboard, methods=["GET"], **_describe_one(one)),
    ]


async def listed(request: Request) -> Response:
    """What dashboards there are."""
    caller_of(request).needs("read")
    language = language_in(parameters(request, ("language",)))
    return json_reply(200, {"data": [described(one, language) for one in DASHBOARDS.values()]})


async def dashboard(request: Request) -> Response:
    """One of them, with all its figures as of one position, now or as they were."""
    found = DASHBOARDS.get(segment(request))
    if found is None:
        raise Problem(
            "not-found", f"There is no such dashboard. There are: {', '.join(DASHBOARDS)}."
        )
    given = parameters(request, (*PERIOD, *MOMENTS, "language", "min_position"))
    request.scope["min_position"] = given.pop("min_position", None)
    moments, language = past(request, given), language_in(given)
    caller = caller_of(request)
    asked = questions(found, given, now_at(moments, caller.zone))
    copy = await copy_of(request, moments)
    if copy is not None and copy.made_at is None:
        return await in_the_making(request, copy)

    def read(gate: Gate, reader: Reader) -> Shown:
        shown = together(caller.served.services, reader, asked, language, copy)
        return Shown(found, *shown, copy)

    shown, headers = await reading(request, read)
    return json_reply(200, shown.as_json(language), headers)


def _describe_list() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": _LISTED}},
    }
    return describe_read(
        "ListDashboards",
        PATH,
        "List the dashboards",
        "Which figures are looked at together, by what, and of which period unless one is given.",
        parameters=[LANGUAGE],
        answer=json_answer("The dashboards.", schema),
    )


def _describe_one(path: str) -> dict[str, Any]:
    described = describe_read(
        "ReadDashboard",
        path,
        "Read a dashboard",
        "Its figures, each as by itself, all as of one position of the log. A period that is given "
        "holds for every panel; without one, each has its own.",
        parameters=[
            _NAME,
            *IN_PERIOD,
            *PAST,
            LANGUAGE,
            MIN_POSITION_IN_QUERY,
            MIN_POSITION,
            PURPOSE,
        ],
        answer=json_answer("The dashboard.", _SHOWN),
        errors=(400, 401, 403, 404, 422, 503),
    )
    return or_later(described)
