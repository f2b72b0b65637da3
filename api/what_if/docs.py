"""What /openapi.json says of the what-ifs."""

from typing import Any, Final

from api.analytics.files import TABLES
from api.openapi import describe_read
from api.parameters import MOMENT, POSITION, PURPOSE, query
from api.what_if.asking import MODELS
from api.what_if.examples import EXAMPLES
from projections.what_if.kernel import WhatIf
from projections.words.kernel import LANGUAGES

_DAY: Final = {"type": "string", "format": "date"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_SHEET: Final = {
    "type": "object",
    "required": ["name", "title", "columns", "rows"],
    "properties": {
        "name": _TEXT,
        "title": _TEXT,
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "label", "values"],
                "properties": {
                    "name": _TEXT,
                    "label": _TEXT,
                    "values": {
                        "type": "object",
                        "description": "What its values are called.",
                        "additionalProperties": _TEXT,
                    },
                    "empty": {
                        "type": ["string", "null"],
                        "description": "What null is called, where it means something.",
                    },
                },
            },
        },
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "By column. What was counted is a number; what was divided is a "
                "text, so that no digit is lost.",
            },
        },
    },
}
_REPORT: Final = {
    "type": "object",
    "required": ["name", "version", "assumptions", "position", "records", "left_out", "sheets"],
    "properties": {
        "name": _TEXT,
        "version": {"type": "integer", "minimum": 1},
        "title": _TEXT,
        "description": _TEXT,
        "assumptions": {"type": "array", "items": _TEXT},
        "position": {**POSITION, "description": "Up to there the log was replayed."},
        "from": {"type": ["string", "null"], "format": "date-time"},
        "to": MOMENT,
        "records": {**_COUNT, "description": "That were replayed."},
        "left_out": {**_COUNT, "description": "Records whose events could not be folded."},
        "names": {
            "type": "object",
            "description": "Of users and teams, by id, as the role may see them.",
            "additionalProperties": _TEXT,
        },
        "sheets": {"type": "array", "items": _SHEET},
    },
}
_FILES: Final = {
    "text/csv": {"schema": _TEXT},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
        "schema": {"type": "string", "format": "binary"}
    },
}


def describe_what_if(what_if: WhatIf, path: str) -> dict[str, Any]:
    """The options of the route of one."""
    camel = "".join(part.capitalize() for part in what_if.name.split("-"))
    sheets = [one.name for one in what_if.sheets]
    schema = {"$ref": f"#/components/schemas/{MODELS[what_if.name].__name__}"}
    assumed = "".join(f"\n- {one.en}" for one in what_if.assumptions)
    return describe_read(
        f"WhatIf{camel}",
        path,
        what_if.title.en,
        f"{what_if.description.en} Nothing is written, and nothing happens to anybody. A record "
        "belongs to the period in which it began; what happened after the period is left out."
        f"\n\nAssumed:\n{assumed}",
        parameters=[
            query("from", _DAY, "The first day, in the tenant's zone.", "2026-01-01"),
            query("to", _DAY, "The last day.", "2026-03-31"),
            query("language", {"type": "string", "enum": [*LANGUAGES]}, "Of labels.", "en"),
            query(
                "format",
                {"type": "string", "enum": ["json", *TABLES], "default": "json"},
                "JSON, or one sheet as a file.",
                "json",
            ),
            query("sheet", {"type": "string", "enum": sheets}, "Which, of a file.", sheets[0]),
            PURPOSE,
        ],
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": schema,
                    "examples": {"example": {"value": EXAMPLES[what_if.name]}},
                }
            },
        },
        answer={
            "description": "The report.",
            "headers": {"Kept-Position": {"$ref": "#/components/headers/Kept-Position"}},
            "content": {"application/json": {"schema": _REPORT}, **_FILES},
        },
        errors=(400, 401, 403, 409, 413, 415, 422, 503),
    )
