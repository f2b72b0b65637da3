"""What /openapi.json says of the tables of customers and of the model behind them."""

from typing import Any, Final

from api.analytics.docs import DAY, LANGUAGE, files, json_answer, setting
from api.analytics.files import TABLES
from api.analytics.predicting import SETTINGS
from api.filters import LONGEST_TEXT
from api.openapi import describe_read
from api.parameters import ID, MIN_POSITION, MIN_POSITION_IN_QUERY, PURPOSE, query
from projections.analytics.segments import CUSTOMER_SEGMENTS

_TO: Final = query("to", DAY, "The last day that counts; today if none is given.", "2026-03-31")
_FORMAT: Final = query(
    "format",
    {"type": "string", "enum": ["json", *TABLES], "default": "json"},
    "JSON, page by page, or a file of all of it.",
    "json",
)
_CURSOR: Final = query("cursor", ID, "From the page before; everything else stays as it was.")
_SETTINGS: Final = [setting("the model", one) for one in SETTINGS]
_FILTERS: Final = [
    query(
        one.name,
        {"type": "string", "maxLength": LONGEST_TEXT},
        f"Only of this {one.name}; empty: only without.",
    )
    for one in CUSTOMER_SEGMENTS.dimensions
]
_READ: Final = [MIN_POSITION_IN_QUERY, MIN_POSITION, PURPOSE]
_ERRORS: Final = (400, 401, 403, 422, 503)
_PAGE: Final = {
    "type": "object",
    "required": ["position", "data", "next_cursor"],
    "properties": {
        "position": {"type": "integer"},
        "data": {"type": "array", "items": {"type": "object"}},
        "next_cursor": {"type": ["string", "null"]},
    },
}
_MODEL: Final = {
    "type": "object",
    "required": ["name", "version", "position", "to", "purchases", "value", "back_test"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "integer", "minimum": 1},
        "position": {"type": "integer", "description": "Up to there the log is in the model."},
        "to": {"type": "string"},
        "settings": {"type": "object"},
        "purchases": {"type": "object", "description": "BG/NBD: when and how often."},
        "value": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Gamma-gamma: for how much, in each currency.",
        },
        "back_test": {
            "type": ["object", "null"],
            "description": "What a model trained before the days held back said of them, what "
            "came, and how far off it would have been to expect the same as before. Null where "
            "too few customers had bought again by then.",
        },
    },
}


def describe_scores(path: str) -> dict[str, Any]:
    """The options of the route that lists who is in which segment."""
    answer = json_answer("Customers with their scores.", _PAGE)
    answer["content"] |= files(*TABLES)
    return describe_read(
        "ListCustomerSegments",
        path,
        "List customers by RFM segment",
        "Every customer who bought anything up to a day: days since the last order, orders, the "
        "three scores from 1 to 5, the segment, and the net value in each currency.",
        parameters=[_TO, *_FILTERS, LANGUAGE, _FORMAT, _CURSOR, *_READ],
        answer=answer,
        errors=_ERRORS,
    )


def describe_model(path: str) -> dict[str, Any]:
    """The options of the route that states the model."""
    return describe_read(
        "ReadLifetimeValueModel",
        path,
        "Read the model behind lifetime values",
        "On what the models of purchases (BG/NBD) and of their value (gamma-gamma) were trained, "
        "with which outcome, and how they did on history that was held back. They are trained when "
        "somebody asks, which takes some seconds, and kept until the next event.",
        parameters=[_TO, *_SETTINGS, MIN_POSITION_IN_QUERY, MIN_POSITION],
        answer=json_answer("The model.", _MODEL),
        errors=_ERRORS,
    )


def describe_expected(path: str) -> dict[str, Any]:
    """The options of the route that lists what is expected of whom."""
    answer = json_answer("Customers with what is expected of them.", _PAGE)
    answer["content"] |= files(*TABLES)
    return describe_read(
        "ListLifetimeValues",
        path,
        "List customers by lifetime value",
        "Who is worth most first: the probability that they still buy, the purchases expected in "
        "30 and 90 days, the day by which it is as likely as not that they bought again, and in "
        "each currency the value of a purchase and of all that is expected, discounted.",
        parameters=[_TO, *_SETTINGS, LANGUAGE, _FORMAT, _CURSOR, *_READ],
        answer=answer,
        errors=_ERRORS,
    )
