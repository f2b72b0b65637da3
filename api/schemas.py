"""The components of the OpenAPI document: shapes of commands, rows, receipts and problems."""

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.examples import A_MOMENT, AN_ID
from api.feed_docs import EVENT
from api.lists import Search
from api.openapi import add_docstrings, title_of
from api.parameters import ID, MOMENT, POSITION
from api.problems import TITLES, URN
from api.what_if.asking import RULES
from commands.kernel import COMMANDS
from projections.kernel import ReadModel

_REF: Final = "#/components/schemas/{model}"
_LONG_NAME: Final = re.compile(r"(?:domain|commands|projections)__(\w+?)__(\w+)")

RECEIPT: Final = {
    "type": "object",
    "description": "Where the command's last event stands in the log, and the hash that proves it.",
    "required": ["stream", "version", "position", "recorded_at", "leaf_hash"],
    "properties": {
        "stream": {**ID, "description": "The record's id."},
        "version": {
            "type": "integer",
            "minimum": 1,
            "description": "Of the record; also the ETag.",
        },
        "position": {
            **POSITION,
            "description": "In the log. Give it to a read as Kept-Min-Position.",
        },
        "recorded_at": {**MOMENT, "description": "When Kept learned of it."},
        "leaf_hash": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "RFC 6962 leaf hash.",
        },
    },
    "example": {
        "stream": AN_ID,
        "version": 1,
        "position": 1042,
        "recorded_at": A_MOMENT,
        "leaf_hash": "9f" * 32,
    },
}
PROBLEM: Final = {
    "type": "object",
    "description": "RFC 9457. `detail` is a sentence for people; programs go by `type`.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": f"{URN}… , stable."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "problem"],
                "properties": {
                    "field": {"type": "string", "description": "Such as `emails.0` or `If-Match`."},
                    "problem": {"type": "string"},
                    "remedy": {"type": "string"},
                },
            },
        },
        "instance": {
            "type": "string",
            "format": "uri",
            "description": "To find it in the server's log.",
        },
    },
}
PROOF: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Entries, the path from each to the root, and the signed checkpoint of that "
    "root: all that is needed to check them, anywhere.",
    "properties": {
        "format": {"const": "kept-proof/1"},
        "checkpoint": {"type": "string", "description": "A C2SP checkpoint: a signed note."},
        "vkeys": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The keys it verifies with. Compare them with those that you know.",
        },
        "entries": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "position": {"type": "integer", "minimum": 1},
                    "recorded_at": {
                        "type": "integer",
                        "description": "Microseconds since 1970-01-01 UTC.",
                    },
                    "body": {
                        "type": "string",
                        "description": "Canonical JSON (RFC 8785). What is hashed is the time, in "
                        "8 bytes, and this.",
                    },
                    "proof": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "The audit path (RFC 6962), each hash in Base64.",
                    },
                },
                "required": ["position", "recorded_at", "body", "proof"],
            },
        },
    },
    "required": ["format", "checkpoint", "vkeys", "entries"],
}

