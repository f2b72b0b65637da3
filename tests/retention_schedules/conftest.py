"""A company that keeps no more than it may, for what is carried out of its schedules."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from api.retaining import Item
from api.services import Services
from commands.contacts import (
    RegisterContact,
)
from commands.customers import RegisterCustomer
from commands.kernel import Command
from commands.opportunities import OpenOpportunity
from commands.retention_schedules import (
    ProposeRetentionSchedule,
    PutRetentionScheduleInForce,
)
from commands.users import ActivateUser, InviteUser
from domain.contacts import Contact
from domain.customers import Kind as CustomerKind
from domain.subject_requests import SubjectRequest
from domain.values import Money
from tests.dsl import id_of
from tests.store.deciding import WAIT

ZONE: Final = ZoneInfo("Asia/Shanghai")
AUTHOR, APPROVER = id_of("author"), id_of("approver")


@dataclass
class House:
    """A company that keeps no more than it may."""

    services: Services
    ids: dict[str, UUID] = field(default_factory=dict)

    def issue(
        self, name: str, command: Command, stream: UUID | None = None, **envelope: Any
    ) -> UUID:
        self.ids[name] = self.services.issue(command, stream, **envelope).stream
        return self.ids[name]

    def schedule(self, name: str = "schedule", **given: Any) -> UUID:
        """One that is in force: of all contacts' traces, thirty days from their creation."""
        proposed = ProposeRetentionSchedule.model_validate(
            {
                "kind": "contacts",
                "category": "trace",
                "trigger": "created",
                "duration": "P30D",
                "law": "GDPR Art. 5(1)(e)",
                "action": "erase",
                **given,
            }
        )
        self.issue(name, proposed, actor=AUTHOR)
        self.services.issue(PutRetentionScheduleInForce(), self.ids[name], actor=APPROVER)
        return self.ids[name]

    def plan(self, days: int = 31) -> list[Item]:
        """What would be due so many days from now."""
        self.services.start_runner()
        assert self.services.runner.wait_for(self.services.log.head(), WAIT)
        items, cursor = self.services.erasures.retention.plan(in_days(days).date(), 2)
        while cursor is not None:
            more, cursor = self.services.erasures.retention.plan(in_days(days).date(), 2, cursor)
            items += more
        return items

    def retain(self, days: int = 31) -> list[SubjectRequest]:
        """Erase what is."""
        self.services.start_runner()
        return self.services.erasures.retain(in_days(days))

    def contact(self, name: str = "ada") -> Any:
        return self.services.dispatcher.state(Contact, self.ids[name]).state


def in_days(days: int) -> datetime:
    """In the tenant's zone, by whose calendar periods are counted."""
    return datetime.now(ZONE) + timedelta(days=days)


@pytest.fixture
def house(services: Services) -> House:
    house = House(services)
    ada = RegisterContact(family_name="Lovelace", emails=("ada@example.com",), note="likes engines")
    house.issue("ada", ada, reason="Ada called")
    judge = house.issue("judge", InviteUser(name="Judge", email="judge@example.com"))
    services.issue(ActivateUser(), judge)
    house.issue("firm", RegisterCustomer(name="Firm", kind=CustomerKind.ORGANISATION))
    deal = OpenOpportunity(
        name="Engines",
        customer_id=house.ids["firm"],
        amount=Money(amount=Decimal(800), currency="EUR"),
        expected_close_on=date(2027, 1, 31),
    )
    house.issue("deal", deal)
    house.issue("grace", RegisterContact(family_name="Hopper", emails=("grace@example.com",)))
    return house


@pytest.fixture
def elsewhere(services: Services) -> Iterator[Services]:
    """Another process, with keys and states of its own in memory."""
    opened = Services.open(services.database, services.tenant.name)
    yield opened
    opened.close()
