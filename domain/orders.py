"""Orders 订单·合同: what a customer has bought, what came back of it, and how it is paid."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from domain.fields import Personal, Public
from domain.kernel import Event, Value, replace
from domain.receivables import (
    Instalment,
    Payment,
    PaymentStatus,
    next_due_on,
    payment_status,
    sum_of,
)
from domain.records import Record, RecordDetails, with_details
from domain.sales_lines import Figures, Quantity, SalesLine, figures_of, total
from domain.values import Address, Country, Currency, Line, Money, Text


class Status(StrEnum):
    """Draft → Pending approval 待审核 → Confirmed 生效 → Completed 完成, or Cancelled 作废."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    CONFIRMED = "confirmed"
    """The lines are locked; what comes back is a return."""
    COMPLETED = "completed"
    CANCELLED = "cancelled"


IN_WORK: Final = frozenset({Status.DRAFT, Status.PENDING_APPROVAL, Status.CONFIRMED})
"""Somebody still has to do something."""
BINDING: Final = frozenset({Status.CONFIRMED, Status.COMPLETED})
"""It is to be delivered and paid."""


class Type(StrEnum):
    SALE = "sale"
    CREDIT = "credit"
    """贷项: a document of its own that takes back what another one sold; it counts negatively."""


class BrokenRule(StrEnum):
    """Which of our rules an order broke that another system recorded."""

    NO_CUSTOMER = "no_customer"
    NEGATIVE_QUANTITY = "negative_quantity"
    """Though it is no credit."""
    NEGATIVE_PRICE = "negative_price"


class LineReturn(Value):
    """So much of a line came back. Lines are counted from 1, in their order."""

    line: int
    quantity: Quantity


class OrderDetails(RecordDetails):
    """The fields of an order that people fill in. Its lines and payments are set by themselves."""

    customer_id: Public[UUID | None, "link"] = None
    ordered_on: Public[date | None, "moment"] = None
    """订单日期."""
    country: Public[Country | None, "vocabulary"] = None
    """Where it is sold to, as taxes and statistics count it."""
    billing_address: Personal[Address | None, "contact"] = None
    shipping_address: Personal[Address | None, "contact"] = None
    payment_terms: Public[Line | None, "vocabulary"] = None
    """付款条件, in the company's own words: ``30 days net``."""
    note: Personal[Text | None, "content"] = None


class Order(OrderDetails, Record):
    AGGREGATE: ClassVar[str] = "orders"
    PREFIX: ClassVar[str] = "OR"
    PURPOSE: ClassVar[str] = "Carrying out what customers ordered: delivery, payment and returns."
    PEOPLE: ClassVar[str] = "customers and the people who decide for them"
    SUBJECT: ClassVar[tuple[str, ...]] = ("customer_id",)
    """Addresses and notes are about the customer, and lie under the customer's keys. A recorded
    order with no customer is its own subject."""

    status: Public[Status, "vocabulary"] = Status.DRAFT
    type: Public[Type, "vocabulary"] = Type.SALE
    quote_id: Public[UUID | None, "link"] = None
    currency: Public[Currency | None, "vocabulary"] = None
    lines: Public[tuple[SalesLine, ...], "figure"] = ()
    returns: Public[tuple[LineReturn, ...], "figure"] = ()
    """What came back, one item a line."""
    instalments: Public[tuple[Instalment, ...], "figure"] = ()
    """回款计划: what is to be paid by when."""
    payments: Public[tuple[Payment, ...], "figure"] = ()
    refunds: Public[tuple[Payment, ...], "figure"] = ()
    paid_elsewhere: Public[bool, "switch"] = False
    """Another system keeps its payments; nothing is known of them here."""
    cancellation_reason: Personal[Text | None, "content"] = None
    broken_rules: Public[tuple[BrokenRule, ...], "vocabulary"] = ()

    def returned(self, line: int) -> Decimal:
        """How much of a line came back."""
        return next((one.quantity for one in self.returns if one.line == line), Decimal(0))

    @property
    def figures(self) -> Figures:
        """What was ordered comes to."""
        return total(map(figures_of, self.lines))

    @property
    def kept(self) -> Figures:
        """What it comes to without what came back."""
        return total(self._kept()) if self.returns else self.figures

    def _kept(self) -> Iterator[Figures]:
        for number, line in enumerate(self.lines, 1):
            yield figures_of(line, line.quantity - self.returned(number))

    @property
    def due(self) -> Decimal:
        """What the customer owes for it in all: nothing before it binds, or once cancelled."""
        return self.kept.gross if self.status in BINDING else Decimal(0)

    @property
    def received(self) -> Decimal:
        """What was paid and not refunded."""
        return sum_of(self.payments) - sum_of(self.refunds)

    @property
    def paid_so_far(self) -> PaymentStatus | None:
        """How far it is paid; None as long as nothing is owed."""
        if self.paid_elsewhere:
            return PaymentStatus.ELSEWHERE
        if self.status not in BINDING:
            return None
        return payment_status(self.due, self.received)

    @property
    def overdue_after(self) -> date | None:
        """After this day it is overdue 逾期. What came back covers the first instalments."""
        if self.paid_elsewhere or self.status not in BINDING:
            return None
        return next_due_on(self.instalments, self.received + self.figures.gross - self.due)


