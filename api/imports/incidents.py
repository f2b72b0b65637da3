"""Import of an incident management log (ServiceNow's export, as UCI publishes it): tickets with the
whole history of their states.

A row is how a ticket stood after one of its changes. The first row opens the ticket here, in the
state in which its history begins; each later row yields what differs from the row before it, at the
time of that row. Rows are ordered by the source's own count (``sys_mod_count``): a minute holds
several of them. Where the history breaks our lifecycle, the command says which rule it broke.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from api.imports.intake import ImportStopped, Intake
from api.imports.items import Item, Step
from commands.ticket_history import RecordTicket, RecordTicketChange, RecordTicketTransition
from domain.envelope import Recorded
from domain.kernel import fold
from domain.ticket_history import Status, WaitingFor
from domain.tickets import Ticket

CLIENT: Final = "incidents"
NULL: Final = "?"

COLUMNS: Final = tuple(
    "number incident_state active reassignment_count reopen_count sys_mod_count made_sla caller_id"
    " opened_by opened_at sys_created_by sys_created_at sys_updated_by sys_updated_at contact_type"
    " location category subcategory u_symptom cmdb_ci impact urgency priority assignment_group"
    " assigned_to knowledge u_priority_confirmation notify problem_id rfc vendor caused_by"
    " closed_code resolved_by resolved_at closed_at".split()
)
"""In the file's order."""
_MISNAMED: Final = {"ident_state": "incident_state"}
"""In the published archive a prefix was stripped from the names, too; and the second column called
``category`` is the subcategory."""

STATES: Final[dict[str, tuple[Status, WaitingFor | None]]] = {
    "New": (Status.NEW, None),
    "Active": (Status.OPEN, None),
    "Awaiting User Info": (Status.PENDING, WaitingFor.CUSTOMER),
    "Awaiting Evidence": (Status.PENDING, WaitingFor.CUSTOMER),
    "Awaiting Problem": (Status.PENDING, WaitingFor.THIRD_PARTY),
    "Awaiting Vendor": (Status.PENDING, WaitingFor.THIRD_PARTY),
    "Resolved": (Status.RESOLVED, None),
    "Closed": (Status.CLOSED, None),
}
"""The source's states here. Others (``-100``) are none of ours; they are recorded all the same."""
_CHANNELS: Final = {
    "Phone": "phone",
    "IVR": "phone",
    "Email": "email",
    "Self service": "self_service",
    "Direct opening": "unknown",
}
_LEVELS: Final = {"1": "high", "2": "medium", "3": "low"}
_PRIORITIES: Final = {"1": "urgent", "2": "high", "3": "medium", "4": "low"}
_SWITCHES: Final = {"true": True, "false": False}
_WORDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "contact_type": ("channel", _CHANNELS),
    "impact": ("impact", _LEVELS),
    "urgency": ("urgency", _LEVELS),
    "priority": ("priority", _PRIORITIES),
    "knowledge": ("knowledge", _SWITCHES),
    "u_priority_confirmation": ("priority_confirmed", _SWITCHES),
    "active": ("source_active", _SWITCHES),
    "made_sla": ("made_sla", _SWITCHES),
}
"""Columns whose words are translated, and the fields that they go to."""
_TEXTS: Final = {
    "category": "category",
    "subcategory": "subcategory",
    "u_symptom": "symptom",
    "location": "location",
    "cmdb_ci": "configuration_item",
    "vendor": "vendor",
    "problem_id": "problem_reference",
    "rfc": "change_reference",
    "caused_by": "cause_reference",
    "notify": "notify",
    "assignment_group": "queue",
    "assigned_to": "source_assignee",
    "caller_id": "source_caller",
}
_OUTCOME: Final = ("made_sla", "source_active")
"""Where a row changes the state as well, they are told with the transition."""


class Row(NamedTuple):
    """A row of the file: its line, its place in the ticket's history, its values by column."""

    line: int
    sequence: int
    values: dict[str, str | None]


