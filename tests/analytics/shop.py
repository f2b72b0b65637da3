"""A small shop whose customers' figures can be figured out by hand, with one of every trap."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from api.services import Services
from commands.customers import MergeCustomer, RegisterCustomer
from commands.kernel import Command
from commands.opportunities import OpenOpportunity, WinOpportunity
from commands.order_history import RecordOrder
from commands.order_payments import ReturnInput, ReturnOrderLines
from commands.orders import CancelOrder, ConfirmOrder, DraftOrder, SubmitOrder
from commands.products import CreateProduct
from domain.customers import Kind
from domain.orders import Type
from domain.sales_lines import SalesLine
from domain.values import Money
from projections.analytics.kernel import Asked

TODAY: Final = date(2026, 3, 20)


def asked(*by: str, until: date = TODAY, **more: Any) -> Asked:
    """As of the evening of the twentieth."""
    return Asked(TODAY, until=until, by=by, **more)


class Shop:
    """What happened, told by commands."""

    def __init__(self, services: Services) -> None:
        self.services = services
        product = self.did(CreateProduct(sku="P-1", name="Pump"))
        self.product = product
        names = ("anna", "bert", "carl", "dora", "emil", "fred", "gina", "hana")
        self.ids = {
            name: self.did(
                RegisterCustomer(
                    name=name.title(),
                    kind=Kind.PERSON,
                    lead_source="fair" if name in ("bert", "dora") else "web",
                )
            )
            for name in names
        }
        self.names = {one: name for name, one in self.ids.items()}
        self._orders()
        for gone, into in (("hana", "emil"), ("emil", "anna")):
            self.did(MergeCustomer(absorbed_id=self.ids[gone]), self.ids[into])
        deal = OpenOpportunity(
            name="Pumps",
            customer_id=self.ids["bert"],
            amount=_money(900, "EUR"),
            expected_close_on=date(2026, 3, 20),
        )
        self.did(WinOpportunity(amount=_money(900, "EUR")), self.did(deal))
        services.runner.catch_up()

    def did(self, command: Command, stream: UUID | None = None) -> UUID:
        """The record that a command was about. All of it was entered on the eighteenth."""
        at = datetime(2026, 3, 18, 4, tzinfo=UTC)
        return self.services.issue(command, stream, occurred_at=at).stream

    def order(self, who: str, day: date, amount: int, currency: str = "EUR", **fields: Any) -> UUID:
        """An order or credit of another system."""
        line = SalesLine(product_id=self.product, unit_price=_money(amount, currency))
        given: dict[str, Any] = {"customer_id": self.ids.get(who), "lines": (line,), **fields}
        return self.did(RecordOrder(ordered_on=day, currency=currency, **given))

    def draft(self, who: str, day: date, amount: int, **fields: Any) -> UUID:
        """An order of our own."""
        line = {"product_id": self.product, "unit_price": _money(amount, "EUR"), **fields}
        return self.did(
            DraftOrder.model_validate(
                {
                    "customer_id": self.ids[who],
                    "currency": "EUR",
                    "ordered_on": day,
                    "lines": [line],
                }
            )
        )

    def _orders(self) -> None:
        self.order("anna", date(2026, 1, 5), 100)
        self.order("anna", date(2026, 1, 20), 50)
        self.order("anna", date(2026, 3, 10), 30)
        self.order("hana", date(2026, 2, 2), 5)  # who goes on in Emil, who goes on in Anna
        self.order("bert", date(2026, 1, 10), 500)
        self.order("bert", date(2026, 2, 1), -100, type=Type.CREDIT)
        self.order("carl", date(2026, 2, 15), 20)
        self.order("carl", date(2026, 3, 1), 40, "CNY")
        self.order("dora", date(2025, 11, 1), 10)
        self.order("dora", date(2026, 3, 5), 10)
        self.order("fred", date(2026, 2, 1), -7, type=Type.CREDIT)  # who never bought anything
        self.order("nobody", date(2026, 2, 1), 1_000)
        self.draft("carl", date(2026, 3, 2), 1_000)
        cancelled = self.draft("carl", date(2026, 3, 2), 1_000)
        self.did(CancelOrder(cancellation_reason="by mistake"), cancelled)
        kept = self.draft("gina", date(2026, 3, 15), 25, quantity=Decimal(4), tax_rate=Decimal(20))
        self.did(SubmitOrder(), kept)
        self.did(ConfirmOrder(), kept)
        self.did(
            ReturnOrderLines(
                returns=(ReturnInput(line=1, quantity=Decimal(1)),), returned_on=date(2026, 3, 17)
            ),
            kept,
        )


def _money(amount: int, currency: str) -> Money:
    return Money(amount=Decimal(amount), currency=currency)