class OrderDrafted(OrderDetails, Event):
    customer_id: Public[UUID, "link"]
    ordered_on: Public[date, "moment"]
    currency: Public[Currency, "vocabulary"]
    quote_id: Public[UUID | None, "link"] = None

    def evolve(self, order: Order) -> Order:
        return with_details(order, self)


class OrderRecorded(OrderDetails, Event):
    """Another system carried it out, by our rules or against; its payments are kept there."""

    ordered_on: Public[date, "moment"]
    currency: Public[Currency, "vocabulary"]
    type: Public[Type, "vocabulary"] = Type.SALE
    lines: Public[tuple[SalesLine, ...], "figure"]
    broken_rules: Public[tuple[BrokenRule, ...], "vocabulary"] = ()

    def evolve(self, order: Order) -> Order:
        return replace(with_details(order, self), status=Status.COMPLETED, paid_elsewhere=True)


class OrderLinesRecorded(Event):
    """More lines of a recorded order than one event holds, after those before."""

    lines: Public[tuple[SalesLine, ...], "figure"]

    def evolve(self, order: Order) -> Order:
        return replace(order, lines=(*order.lines, *self.lines))


class OrderChanged(OrderDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, order: Order) -> Order:
        return with_details(order, self)


class OrderLinesSet(Event):
    """All lines, in order, in place of those before."""

    lines: Public[tuple[SalesLine, ...], "figure"]

    def evolve(self, order: Order) -> Order:
        return replace(order, lines=self.lines)


class OrderSubmitted(Event):
    """提交审批."""

    def evolve(self, order: Order) -> Order:
        return replace(order, status=Status.PENDING_APPROVAL)


class OrderSentBack(Event):
    """退回: whoever was to approve it wants something changed."""

    remark: Personal[Text | None, "content"] = None

    def evolve(self, order: Order) -> Order:
        return replace(order, status=Status.DRAFT)


class OrderConfirmed(Event):
    """生效: approved. It binds, and its lines are locked."""

    def evolve(self, order: Order) -> Order:
        return replace(order, status=Status.CONFIRMED)


class OrderCompleted(Event):
    """完成: all of it was delivered."""

    def evolve(self, order: Order) -> Order:
        return replace(order, status=Status.COMPLETED)


class OrderCancelled(Event):
    """作废."""

    cancellation_reason: Personal[Text, "content"]

    def evolve(self, order: Order) -> Order:
        return replace(order, status=Status.CANCELLED, cancellation_reason=self.cancellation_reason)


class OrderReceivablesPlanned(Event):
    """The whole plan, in place of the one before."""

    instalments: Public[tuple[Instalment, ...], "figure"]

    def evolve(self, order: Order) -> Order:
        return replace(order, instalments=self.instalments)


class OrderPaymentRecorded(Event):
    """回款."""

    amount: Public[Money, "figure"]
    paid_on: Public[date, "moment"]
    reference: Personal[Line | None, "content"] = None
    """As the bank statement has it, which may name whoever paid."""

    def evolve(self, order: Order) -> Order:
        paid = Payment.of({"amount": self.amount, "on": self.paid_on})
        return replace(order, payments=(*order.payments, paid))


class OrderRefundRecorded(Event):
    """退款."""

    amount: Public[Money, "figure"]
    refunded_on: Public[date, "moment"]
    reference: Personal[Line | None, "content"] = None

    def evolve(self, order: Order) -> Order:
        refund = Payment.of({"amount": self.amount, "on": self.refunded_on})
        return replace(order, refunds=(*order.refunds, refund))


class OrderLinesReturned(Event):
    """退货."""

    returns: Public[tuple[LineReturn, ...], "figure"]
    returned_on: Public[date, "moment"]
    remark: Personal[Text | None, "content"] = None

    def evolve(self, order: Order) -> Order:
        held = {one.line: one.quantity for one in order.returns}
        for one in self.returns:
            held[one.line] = held.get(one.line, Decimal(0)) + one.quantity
        returns = (LineReturn.of({"line": n, "quantity": held[n]}) for n in sorted(held))
        return replace(order, returns=tuple(returns))


class OrderArchived(Event):
    def evolve(self, order: Order) -> Order:
        return replace(order, archived=True)


class OrderRestored(Event):
    def evolve(self, order: Order) -> Order:
        return replace(order, archived=False)
