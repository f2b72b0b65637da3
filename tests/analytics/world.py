"""A small company whose figures can be figured out by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.kernel import Command
from commands.opportunities import (
    ArchiveOpportunity,
    ChangeOpportunity,
    LoseOpportunity,
    MoveOpportunity,
    OpenOpportunity,
    ReopenOpportunity,
    SetOpportunityLines,
    WinOpportunity,
)
from commands.products import CreateProduct
from commands.sla_policies import DefineSlaPolicy
from commands.tickets import OpenTicket, ReopenTicket, ReplyToTicket, ResolveTicket
from commands.users import ActivateUser, InviteUser
from domain.customers import Kind
from domain.opportunities import DealLine, ForecastCategory, LossReason
from domain.sla_policies import DEFAULT_SLA_POLICY
from domain.tickets import Priority
from domain.values import Money
from projections.analytics.kernel import Asked


def at(day: int, hour: int = 12, month: int = 3) -> datetime:
    """A moment of spring 2026; the tenant lives in Shanghai, where noon in UTC is the evening."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def money(amount: int, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


class World:
    """What happened, told by commands."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.anna = self.did(1, InviteUser(name="Anna Ahrens", email="anna@example.com"))
        self.did(1, ActivateUser(), self.anna)
        self.did(1, DefineSlaPolicy(name="Usual"), DEFAULT_SLA_POLICY)
        self.product = self.did(1, CreateProduct(sku="P-1", name="Pump"))
        self.customer = self.did(
            1, RegisterCustomer(name="Star", kind=Kind.ORGANISATION, lead_source="fair")
        )
        self._deals()
        self._tickets()
        services.runner.catch_up()

    def did(
        self,
        day: int,
        command: Command,
        stream: UUID | None = None,
        hour: int = 12,
        **envelope: Any,
    ) -> UUID:
        """The record that a command was about."""
        return self.services.issue(command, stream, occurred_at=at(day, hour), **envelope).stream

    def deal(self, day: int, amount: Money, **fields: Any) -> UUID:
        given = {
            "name": "Pumps",
            "customer_id": self.customer,
            "amount": amount,
            "expected_close_on": date(2026, 3, 20),
        }
        return self.did(day, OpenOpportunity(**{**given, **fields}))

    def _deals(self) -> None:
        line = DealLine(product_id=self.product, unit_price=money(100))
        self.won = self.deal(2, money(100), owner_id=self.anna)
        self.did(3, SetOpportunityLines(lines=(line,)), self.won)
        self.did(5, MoveOpportunity(stage="proposal"), self.won)
        self.did(10, WinOpportunity(amount=money(120)), self.won)
        self.lost = self.deal(4, money(50), owner_id=self.anna, lead_source="web")
        self.did(8, LoseOpportunity(loss_reason=LossReason.PRICE), self.lost)
        self.foreign = self.deal(6, money(70, "EUR"))
        self.did(
            16,
            ChangeOpportunity(
                amount=money(90, "EUR"),
                expected_close_on=date(2026, 4, 1),
                forecast_category=ForecastCategory.COMMIT,
            ),
            self.foreign,
        )
        self.reopened = self.deal(7, money(30))
        self.did(9, LoseOpportunity(loss_reason=LossReason.TIMING), self.reopened)
        self.did(12, ReopenOpportunity(), self.reopened)
        self.did(13, ChangeOpportunity(owner_id=self.anna), self.reopened)
        self.archived = self.deal(8, money(10))
        self.did(14, ArchiveOpportunity(), self.archived)
        self.did(15, ChangeCustomer(next_follow_up_on=date(2026, 3, 16)), self.customer)

    def _tickets(self) -> None:
        self.quick = self.did(2, OpenTicket(subject="a", priority=Priority.HIGH), hour=10)
        self.did(2, ReplyToTicket(body="b"), self.quick, hour=11, actor=self.anna)
        self.did(2, ResolveTicket(resolution="c"), self.quick, hour=13)
        self.slow = self.did(2, OpenTicket(subject="a", priority=Priority.HIGH), hour=12)
        self.did(3, ReplyToTicket(body="b"), self.slow, hour=12, actor=self.anna)
        self.did(4, ResolveTicket(resolution="c"), self.slow, hour=12)
        self.did(5, ReopenTicket(), self.slow)
        self.did(6, ReplyToTicket(body="d"), self.slow)
        self.did(6, ResolveTicket(resolution="e"), self.slow, hour=13)
        self.waits = self.did(9, OpenTicket(subject="a", priority=Priority.LOW, queue="second"))


TODAY = date(2026, 3, 20)


def asked(*by: str, **more: Any) -> Asked:
    """On the twentieth."""
    return Asked(TODAY, by=by, **more)
