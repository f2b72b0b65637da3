"""Import of an incident management log: tickets with the whole history of their states.

A row is how a ticket stood after one of its changes. The first row opens the ticket here, in the
state in which its history begins; each later row yields what differs from the row before it, at the
time of that row. Where the history breaks our lifecycle, the command says which rule it broke.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import IO, Any, Final

from api.imports.incident_log import Lines, Row, opened, ordered, tickets
from api.imports.incident_words import FIELDS, OUTCOME, STATES
from api.imports.intake import Intake
from api.imports.items import Item, Step
from commands.ticket_history import RecordTicket, RecordTicketChange, RecordTicketTransition
from domain.envelope import Recorded
from domain.kernel import fold
from domain.ticket_history import Status
from domain.tickets import Ticket

CLIENT: Final = "incidents"


def import_incidents(intake: Intake, path: Path, zone: tzinfo) -> None:
    """Take in the file. Its times have no zone; they are read in ``zone``.

    Raises:
        ImportStopped: the file is no incident log, or the event log stayed out of reach.
    """
    with opened(path) as text:
        lines = sum(1 for _ in text)
    with opened(path) as text:
        intake.take(Ticket, _items(text, path.name, zone), lines - 1, _missing)


def _items(text: IO[str], file: str, zone: tzinfo) -> Iterator[Item]:
    seen: set[str] = set()
    for number, lines in tickets(text, file):
        if number not in seen:
            seen.add(number)
            yield _item(file, number, lines, zone)
            continue
        item = Item(file, number, [line for line, _ in lines])
        for line in item.lines:
            item.note(line, "not_taken", "number: the ticket stands in two places. Sort by number")
        yield item


def _item(file: str, number: str, lines: Lines, zone: tzinfo) -> Item:
    """A ticket with all that its rows say."""
    item = Item(file, number, [line for line, _ in lines])
    earlier: Row | None = None
    for row in ordered(lines, item.note):
        if earlier is None:
            _open(item, row, row.at(zone), zone)
        else:
            _go_on(item, earlier, row, row.at(zone), zone)
        earlier = row
    return item


def _open(item: Item, row: Row, at: datetime, zone: tzinfo) -> None:
    held = _values(item, row, FIELDS)
    values = {name: value for name, value in held.items() if value is not None}
    values |= _state(row) | {
        "source_system": CLIENT,
        "external_id": row["number"],
        "source_opened_by": row["opened_by"],
        "source_opened_at": row.moment("opened_at", zone),
        "source_created_by": row["sys_created_by"],
        "source_created_at": row.moment("sys_created_at", zone),
    }
    item.add(row.line, at, RecordTicket, values)


def _go_on(item: Item, earlier: Row, row: Row, at: datetime, zone: tzinfo) -> None:
    """What the row changes: the ticket's fields, its state, both or neither."""
    changed = _values(item, row, row.differing(earlier))
    moves = row["incident_state"] != earlier["incident_state"]
    moves = moves or row.count("reopen_count") > earlier.count("reopen_count")
    told = {name: changed.pop(name) for name in OUTCOME if moves and name in changed}
    if changed:
        changed |= {"sequence": row.sequence, "changed_by": row["sys_updated_by"]}
        item.add(row.line, at, RecordTicketChange, changed)
    if moves:
        values = told | _state(row) | _end(row, zone)
        item.add(row.line, at, RecordTicketTransition, values)
    elif not changed:
        item.note(row.line, "unchanged", "only the count, the time and who updated it moved on")


def _values(item: Item, row: Row, columns: Iterable[str]) -> dict[str, Any]:
    """The fields that these columns hold; an unknown word is left out and noted."""
    values: dict[str, Any] = {}
    for column in columns:
        if column not in FIELDS:
            continue
        field, words = FIELDS[column]
        value: Any = row[column]
        if words is not None and value is not None:
            value = words.get(value)
            if value is None:
                item.note(row.line, "mended", f"{column}: is a word not known here. Left out")
        if field == "channel":
            value = value or "unknown"
        if field in ("priority", *OUTCOME) and value is None:
            continue
        values[field] = value
    return values


def _state(row: Row) -> dict[str, Any]:
    status, waiting_for = STATES.get(row["incident_state"] or "", (None, None))
    return {
        "source_state": row["incident_state"],
        "status": status,
        "waiting_for": waiting_for,
        "sequence": row.sequence,
        "changed_by": row["sys_updated_by"],
        "reopen_count": row.count("reopen_count"),
    }


def _end(row: Row, zone: tzinfo) -> dict[str, Any]:
    """How it ended.

    That stands on every row of the published file, also on those from before the end. It is told by
    the rows that resolve and close the ticket, so that nothing is known before it happened.
    """
    status, _ = STATES.get(row["incident_state"] or "", (None, None))
    if status not in (Status.RESOLVED, Status.CLOSED):
        return {}
    end: dict[str, Any] = {
        "resolution_code": row["closed_code"],
        "source_resolved_by": row["resolved_by"],
        "source_resolved_at": row.moment("resolved_at", zone),
    }
    if status is Status.CLOSED:
        end["source_closed_at"] = row.moment("closed_at", zone)
    return end


def _missing(item: Item, past: Sequence[Recorded]) -> list[Step]:
    """The steps that the ticket's sequences do not cover yet."""
    if not past:
        return item.steps
    ticket: Ticket = fold(Ticket(), (one.event for one in past))
    return [step for step in item.steps if _is_new(step, ticket)]


def _is_new(step: Step, ticket: Ticket) -> bool:
    command, fields, states = step.command, ticket.change_sequence, ticket.source_sequence
    if isinstance(command, RecordTicketChange):
        return command.sequence > fields and command.sequence >= states
    if isinstance(command, RecordTicketTransition):
        return command.sequence > states and command.sequence >= fields
    return False
