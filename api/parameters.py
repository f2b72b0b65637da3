"""The parameters and headers that many routes share, as OpenAPI describes them."""

from typing import Any, Final

from api.examples import A_MOMENT, AN_ID
from domain.reading import Purpose

ID: Final = {"type": "string", "format": "uuid"}
MOMENT: Final = {"type": "string", "format": "date-time"}
SOURCES: Final = ("api", "import", "command_line", "rule", "system")
"""The doors through which a change may come."""
POSITION: Final = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}


def parameter(
    name: str, place: str, schema: dict[str, Any], description: str, example: Any = None
) -> dict[str, Any]:
    """One parameter; those in the path are required."""
    made: dict[str, Any] = {"name": name, "in": place, "schema": schema, "description": description}
    if place == "path":
        made["required"] = True
    if example is not None:
        made["example"] = example
    return made


def header(
    name: str, schema: dict[str, Any], description: str, example: Any = None
) -> dict[str, Any]:
    """A parameter in a header."""
    return parameter(name, "header", schema, description, example)


def query(
    name: str, schema: dict[str, Any], description: str, example: Any = None
) -> dict[str, Any]:
    """A parameter in the query."""
    return parameter(name, "query", schema, description, example)


RECORD_ID: Final = parameter("id", "path", ID, "The record's id.", AN_ID)
KIND_IN_PATH: Final = parameter(
    "kind",
    "path",
    {"type": "string", "pattern": "^[a-z_]{1,40}$"},
    "The kind of record whose custom fields these are, by its plural.",
    "customers",
)
IF_MATCH: Final = header(
    "If-Match",
    {"type": "string", "pattern": r'^("[0-9]{1,9}"|\*)$'},
    "The ETag of the version that you saw. If the record is at another one by now, nothing happens "
    "and the answer is 412. Without it, the command is decided on the record as it is.",
    '"7"',
)
MIN_POSITION: Final = header(
    "Kept-Min-Position",
    POSITION,
    "Read your writes: the position from a receipt. The read waits until the read models are that "
    "far, at most two seconds; then it is answered with 503, Retry-After and the position reached.",
    1,
)
PURPOSES: Final = [one.value for one in Purpose]
PURPOSE: Final = header(
    "Kept-Purpose",
    {"type": "string", "enum": PURPOSES},
    "What personal data is read for, which the read log says; unless given, what the role is for.",
    "service",
)
MIN_POSITION_IN_QUERY: Final = query("min_position", POSITION, "The same as Kept-Min-Position.", 1)

COMMAND_HEADERS: Final = (
    header(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "Makes it safe to send the command again: the same key and request are answered with the "
        "first receipt, and nothing happens twice. Kept for 30 days. Use a new UUID each time.",
        "5f0c3f8e-6c1b-4b0e-9f0a-2d1d7a6b1c55",
    ),
    header(
        "Kept-Reason",
        {"type": "string", "maxLength": 18000, "pattern": "^([!$-~]|%[0-9A-Fa-f]{2}| )*$"},
        "Why, for the history: text in UTF-8, percent-encoded, of at most 2,000 characters.",
        "asked%20for%20by%20phone",
    ),
    header(
        "Kept-Occurred-At",
        MOMENT,
        "When it was so, if that was not now. Never in the future. Needs the role admin.",
        A_MOMENT,
    ),
    header(
        "Kept-On-Behalf-Of",
        ID,
        "The user for whom it is done, if not for the key's own. Needs the role admin.",
        AN_ID,
    ),
    header("Kept-Correlation-Id", ID, "Joins the events of one conversation or process.", AN_ID),
    header("Kept-Causation-Id", ID, "The event or command that led to this one.", AN_ID),
)
