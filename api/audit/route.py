"""The audit trail over HTTP: ``GET /v1/audit-trail`` answers with the ZIP file."""

from functools import partial
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse

from api.access import Caller
from api.audit.as_pdf import MOST_ROWS
from api.audit.export import FORMATS, UNASKED, export
from api.audit.facts import Asked
from api.files import file_reply
from api.filters import an_id, moment, parameters, wrong
from api.openapi import describe_read
from api.parameters import ID, PURPOSE, SOURCES, query
from api.purposes import reader_of
from api.routing import KeyedRoute, caller_of
from domain.reading import Door
from projections.words.kernel import LANGUAGES

PARAMETERS: Final = (
    *("format", "language", "record", "actor", "field"),
    *("source", "since", "until"),
)
LONGEST_FIELD: Final = 100


def audit_trail(router: APIRouter) -> None:
    """Serve the export."""
    route = KeyedRoute("/v1/audit-trail", exported, methods=["GET"], **_describe())
    router.routes.append(route)


async def exported(request: Request) -> FileResponse:
    """The facts that were asked for, with their proofs."""
    caller = caller_of(request)
    caller.needs("read")
    reader = reader_of(request, Door.AUDIT)
    given = parameters(request, PARAMETERS)
    asked = _asked(given, caller)
    formats = given.get("format", ",".join(UNASKED)).split(",")
    if not {*formats} <= {*FORMATS}:
        raise wrong("format", f"is none of the choices. Give some of: {', '.join(FORMATS)}.")
    language = given.get("language", "en")
    if language not in LANGUAGES:
        raise wrong("language", f"is none of the choices. Give one of: {', '.join(LANGUAGES)}.")
    services = caller.served.services
    make = partial(export, services, reader, asked, formats, language=language)
    return await file_reply(caller, "audit.zip", make)


def _asked(given: dict[str, str], caller: Caller) -> Asked:
    wanted: dict[str, Any] = {
        column: an_id(name, given[name])
        for name, column in (("record", "id"), ("actor", "actor"))
        if name in given
    }
    if "field" in given:
        if not 0 < len(given["field"]) <= LONGEST_FIELD:
            raise wrong("field", "is no name of a field. Give one such as stage.")
        wanted["fields"] = given["field"]
    if "source" in given:
        if given["source"] not in SOURCES:
            raise wrong("source", f"is none of the choices. Give one of: {', '.join(SOURCES)}.")
        wanted["source"] = given["source"]
    bounds = {
        name: moment(name, given[name], caller.zone, end_of_day=name == "until")
        for name in ("since", "until")
        if name in given
    }
    return Asked(wanted, bounds.get("since"), bounds.get("until"))


def _describe() -> dict[str, Any]:
    moments = {"type": "string", "description": "A moment, or a day in the tenant's zone."}
    one = "|".join(FORMATS)
    formats = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    return describe_read(
        "ExportAuditTrail",
        "/v1/audit-trail",
        "Export the audit trail",
        "The history as CSV, Excel workbook, JSON Lines (OCSF, Entity Management) and, to be read, "
        f"PDF (of {MOST_ROWS:,} changes at most), with the proof of every entry behind it and a "
        "manifest that the log's key signs, in one ZIP file. `kept verify --bundle` checks it "
        "without a database and without us.",
        parameters=[
            query(
                "format",
                formats,
                f"Some of {', '.join(FORMATS)}; all but the last unless given.",
                "csv",
            ),
            query("language", {"type": "string", "enum": [*LANGUAGES]}, "Of the PDF.", "en"),
            query("record", ID, "Only of this record."),
            query("actor", ID, "Only by this user."),
            query("field", {"type": "string", "maxLength": LONGEST_FIELD}, "Only of this field."),
            query("source", {"type": "string", "enum": [*SOURCES]}, "Only through this door."),
            query("since", moments, "From then on.", "2026-01-31"),
            query("until", moments, "Up to then.", "2026-01-31"),
            PURPOSE,
        ],
        answer={
            "description": "The archive.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
    )
