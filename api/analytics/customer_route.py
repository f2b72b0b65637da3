"""Customers one by one over HTTP: their RFM segments, and what a model expects of them."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.analytics.asking import asked_of, known_of, language_of, model_asked, now_in
from api.analytics.customer_docs import describe_expected, describe_model, describe_scores
from api.analytics.customer_tables import CustomerTable, Tables
from api.analytics.files import TABLES
from api.analytics.predicting import SETTINGS, stated
from api.files import file_reply
from api.filters import an_id, form_in, parameters
from api.reads import reading
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of
from projections.analytics.segments import CUSTOMER_SEGMENTS
from projections.gate import Gate
from projections.readers import Reader

SEGMENTS: Final = "/v1/analytics/customer_segments/customers"
MODEL: Final = "/v1/analytics/lifetime_value"
EXPECTED: Final = f"{MODEL}/customers"
_COMMON: Final = ("to", "language", "format", "cursor", "min_position")
_SETTINGS: Final = tuple(one.name for one in SETTINGS)


def customer_tables(router: APIRouter) -> None:
    """Serve the tables of customers."""
    router.routes += [
        KeyedRoute(SEGMENTS, scores, methods=["GET"], **describe_scores(SEGMENTS)),
        KeyedRoute(MODEL, model, methods=["GET"], **describe_model(MODEL)),
        KeyedRoute(EXPECTED, expected, methods=["GET"], **describe_expected(EXPECTED)),
    ]


async def scores(request: Request) -> Response:
    """Who is in which segment."""
    given = parameters(request, (*_COMMON, *known_of(CUSTOMER_SEGMENTS)))
    asked = asked_of(CUSTOMER_SEGMENTS, {**given, "by": ""}, now_in(caller_of(request).zone))
    after = an_id("cursor", given["cursor"]) if "cursor" in given else None
    return await _answer(
        request,
        given,
        "customer_segments",
        lambda tables, position: tables.scores(asked, after),
        lambda tables, position: tables.all_scores(asked),
    )


async def model(request: Request) -> Response:
    """What the model was trained on, and how it did."""
    given = parameters(request, ("to", "min_position", *_SETTINGS))
    request.scope["min_position"] = given.pop("min_position", None)
    caller = caller_of(request)
    asked = model_asked(given, now_in(caller.zone))
    services, look = caller.served.services, caller.served.progress.look

    def read(gate: Gate, reader: Reader) -> dict[str, object]:
        position = look()
        return stated(services.predicting.model(asked, position), position)

    found, headers = await reading(request, read)
    return json_reply(200, found, headers)


async def expected(request: Request) -> Response:
    """What is expected of whom."""
    given = parameters(request, (*_COMMON, *_SETTINGS))
    asked = model_asked(given, now_in(caller_of(request).zone))
    after = an_id("cursor", given["cursor"]) if "cursor" in given else None
    return await _answer(
        request,
        given,
        "lifetime_value",
        lambda tables, position: tables.expected(asked, position, after),
        lambda tables, position: tables.all_expected(asked, position),
    )


Make = Callable[[Tables, int], CustomerTable]


async def _answer(
    request: Request, given: dict[str, str], name: str, page: Make, whole: Make
) -> Response:
    """A page as JSON, or all of it as a file."""
    request.scope["min_position"] = given.pop("min_position", None)
    form, language = form_in(given, TABLES), language_of(given)
    caller = caller_of(request)
    services, look = caller.served.services, caller.served.progress.look

    def read(gate: Gate, reader: Reader) -> tuple[CustomerTable, int]:
        position = look()
        tables = Tables(services.analytics, services.predicting, gate, reader, language)
        return (page if form == "json" else whole)(tables, position), position

    (found, position), headers = await reading(request, read)
    if form == "json":
        cursor = str(found.next_after) if found.next_after else None
        body = {"position": position, "data": found.as_json(), "next_cursor": cursor}
        return json_reply(200, body, headers)
    write = TABLES[form]
    return await file_reply(caller, f"{name}.{form}", lambda path: write(found, path))
