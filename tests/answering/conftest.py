"""A company with a person in it of whom much is known, and others."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from api.services import Services
from commands.consents import GrantConsent, RefuseConsent
from commands.contacts import ChangeContact, RegisterContact
from commands.kernel import Command
from commands.subject_requests import IdentifySubject, ReceiveSubjectRequest
from commands.tickets import AddTicketMessage, AddTicketNote, ChangeTicket, OpenTicket
from domain.consents import Basis, Channel, WithdrawalReason
from domain.subject_requests import Kind, Method
from domain.tickets import Priority
from projections.readers import Reader

ADMIN = Reader(UUID(int=1), "admin", "test")


@dataclass
class House:
    services: Services
    ids: dict[str, UUID] = field(default_factory=dict)

    def issue(self, name: str, command: Command, stream: UUID | None = None, **more: Any) -> UUID:
        self.ids[name] = self.services.issue(command, stream, **more).stream
        return self.ids[name]

    def request(self, who: str = "li", kind: Kind = Kind.ACCESS, identified: bool = True) -> UUID:
        """Somebody asks, and was made sure of."""
        asked = ReceiveSubjectRequest(
            kind=kind, contact_id=self.ids[who], request_note="一切，谢谢"
        )
        request = self.issue("request", asked)
        if identified:
            self.services.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
        self.services.runner.catch_up()
        return request


@pytest.fixture
def house(services: Services) -> House:
    house = House(services)
    li = RegisterContact(
        family_name="李",
        given_name="晓雯",
        emails=("xiaowen@firm.example.com",),
        phones=("+8613812345678",),
        birthday=date(1990, 3, 2),
        note="喜欢茶",
        language="zh-Hans",
    )
    house.issue("li", li)
    house.issue("grace", RegisterContact(family_name="Hopper", emails=("g@firm.example.com",)))
    house.issue("li", ChangeContact(title="经理"), house.ids["li"], reason="a card from the fair")
    for name, subject in (("ticket", "No steam"), ("passed on", "Steam at last")):
        opened = OpenTicket(subject=subject, priority=Priority.HIGH, contact_id=house.ids["li"])
        house.issue(name, opened)
    ticket = house.ids["ticket"]
    house.services.issue(AddTicketMessage(body="很急，请回复"), ticket)
    house.services.issue(AddTicketNote(body="she is in a hurry"), ticket)
    to_grace = ChangeTicket(contact_id=house.ids["grace"], subject="Grace has steam")
    house.services.issue(to_grace, house.ids["passed on"])
    grant = GrantConsent(
        contact_id=house.ids["li"],
        purpose="news",
        channel=Channel.EMAIL,
        lawful_basis=Basis.CONSENT,
        captured_at=datetime(2025, 1, 5, tzinfo=UTC),
        source="A form",
        wording_version="3",
    )
    house.issue("consent", grant)
    refusal = RefuseConsent(
        contact_id=house.ids["li"],
        purpose="calls",
        channel=Channel.PHONE,
        withdrawal_reason=WithdrawalReason.OBJECTED,
        source="A call",
    )
    house.issue("refusal", refusal)
    other = OpenTicket(
        subject="Cover for 李晓雯", priority=Priority.LOW, contact_id=house.ids["grace"]
    )
    house.issue("mention", other)
    return house
