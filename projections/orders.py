"""The orders with what they come to and how far they are paid, and their lines."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from domain.orders import Order, Status, Type
from domain.receivables import PaymentStatus
from domain.sales_lines import figures_of, money
from domain.values import Money
from projections.kernel import Derived, Gone, Projection, RecordRow, Row, Serve


class OrderRow(RecordRow, Order):
    """An order, its header, its totals and where its payments stand."""

    discount_total: Public[Money | None, "figure"] = None
    net_total: Public[Money | None, "figure"] = None
    """Of what was ordered: after discounts, before tax."""
    tax_total: Public[Money | None, "figure"] = None
    gross_total: Public[Money | None, "figure"] = None
    returned_total: Public[Money | None, "figure"] = None
    """With tax, of what came back."""
    kept_total: Public[Money | None, "figure"] = None
    """Of what did not come back: after discounts, before tax."""
    received_total: Public[Money | None, "figure"] = None
    """What was paid, less what was refunded."""
    payment_status: Public[PaymentStatus | None, "vocabulary"] = None
    next_due_on: Public[date | None, "moment"] = None
    """Overdue 逾期 on every later day: sorted by it ``until`` a day, a list shows what is overdue
    on the next.
    """


orders = Projection(
    "orders",
    version=2,
    row=OrderRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("ordered_on"),
        Serve("ordered_on", ("status",)),
        Serve("ordered_on", ("customer_id",)),
        Serve("ordered_on", ("type",)),
        Serve("ordered_on", ("payment_status",)),
        Serve("ordered_on", ("owner_id", "status")),
        Serve("gross_total", ("status",)),
        Serve("next_due_on"),
        Serve("next_due_on", ("customer_id",)),
        Serve("changed_at", ("quote_id",)),
    ),
    search=("note", "number"),
).follows(Order)


@orders.on(*Order.EVENTS.values())
def keep_totals(row: OrderRow, event: Event, recorded: Recorded) -> OrderRow:
    """Figure what the order comes to, what came back and what was paid."""
    figures, currency = row.figures, row.currency
    kept = row.kept if row.returns else figures
    return replace(
        row,
        discount_total=money(figures.discount, currency),
        net_total=money(figures.net, currency),
        tax_total=money(figures.tax, currency),
        gross_total=money(figures.gross, currency),
        returned_total=money(figures.gross - kept.gross, currency),
        kept_total=money(kept.net, currency),
        received_total=money(row.received, currency),
        payment_status=row.paid_so_far,
        next_due_on=row.overdue_after,
    )


class OrderLineRow(Row):
    """A line of an order, with what analytics ask of it. ``id`` is the order.

    Amounts are those of what was ordered; what came back is a quantity of its own.
    """

    KEY: ClassVar[tuple[str, ...]] = ("id", "line")

    line: Public[int, "figure"] = 0
    """From 1, in the order of the lines."""
    number: Public[str | None, "vocabulary"] = None
    """The order's."""
    status: Public[Status, "vocabulary"] = Status.DRAFT
    type: Public[Type, "vocabulary"] = Type.SALE
    customer_id: Public[UUID | None, "link"] = None
    ordered_on: Public[date | None, "moment"] = None
    country: Public[str | None, "vocabulary"] = None
    product_id: Public[UUID | None, "link"] = None
    quantity: Public[Decimal, "figure"] = Decimal(0)
    returned_quantity: Public[Decimal, "figure"] = Decimal(0)
    currency: Public[str | None, "vocabulary"] = None
    """Of all the amounts of the line."""
    unit_price: Public[Decimal, "figure"] = Decimal(0)
    discount: Public[Decimal, "figure"] = Decimal(0)
    net: Public[Decimal, "figure"] = Decimal(0)
    """After the discount, before tax."""
    tax: Public[Decimal, "figure"] = Decimal(0)


def lines_of(row: Row | None) -> Iterator[OrderLineRow]:
    """The lines of an order's row."""
    if not isinstance(row, OrderRow) or not row.lines:
        return
    shared = OrderLineRow(
        id=row.id,
        number=row.number,
        status=row.status,
        type=row.type,
        customer_id=row.customer_id,
        ordered_on=row.ordered_on,
        country=row.country,
    )
    for number, line in enumerate(row.lines, 1):
        figures = figures_of(line)
        yield replace(
            shared,
            line=number,
            product_id=line.product_id,
            quantity=line.quantity,
            returned_quantity=row.returned(number),
            currency=line.unit_price.currency,
            unit_price=line.unit_price.amount,
            discount=figures.discount,
            net=figures.net,
            tax=figures.tax,
        )


def derive_lines(
    projection: Projection, before: Row | None, after: Row | None, recorded: Recorded
) -> Iterator[Row | Gone]:
    """The lines that an event changed, and those that it took away."""
    held = {one.line: one for one in lines_of(before)}
    for one in lines_of(after):
        if held.pop(one.line, None) != one:
            yield one
    for number in held:
        yield Gone((recorded.stream, number))


order_lines = Derived(
    "order_lines",
    version=1,
    row=OrderLineRow,
    derive=derive_lines,
    serves=(
        Serve("ordered_on"),
        Serve("line", ("id",)),
        Serve("ordered_on", ("customer_id",)),
        Serve("ordered_on", ("product_id",)),
        Serve("net", ("product_id",)),
    ),
    of=Order,
)
