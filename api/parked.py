"""Rows that wait because an event could not be folded into them: listed, tried again, or shown
without that event. For administrators.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from api.bodies import json_body
from api.examples import AN_ID
from api.filters import parameters, wrong
from api.headers import LONGEST_REASON, envelope_of
from api.openapi import describe_read
from api.parameters import ID, MOMENT, query
from api.problems import Problem
from api.read_log_docs import READ_MODELS
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of
from api.services import Services
from commands.dispatcher import Order
from commands.kernel import Rejected
from commands.skipped_events import SkipEvent
from domain.envelope import Envelope
from domain.kernel import replace
from domain.skipped_events import SKIPPED_EVENTS
from projections.plain import plain
from store.tracking import Tracking

T = TypeVar("T")
PATH: Final = "/v1/parked"
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Which(BaseModel):
    """Which of the rows that wait; all, where nothing is said."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    read_model: Name | None = None
    record_id: UUID | None = None


class Skip(BaseModel):
    """The row that is to go on without the event that it waits at, and why."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    read_model: Name
    record_id: UUID
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON)
    ] = Field()


class NotParked(Rejected):
    """No such row waits."""

    def __init__(self) -> None:
        super().__init__(
            "record_id: no row of this record waits in this read model. See which do: kept parked, "
            "or GET /v1/parked.",
            field="record_id",
        )


def parked(services: Services) -> list[dict[str, Any]]:
    """Every row that waits: which, at what, why and since when."""
    with services.database.borrow("writer", services.tenant.schema) as connection:
        return Tracking(connection).parked_rows()


def retry(
    services: Services, read_model: str | None = None, record: UUID | None = None
) -> list[dict[str, Any]]:
    """Fold the rows that wait anew, each from the whole of its record; ``folded`` says which no
    longer do.
    """
    return [
        {**row, "folded": services.runner.retry_parked(row["model"], row["stream"])}
        for row in parked(services)
        if read_model in (None, row["model"]) and record in (None, row["stream"])
    ]


def skip(services: Services, read_model: str, record: UUID, envelope: Envelope) -> dict[str, Any]:
    """Let a row that waits go on without its event, as the envelope's reason says; gives the row,
    the position of that decision, and whether it no longer waits.

    Raises:
        NotParked: it does not wait.
        Rejected: its event was skipped before.
    """
    waiting = [
        row for row in parked(services) if (row["model"], row["stream"]) == (read_model, record)
    ]
    if not waiting:
        raise NotParked
    [row] = waiting
    command = SkipEvent(read_model=read_model, position=row["position"], record_id=record)
    receipt = services.dispatcher.dispatch(Order(command, envelope, SKIPPED_EVENTS))
    folded = services.runner.retry_parked(read_model, record)
    return {**row, "skipped_at": receipt.position, "folded": folded}


def serves_parked(router: APIRouter) -> None:
    """Serve them to administrators."""
    for path, method, endpoint, options in (
        (PATH, "GET", _listed, _describe_list()),
        (f"{PATH}/retry", "POST", _retried, _describe_retry()),
        (f"{PATH}/skip", "POST", _skipped, _describe_skip()),
    ):
        router.routes.append(KeyedRoute(path, endpoint, methods=[method], **options))


async def _listed(request: Request) -> Reply:
    given = _check(request, "read_model")
    wanted = given.get("read_model")
    if wanted not in (None, *READ_MODELS):
        choices = ", ".join(READ_MODELS)
        raise wrong("read_model", f"is none of the choices. Give one of: {choices}.")
    rows = await _in_thread(request, parked)
    found = [_shown(row) for row in rows if wanted in (None, row["model"])]
    return json_reply(200, {"data": found})


async def _retried(request: Request) -> Reply:
    _check(request)
    which = Which.model_validate_json(await json_body(request))
    rows = await _in_thread(
        request, lambda services: retry(services, which.read_model, which.record_id)
    )
    return json_reply(200, {"data": [_shown(row) for row in rows]})


async def _skipped(request: Request) -> Reply:
    _check(request)
    asked = Skip.model_validate_json(await json_body(request))
    envelope = envelope_of(request, caller_of(request))
    if envelope.reason is not None:
        raise Problem.of_field(
            "invalid-header", "Kept-Reason", "is given twice. Give it as reason, in the body alone."
        )
    told = replace(envelope, reason=asked.reason)
    done = await _in_thread(
        request, lambda services: skip(services, asked.read_model, asked.record_id, told)
    )
    return json_reply(200, _shown(done))


def _check(request: Request, *known: str) -> dict[str, str]:
    caller_of(request).needs("administer")
    return parameters(request, known)


async def _in_thread(request: Request, work: Callable[[Services], T]) -> T:
    served = caller_of(request).served
    return await anyio.to_thread.run_sync(lambda: work(served.services), limiter=served.scans)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    named = {"read_model": row["model"], "record_id": row["stream"]}
    rest = {name: value for name, value in row.items() if name not in ("model", "stream")}
    return {name: plain(value) for name, value in {**named, **rest}.items()}


_ROW: Final[dict[str, Any]] = {
    "read_model": {"type": "string", "description": "Of which read model."},
    "record_id": {**ID, "description": "Of which record."},
    "position": {"type": "integer", "description": "Of the event that it waits at."},
    "error": {"type": "string", "description": "What failed; no value of the event."},
    "since": {**MOMENT, "description": "Since when it waits."},
}
_FOLDED: Final = {"type": "boolean", "description": "Whether it no longer waits."}
_SKIPPED_AT: Final = {"type": "integer", "description": "The position of this decision."}


def _describe_list() -> dict[str, Any]:
    return describe_read(
        "ListParked",
        PATH,
        "List rows that wait",
        "Rows into which an event could not be folded. That event and all later ones of the record "
        "wait, everything else goes on.\n\nOnly for the role admin.",
        parameters=[query("read_model", {"type": "string", "enum": READ_MODELS}, "Only of it.")],
        answer=_answer(_rows(_ROW)),
        errors=(400, 401, 403, 422, 503),
    )


def _describe_retry() -> dict[str, Any]:
    properties = {"read_model": _ROW["read_model"], "record_id": _ROW["record_id"]}
    return describe_read(
        "RetryParked",
        f"{PATH}/retry",
        "Fold rows that wait anew",
        "Each from the whole of its record's events; all rows, or those that the body names.\n\n"
        "Only for the role admin.",
        requestBody=_body(properties, (), {"read_model": "customers"}),
        answer=_answer(_rows({**_ROW, "folded": _FOLDED})),
        errors=(400, 401, 403, 413, 415, 422, 503),
    )


def _describe_skip() -> dict[str, Any]:
    reason = {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON, "description": "Why."}
    properties = {
        "read_model": _ROW["read_model"],
        "record_id": _ROW["record_id"],
        "reason": reason,
    }
    example = {"read_model": "customers", "record_id": AN_ID, "reason": "A fault of release 1.2"}
    return describe_read(
        "SkipParked",
        f"{PATH}/skip",
        "Let a row go on without its event",
        "The read model leaves the event out from now on, in every rebuild too; the event stays in "
        "the log and in the history. The decision is an event itself.\n\nOnly for the role admin.",
        requestBody=_body(properties, ("read_model", "record_id", "reason"), example),
        answer=_answer(_object({**_ROW, "skipped_at": _SKIPPED_AT, "folded": _FOLDED})),
        errors=(400, 401, 403, 409, 413, 415, 422, 503),
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [*properties], "properties": properties}


def _rows(properties: dict[str, Any]) -> dict[str, Any]:
    return _object({"data": {"type": "array", "items": _object(properties)}})


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "The rows.", "content": {"application/json": {"schema": schema}}}


def _body(
    properties: dict[str, Any], required: tuple[str, ...], example: dict[str, Any]
) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }
    content = {"schema": schema, "examples": {"example": {"value": example}}}
    return {"required": bool(required), "content": {"application/json": content}}
