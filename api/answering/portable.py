"""What somebody gave us themselves, in a form that others take in (GDPR Art. 20, PIPL Art. 45).

That is their own particulars as they stand, the consents they gave and what they refused, and what
they asked for and wrote in tickets. What the company noted, decided or worked out about them is
none of it: notes, tags, levels, owners and the answers of colleagues are for access.
"""

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from api.answering.gathering import OF_KIND, for_them, linked, record
from api.answering.who import Asker, asker
from api.audit.sealing import PORTABLE, made_by, seal
from api.services import Services
from commands.kernel import Rejected
from domain.consents import Basis, Consent
from domain.consents import Status as ConsentStatus
from domain.contacts import Contact
from domain.customers import Customer
from domain.envelope import kind_of
from domain.fields import ERASED
from domain.tickets import Direction, Ticket, TicketMessageAdded
from projections.plain import plain
from projections.readers import Reader
from projections.words.values import is_empty
from store.codec import subject_of
from store.held import HeldEvent, batches, positions_of, streams_about
from store.progress import Progress, untold

SYSTEM: Final = "portable"
"""The ``source_system`` of records that came in this form: their ids stay when they go on."""
OF_A_CONTACT: Final = (
    *("family_name", "given_name", "salutation", "title", "department", "emails", "phones"),
    *("do_not_call", "language", "birthday", "custom_personal"),
)
OF_A_CUSTOMER: Final = (
    *("name", "kind", "website", "phones", "emails", "billing_address", "shipping_address"),
    "custom_personal",
)
OF_A_CONSENT: Final = (
    *("purpose", "channel", "direct_marketing", "lawful_basis", "captured_at", "source"),
    *("wording_version", "evidence", "valid_until"),
)
OF_A_REFUSAL: Final = ("purpose", "channel", "direct_marketing", "source")
OF_ITS_END: Final = ("withdrawn_at", "withdrawal_reason", "withdrawal_note")
OF_A_TICKET: Final = ("subject", "description", "channel", "type")
SEVERAL: Final = frozenset({"emails", "phones"})


@dataclass(slots=True)
class Portable:
    """What was written: lines by kind."""

    rows: Counter[str] = field(default_factory=Counter)
    events: int = 0


def answer_portable(
    services: Services,
    reader: Reader,
    request_id: UUID,
    path: Path,
    progress: Progress = untold,
) -> Portable:
    """Write the archive; it is there whole, or not at all.

    Raises:
        NotFound, Rejected: see :func:`api.answering.who.asker`; or they are a colleague.
    """
    who, reader = asker(services, request_id), for_them(reader)
    if who.kind not in (Contact, Customer):
        raise Rejected(
            "This request is of a colleague, and only contacts and customers are carried to "
            "others. Answer it as one for access."
        )
    made = Portable()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".kept-portable-") as work:
        folder = Path(work)
        positions: list[int] = []
        fields: set[str] = set()
        with (
            (folder / "portable.jsonl").open("w", encoding="utf-8") as as_lines,
            (folder / "portable.csv").open("w", encoding="utf-8-sig", newline="") as as_table,
        ):
            table = csv.writer(as_table)
            table.writerow(("kind", "id", "field", "value"))
            for row in _rows(services, reader, who, positions):
                as_lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                table.writerows(_cells(row))
                fields |= row.keys()
                made.rows[row["record"]] += 1
        record(services, reader, {one: [one] for one in who.people}, fields)
        said = {
            "format": PORTABLE,
            "made_by": made_by(reader),
            "request": str(request_id),
            "rows": made.rows.total(),
        }
        seal(services, folder, path, said, sorted(positions), progress)
    made.events = len(positions)
    return made


def _rows(
    services: Services, reader: Reader, who: Asker, positions: list[int]
) -> Iterator[dict[str, Any]]:
    """One line a record: the person first, then their consents and tickets."""
    subjects, log = {*who.people}, services.log
    own = positions_of(log, sorted(subjects))
    people = [*_told(services, subjects, own, positions)]
    person = _person(people)
    yield person
    others = {*streams_about(log, subjects), *linked(services.gate, reader, who)} - subjects
    at = positions_of(log, others)
    for told in _told(services, subjects, at, positions):
        row = _consent(told) if isinstance(told.row, Consent) else _ticket(told, subjects)
        if row is not None:
            yield {**row, "of": person["id"], "of_kind": person["record"]}