FACT: Final = {
    "type": "object",
    "description": "One field that an event changed.",
    "required": ["id", "position", "field", "type", "actor", "occurred_at", "recorded_at"],
    "properties": {
        "id": {**ID, "description": "The record's."},
        "position": {**POSITION, "description": "Of the event."},
        "field": {"type": "string", "description": "The event's type, where no field changed."},
        "aggregate": {"type": "string", "description": "The kind of record, by its plural."},
        "type": {"type": "string", "description": "Of the event."},
        "number": {"type": ["string", "null"], "description": "The record's, such as O-171."},
        "version": {"type": "integer", "minimum": 1, "description": "Of the record, by then."},
        "activity": {
            "type": "string",
            "enum": ["create", "update", "delete"],
            "description": "What the event does to the record as a whole: the first makes it, "
            "archiving, merging or erasing takes it away.",
        },
        "names": {
            "type": "object",
            "description": "What the records that from and to point at are called, by id.",
            "additionalProperties": {"type": "string"},
        },
        "from": {"description": "The value before; null if there was none, or it was erased."},
        "to": {"description": "The value after."},
        "masked": {"type": "boolean", "description": "The role does not see the values."},
        "erased": {"type": "boolean", "description": "A value was erased since."},
        "actor": {**ID, "description": "The user who did it."},
        "actor_name": {"type": ["string", "null"]},
        "occurred_at": {**MOMENT, "description": "When it was so."},
        "recorded_at": {**MOMENT, "description": "When Kept learned of it."},
        "reason": {"type": ["string", "null"]},
        "source": {"type": "string", "description": "Through which door."},
        "client": {
            "type": ["string", "null"],
            "description": "The API key's id, or the import's name.",
        },
        "words": {
            "type": "object",
            "description": "The same in a sentence, by language.",
            "additionalProperties": {"type": "string"},
        },
    },
}
HEADERS: Final = {
    "ETag": {
        "description": "The record's version.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "Location": {
        "description": "The record.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotency-Replayed": {
        "description": "`true`: it was recorded before, and this is its first receipt again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Kept-Position": {
        "description": "Everything up to this position of the log is in the answer.",
        "schema": POSITION,
    },
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
}


def components(models: Iterable[ReadModel]) -> dict[str, Any]:
    """Everything that the routes refer to."""
    return {
        "schemas": {
            "Receipt": RECEIPT,
            "Problem": PROBLEM,
            "Event": EVENT,
            "Fact": FACT,
            "Proof": PROOF,
            **_shapes([*models]),
        },
        "responses": {f"Problem{status}": _problem(status) for status in statuses()},
        "headers": HEADERS,
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "kept_<tenant>_<id>_<secret>",
                "description": "An API key; it names its tenant. Made with `kept keys create`.",
            }
        },
    }


def statuses() -> list[int]:
    """Every status of an error."""
    return sorted({status for status, _ in TITLES.values()})


def row_name(model: ReadModel) -> str:
    """The name of a read model's rows in the document."""
    return model.row.__name__


def _problem(status: int) -> dict[str, Any]:
    kind, title = next((name, title) for name, (code, title) in TITLES.items() if code == status)
    example = {"type": URN + kind, "title": title, "status": status, "detail": f"{title}."}
    made: dict[str, Any] = {
        "description": f"{title_of(status)}.",
        "content": {
            "application/problem+json": {
                "schema": {"$ref": _REF.format(model="Problem")},
                "example": example,
            }
        },
    }
    if status == 503:  # noqa: PLR2004
        made["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return made


def _shapes(models: list[ReadModel]) -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((command, "validation") for command in COMMANDS.values()),
        *((model.row, "serialization") for model in models),
        (Search, "validation"),
        *((model, "validation") for model in RULES),
    ]
    _, made = models_json_schema(wanted, ref_template=_REF)
    shapes: dict[str, Any] = made["$defs"]
    for command in COMMANDS.values():
        add_docstrings(command, shapes[command.__name__])
    bodies: tuple[type[BaseModel], ...] = (Search, *RULES)
    for body in bodies:
        add_docstrings(body, shapes[body.__name__])
    for model in models:
        shape = shapes[row_name(model)]
        add_docstrings(model.row, shape)
        _allow_gaps(shape)
    return dict(sorted(_renamed(shapes).items()))


def _allow_gaps(shape: dict[str, Any]) -> None:
    """A row's field may be null (erased, or nothing yet), or missing (masked for the role)."""
    shape.pop("required", None)
    shape.pop("additionalProperties", None)
    for name, member in shape["properties"].items():
        words = {key: member.pop(key) for key in ("description", "x-personal") if key in member}
        member.pop("default", None)
        nullable = member if {"type": "null"} in member.get("anyOf", ()) else {}
        shape["properties"][name] = words | (nullable or {"anyOf": [member, {"type": "null"}]})


def _renamed(shapes: dict[str, Any]) -> dict[str, Any]:
    """Of two shapes with the same name, each is called by its file too: ``customers`` and Stage."""

    def name(found: re.Match[str]) -> str:
        return f"{found[1].title().replace('_', '')}{found[2]}"

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return _LONG_NAME.sub(name, value) if isinstance(value, str) else value

    return {_LONG_NAME.sub(name, key): walk(value) for key, value in shapes.items()}
