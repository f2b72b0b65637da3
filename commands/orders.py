"""What may be done with orders, from the draft to the end. Payments and returns have a file of
their own, and so has what another system recorded.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from commands.kernel import Command, Records, Rejected, changes
from commands.records import check_in_use, check_record, check_required
from commands.sales_lines import LineInputs, in_words, priced
from domain.customers import Customer
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.orders import (
    Order,
    OrderArchived,
    OrderCancelled,
    OrderChanged,
    OrderCompleted,
    OrderConfirmed,
    OrderDetails,
    OrderDrafted,
    OrderLinesSet,
    OrderRestored,
    OrderSentBack,
    OrderSubmitted,
    Status,
)
from domain.receivables import sum_of
from domain.values import Currency, Text

_AGREED: Final = ("customer_id", "ordered_on", "country", "payment_terms")
"""What was approved with the lines: it changes in a draft only."""


def _must_be(order: Order, status: Status, remedy: str) -> None:
    check_in_use(order)
    if order.status is not status:
        raise Rejected(f"This order is {in_words(order.status)}. {remedy}", type="wrong-status")


def _must_be_draft(order: Order) -> None:
    remedy = "Its lines are locked." if order.status is not Status.PENDING_APPROVAL else ""
    _must_be(order, Status.DRAFT, f"{remedy} Only a draft can be changed.".strip())


def _check_details(command: OrderDetails, now: datetime, records: Records) -> None:
    given = command.given()
    check_record(command, Order, records)
    if given.get("customer_id") is not None:
        records.need(Customer, given["customer_id"], "customer_id")
    ordered_on = given.get("ordered_on")
    if ordered_on is not None and ordered_on > now.date():
        raise Rejected(
            "ordered_on: lies in the future. Give today or an earlier day.", field="ordered_on"
        )


class DraftOrder(OrderDetails, Command, to=Order, opens=True):
    """Draft an order of a customer, with lines or without."""

    customer_id: Public[UUID, "link"]
    currency: Public[Currency, "vocabulary"]
    ordered_on: Public[date | None, "moment"] = None
    """Today, unless given."""
    lines: Public[LineInputs, "figure"] = ()

    def decide(self, order: Order, now: datetime, records: Records) -> Iterator[Event]:
        _check_details(self, now, records)
        ordered_on = self.ordered_on or now.date()
        fields = OrderDrafted.model_fields
        given = {n: v for n, v in self.given().items() if n in fields}
        yield OrderDrafted.of(given | {"ordered_on": ordered_on})
        if self.lines:
            yield OrderLinesSet(lines=priced(self.lines, (), self.currency, ordered_on, records))


class ChangeOrder(OrderDetails, Command, to=Order):
    """Change fields of an order; a field that is not given stays, null clears it."""

    def decide(self, order: Order, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(order)
        check_required(self, "ordered_on")
        if order.customer_id is not None:
            check_required(self, "customer_id")
        if order.status is not Status.DRAFT:
            self._must_leave_alone_what_was_agreed(order)
        _check_details(self, now, records)
        yield from changes(self, order, OrderChanged)

    def _must_leave_alone_what_was_agreed(self, order: Order) -> None:
        for field in _AGREED:
            if field in self.model_fields_set and getattr(self, field) != getattr(order, field):
                raise Rejected(
                    f"{field}: this order is {in_words(order.status)}. Send it back first.",
                    field=field,
                    type="wrong-status",
                )


class SetOrderLines(Command, to=Order):
    """Set the lines of a draft, in place of those before.

    A price that is left out is the list price of the order date, and stays that.
    """

    lines: Public[LineInputs, "figure"]

    def decide(self, order: Order, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_draft(order)
        day = order.ordered_on or now.date()
        lines = priced(self.lines, order.lines, order.currency, day, records)
        if lines != order.lines:
            yield OrderLinesSet(lines=lines)


class SubmitOrder(Command, to=Order):
    """Hand the draft in for approval 提交审批."""

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        _must_be(order, Status.DRAFT, "Only a draft is handed in for approval.")
        if not order.lines:
            raise Rejected("This order has no lines. Set them first.")
        planned, gross = sum_of(order.instalments), order.figures.gross
        if order.instalments and planned != gross:
            raise Rejected(
                f"instalments: the plan comes to {order.currency} {planned}, but the order to "
                f"{gross}. Plan instalments that come to the same.",
                field="instalments",
            )
        yield OrderSubmitted()


class SendBackOrder(Command, to=Order):
    """Send an order back from approval to its draft 退回."""

    remark: Personal[Text | None, "content"] = None

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        _must_be(order, Status.PENDING_APPROVAL, "Only one that waits for approval is sent back.")
        yield OrderSentBack(remark=self.remark)


class ConfirmOrder(Command, to=Order):
    """Approve the order 生效: it binds from now on, and its lines are locked."""

    def decide(self, order: Order, now: datetime, records: Records) -> Iterator[Event]:
        _must_be(order, Status.PENDING_APPROVAL, "Only one that waits for approval is confirmed.")
        if order.customer_id is not None:
            records.need(Customer, order.customer_id, "customer_id")
        yield OrderConfirmed()


class CompleteOrder(Command, to=Order):
    """Mark that all of the order was delivered 完成. It may be paid later."""

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        _must_be(order, Status.CONFIRMED, "Only a confirmed order is completed.")
        yield OrderCompleted()


class CancelOrder(Command, to=Order):
    """Cancel the order 作废, and say why. What was paid is to be refunded."""

    cancellation_reason: Personal[Text, "content"]

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        check_in_use(order)
        if order.status is Status.CANCELLED:
            raise Rejected("This order is cancelled already.", type="wrong-status")
        if order.status is Status.COMPLETED:
            raise Rejected(
                "This order is completed. Record what comes back as a return.", type="wrong-status"
            )
        yield OrderCancelled(cancellation_reason=self.cancellation_reason)


class ArchiveOrder(Command, to=Order):
    """Put the order away; it stays in history and can be restored."""

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        if not order.archived:
            yield OrderArchived()


class RestoreOrder(Command, to=Order):
    """Take an archived order back into use."""

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        if order.archived:
            yield OrderRestored()