def import_incidents(intake: Intake, path: Path, zone: tzinfo) -> dict[str, int]:
    """Take in the file; gives the counts of what was recorded.

    Times in the file have no zone; they are read in ``zone``.

    Raises:
        ImportStopped: the file is none of this kind, or the log stayed out of reach.
    """
    with _opened(path) as text:
        lines = sum(1 for _ in text)
    with _opened(path) as text:
        rows = _rows(text, path.name)
        items = (_item(path.name, number, group, zone) for number, group in rows)
        intake.take(Ticket, items, lines - 1, _missing)
    return dict(intake.counts)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """The table in the file, which may be the only one in an archive."""
    try:
        if not zipfile.is_zipfile(path):
            with path.open(encoding="utf-8-sig", newline="") as text:
                yield text
            return
        with zipfile.ZipFile(path) as archive:
            tables = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(tables) != 1:
                raise ImportStopped(
                    f"{path.name} holds {len(tables)} CSV files. Give one that holds one, or the CSV."
                )
            with archive.open(tables[0]) as raw:
                yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    except FileNotFoundError:
        raise ImportStopped(f"There is no file {path}. Check the path.") from None
    except (UnicodeDecodeError, zipfile.BadZipFile) as wrong:
        raise ImportStopped(f"{path.name} cannot be read: {wrong}.") from None


def _rows(text: IO[str], file: str) -> Iterator[tuple[str, list[tuple[int, list[str]]]]]:
    """The lines of each ticket, as they follow upon each other in the file."""
    table = csv.reader(text)
    names = [_MISNAMED.get(name, name) for name in next(table, [])]
    if names.count("category") == 2:  # noqa: PLR2004  see above
        names[names.index("category") + 1 :] = [
            "subcategory" if name == "category" else name
            for name in names[names.index("category") + 1 :]
        ]
    if tuple(names) != COLUMNS:
        lacking = ", ".join(name for name in COLUMNS if name not in names) or "another order"
        raise ImportStopped(f"{file} is no incident log as this import knows it (lacking: {lacking}).")
    numbered = ((table.line_num, row) for row in table)
    whole = ((line, row) for line, row in numbered if row)
    for number, group in groupby(whole, key=lambda one: one[1][0]):
        yield number, [*group]


def _item(file: str, number: str, lines: Sequence[tuple[int, list[str]]], zone: tzinfo) -> Item:
    """A ticket with all that its rows say."""
    item = Item(file, number, [line for line, _ in lines])
    before: dict[str, Any] = {}
    state: str | None = None
    reopened = 0
    for row in _ordered(item, lines):
        at = _moment(row.values["sys_updated_at"], zone)
        if at is None:
            item.note(row.line, "not_taken", "sys_updated_at: is no day/month/year hour:minute")
            continue
        now = _fields(item, row)
        source_state = row.values["incident_state"]
        count = _count(row.values["reopen_count"])
        if not item.steps:
            _open(item, row, at, zone, now)
        else:
            changed = {name: value for name, value in now.items() if before[name] != value}
            moves = source_state != state or count > reopened
            told = {name: changed.pop(name) for name in _OUTCOME if moves and name in changed}
            if changed:
                changed |= {"sequence": row.sequence, "changed_by": row.values["sys_updated_by"]}
                item.add(row.line, at, RecordTicketChange, changed)
            if moves:
                _move(item, row, at, zone, told)
            if not changed and not moves:
                item.note(row.line, "unchanged", "only the count and who updated it moved on")
        before, state, reopened = now, source_state, count
    return item


def _ordered(item: Item, lines: Sequence[tuple[int, list[str]]]) -> list[Row]:
    rows = []
    for line, cells in lines:
        if len(cells) != len(COLUMNS):
            item.note(line, "not_taken", f"has {len(cells)} cells instead of {len(COLUMNS)}")
            continue
        values = {
            name: None if cell == NULL or not cell else cell
            for name, cell in zip(COLUMNS, cells, strict=True)
        }
        sequence = values["sys_mod_count"]
        if sequence is None or not sequence.isdecimal():
            item.note(line, "not_taken", "sys_mod_count: is no number")
            continue
        rows.append(Row(line, int(sequence), values))
    if len(rows) > 1 and rows[0].sequence >= rows[1].sequence:
        # Five tickets of the published file: the row that opens the history bears a later count.
        item.note(rows[0].line, "mended", "sys_mod_count: of the first row is damaged, taken as 0")
        rows[0] = rows[0]._replace(sequence=0)
    rows.sort(key=lambda row: row.sequence)
    for earlier, later in zip(rows, rows[1:], strict=False):
        if earlier.sequence == later.sequence:
            item.note(later.line, "not_taken", "sys_mod_count: another row of the ticket has it")
    return rows