@dataclass(slots=True)
class _Told:
    """A record as far as it is about them, and its events."""

    stream: UUID
    row: Any
    at: str
    messages: list[tuple[str, TicketMessageAdded]]

    @property
    def id(self) -> str:
        """Its id for others, which it keeps when it goes on."""
        known = self.row.external_id if self.row.source_system == SYSTEM else None
        return str(known or self.stream)


def _told(
    services: Services, subjects: set[UUID], at: Any, positions: list[int]
) -> Iterator[_Told]:
    """Contacts, customers, consents and tickets that are about them now."""
    held = chain.from_iterable(batches(services.log, subjects, at))
    for stream, events in groupby(held, key=lambda one: one.recorded.stream):
        told, mine = _folded(stream, events, subjects)
        row = told.row
        if isinstance(row, Contact | Customer | Consent | Ticket) and (
            subject_of(row, stream) in subjects
        ):
            positions += mine
            yield told


def _folded(
    stream: UUID, events: Iterator[HeldEvent], subjects: set[UUID]
) -> tuple[_Told, list[int]]:
    told, mine = _Told(stream, None, "", []), []
    for held in events:
        recorded = held.recorded
        told.row = OF_KIND[kind_of(recorded.body)].fold((stream,), told.row, recorded)
        told.at = told.at or plain(recorded.occurred_at)
        if isinstance(recorded.event, TicketMessageAdded):
            told.messages.append((plain(recorded.occurred_at), recorded.event))
        if held.is_about or stream in subjects:
            mine.append(recorded.position)
    return told, mine


def _person(people: Sequence[_Told]) -> dict[str, Any]:
    """Their particulars: those of the record that the others were merged into, and what only these
    have.
    """
    first = next((one for one in people if one.row.merged_into_id is None), people[0])
    names = OF_A_CONTACT if isinstance(first.row, Contact) else OF_A_CUSTOMER
    held: dict[str, Any] = {}
    for one in (first, *(other for other in people if other is not first)):
        for name, value in _given(one.row, names).items():
            if name in SEVERAL:
                known = held.setdefault(name, [])
                known += [item for item in value if item not in known]
            elif name not in held:
                held[name] = value
    return {"record": first.row.AGGREGATE, "id": first.id, "at": first.at, **held}


def _consent(told: _Told) -> dict[str, Any] | None:
    """A consent that they gave, and how it ended; or what they refused. What rests on another
    basis they did not give.
    """
    row: Consent = told.row
    ended = row.status is ConsentStatus.WITHDRAWN
    is_given = row.lawful_basis is Basis.CONSENT and row.status is not ConsentStatus.PENDING
    if not (is_given or ended):
        return None
    names = (*(OF_A_CONSENT if is_given else OF_A_REFUSAL), *(OF_ITS_END if ended else ()))
    return {"record": "consents", "id": told.id, "at": told.at, **_given(row, names)}


def _ticket(told: _Told, subjects: set[UUID]) -> dict[str, Any] | None:
    """What they asked for, and what they wrote."""
    row = told.row
    if not isinstance(row, Ticket) or is_empty(plain(row.subject)):
        return None
    wrote = [
        {"at": at, "body": event.body}
        for at, event in told.messages
        if event.public
        and event.direction is Direction.IN
        and event.body is not ERASED
        and (event.author_contact_id is None or event.author_contact_id in subjects)
    ]
    fields = _given(row, OF_A_TICKET)
    return {"record": "tickets", "id": told.id, "at": told.at, **fields, "messages": wrote}


def _given(row: Any, names: Sequence[str]) -> dict[str, Any]:
    """These fields as JSON, as far as they hold something."""
    shown = {name: plain(getattr(row, name)) for name in names}
    return {name: value for name, value in shown.items() if not is_empty(value)}


def _cells(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """A record as lines of a table; what is no text is JSON."""
    for name, value in row.items():
        if name not in ("record", "id"):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield row["record"], row["id"], name, text
