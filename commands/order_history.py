"""Recording orders that another system carried out, which keeps other rules than ours."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import Field

from commands.kernel import Command, Records, Rejected
from commands.records import check_record
from domain.customers import Customer
from domain.fields import Public
from domain.kernel import Event
from domain.orders import (
    BrokenRule,
    Order,
    OrderDetails,
    OrderLinesRecorded,
    OrderRecorded,
    Type,
)
from domain.products import Product
from domain.sales_lines import MOST_LINES, SalesLine
from domain.values import Currency

MOST_RECORDED: Final = 5_000
"""Lines of an order of another system; ours have at most :data:`MOST_LINES`."""


class RecordOrder(OrderDetails, Command, to=Order, opens=True, admin=True):
    """Record an order or credit that another system carried out, with all its lines.

    What breaks our rules is kept as it was, with the rule: there may be no customer, and quantities
    and prices may be below zero.
    """

    ordered_on: Public[date, "moment"]
    currency: Public[Currency, "vocabulary"]
    type: Public[Type, "vocabulary"] = Type.SALE
    lines: Public[
        Annotated[tuple[SalesLine, ...], Field(min_length=1, max_length=MOST_RECORDED)], "figure"
    ]

    def decide(self, order: Order, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Order, records)
        if self.customer_id is not None:
            records.need(Customer, self.customer_id, "customer_id")
        self._check_lines(records)
        starts = range(0, len(self.lines), MOST_LINES)
        first, *rest = (self.lines[start : start + MOST_LINES] for start in starts)
        fields = OrderRecorded.model_fields
        given = {n: v for n, v in self.given().items() if n in fields and v is not None}
        yield OrderRecorded.of(
            given | {"lines": first, "broken_rules": tuple(self._broken_rules())}
        )
        for lines in rest:
            yield OrderLinesRecorded(lines=lines)

    def _check_lines(self, records: Records) -> None:
        """Products exist, whether they are still sold or not, and there is one currency."""
        seen = set()
        for number, line in enumerate(self.lines, 1):
            where = f"lines.{number}"
            if line.unit_price.currency != self.currency:
                raise Rejected(
                    f"{where}: is in {line.unit_price.currency}, but the order is in "
                    f"{self.currency}. Give the price in that currency.",
                    field=where,
                )
            if line.product_id not in seen:
                records.need(Product, line.product_id, where)
                seen.add(line.product_id)

    def _broken_rules(self) -> Iterator[BrokenRule]:
        if self.customer_id is None:
            yield BrokenRule.NO_CUSTOMER
        if self.type is Type.SALE and any(line.quantity < 0 for line in self.lines):
            yield BrokenRule.NEGATIVE_QUANTITY
        if any(line.unit_price.amount < 0 for line in self.lines):
            yield BrokenRule.NEGATIVE_PRICE
