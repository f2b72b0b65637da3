"""How an order is paid 回款, and what comes back of it 退货."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from commands.kernel import Command, Rejected
from commands.records import check_in_use
from commands.sales_lines import day_of, in_words
from domain.fields import Personal, Public
from domain.kernel import Event, Value
from domain.orders import (
    BINDING,
    LineReturn,
    Order,
    OrderLinesReturned,
    OrderPaymentRecorded,
    OrderReceivablesPlanned,
    OrderRefundRecorded,
    Status,
)
from domain.receivables import Instalment, sum_of
from domain.sales_lines import MOST_LINES
from domain.values import Line, Money, Text

MOST_INSTALMENTS: Final = 120


class ReturnInput(Value):
    """So much of a line. Lines are counted from 1, in their order."""

    line: Annotated[int, Field(ge=1, lt=2**31)]
    quantity: Annotated[Decimal, Field(gt=0, max_digits=19, decimal_places=4)]


def _must_bind(order: Order, what: str) -> None:
    check_in_use(order)
    if order.status not in BINDING:
        raise Rejected(
            f"This order is {in_words(order.status)}. Only of a confirmed or completed one {what}.",
            type="wrong-status",
        )


def _must_be_paid_here(order: Order) -> None:
    if order.paid_elsewhere:
        raise Rejected(
            "This order was recorded from another system, which keeps its payments. "
            "Record them there.",
            type="paid-elsewhere",
        )


def _check_amount(amount: Money, order: Order, most: Decimal, what: str, field: str) -> None:
    """More than nothing, in the order's currency, and no more than ``most``."""
    if amount.currency != order.currency:
        raise Rejected(
            f"{field}: is in {amount.currency}, but this order is in {order.currency}. "
            "Give the amount in that currency.",
            field=field,
        )
    if amount.amount <= 0:
        raise Rejected(f"{field}: is not above zero. Give what was paid.", field=field)
    if amount.amount > most:
        raise Rejected(
            f"{field}: is more than the {order.currency} {most} that {what}. Give at most that.",
            field=field,
        )


class PlanOrderReceivables(Command, to=Order):
    """Plan by when the order is to be paid 回款计划, in place of the plan before."""

    instalments: Public[
        Annotated[tuple[Instalment, ...], Field(max_length=MOST_INSTALMENTS)], "figure"
    ]

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        check_in_use(order)
        _must_be_paid_here(order)
        if order.status is Status.CANCELLED:
            raise Rejected("This order is cancelled: nothing is owed.", type="wrong-status")
        for number, one in enumerate(self.instalments, 1):
            where = f"instalments.{number}"
            _check_amount(one.amount, order, order.kept.gross, "the order comes to", where)
        planned, gross = sum_of(self.instalments), order.kept.gross
        if self.instalments and planned != gross:
            raise Rejected(
                f"instalments: come to {order.currency} {planned}, but the order to {gross}. "
                "Give instalments that come to the same.",
                field="instalments",
            )
        plan = tuple(sorted(self.instalments, key=lambda one: one.due_on))
        if plan != order.instalments:
            yield OrderReceivablesPlanned(instalments=plan)


class RecordOrderPayment(Command, to=Order):
    """Record that the customer paid some or all of the order 回款."""

    amount: Public[Money, "figure"]
    paid_on: Public[date | None, "moment"] = None
    """Today, unless given."""
    reference: Personal[Line | None, "content"] = None

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        _must_bind(order, "are payments recorded")
        _must_be_paid_here(order)
        open_amount = max(order.due - order.received, Decimal(0))
        _check_amount(self.amount, order, open_amount, "is still open", "amount")
        yield OrderPaymentRecorded(
            amount=self.amount,
            paid_on=day_of(self.paid_on, now.date(), "paid_on"),
            reference=self.reference,
        )


class RecordOrderRefund(Command, to=Order):
    """Record that money was paid back to the customer 退款, also of a cancelled order."""

    amount: Public[Money, "figure"]
    refunded_on: Public[date | None, "moment"] = None
    """Today, unless given."""
    reference: Personal[Line | None, "content"] = None

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        check_in_use(order)
        _must_be_paid_here(order)
        _check_amount(self.amount, order, order.received, "was paid", "amount")
        yield OrderRefundRecorded(
            amount=self.amount,
            refunded_on=day_of(self.refunded_on, now.date(), "refunded_on"),
            reference=self.reference,
        )


class ReturnOrderLines(Command, to=Order):
    """Record that goods came back 退货, line by line and not more than was ordered."""

    returns: Public[
        Annotated[tuple[ReturnInput, ...], Field(min_length=1, max_length=MOST_LINES)], "figure"
    ]
    returned_on: Public[date | None, "moment"] = None
    """Today, unless given."""
    remark: Personal[Text | None, "content"] = None

    def decide(self, order: Order, now: datetime) -> Iterator[Event]:
        _must_bind(order, "do goods come back")
        asked: dict[int, Decimal] = {}
        for number, one in enumerate(self.returns, 1):
            asked[one.line] = asked.get(one.line, Decimal(0)) + one.quantity
            self._check(order, one.line, asked[one.line], f"returns.{number}")
        returns = [LineReturn(line=line, quantity=asked[line]) for line in sorted(asked)]
        yield OrderLinesReturned(
            returns=tuple(returns),
            returned_on=day_of(self.returned_on, now.date(), "returned_on"),
            remark=self.remark,
        )

    def _check(self, order: Order, line: int, quantity: Decimal, where: str) -> None:
        if line > len(order.lines):
            raise Rejected(
                f"{where}: this order has no line {line}. Give one of 1 to {len(order.lines)}.",
                field=where,
            )
        left = max(order.lines[line - 1].quantity - order.returned(line), Decimal(0))
        if quantity > left:
            raise Rejected(
                f"{where}: of line {line} no more than {left} can come back. Give at most that.",
                field=where,
            )
