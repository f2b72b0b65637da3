"""How OpenAPI describes the reads."""

from typing import Any, Final

from api.dated_copies import later
from api.lists import List
from api.openapi import describe_read
from api.parameters import (
    KIND_IN_PATH,
    MIN_POSITION,
    MIN_POSITION_IN_QUERY,
    MOMENT,
    PURPOSE,
    RECORD_ID,
    query,
)

_MOMENT_OR_DAY: Final = {"anyOf": [MOMENT, {"type": "string", "format": "date"}]}
_AS_OF: Final = query(
    "as_of",
    _MOMENT_OR_DAY,
    "As it was then; a day means its end, in the tenant's zone.",
    "2026-01-31",
)
_AS_KNOWN_AT: Final = query(
    "as_known_at", _MOMENT_OR_DAY, "By what Kept knew then, later entries left out.", "2026-01-31"
)
PAST: Final = (_AS_OF, _AS_KNOWN_AT)
"""What is asked of what can be read as it was."""
_POSITION: Final = {"Kept-Position": {"$ref": "#/components/headers/Kept-Position"}}


def describe_list(listed: List, path: str, is_searched: bool = True) -> dict[str, Any]:
    """The options of a list's route."""
    plural = listed.model.name.replace("_", " ")
    search = f"\n\nPersonal values are looked for in the body of `POST {path}/search`."
    return or_later(
        describe_read(
            f"List{_camel(listed)}",
            path,
            f"List {plural}",
            f"A page of {plural}, by index only. Served: {listed.served}."
            f"{search if is_searched else ''}",
            parameters=[*listed.in_url.values(), *PAST, MIN_POSITION, PURPOSE],
            answer=_page_of(listed.model.row.__name__),
        )
    )


def describe_search(listed: List, path: str) -> dict[str, Any]:
    """The options of a search's route."""
    plural = listed.model.name.replace("_", " ")
    found_in = ", ".join(listed.model.search)
    text = f"Text is found in {found_in}." if found_in else "It has no text to search."
    body: dict[str, Any] = {"limit": 20}
    if found_in:
        body["search"] = "星河"
    described = describe_read(
        f"Search{_camel(listed)}",
        path,
        f"Search {plural}",
        "As the list, but asked for in a body, where personal values are not left behind in logs. "
        f"{text}\n\nNot for the roles that see no personal data. Served: {listed.served}.",
        parameters=[*PAST, MIN_POSITION_IN_QUERY, MIN_POSITION, PURPOSE],
        requestBody={
            "required": False,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Search"},
                    "examples": {"example": {"value": body}},
                }
            },
        },
        answer=_page_of(listed.model.row.__name__),
        errors=(400, 401, 403, 413, 415, 422, 503),
    )
    return or_later(described)


def describe_record(listed: List, path: str) -> dict[str, Any]:
    """The options of the route of one record."""
    answer = {
        "description": "The record.",
        "headers": {**_POSITION, "ETag": {"$ref": "#/components/headers/ETag"}},
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{listed.model.row.__name__}"}
            }
        },
    }
    described = describe_read(
        f"Get{_camel(listed)}",
        path,
        f"Get one of the {listed.model.name.replace('_', ' ')}",
        "As it is, or as it was at any moment: `as_of` goes by when things were so, `as_known_at` "
        "by when Kept learned of them.",
        parameters=[
            _place(path),
            *PAST,
            MIN_POSITION_IN_QUERY,
            MIN_POSITION,
            PURPOSE,
        ],
        answer=answer,
        errors=(400, 401, 403, 404, 422, 503),
    )
    described["openapi_extra"]["responses"]["304"] = {
        "description": "It is still at the version that If-None-Match names."
    }
    return described


def describe_history(history: List, path: str, listed: List | None = None) -> dict[str, Any]:
    """The options of the route of a record's history, or of all."""
    parameters = {
        name: one for name, one in history.in_url.items() if not listed or name != "record"
    }
    of_what = (
        "all records" if listed is None else f"one of the {listed.model.name.replace('_', ' ')}"
    )
    return describe_read(
        "ListHistory" if listed is None else f"Get{_camel(listed)}History",
        path,
        f"The history of {of_what}",
        "One fact for each field that an event changed: who, when, from what to what, why and from "
        "where, in data and in words. A page is so many events, each whole. "
        f"Served: {history.served}.",
        parameters=[
            *([] if listed is None else [_place(path)]),
            *parameters.values(),
            MIN_POSITION,
            PURPOSE,
        ],
        answer=_page_of("Fact"),
        errors=(400, 401, 403, *(() if listed is None else (404,)), 422, 503),
    )


def _page_of(row: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["data", "next_cursor"],
        "properties": {
            "data": {"type": "array", "items": {"$ref": f"#/components/schemas/{row}"}},
            "next_cursor": {"type": ["string", "null"], "description": "Null on the last page."},
            "count": {
                "type": "integer",
                "minimum": 0,
                "description": "If `count=exact` was asked for.",
            },
            "masked": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Personal fields that the role does not see.",
            },
        },
    }
    return {
        "description": "A page.",
        "headers": _POSITION,
        "content": {"application/json": {"schema": schema}},
    }


def or_later(described: dict[str, Any]) -> dict[str, Any]:
    """With the answer of a list as of a date that has no copy yet."""
    described["openapi_extra"]["responses"]["202"] = later()
    return described


def _place(path: str) -> dict[str, Any]:
    return KIND_IN_PATH if "{kind}" in path else RECORD_ID


def _camel(listed: List) -> str:
    return "".join(part.capitalize() for part in listed.model.name.split("_"))
