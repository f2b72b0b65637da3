"""What /openapi.json says of the figures."""

from typing import Any, Final

from api.analytics.files import WRITERS
from api.filters import LONGEST_TEXT
from api.openapi import describe_read
from api.parameters import ID, MIN_POSITION, MIN_POSITION_IN_QUERY, PURPOSE, parameter, query
from api.read_docs import PAST, or_later
from domain.relative_periods import PATTERN
from projections.analytics import DEFINITIONS
from projections.analytics.kernel import CURRENCY, PERIODS
from projections.words.kernel import LANGUAGES

_DAY: Final = {"type": "string", "format": "date"}
_NAME: Final = parameter(
    "name",
    "path",
    {"type": "string", "enum": [*DEFINITIONS]},
    "The figure, by its name.",
    "win_rate",
)
IN_PERIOD: Final = [
    query("from", _DAY, "The first day, in the tenant's zone.", "2026-01-01"),
    query("to", _DAY, "The last day.", "2026-03-31"),
    query(
        "period",
        {"type": "string", "pattern": PATTERN},
        "Instead of from and to: days that move along with today, or with the day of as_of.",
    ),
]
LANGUAGE: Final = query(
    "language", {"type": "string", "enum": [*LANGUAGES]}, "Of labels and descriptions.", "en"
)
_FILTERS: Final = [
    query(
        name,
        {"type": "string", "maxLength": LONGEST_TEXT},
        f"Only of this {name}; empty: only without. Not every figure knows it.",
    )
    for name in dict.fromkeys(
        (*(d.name for one in DEFINITIONS.values() for d in one.dimensions), CURRENCY)
    )
]
_FILES: Final = {
    "text/csv": {"schema": {"type": "string"}},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
        "schema": {"type": "string", "format": "binary"}
    },
    "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
}
OF_PAST: Final = {
    name: {"type": ["string", "null"], "format": "date-time", "description": f"{what} null: now."}
    for name, what in (("as_of", "As it was then;"), ("as_known_at", "By what was known then;"))
}
_COUNT: Final = {"type": "integer", "minimum": 1}
_MEASURE: Final = {
    "type": "object",
    "required": ["name", "label", "unit"],
    "properties": {
        "name": {"type": "string"},
        "label": {"type": "string"},
        "unit": {"type": "string"},
        "unit_label": {"type": "string"},
    },
}
SERIES: Final = {
    "type": "object",
    "required": ["name", "version", "title", "position", "by", "measures", "data"],
    "properties": {
        "name": {"type": "string"},
        "version": {**_COUNT, "description": "Of the definition."},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "chart": {"type": "string", "enum": ["bar", "line", "funnel", "waterfall"]},
        "position": {"type": "integer", "description": "Up to there the log is in the figures."},
        **OF_PAST,
        "from": {"type": ["string", "null"]},
        "to": {"type": ["string", "null"]},
        "by": {"type": "array", "items": {"type": "object"}},
        "measures": {"type": "array", "items": _MEASURE},
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "by": {"type": "object", "description": "The group, by dimension."},
                    "labels": {"type": "object", "description": "The same as it is shown."},
                    "figures": {
                        "type": "object",
                        "description": "By measure. What was counted is a number; what was "
                        "divided, and money, is a text, so that no digit is lost.",
                    },
                },
            },
        },
    },
}
_BEHIND: Final = {
    "type": "object",
    "required": ["name", "version", "position", "data", "next_cursor"],
    "properties": {
        "name": {"type": "string"},
        "version": _COUNT,
        "position": {"type": "integer"},
        **OF_PAST,
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": ID,
                    "positions": {
                        "type": "array",
                        "items": {"type": "integer"},
                        "description": "Of the events that made the record count.",
                    },
                },
            },
        },
        "next_cursor": {"type": ["string", "null"]},
    },
}


def describe_list(path: str) -> dict[str, Any]:
    """The options of the list's route."""
    schema = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": {"type": "object"}}},
    }
    return describe_read(
        "ListAnalytics",
        path,
        "List the figures",
        "Every definition with its version, what it may be grouped and filtered by, and what it "
        "measures.",
        parameters=[LANGUAGE],
        answer=json_answer("The definitions.", schema),
    )


def describe_figures(path: str) -> dict[str, Any]:
    """The options of a figure's route."""
    by = {"type": "string", "pattern": "^[a-z_]{1,40}(,[a-z_]{1,40}){0,3}$"}
    form = {"type": "string", "enum": ["json", *WRITERS], "default": "json"}
    answer = json_answer("The figures.", SERIES)
    answer["content"] |= _FILES
    described = describe_read(
        "ReadAnalytics",
        path,
        "Read a figure",
        "Grouped by dimensions and at most one period of time "
        f"({', '.join(PERIODS)}), as of a position of the log. Amounts of two currencies are "
        "never added up: where there is money, there is a row for each currency.",
        parameters=[
            _NAME,
            *IN_PERIOD,
            *PAST,
            query("by", by, "What to group by, with commas; unless given, what fits.", "month"),
            *_FILTERS,
            LANGUAGE,
            query("format", form, "JSON, or a file.", "json"),
            MIN_POSITION_IN_QUERY,
            MIN_POSITION,
            PURPOSE,
        ],
        answer=answer,
        errors=(400, 401, 403, 404, 422, 503),
    )
    return or_later(described)


def describe_explained(path: str) -> dict[str, Any]:
    """The options of the route that says what is behind a figure."""
    described = describe_read(
        "ExplainAnalytics",
        path,
        "See what is behind a figure",
        "The records that count, page by page, each with the positions of the events that made it "
        "count. Give the figure's group as filters, and its period as from and to.",
        parameters=[
            _NAME,
            *IN_PERIOD,
            *PAST,
            *_FILTERS,
            query("cursor", ID, "From the page before; everything else stays as it was."),
            MIN_POSITION_IN_QUERY,
            MIN_POSITION,
        ],
        answer=json_answer("Records and positions.", _BEHIND),
        errors=(400, 401, 403, 404, 422, 503),
    )
    return or_later(described)


def json_answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """An answer in JSON that says its position."""
    return {
        "description": description,
        "headers": {"Kept-Position": {"$ref": "#/components/headers/Kept-Position"}},
        "content": {"application/json": {"schema": schema}},
    }
