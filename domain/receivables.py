"""Receivables 回款: by when an order is to be paid, and what has been.

Overdue 逾期 is no state that anybody records: an order is overdue on every day after that of the
first instalment that is not covered, so whoever asks names the day.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.kernel import Value
from domain.values import Money


class Instalment(Value):
    """A part of the receivable plan 回款计划."""

    due_on: date
    amount: Money


class Payment(Value):
    """What was paid, or refunded, on a day."""

    amount: Money
    on: date


class PaymentStatus(StrEnum):
    """How far an order is paid. Overdue is asked of a day, see :func:`next_due_on`."""

    UNPAID = "unpaid"
    PARTIAL = "partial"
    PAID = "paid"
    ELSEWHERE = "elsewhere"
    """Another system keeps its payments."""


def sum_of(payments: Iterable[Payment | Instalment]) -> Decimal:
    """Of their amounts."""
    return sum((one.amount.amount for one in payments), Decimal(0))


def payment_status(due: Decimal, received: Decimal) -> PaymentStatus:
    """Of what is due, and what was received less what was refunded."""
    if received >= due:
        return PaymentStatus.PAID
    return PaymentStatus.PARTIAL if received > 0 else PaymentStatus.UNPAID


def next_due_on(plan: Iterable[Instalment], covered: Decimal) -> date | None:
    """The day of the first instalment that is not covered: after it, the order is overdue."""
    reached = Decimal(0)
    for one in sorted(plan, key=lambda one: one.due_on):
        reached += one.amount.amount
        if reached > covered:
            return one.due_on
    return None
