"""The read models of orders: totals in the row, and one row a line that follows the order."""

from datetime import date
from decimal import Decimal
from typing import Any

from domain.kernel import Event
from domain.orders import (
    LineReturn,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderDrafted,
    OrderLinesReturned,
    OrderLinesSet,
    OrderPaymentRecorded,
    OrderReceivablesPlanned,
)
from domain.receivables import Instalment, PaymentStatus
from domain.sales_lines import SalesLine
from projections.kernel import Gone
from projections.orders import OrderLineRow, derive_lines, order_lines, orders
from tests.dsl import THIS, eur, id_of
from tests.projections.telling import folded, log_of, row, taken

ACME, OTHER, PUMP, HOSE = id_of("acme"), id_of("other"), id_of("pump"), id_of("hose")
DAY = date(2026, 3, 1)

drafted = OrderDrafted(customer_id=ACME, ordered_on=DAY, currency="EUR")
pump = SalesLine(
    product_id=PUMP,
    quantity=Decimal(3),
    unit_price=eur(100),
    discount=Decimal(10),
    tax_rate=Decimal(20),
)
hose = SalesLine(product_id=HOSE, unit_price=eur(5))
both, one = OrderLinesSet(lines=(pump, hose)), OrderLinesSet(lines=(hose,))
back = OrderLinesReturned(returns=(LineReturn(line=1, quantity=Decimal(1)),), returned_on=DAY)


def lines(*events: Event) -> dict[int, Any]:
    """The rows of the lines that the events leave, by number."""
    left = taken(folded(*events, projections=[orders], derived=[order_lines]), order_lines)
    return {key[1]: line for key, line in left.items()}


def test_a_line_has_what_analytics_ask_for() -> None:
    found = lines(drafted, both)
    assert found[1] == OrderLineRow(
        id=THIS,
        line=1,
        number=found[1].number,
        customer_id=ACME,
        ordered_on=DAY,
        product_id=PUMP,
        quantity=Decimal(3),
        currency="EUR",
        unit_price=Decimal(100),
        discount=Decimal(30),
        net=Decimal(270),
        tax=Decimal(54),
    )
    assert [found[2].net, found[2].tax] == [5, 0]


def test_lines_follow_their_order() -> None:
    moved = lines(drafted, both, OrderChanged(customer_id=OTHER, ordered_on=date(2026, 2, 1)))
    assert {line.customer_id for line in moved.values()} == {OTHER}
    assert {line.ordered_on for line in moved.values()} == {date(2026, 2, 1)}
    ended = lines(drafted, both, OrderCancelled(cancellation_reason="No need"))
    assert {line.status for line in ended.values()} == {"cancelled"}
    returned = lines(drafted, both, OrderConfirmed(), back)
    assert [returned[1].returned_quantity, returned[2].returned_quantity] == [1, 0]


def test_a_line_that_is_gone_is_deleted() -> None:
    assert {number: line.product_id for number, line in lines(drafted, both, one).items()} == {
        1: HOSE
    }
    folding = folded(drafted, both, one, projections=[orders], derived=[order_lines])
    assert folding.take(order_lines)[1] == [(THIS, 2)]


def test_only_lines_that_changed_are_written() -> None:
    paid = OrderPaymentRecorded(amount=eur(1), paid_on=DAY)
    told = {}
    before = None
    for recorded in log_of(drafted, both, paid, one, OrderLinesSet(lines=(hose, pump))):
        after = orders.fold((THIS,), before, recorded)
        told[recorded.version] = [*derive_lines(orders, before, after, recorded)]
        before = after
    assert [len(told[version]) for version in (1, 2, 3)] == [0, 2, 0]
    (first, gone) = told[4]
    assert isinstance(first, OrderLineRow)
    assert (first.line, gone) == (1, Gone((THIS, 2)))
    assert [getattr(line, "line", None) for line in told[5]] == [2]


def test_the_row_has_totals_and_says_how_far_it_is_paid() -> None:
    plan = OrderReceivablesPlanned(
        instalments=(Instalment(due_on=date(2026, 4, 1), amount=eur(329)),)
    )
    found = row(orders, drafted, both)
    totals = (found.discount_total, found.net_total, found.tax_total, found.gross_total)
    assert totals == (eur("30.00"), eur("275.00"), eur("54.00"), eur("329.00"))
    assert (found.payment_status, found.next_due_on) == (None, None)
    found = row(orders, drafted, both, plan, OrderConfirmed(), back)
    assert found.returned_total == eur("108.00")
    assert (found.payment_status, found.next_due_on) == (PaymentStatus.UNPAID, date(2026, 4, 1))
    paid = OrderPaymentRecorded(amount=eur(221), paid_on=DAY)
    found = row(orders, drafted, both, plan, OrderConfirmed(), back, paid)
    assert (found.payment_status, found.next_due_on) == (PaymentStatus.PAID, None)
    assert found.received_total == eur(221)