def _fields(item: Item, row: Row) -> dict[str, Any]:
    """What the row says of the ticket's fields; an unknown word is left out and noted."""
    fields: dict[str, Any] = {field: row.values[column] for column, field in _TEXTS.items()}
    for column, (field, words) in _WORDS.items():
        written = row.values[column]
        fields[field] = words.get(written.lower() if words is _SWITCHES else written) if written else None
        if written and fields[field] is None:
            item.note(row.line, "mended", f"{column}: is an unknown word. It was left out.")
    fields["channel"] = fields["channel"] or "unknown"
    reassignments = row.values["reassignment_count"]
    fields["source_reassignments"] = _count(reassignments) if reassignments else None
    return fields


def _open(item: Item, row: Row, at: datetime, zone: tzinfo, fields: dict[str, Any]) -> None:
    status, waiting_for = STATES.get(row.values["incident_state"] or "", (None, None))
    item.add(
        row.line,
        at,
        RecordTicket,
        fields
        | {
            "source_system": CLIENT,
            "external_id": row.values["number"],
            "source_state": row.values["incident_state"],
            "status": status,
            "waiting_for": waiting_for,
            "sequence": row.sequence,
            "changed_by": row.values["sys_updated_by"],
            "reopen_count": _count(row.values["reopen_count"]),
            "source_opened_by": row.values["opened_by"],
            "source_opened_at": _moment(row.values["opened_at"], zone),
            "source_created_by": row.values["sys_created_by"],
            "source_created_at": _moment(row.values["sys_created_at"], zone),
        },
    )


def _move(item: Item, row: Row, at: datetime, zone: tzinfo, told: dict[str, Any]) -> None:
    """The ticket came into another state, or was reopened.

    How it ended stands on every row of the published file, also on those from before the end: it is
    told by the rows that resolve and close the ticket, so that nothing is known before it happened.
    """
    status, waiting_for = STATES.get(row.values["incident_state"] or "", (None, None))
    values = told | {
        "source_state": row.values["incident_state"],
        "status": status,
        "waiting_for": waiting_for,
        "sequence": row.sequence,
        "changed_by": row.values["sys_updated_by"],
        "reopen_count": _count(row.values["reopen_count"]),
    }
    if status in (Status.RESOLVED, Status.CLOSED):
        values |= {
            "resolution_code": row.values["closed_code"],
            "source_resolved_by": row.values["resolved_by"],
            "source_resolved_at": _moment(row.values["resolved_at"], zone),
        }
    if status is Status.CLOSED:
        values["source_closed_at"] = _moment(row.values["closed_at"], zone)
    item.add(row.line, at, RecordTicketTransition, values)


def _missing(item: Item, past: Sequence[Recorded]) -> list[Step]:
    """The steps that the ticket's sequences do not cover yet."""
    if not past:
        return item.steps
    ticket: Ticket = fold(Ticket(), (one.event for one in past))
    return [step for step in item.steps if _is_new(step, ticket)]


def _is_new(step: Step, ticket: Ticket) -> bool:
    command = step.command
    if isinstance(command, RecordTicketChange):
        return command.sequence > ticket.change_sequence and command.sequence >= ticket.source_sequence
    if isinstance(command, RecordTicketTransition):
        return command.sequence > ticket.source_sequence and command.sequence >= ticket.change_sequence
    return False


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


@lru_cache(4_096)
def _moment(text: str | None, zone: tzinfo) -> datetime | None:
    """``29/2/2016 01:23``, day first; ``29-02-2016 01:23`` in the excerpt with the first labels."""
    if text is None:
        return None
    try:
        day, clock = text.replace("-", "/").split(" ")
        d, m, y = day.split("/")
        hour, minute = clock.split(":")
        return datetime(int(y), int(m), int(d), int(hour), int(minute), tzinfo=zone)
    except ValueError:
        return None
