"""Saved figures over HTTP: one's own and the shared ones, and what they give now or gave then."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from api.analytics.asked_again import answered, named, question_of
from api.analytics.asking import now_in
from api.analytics.docs import LANGUAGE, OF_PAST, SERIES, json_answer
from api.analytics.moments import copy_of, now_at
from api.analytics.route import language_in
from api.commands import accepts
from api.dated_copies import in_the_making
from api.filters import parameters
from api.openapi import describe_read
from api.parameters import MIN_POSITION, MIN_POSITION_IN_QUERY, PURPOSE, RECORD_ID
from api.problems import Problem
from api.read_docs import PAST, or_later
from api.reads import MOMENTS, Whose, past, reading, reads
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of, record_id
from commands.kernel import Command
from commands.saved_figures import (
    ArchiveSavedFigure,
    ChangeSavedFigure,
    RestoreSavedFigure,
    SaveFigure,
)
from domain.kernel import replace
from domain.saved_figures import Question, SavedFigure, Visibility
from projections.saved_figures import saved_figures

FIGURES: Final = "/v1/saved-figures/{id}/figures"
_ANSWER: Final = {
    "type": "object",
    "required": ["saved_version", "version", "has_moved", "position"],
    "properties": {
        "saved_version": {
            "type": ["integer", "null"],
            "description": "Of the definition, when it was saved.",
        },
        "version": {"type": "integer", "description": "Of the definition, now."},
        "has_moved": {
            "type": "boolean",
            "description": "Whether the figures mean something else than when it was saved.",
        },
        "position": {"type": "integer"},
        **OF_PAST,
        "figure": SERIES,
        "dashboard": {"type": "object", "description": "As GET /v1/dashboards/{name} gives it."},
    },
}


def saves_figures(router: APIRouter) -> None:
    """Serve the saved figures."""
    accepts(router, "/saved-figures", SaveFigure, prepare=_checked)
    accepts(router, "/saved-figures/{id}", ChangeSavedFigure, method="PATCH", prepare=_checked)
    accepts(router, "/saved-figures/{id}/archive", ArchiveSavedFigure)
    accepts(router, "/saved-figures/{id}/restore", RestoreSavedFigure)
    reads(router, saved_figures, whose=Whose(_listed, _shown))
    router.routes.append(KeyedRoute(FIGURES, figures, methods=["GET"], **_described()))


async def figures(request: Request) -> Response:
    """What a saved figure gives, now or as of a date."""
    record, caller = record_id(request), caller_of(request)
    given = parameters(request, (*MOMENTS, "language", "min_position"))
    request.scope["min_position"] = given.pop("min_position", None)
    moments, language = past(request, given), language_in(given)
    caller.needs("read")
    saved = await _saved(caller, record)
    wanted = question_of(saved, now_at(moments, caller.zone))
    copy = await copy_of(request, moments)
    if copy is not None and copy.made_at is None:
        return await in_the_making(request, copy)
    services = caller.served.services
    found, headers = await reading(
        request, lambda _, reader: answered(services, reader, saved, wanted, language, copy)
    )
    return json_reply(200, found.as_json(language), headers)


async def _saved(caller: Caller, record: UUID) -> Question:
    """What it asks, as it stands in the log: whoever has just saved it does not have to wait.

    Raises:
        Problem: there is none, or it is somebody else's own.
    """
    served = caller.served
    held = await anyio.to_thread.run_sync(
        served.services.dispatcher.state, SavedFigure, record, limiter=served.reads
    )
    state = held.state
    if not isinstance(state, SavedFigure) or state.question is None or not _sees(caller, state):
        raise Problem("not-found", "There is no such saved figure. Check the id.")
    return state.question


def _sees(caller: Caller, figure: SavedFigure) -> bool:
    return figure.visibility is not Visibility.OWN or figure.saved_by_id == caller.access.user_id


def _listed(request: Request, given: Mapping[str, str]) -> dict[str, Any]:
    """The shared ones, or one's own if those are asked for."""
    if given.get("visibility") == Visibility.OWN:
        return {"visibility": Visibility.OWN, "saved_by_id": caller_of(request).access.user_id}
    return {"visibility": Visibility.SHARED}


def _shown(request: Request, row: Mapping[str, Any]) -> bool:
    mine = str(caller_of(request).access.user_id)
    return row.get("visibility") != Visibility.OWN or row.get("saved_by_id") == mine


def _checked(command: Command) -> Command:
    """What it names is there; with the version that it has now.

    Raises:
        UnknownFigure: there is no such definition or dimension.
    """
    question: Question | None = getattr(command, "question", None)
    if question is None or (question.figure is None) == (question.dashboard is None):
        return command  # the decision refuses it
    version = named(question).version
    question_of(question, now_in(UTC))
    return replace(command, question=replace(question, version=version))


def _described() -> dict[str, Any]:
    described = describe_read(
        "ReadSavedFigure",
        FIGURES,
        "Ask what a saved figure asks",
        "Relative periods are about today, or about the day of as_of. Says whether the definition "
        "has another version by now than when it was saved.",
        parameters=[RECORD_ID, *PAST, LANGUAGE, MIN_POSITION_IN_QUERY, MIN_POSITION, PURPOSE],
        answer=json_answer("Its figures.", _ANSWER),
        errors=(400, 401, 403, 404, 422, 503),
    )
    return or_later(described)
