"""Import of what somebody brings along from elsewhere, as ``kept portable`` writes it: one JSON
object a line, the person before their consents and tickets (docs/api.md).

A consent was given to somebody, so what was given to another company allows nothing here: consents
are taken where it is said that it is the same one. Refusals always are.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, NamedTuple
from uuid import UUID

from api.audit.check import check_trail
from api.imports.intake import ImportStopped, Intake
from api.imports.items import Item, Step
from api.imports.report import Note
from commands.consents import GrantConsent, RefuseConsent, WithdrawConsent
from commands.contacts import RegisterContact
from commands.customers import RegisterCustomer
from commands.kernel import Command
from commands.tickets import AddTicketMessage, OpenTicket
from domain.consents import Consent
from domain.contacts import Contact
from domain.custom_fields import CustomFields, custom_fields_id
from domain.customers import Customer
from domain.envelope import Recorded
from domain.kernel import Aggregate
from domain.tickets import Priority, Ticket

CLIENT: Final = "portable"
LINES: Final = "portable.jsonl"
PEOPLE: Final[Mapping[str, tuple[type[Aggregate], type[Command]]]] = {
    "customers": (Customer, RegisterCustomer),
    "contacts": (Contact, RegisterContact),
}
LINKS: Final = {"customers": "customer_id", "contacts": "contact_id"}
KNOWN: Final = ("customers", "contacts", "consents", "tickets")
_ADDRESS: Final = frozenset({"record", "id", "at", "of", "of_kind"})
_END: Final = ("withdrawn_at", "withdrawal_reason", "withdrawal_note")
_MESSAGE: Final = "TicketMessageAdded"


class Line(NamedTuple):
    """A record and the line that it stands in."""

    number: int
    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.row.get("id", ""))


def import_portable(intake: Intake, path: Path, with_consents: bool = False) -> None:
    """Take in a file, or the archive that it came in, whose proofs are checked first.

    Raises:
        ProofError, NoteError: the archive was changed.
        ImportStopped: it holds nothing of the kind, or the event log stayed out of reach.
    """
    if zipfile.is_zipfile(path):
        check_trail(path)
    _Portable(intake, path, with_consents).take()


@dataclass(slots=True)
class _Portable:
    """Makes items of lines."""

    intake: Intake
    path: Path
    with_consents: bool

    def take(self) -> None:
        """People first, for the rest points at them; what was given before what was refused."""
        self._note_the_rest()
        people: dict[tuple[str, str], UUID] = {}
        for record, (kind, register) in PEOPLE.items():
            items = [self._person(line, record, register) for line in self._lines(record)]
            found = self.intake.take(kind, items, len(items))
            people |= {(record, one): stream for one, stream in found.items()}
        consents = [self._consent(line, people) for line in self._lines("consents")]
        given = [item for item in consents if _opens_with(item, GrantConsent)]
        begun = [replace(item, steps=item.steps[:1]) for item in given]
        here = self.intake.take(Consent, begun, len(begun))
        ended = [item for item in given if len(item.steps) > 1 and item.external_id in here]
        rest = [replace(item, notes=[]) for item in ended]  # these were told a moment ago
        rest += [item for item in consents if not _opens_with(item, GrantConsent)]
        self.intake.take(Consent, rest, len(rest))
        tickets = [self._ticket(line, people) for line in self._lines("tickets")]
        self.intake.take(Ticket, tickets, len(tickets), _missing_messages)

    def _person(self, line: Line, record: str, register: Any) -> Item:
        item = self._item(line)
        at = self._at(item, line.row.get("at"))
        values = {**_fields(line.row), **self._origin(line)}
        custom = values.get("custom_personal")
        if isinstance(custom, Mapping):
            values["custom_personal"] = self._declared(item, record, custom)
        if at is not None:
            item.add(line.number, at, register, values)
        return item

    def _consent(self, line: Line, people: Mapping[tuple[str, str], UUID]) -> Item:
        item, row = self._item(line), _fields(line.row)
        end: dict[str, Any] = {name: row.pop(name) for name in _END if name in row}
        link = self._link(item, line, people)
        at = self._at(item, line.row.get("at"))
        ended = self._at(item, end.pop("withdrawn_at")) if "withdrawn_at" in end else None
        if link is None or at is None:
            return item
        if "lawful_basis" in row and self.with_consents:
            item.add(line.number, at, GrantConsent, {**row, **link, **self._origin(line)})
            if ended is not None and item.steps:
                item.add(line.number, ended, WithdrawConsent, end, "ConsentWithdrawn")
        elif ended is not None:
            kept: dict[str, Any] = {
                name: row[name]
                for name in ("purpose", "channel", "direct_marketing", "source")
                if name in row
            }
            values: dict[str, Any] = {**kept, **link, **end, **self._origin(line)}
            item.add(line.number, ended, RefuseConsent, values)
        else:
            sentence = "a consent that was given to others allows nothing here"
            item.note(line.number, "not_taken", f"{sentence}. Add --with-consents if it was to you")
        return item

    def _ticket(self, line: Line, people: Mapping[tuple[str, str], UUID]) -> Item:
        item, row = self._item(line), _fields(line.row)
        messages = row.pop("messages", ())
        link = self._link(item, line, people)
        at = self._at(item, line.row.get("at"))
        if link is None or at is None:
            return item
        values = {**row, **link, **self._origin(line), "priority": Priority.MEDIUM}
        if item.add(line.number, at, OpenTicket, values) is None:
            return item
        for message in messages if isinstance(messages, list) else ():
            known = message if isinstance(message, Mapping) else {}
            written = self._at(item, known.get("at"))
            if written is not None:
                body = {"body": known.get("body")}
                item.add(line.number, written, AddTicketMessage, body, _MESSAGE)
        return item

    def _link(
        self, item: Item, line: Line, people: Mapping[tuple[str, str], UUID]
    ) -> dict[str, UUID] | None:
        """The field that names the person, who is here by now."""
        record = str(line.row.get("of_kind"))
        found = people.get((record, str(line.row.get("of"))))
        if found is None:
            item.note(line.number, "not_taken", "of: no person of this id was taken before it")
            return None
        return {LINKS[record]: found}

    def _declared(self, item: Item, record: str, custom: Mapping[str, Any]) -> dict[str, Any]:
        """The custom fields that there are here."""
        services = self.intake.services
        held = services.dispatcher.state(CustomFields, custom_fields_id(record)).state
        known = held.by_key if isinstance(held, CustomFields) else {}
        usable = {key for key, one in known.items() if one.personal and not one.retired}
        if {*custom} - usable:
            reason = "custom_personal: has fields that are not declared here. They were left out"
            item.note(item.lines[0], "mended", reason)
        return {key: value for key, value in custom.items() if key in usable}

    def _at(self, item: Item, text: Any) -> datetime | None:
        try:
            found = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            item.note(item.lines[0], "not_taken", "at: is no time such as 2026-01-31T12:30:00Z")
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=self.intake.services.tenant.zone)
        return min(found, datetime.now(UTC))

    def _item(self, line: Line) -> Item:
        return Item(self.path.name, line.id, [line.number])

    def _origin(self, line: Line) -> dict[str, str]:
        return {"source_system": CLIENT, "external_id": line.id}

    def _lines(self, record: str) -> Iterator[Line]:
        return (line for line in self._read() if line.row.get("record") == record)

    def _note_the_rest(self) -> None:
        """Lines that are no record, or of a kind that nobody here knows.

        Raises:
            ImportStopped: none is.
        """
        known = 0
        for line in self._read():
            if line.row.get("record") in KNOWN and line.id:
                known += 1
                continue
            reason = "is no JSON object with a record (one of the known kinds) and an id"
            self.intake.report.add(
                Note(self.path.name, line.number, line.id, "not_taken", f"the line {reason}")
            )
        if not known:
            raise ImportStopped(
                f"{self.path} holds no person that can be taken in. Give the file portable.jsonl, "
                "or the archive, that kept portable wrote."
            )

    def _read(self) -> Iterator[Line]:
        with _opened(self.path) as file:
            for number, text in enumerate(file, start=1):
                try:
                    row = json.loads(text)
                except (ValueError, RecursionError):
                    row = None
                yield Line(number, row if isinstance(row, Mapping) else {})


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """The lines, out of their archive if they are in one."""
    if not zipfile.is_zipfile(path):
        with path.open(encoding="utf-8", errors="replace") as file:
            yield file
        return
    with zipfile.ZipFile(path) as packed:
        if LINES not in packed.namelist():
            raise ImportStopped(f"{path} holds no {LINES}. Give the archive of kept portable.")
        with packed.open(LINES) as inside:
            yield io.TextIOWrapper(inside, "utf-8", errors="replace")


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _ADDRESS}


def _opens_with(item: Item, command: type[Any]) -> bool:
    return bool(item.steps) and isinstance(item.steps[0].command, command)


def _missing_messages(item: Item, past: Sequence[Recorded]) -> list[Step]:
    """The messages that this import has not added yet; their order does not change."""
    if not past:
        return item.steps
    own = [one for one in past if one.body["source"].get("client") == CLIENT]
    done = sum(one.type == _MESSAGE for one in own)
    return item.steps[1 + done :]
