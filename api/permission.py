"""May we contact them? The question that is asked before anything is sent.

What is recorded of the person is folded from the log for each answer, so a withdrawal counts as
soon as its receipt is out. Only which records there are is read from a read model.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request

from api.examples import AN_ID
from api.filters import moment, parameters, wrong
from api.openapi import describe_read
from api.parameters import ID, MIN_POSITION, MIN_POSITION_IN_QUERY, MOMENT, query
from api.problems import Problem
from api.reads import reading
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of
from domain.consents import Channel
from domain.contacts import Contact
from domain.permission import Verdict, may_contact
from domain.suppressions import to_look_up
from projections.gate import Gate
from projections.plain import plain
from projections.readers import Reader
from store.lists import Query
from store.suppressions import Suppressions

PATH: Final = "/v1/consents/may-contact"
PURPOSE: Final = r"^[a-z][a-z0-9_]{0,62}$"
KINDS: Final = {"contact_id": "contacts", "customer_id": "customers"}
_MOMENT_OR_DAY: Final = {"anyOf": [MOMENT, {"type": "string", "format": "date"}]}
_CHANNELS: Final = [one.value for one in Channel]
_PARAMETERS: Final = (
    query("contact_id", ID, "Whom; this or customer_id.", AN_ID),
    query("customer_id", ID, "Whom, if it is a customer."),
    query("purpose", {"type": "string", "pattern": PURPOSE}, "What for.", "newsletter"),
    query("channel", {"type": "string", "enum": _CHANNELS}, "By which channel.", "email"),
    query("at", _MOMENT_OR_DAY, "When; now, where it is left out. A day means its end."),
    query("as_known_at", _MOMENT_OR_DAY, "By what Kept knew then, later entries left out."),
    MIN_POSITION_IN_QUERY,
)
_ANSWER: Final = {
    "type": "object",
    "required": ["allowed", "reason", "consent_id", "at"],
    "properties": {
        "allowed": {"type": "boolean"},
        "reason": {"type": "string", "description": "Why, or why not, in a sentence."},
        "consent_id": {
            "type": ["string", "null"],
            "format": "uuid",
            "description": "The record that says so; its history is the proof.",
        },
        "at": {**MOMENT, "description": "The moment that was asked about."},
    },
}


@dataclass(frozen=True, slots=True)
class Question:
    """Whom, what for, by which channel and when."""

    kind: str
    """The plural of the record that stands for them."""
    field: str
    subject: UUID
    purpose: str
    channel: Channel
    at: datetime
    as_known_at: datetime | None


def answers_permission(router: APIRouter) -> None:
    """Serve the question."""
    described = describe_read(
        "MayContact",
        PATH,
        "May we contact them?",
        "Whether somebody may be contacted for a purpose, by a channel, at a moment, by what is "
        "recorded of them and of everybody who was merged into them. A withdrawal counts as soon "
        "as it is recorded. With `at` and `as_known_at` it is the proof for any date.",
        parameters=[*_PARAMETERS, MIN_POSITION],
        answer={
            "description": "The answer.",
            "headers": {"Kept-Position": {"$ref": "#/components/headers/Kept-Position"}},
            "content": {"application/json": {"schema": _ANSWER}},
        },
        errors=(400, 401, 403, 404, 422, 503),
    )
    router.routes.append(KeyedRoute(PATH, permission, methods=["GET"], **described))


async def permission(request: Request) -> Reply:
    """Whether they may be contacted."""
    question = _question(request)
    suppressions = caller_of(request).served.services.suppressions
    verdict, headers = await reading(
        request, lambda gate, reader: answer(gate, reader, suppressions, question)
    )
    if verdict is None:
        noun = question.field.removesuffix("_id")
        raise Problem("not-found", f"There was no such {noun} at that time. Check the id.")
    body = {
        "allowed": verdict.allowed,
        "reason": verdict.sentence,
        "consent_id": plain(verdict.consent_id),
        "at": plain(question.at),
    }
    return json_reply(200, body, headers)


def answer(
    gate: Gate, reader: Reader, suppressions: Suppressions, question: Question
) -> Verdict | None:
    """The answer by what was so at that moment; None if they were not known then."""
    moments = (question.at, question.as_known_at)
    people = _people(gate, question)
    if not people:
        return None
    person = people[question.subject]
    barred = person.barred()
    if barred:
        return Verdict(False, f"This {question.field.removesuffix('_id')} {barred}")
    if isinstance(person, Contact) and person.do_not_call and question.channel is Channel.PHONE:
        return Verdict(False, "They are not to be called.")
    recorded = [one for who in people for one in _recorded(gate, reader, question.field, who)]
    consents = gate.states("consents", recorded, *moments)
    remembered = {
        one: suppressions.remembered(to_look_up(consent, person), question.as_known_at)
        for one, consent in consents.items()
        if (consent.purpose, consent.channel) == (question.purpose, question.channel)
    }
    return may_contact(consents, question.purpose, question.channel, question.at, remembered)


def _people(gate: Gate, question: Question) -> dict[UUID, Any]:
    """The record that was asked about, and those that were merged into it."""
    people: dict[UUID, Any] = {}
    ahead = [question.subject]
    while ahead:
        found = gate.states(question.kind, ahead, question.at, question.as_known_at)
        people |= found
        ahead = [one for row in found.values() for one in row.absorbed if one not in people]
    return people if question.subject in people else {}


def _recorded(gate: Gate, reader: Reader, field: str, subject: UUID) -> list[UUID]:
    """The consents that there are of somebody."""
    return [*gate.find_all(reader, "consents", Query({field: subject}, sort="changed_at"))]


def _question(request: Request) -> Question:
    given = parameters(request, [one["name"] for one in _PARAMETERS])
    request.scope["min_position"] = given.pop("min_position", None)
    zone = caller_of(request).zone
    named = [name for name in KINDS if name in given]
    if len(named) != 1:
        raise wrong("contact_id", "says of whom. Give it, or customer_id, and only one of them.")
    purpose, channel = given.get("purpose", ""), given.get("channel", "")
    if not re.fullmatch(PURPOSE, purpose):
        raise wrong("purpose", "is no purpose. Give the one that consents name, as newsletter.")
    if channel not in _CHANNELS:
        raise wrong("channel", f"is none of the choices. Give one of: {', '.join(_CHANNELS)}.")
    moments = {
        name: moment(name, given[name], zone, end_of_day=True).astimezone(zone)
        for name in ("at", "as_known_at")
        if name in given
    }
    return Question(
        kind=KINDS[named[0]],
        field=named[0],
        subject=_id(named[0], given[named[0]]),
        purpose=purpose,
        channel=Channel(channel),
        at=moments.get("at", datetime.now(UTC).astimezone(zone)),
        as_known_at=moments.get("as_known_at"),
    )


def _id(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise wrong(name, "is no id. Give a UUID.") from None
