"""Answers to data-subject requests over HTTP, for administrators. Nothing personal is in a URL."""

from functools import partial
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse

from api.access import Caller
from api.answering.access import FORMS, answer_access
from api.answering.portable import answer_portable
from api.files import file_reply
from api.filters import parameters, wrong
from api.openapi import describe_read
from api.parameters import RECORD_ID, query
from api.reads import reach
from api.routing import KeyedRoute, caller_of, record_id
from projections.words.kernel import LANGUAGES

PATH: Final = "/v1/subject-requests/{id}"
_ERRORS: Final = (400, 401, 403, 404, 409, 422, 503)


def answers_requests(router: APIRouter) -> None:
    """Serve the answers."""
    routes = (
        (f"{PATH}/access", access, _describe_access()),
        (f"{PATH}/portable", portable, _describe_portable()),
    )
    for path, endpoint, described in routes:
        router.routes.append(KeyedRoute(path, endpoint, methods=["GET"], **described))


async def access(request: Request) -> FileResponse:
    """All that is held about whoever asks."""
    caller = caller_of(request)
    caller.needs("administer")
    given = parameters(request, ("format", "language"))
    form = given.get("format", "zip")
    language = given.get("language", "en")
    for name, value, known in (("format", form, FORMS), ("language", language, LANGUAGES)):
        if value not in known:
            raise wrong(name, f"is none of the choices. Give one of: {', '.join(known)}.")
    one = record_id(request)
    await _caught_up(caller)
    services, reader = caller.served.services, caller.reader

    def make(path: Any) -> None:
        answer_access(services, reader, one, path, form, language)  # type: ignore[arg-type]

    return await file_reply(caller, f"access.{form}", make)


async def portable(request: Request) -> FileResponse:
    """What they gave us."""
    caller = caller_of(request)
    caller.needs("administer")
    parameters(request, ())
    one = record_id(request)
    await _caught_up(caller)
    make = partial(answer_portable, caller.served.services, caller.reader, one)
    return await file_reply(caller, "portable.zip", make)


async def _caught_up(caller: Caller) -> None:
    """Whatever is in the log now is in the answer."""
    served = caller.served
    await reach(
        caller, await anyio.to_thread.run_sync(served.services.log.head, limiter=served.reads)
    )


def _describe_access() -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return describe_read(
        "AnswerAccessRequest",
        f"{PATH}/access",
        "Answer a request for access",
        "All that is held about whoever asks (GDPR Art. 15, PIPL Art. 45): every record that is of "
        "them or in which something of them stands, every event with its personal fields, by whom, "
        "when, from where and what for; consents and refusals; and records of others that may "
        "mention them, for a person to look at. As JSON, as PDF to be read, or as an archive of "
        "both with the proofs of every entry, which `kept verify --bundle` checks. The request has "
        "to ask for access or portability, and to be identified. For administrators.",
        parameters=[
            RECORD_ID,
            query("format", {"type": "string", "enum": [*FORMS]}, "zip unless given.", "json"),
            query("language", {"type": "string", "enum": [*LANGUAGES]}, "Of the PDF.", "en"),
        ],
        answer={
            "description": "The answer.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "application/pdf": binary,
                "application/zip": binary,
            },
        },
        errors=_ERRORS,
    )


def _describe_portable() -> dict[str, Any]:
    return describe_read(
        "AnswerPortabilityRequest",
        f"{PATH}/portable",
        "Answer a request for portability",
        "What whoever asks gave us (GDPR Art. 20, PIPL Art. 45), as JSON Lines that "
        "`kept import portable` takes in elsewhere and as CSV, in an archive with the proofs of "
        "every entry. The request has to ask for access or portability, and to be identified. For "
        "administrators.",
        parameters=[RECORD_ID],
        answer={
            "description": "The archive.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
        errors=_ERRORS,
    )
