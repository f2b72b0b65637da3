"""Whatever lies under somebody's keys is in the answer to them, and what lies under others' is not.

A value of its own is put into every personal field of every command, as in tests/faults.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from api.answering.access import answer_access
from api.services import Services
from commands.kernel import COMMANDS
from commands.subject_requests import IdentifySubject
from domain import AGGREGATES
from domain.custom_fields import custom_fields_id
from domain.envelope import SYSTEM, Source
from domain.records import Record
from domain.subject_requests import Method, SubjectRequest
from tests.answering.conftest import ADMIN
from tests.dsl import id_of
from tests.faults.canaries import CUSTOM_KEY, Sower
from tests.faults.stories import STORY, Step

PEOPLE: Final = {"contact": "contact_id", "customer": "customer_id", "user": "user_id"}
NAMED: Final = frozenset(
    {"InviteUser.name", "ChangeUser.name", "RegisterRecipient.name", "ChangeRecipient.name"}
)
"""Whoever did something, owns something or was given something is named to others."""
_LEGACY: Final = {"source_system": "legacy"}
_DEAL: Final = {
    "amount": {"amount": "12.50", "currency": "EUR"},
    "expected_close_on": "2027-01-31",
}
PASSED_ON: Final = (
    Step("OpenTicket", "passed on", {"priority": "low", "contact_id": "@contact", **_LEGACY}),
    Step("ChangeTicket", "passed on", {"contact_id": "@double", **_LEGACY}),
    Step("OpenOpportunity", "sold on", {"customer_id": "@customer", **_DEAL, **_LEGACY}),
    Step("ChangeOpportunity", "sold on", {"customer_id": "@twin", **_LEGACY}),
)
"""Records in which something of two people stands."""


@dataclass
class Tale:
    """The story of all commands, told once."""

    services: Services
    sower: Sower = field(default_factory=Sower)
    ids: dict[str, UUID] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        command = COMMANDS[step.command]
        public = json.loads(self._named(json.dumps(step.public)))
        body = self.sower.body(command, public)
        stream = self.ids.get(step.record)
        if step.record in {one.AGGREGATE for one in AGGREGATES}:
            stream = custom_fields_id(step.record)
        where = Source(
            kind="import",
            file=self.sower.canary(f"file of {step.command}"),
            address=self.sower.canary(f"address of {step.command}"),
        )
        reason = self.sower.canary(f"reason of {step.command}")
        told = command.model_validate_json(json.dumps(body))
        actor = id_of("another") if step.by_another else SYSTEM
        late = step.occurred_at
        when = {} if late is None else {"occurred_at": datetime.fromisoformat(late)}
        receipt = self.services.issue(
            told, stream, source=where, reason=reason, actor=actor, **when
        )
        self.ids.setdefault(step.record, receipt.stream)
        if step.command == "AddTicketMessage":
            messages = self.services.log.load(receipt.stream)
            added = next(one for one in reversed(messages) if one.type == "TicketMessageAdded")
            self.ids["message"] = UUID(added.body["data"]["message_id"])

    def under_keys_of(self, subject: UUID, is_theirs: bool = True) -> str:
        """Everything that lies under their keys (or under those of all others), opened row by row
        without anything that answers are made with.
        """
        log = self.services.log
        with log.database.borrow("writer", log.tenant.schema) as connection:
            rows = connection.execute(
                "SELECT stream, version, subject, category, key_id::text, nonce, ciphertext"
                " FROM personal_data JOIN events USING (position) WHERE (subject = %s) = %s",
                [subject, is_theirs],
                binary=True,
            ).fetchall()
            keys = log.keys.by_ids(connection, {row[4] for row in rows})
        texts = []
        for stream, version, whose, category, key, nonce, ciphertext in rows:
            bound = f"{stream}/{version}/{whose}/{category}".encode()
            texts.append(keys[key].cipher.decrypt(nonce, ciphertext, bound).decode())
        return "\n".join(texts)

    def _named(self, text: str) -> str:
        for name, record in sorted(self.ids.items(), key=lambda one: -len(one[0])):
            text = text.replace(f'"@{name}"', f'"{record}"')
        return text


@pytest.fixture
def tale(services: Services) -> Tale:
    tale = Tale(services)
    for kind in (one.AGGREGATE for one in AGGREGATES if issubclass(one, Record)):
        hobby = {"key": CUSTOM_KEY, "label": "Hobby", "type": "text", "personal": True}
        tale.take(Step("DeclareCustomField", kind, hobby))
    for step in (*STORY, *PASSED_ON):
        if COMMANDS[step.command].TO is not SubjectRequest:
            tale.take(step)
    return tale


def test_every_value_that_lies_under_their_keys_is_told_and_no_other(
    tale: Tale, tmp_path: Path
) -> None:
    for name, link in PEOPLE.items():
        asked = {"kind": "access", link: f"@{name}", "source_system": "legacy"}
        tale.take(Step("ReceiveSubjectRequest", f"request of the {name}", asked))
    for name in PEOPLE:
        person, request = tale.ids[name], tale.ids[f"request of the {name}"]
        tale.services.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
        tale.services.runner.catch_up()
        path = tmp_path / f"{name}.json"
        answer_access(tale.services, ADMIN, request, path, "json")
        told = tale.sower.found_in(path.read_text("utf-8"))
        theirs = tale.sower.found_in(tale.under_keys_of(person))
        others = tale.sower.found_in(tale.under_keys_of(person, is_theirs=False))
        assert len(theirs) > 20
        assert {where for canary, where in theirs.items() if canary not in told} == set(), name
        strange: dict[str, Any] = {
            canary: where
            for canary, where in told.items()
            if canary in others and canary not in theirs
        }
        assert {*strange.values()} <= NAMED, name
