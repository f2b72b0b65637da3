"""The profile of a customer over HTTP."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.analytics.asking import language_of, now_in
from api.analytics.customer_tables import Tables
from api.analytics.docs import LANGUAGE, json_answer
from api.analytics.profile import Profiles
from api.filters import parameters
from api.openapi import describe_read
from api.parameters import MIN_POSITION, MIN_POSITION_IN_QUERY, PURPOSE, RECORD_ID
from api.problems import Problem
from api.reads import reading
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of, record_id
from projections.analytics.kernel import Asked
from projections.gate import Gate
from projections.readers import Reader

PATH: Final = "/v1/customers/{id}/profile"
_OBJECT: Final = {"type": ["object", "null"]}
_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
_PROFILE: Final = {
    "type": "object",
    "required": ["position", "to", "customer", "deals", "bought", "tickets", "changes"],
    "properties": {
        "position": {"type": "integer"},
        "to": {"type": "string", "description": "The day on whose evening days are counted."},
        "customer": {"type": "object", "description": "The record, as its own route gives it."},
        "owner": _OBJECT,
        "contacts": _OBJECTS,
        "deals": {"type": "object", "description": "Open, won and lost, in each currency."},
        "bought": {
            **_OBJECT,
            "description": "Orders, days since the last, RFM scores, segment and net value; null "
            "if they bought nothing.",
        },
        "expected": {
            **_OBJECT,
            "description": "What the model says, if lifetime values were asked for since the last "
            "event.",
        },
        "tickets": {"type": "object"},
        "consents": _OBJECTS,
        "follow_up": {"type": "object"},
        "changes": {**_OBJECTS, "description": "The latest, as the history tells them."},
    },
}


def profiles(router: APIRouter) -> None:
    """Serve the profiles of customers."""
    router.routes.append(KeyedRoute(PATH, profile, methods=["GET"], **_described()))


async def profile(request: Request) -> Response:
    """All that is known of a customer."""
    customer = record_id(request)
    given = parameters(request, ("language", "min_position"))
    request.scope["min_position"] = given.pop("min_position", None)
    language = language_of(given)
    caller = caller_of(request)
    services, look = caller.served.services, caller.served.progress.look
    asked = Asked(now_in(caller.zone).date())

    def read(gate: Gate, reader: Reader) -> dict[str, Any] | None:
        tables = Tables(services.analytics, services.predicting, gate, reader, language)
        return Profiles(tables).of(customer, asked, look())

    found, headers = await reading(request, read)
    if found is None:
        raise Problem("not-found", "There is no such customer. Check the id.")
    return json_reply(200, found, headers)


def _described() -> dict[str, Any]:
    return describe_read(
        "ReadCustomerProfile",
        PATH,
        "Read the profile of a customer",
        "All that is known on one page 客户画像: the record, who owns it and speaks for it, deals "
        "and orders, RFM segment, what is expected, tickets and promises, consents, follow-ups and "
        "the latest changes. What the key's role may not see is masked.",
        parameters=[RECORD_ID, LANGUAGE, MIN_POSITION_IN_QUERY, MIN_POSITION, PURPOSE],
        answer=json_answer("The profile.", _PROFILE),
        errors=(400, 401, 403, 404, 422, 503),
    )
