"""How OpenAPI describes the feed."""

from collections.abc import Iterable
from typing import Any, Final

from api.examples import A_MOMENT, AN_ID
from api.openapi import describe_read
from api.parameters import ID, POSITION, PURPOSE, SOURCES, header, parameter, query

EVENT: Final = {
    "type": "object",
    "description": "A fact, and who, when, why and from where.",
    "required": [
        "position",
        "recorded_at",
        "stream",
        "version",
        "type",
        "occurred_at",
        "actor",
        "data",
    ],
    "properties": {
        "position": {**POSITION, "description": "In the log: 1, 2, 3 … without a gap."},
        "recorded_at": {
            "type": "string",
            "format": "date-time",
            "description": "When Kept learned of it.",
        },
        "occurred_at": {"type": "string", "format": "date-time", "description": "When it was so."},
        "stream": {**ID, "description": "The record's id."},
        "version": {"type": "integer", "description": "Of the record: 1, 2, 3 …"},
        "type": {"type": "string", "description": "Named once for ever, such as OpportunityWon."},
        "schema": {"type": "integer", "description": "The version of the event's shape."},
        "aggregate": {"type": "string", "description": "The kind of record, by its plural."},
        "number": {
            "type": ["string", "null"],
            "description": "The record's number, with its first event.",
        },
        "actor": {**ID, "description": "The user who did it."},
        "on_behalf_of": {"type": ["string", "null"], "format": "uuid"},
        "source": {"type": "object", "description": "Through which door, and by which key."},
        "command": {**ID, "description": "Events of one command share it."},
        "correlation": {"type": ["string", "null"], "format": "uuid"},
        "causation": {"type": ["string", "null"], "format": "uuid"},
        "reason": {"type": ["string", "null"]},
        "data": {"type": "object", "description": "What happened, by field."},
        "masked": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Personal fields that the role does not see.",
        },
        "erased": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Personal fields that were erased since.",
        },
    },
    "example": {
        "position": 1042,
        "recorded_at": A_MOMENT,
        "occurred_at": A_MOMENT,
        "stream": AN_ID,
        "version": 4,
        "type": "OpportunityWon",
        "schema": 1,
        "aggregate": "opportunities",
        "actor": AN_ID,
        "source": {"kind": "api", "client": "0a1b2c3d4e5f"},
        "data": {"amount": {"amount": "12800.00", "currency": "EUR"}, "closed_on": "2026-03-02"},
    },
}
_PAGE: Final = {
    "type": "object",
    "required": ["data", "next_after", "is_at_head"],
    "properties": {
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        "next_after": {**POSITION, "description": "Go on after this, even if nothing was found."},
        "is_at_head": {"type": "boolean", "description": "False: there may be more right away."},
    },
}
_TEXT: Final = {"type": "string", "maxLength": 100}
_LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
_WAIT: Final = {"type": "integer", "minimum": 0, "maximum": 30, "default": 0}
_PARAMETERS: Final = {
    one["name"]: one
    for one in (
        query("after", POSITION, "Only events after this position.", 0),
        query("limit", _LIMIT, "Events at once."),
        query("wait", _WAIT, "Long poll: wait for so many seconds if there is nothing yet."),
        query("type", _TEXT, "Only events of this type.", "OpportunityWon"),
        query("aggregate", _TEXT, "Only of this kind of record.", "opportunities"),
        query("stream", ID, "Only of this record.", AN_ID),
        query("actor", ID, "Only by this user.", AN_ID),
        query("source", {"type": "string", "enum": [*SOURCES]}, "Only through this door."),
    )
}


def describe_feed(names: Iterable[str]) -> dict[str, Any]:
    """The options of the feed's route."""
    return describe_read(
        "FollowEvents",
        "/v1/events",
        "Follow the events",
        "Every change once, in the order of the log, without a gap. Ask again with `after` set to "
        "`next_after`. With `wait` the answer comes as soon as there is something. With "
        "`Accept: text/event-stream` events come as they happen, each with its position as id; "
        "browsers and libraries resume by themselves with `Last-Event-ID`.",
        parameters=[
            *(_PARAMETERS[name] for name in names),
            header("Last-Event-ID", POSITION, "Go on after this; wins over `after`."),
            PURPOSE,
        ],
        answer={
            "description": "Events, or a stream of them.",
            "content": {
                "application/json": {"schema": _PAGE},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        },
    )


def describe_event() -> dict[str, Any]:
    """The options of the route of one event."""
    return describe_read(
        "GetEvent",
        "/v1/events/{position}",
        "Get an event",
        "The event at a position of the log.",
        parameters=[parameter("position", "path", POSITION, "In the log.", 1042), PURPOSE],
        answer={
            "description": "The event.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Event"}}},
        },
        errors=(400, 401, 403, 404, 422, 503),
    )
