"""What differs between two moments, over HTTP: page by page, record by record, field by field."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request

from api.examples import AN_ID
from api.filters import moment, parameters, whole_number, wrong
from api.lists import LONGEST_CURSOR
from api.openapi import describe_read
from api.parameters import ID, MOMENT, PURPOSE, query
from api.purposes import reader_of
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of
from api.services import Services
from projections import PROJECTIONS
from projections.differences import Comparison, Difference, Part
from projections.kernel import Projection
from projections.plain import plain
from projections.readers import Reader
from projections.words import sides
from projections.words.kernel import LANGUAGES, Language
from store.differences import Moment
from store.lists import open_cursor, seal_cursor

PATH: Final = "/v1/diff"
MOST_RECORDS: Final = 200
"""Records that one page compares."""
DEFAULT_RECORDS: Final = 50
MODELS: Final[Mapping[str, Projection]] = {one.name: one for one in PROJECTIONS}
KNOWN: Final = ("from", "to", "from_known_at", "to_known_at", "model", "limit", "cursor")
_DAY: Final = {"anyOf": [MOMENT, {"type": "string", "format": "date"}]}
_CHANGE: Final = {
    "type": "object",
    "required": ["field", "label", "words"],
    "properties": {
        "field": {"type": "string"},
        "label": {"type": "object", "description": "By language."},
        "from": {"description": "At the first moment."},
        "to": {"description": "At the second one."},
        "words": {"type": "object", "description": "From and to in words, by language."},
        "masked": {"type": "boolean", "description": "The role may not see the values."},
        "erased": {
            "type": "array",
            "items": {"type": "string", "enum": ["from", "to"]},
            "description": "Which of both held something that was erased since.",
        },
    },
}
_DIFFERENCE: Final = {
    "type": "object",
    "required": ["read_model", "id", "key", "number", "what", "changes"],
    "properties": {
        "read_model": {"type": "string"},
        "id": ID,
        "key": {"type": "array", "description": "Of the row, where a record has several."},
        "number": {"type": ["string", "null"]},
        "what": {"type": "string", "enum": ["created", "changed", "erased", "gone"]},
        "changes": {"type": "array", "items": _CHANGE},
    },
}
_PAGE: Final = {
    "type": "object",
    "required": ["data", "position", "next_cursor"],
    "properties": {
        "data": {"type": "array", "items": _DIFFERENCE},
        "position": {"type": "integer", "description": "Up to there the log is compared."},
        "next_cursor": {"type": ["string", "null"]},
    },
}
_EXAMPLE: Final = {
    "data": [
        {
            "read_model": "opportunities",
            "id": AN_ID,
            "key": [],
            "number": "O-12",
            "what": "changed",
            "changes": [
                {
                    "field": "probability",
                    "label": {"en": "probability", "zh": "赢率"},
                    "from": 50,
                    "to": 80,
                    "words": {"en": "50 → 80", "zh": "50 → 80"},
                }
            ],
        }
    ],
    "position": 4711,
    "next_cursor": None,
}


def serves_differences(router: APIRouter) -> None:
    """Serve what differs."""
    router.routes.append(KeyedRoute(PATH, differences, methods=["GET"], **_described()))


async def differences(request: Request) -> Reply:
    """One page of what differs between two moments."""
    caller = caller_of(request)
    caller.needs("read")
    asked = _Asked(parameters(request, KNOWN), caller.served.services)
    reader = reader_of(request)
    # As a feed, it looks through the log, and other reads are not to wait for that.
    found = await caller.served.recording.in_thread(caller.served.scans, lambda: asked.page(reader))
    return json_reply(200, found)


class _Asked:
    """What is asked for, checked."""

    def __init__(self, given: Mapping[str, str], services: Services) -> None:
        self._services = services
        for name in ("from", "to"):
            if name not in given:
                raise wrong(name, "is missing. Give a day, or a moment.")
        self._first, self._second = (
            Moment(self._moment(name, given), self._moment(f"{name}_known_at", given))
            for name in ("from", "to")
        )
        model = given.get("model")
        if model is not None and model not in MODELS:
            raise wrong("model", f"is no read model. Give one of: {', '.join(MODELS)}.")
        self._models = [*PROJECTIONS] if model is None else [MODELS[model]]
        self._limit = whole_number(
            "limit", given.get("limit", str(DEFAULT_RECORDS)), 1, MOST_RECORDS
        )
        self._about = f"diff {self._first} {self._second} {model}".encode()
        self._cursor = given.get("cursor")

    def _moment(self, name: str, given: Mapping[str, str]) -> Any:
        if name not in given:
            return None
        return moment(name, given[name], self._services.tenant.zone, end_of_day=True)

    def page(self, reader: Reader) -> dict[str, Any]:
        """One page, as it is answered."""
        log, key = self._services.log, self._services.log.keys.cursor_key
        if self._cursor is None:
            part = Part(log.head(), self._limit)
        else:
            token = open_cursor(key, self._about, self._cursor)
            part = Part(token["head"], self._limit, UUID(token["after"]))
        comparison = Comparison(log, self._services.gate, reader, self._models)
        found, last = comparison.part(self._first, self._second, part)
        token = {"head": part.head, "after": str(last)}
        return {
            "data": [shown(one) for one in found],
            "position": part.head,
            "next_cursor": None if last is None else seal_cursor(key, self._about, token),
        }


def shown(one: Difference) -> dict[str, Any]:
    """A difference as JSON has it, its values in words too."""
    changes = [
        {**change, "words": {name: in_words(one, change, name) for name in LANGUAGES}}
        for change in one.changes
    ]
    return {
        "read_model": one.read_model,
        "id": str(one.id),
        "key": plain(one.key),
        "number": one.number,
        "what": one.what,
        "changes": changes,
    }


def in_words(one: Difference, change: Mapping[str, Any], language: Language) -> str:
    """From and to of a field that differs."""
    told = {**change, "aggregate": one.read_model, "type": "", "names": {}}
    was, now = sides(told, language)
    return f"{was} → {now}"


def _described() -> dict[str, Any]:
    limit = {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_RECORDS,
        "default": DEFAULT_RECORDS,
    }
    cursor = {"type": "string", "maxLength": LONGEST_CURSOR}
    known = "By what was known then; unless given, by what is known now."
    return describe_read(
        "ListDifferences",
        PATH,
        "What differs between two moments",
        "The records that came, changed, were erased or went, field by field, late entries where "
        "they happened. Each page compares so many records that may differ; those that do not are "
        "left out, so a page may be shorter, or empty, and still not the last.",
        parameters=[
            {**query("from", _DAY, "A moment, or the end of a day.", "2026-01-31")}
            | {"required": True},
            {**query("to", _DAY, "Another one.", "2026-02-28")} | {"required": True},
            query("from_known_at", _DAY, known),
            query("to_known_at", _DAY, known),
            query("model", {"type": "string", "enum": [*MODELS]}, "Only of this read model."),
            query("limit", limit, "Records that the page compares."),
            query("cursor", cursor, "From the page before; everything else stays as it was."),
            PURPOSE,
        ],
        answer={
            "description": "What differs.",
            "content": {
                "application/json": {
                    "schema": _PAGE,
                    "examples": {"example": {"value": _EXAMPLE}},
                }
            },
        },
    )
