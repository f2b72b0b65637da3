"""Figures over HTTP: what there is, each of them, and what is behind it.

They hold no personal column, so every role that reads may read them; what is named in them (owners,
say) passes the gate, which masks it and records who read it.
"""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.analytics.asking import asked_of, known_of, language_of, times_of
from api.analytics.docs import describe_explained, describe_figures, describe_list
from api.analytics.files import WRITERS
from api.analytics.moments import copy_of, now_at
from api.analytics.series import described, explained, series
from api.dated_copies import in_the_making
from api.files import file_reply
from api.filters import an_id, form_in, parameters
from api.problems import Problem
from api.reads import MOMENTS, past, reading
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of, segment
from projections.analytics import DEFINITIONS
from projections.analytics.kernel import Definition
from projections.gate import Gate
from projections.readers import Reader

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
    language = language_of(parameters(request, ("language",)))
    return json_reply(200, {"data": [described(one, language) for one in DEFINITIONS.values()]})


async def figures(request: Request) -> Response:
    """The figures of one definition, as JSON or as a file, now or as they were."""
    definition = _definition(request)
    given = parameters(request, (*times_of(definition), *COMMON, *MOMENTS, *known_of(definition)))
    request.scope["min_position"] = given.pop("min_position", None)
    form, language = form_in(given, WRITERS), language_of(given)
    moments = past(request, given)
    caller = caller_of(request)
    asked = asked_of(definition, given, now_at(moments, caller.zone))
    copy = await copy_of(request, moments)
    if copy is not None and copy.made_at is None:
        return await in_the_making(request, copy)
    analytics, look = caller.served.services.figures(copy), caller.served.progress.look
    found, headers = await reading(
        request,
        lambda gate, reader: series(
            *(analytics, gate, reader, definition, asked),
            *(look() if copy is None else copy.head, language, copy),
        ),
    )
    if form == "json":
        return json_reply(200, found.as_json(), headers)
    write = WRITERS[form]
    return await file_reply(caller, f"{definition.name}.{form}", lambda path: write(found, path))


async def explain(request: Request) -> Response:
    """The records and events behind the figures of all that fits."""
    definition = _definition(request)
    known = (*times_of(definition), *MOMENTS, "cursor", "min_position", *known_of(definition))
    given = parameters(request, known)
    request.scope["min_position"] = given.pop("min_position", None)
    moments = past(request, given)
    caller = caller_of(request)
    asked = asked_of(definition, {**given, "by": ""}, now_at(moments, caller.zone))
    after = an_id("cursor", given["cursor"]) if "cursor" in given else None
    copy = await copy_of(request, moments)
    if copy is not None and copy.made_at is None:
        return await in_the_making(request, copy)
    analytics, look = caller.served.services.figures(copy), caller.served.progress.look

    def read(gate: Gate, reader: Reader) -> dict[str, Any]:
        position = look() if copy is None else copy.head
        behind = analytics.behind(definition, asked, after)
        return explained(definition, position, behind, copy)

    found, headers = await reading(request, read)
    return json_reply(200, found, headers)


def _definition(request: Request) -> Definition:
    found = DEFINITIONS.get(segment(request))
    if found is None:
        raise Problem("not-found", f"There is no such figure. There are: {', '.join(DEFINITIONS)}.")
    return found
