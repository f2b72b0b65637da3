"""Figures over HTTP: what there is, each of them, and what is behind it.

They hold no personal column, so every role that reads may read them; what is named in them (owners,
say) passes the gate, which masks it and records who read it.
"""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.analytics.asking import asked_of, days_of, filters_of, now_in
from api.analytics.docs import describe_explained, describe_figures, describe_list
from api.analytics.files import WRITERS
from api.analytics.series import described, explained, series
from api.files import file_reply
from api.filters import an_id, parameters, wrong
from api.problems import Problem
from api.reads import reading
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of, segment
from projections.analytics import DEFINITIONS
from projections.analytics.kernel import Definition
from projections.gate import Gate
from projections.readers import Reader
from projections.words.kernel import LANGUAGES, Language

PATH: Final = "/v1/analytics"
COMMON: Final = ("by", "language", "format", "min_position")


def analytics(router: APIRouter) -> None:
    """Serve the figures."""
    one = f"{PATH}/{{name}}"
    router.routes += [
        KeyedRoute(PATH, listed, methods=["GET"], **describe_list(PATH)),
        KeyedRoute(one, figures, methods=["GET"], **describe_figures(one)),
        KeyedRoute(
            f"{one}/explain", explain, methods=["GET"], **describe_explained(f"{one}/explain")
        ),
    ]


async def listed(request: Request) -> Response:
    """What there is to be asked."""
    caller_of(request).needs("read")
    language = _language(parameters(request, ("language",)))
    return json_reply(200, {"data": [described(one, language) for one in DEFINITIONS.values()]})


async def figures(request: Request) -> Response:
    """The figures of one definition, as JSON or as a file."""
    definition = _definition(request)
    given = parameters(request, (*days_of(definition), *COMMON, *filters_of(definition)))
    request.scope["min_position"] = given.pop("min_position", None)
    form, language = given.get("format", "json"), _language(given)
    if form not in ("json", *WRITERS):
        raise wrong("format", f"is none of the choices. Give json or {', '.join(WRITERS)}.")
    caller = caller_of(request)
    asked = asked_of(definition, given, now_in(caller.zone))
    services, look = caller.served.services, caller.served.progress.look
    found, headers = await reading(
        request,
        lambda gate, reader: series(
            services.analytics, gate, reader, definition, asked, look(), language
        ),
    )
    if form == "json":
        return json_reply(200, found.as_json(), headers)
    write = WRITERS[form]
    return await file_reply(caller, f"{definition.name}.{form}", lambda path: write(found, path))


async def explain(request: Request) -> Response:
    """The records and events behind the figures of all that fits."""
    definition = _definition(request)
    known = (*days_of(definition), "cursor", "min_position", *filters_of(definition))
    given = parameters(request, known)
    request.scope["min_position"] = given.pop("min_position", None)
    caller = caller_of(request)
    asked = asked_of(definition, {**given, "by": ""}, now_in(caller.zone))
    after = an_id("cursor", given["cursor"]) if "cursor" in given else None
    services, look = caller.served.services, caller.served.progress.look

    def read(gate: Gate, reader: Reader) -> dict[str, Any]:
        position = look()
        behind = services.analytics.behind(definition, asked, after)
        return explained(definition, position, behind)

    found, headers = await reading(request, read)
    return json_reply(200, found, headers)


def _definition(request: Request) -> Definition:
    found = DEFINITIONS.get(segment(request))
    if found is None:
        raise Problem("not-found", f"There is no such figure. There are: {', '.join(DEFINITIONS)}.")
    return found


def _language(given: dict[str, str]) -> Language:
    language = given.get("language", LANGUAGES[0])
    if language not in LANGUAGES:
        raise wrong("language", f"is none of the choices. Give one of: {', '.join(LANGUAGES)}.")
    return language
