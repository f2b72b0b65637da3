"""How OpenAPI describes the read log."""

from typing import Any, Final

from api.examples import AN_ID
from api.lists import DEFAULT_LIMIT, LONGEST_CURSOR
from api.openapi import describe_read
from api.parameters import ID, MOMENT, POSITION, PURPOSES, parameter, query
from domain.reading import Door
from projections import DERIVED, PROJECTIONS
from store.lists import MAX_LIMIT

READ_MODELS: Final = [
    *(one.name for one in PROJECTIONS),
    *(one.name for one in DERIVED),
    "events",
]
"""What can be read."""
DOORS: Final = [one.value for one in Door]
_NUMBER: Final = {"type": "integer", "minimum": 1}
_IDS: Final = {"type": "array", "items": ID}
_WORDS: Final = {"type": "array", "items": {"type": "string"}}
_TEXT: Final = {"type": "string"}
_SEAL: Final[dict[str, Any]] = {
    "description": "The seal over it.",
    "type": ["object", "null"],
    "required": ["id", "first", "last", "root", "position"],
    "properties": {
        "id": ID,
        "first": _NUMBER,
        "last": _NUMBER,
        "root": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "position": {**_NUMBER, "description": "Of the sealing event, for /v1/proofs/{position}."},
    },
}
_READ: Final[dict[str, Any]] = {
    "number": {**_NUMBER, "description": "1, 2, 3 … without a gap."},
    "read_at": MOMENT,
    "actor": {**ID, "description": "Who read.", "example": AN_ID},
    "client": {**_TEXT, "description": "The API key's id, or command line."},
    "role": _TEXT,
    "door": {**_TEXT, "enum": DOORS},
    "purpose": {**_TEXT, "enum": PURPOSES},
    "read_model": {**_TEXT, "enum": READ_MODELS},
    "records": {**_IDS, "description": "Of which something personal was given out."},
    "count": {"type": "integer", "minimum": 1, "description": "How many records."},
    "fields": {**_WORDS, "description": "The personal fields that were given out, by name."},
    "subjects": {**_IDS, "description": "Whom it was about."},
    "asked": {
        **_WORDS,
        "description": "Personal fields that were searched, filtered or sorted by.",
    },
    "seal": _SEAL,
}
_PAGE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["data", "next_cursor"],
    "properties": {
        "data": {
            "type": "array",
            "items": {"type": "object", "required": [*_READ], "properties": _READ},
        },
        "next_cursor": {"type": ["string", "null"], "description": "Null on the last page."},
    },
}
_PROOF: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["entry", "index", "size", "proof", "seal"],
    "properties": {
        "entry": {
            "type": "object",
            "required": ["number", "read_at", "body"],
            "properties": {
                "number": _NUMBER,
                "read_at": {"type": "integer", "description": "Microseconds since 1970 UTC."},
                "body": {**_TEXT, "description": "Canonical JSON (RFC 8785), as it is hashed."},
            },
        },
        "index": {"type": "integer", "minimum": 0, "description": "Of the leaf in the range."},
        "size": {**_NUMBER, "description": "Leaves in the range."},
        "proof": {"type": "array", "items": {**_TEXT, "description": "32 bytes in Base64."}},
        "seal": {**_SEAL, "type": "object"},
    },
}


def describe_reads() -> dict[str, Any]:
    """The options of the list's route."""
    moments = {"type": "string", "description": "A moment, or a day in the tenant's zone."}
    cursor = {"type": "string", "maxLength": LONGEST_CURSOR}
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return describe_read(
        "ListReads",
        "/v1/reads",
        "Who read whose personal data",
        "The read log, the newest first: who, by which key and door, for what, of which records "
        "and about whom, and the names of the personal fields that were given out; never a value. "
        "`seal` names the event under whose root the entry is, a minute later at most: its "
        "`position` turns into a proof at `/v1/proofs/{position}`. Reading this is not recorded."
        "\n\nOnly for the roles admin and auditor.",
        parameters=[
            query("subject", ID, "Only reads of this person's data."),
            query("actor", ID, "Only by this user."),
            query("since", moments, "From then on.", "2026-01-31"),
            query("until", moments, "Up to then.", "2026-01-31"),
            query("read_model", {"type": "string", "enum": READ_MODELS}, "Only of this."),
            query("door", {"type": "string", "enum": DOORS}, "Only through this door."),
            query("limit", limit, "Entries on a page."),
            query("cursor", cursor, "From the page before; everything else stays as it was."),
        ],
        answer={"description": "A page.", "content": {"application/json": {"schema": _PAGE}}},
    )


def describe_proof() -> dict[str, Any]:
    """The options of the proof's route."""
    return describe_read(
        "ProveRead",
        "/v1/reads/{number}/proof",
        "Prove an entry of the read log",
        "The entry, and its audit path (RFC 6962) to the root of the seal over it; that the seal "
        "is in the log is proved at `/v1/proofs/{position}` by its `position`. A leaf is the "
        "SHA-256 of a zero byte, `read_at` (8 bytes, big endian) and `body`."
        "\n\nOnly for the roles admin and auditor.",
        parameters=[parameter("number", "path", POSITION, "Of the entry.", 1042)],
        answer={"description": "A proof.", "content": {"application/json": {"schema": _PROOF}}},
        errors=(400, 401, 403, 404, 422, 503),
    )
