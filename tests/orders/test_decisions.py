"""Orders: approved before they bind, locked from then on, paid and taken back in parts."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from commands.order_payments import (
    PlanOrderReceivables,
    RecordOrderPayment,
    RecordOrderRefund,
    ReturnInput,
    ReturnOrderLines,
)
from commands.orders import (
    ArchiveOrder,
    CancelOrder,
    ChangeOrder,
    CompleteOrder,
    ConfirmOrder,
    DraftOrder,
    RestoreOrder,
    SendBackOrder,
    SetOrderLines,
    SubmitOrder,
)
from commands.sales_lines import LineInput
from domain.customers import CustomerArchived, CustomerRegistered, Kind
from domain.kernel import Event
from domain.orders import (
    LineReturn,
    Order,
    OrderArchived,
    OrderCancelled,
    OrderChanged,
    OrderCompleted,
    OrderConfirmed,
    OrderDrafted,
    OrderLinesReturned,
    OrderLinesSet,
    OrderPaymentRecorded,
    OrderReceivablesPlanned,
    OrderRecorded,
    OrderRefundRecorded,
    OrderRestored,
    OrderSentBack,
    OrderSubmitted,
)
from domain.products import ProductCreated, ProductPriceSet
from domain.receivables import Instalment, PaymentStatus
from domain.sales_lines import SalesLine
from tests.dsl import TODAY, Given, cny, eur, given, id_of, state_of

ACME, PUMP = id_of("acme"), id_of("pump")
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)

registered = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)
pump: list[Event] = [
    ProductCreated(sku="P-1", name="Pump", tax_rate=Decimal(20)),
    ProductPriceSet(valid_from=date(2026, 1, 1), price=eur(100)),
    ProductPriceSet(valid_from=TODAY, price=eur(110)),
]
drafted = OrderDrafted(customer_id=ACME, ordered_on=YESTERDAY, currency="EUR")
line = SalesLine(product_id=PUMP, quantity=Decimal(5), unit_price=eur(100), tax_rate=Decimal(20))
lines_set = OrderLinesSet(lines=(line,))
"""EUR 600 with tax, 120 each."""
submitted, confirmed, completed = OrderSubmitted(), OrderConfirmed(), OrderCompleted()
binding: list[Event] = [drafted, lines_set, submitted, confirmed]
cancelled = OrderCancelled(cancellation_reason="Changed their mind")
recorded = OrderRecorded(ordered_on=YESTERDAY, currency="EUR", lines=(line,))


def order(*events: Event) -> Given:
    return given(*events).among({ACME: registered, PUMP: pump})


def now(*events: Event) -> Order:
    state = state_of(*events)
    assert isinstance(state, Order)
    return state


def paid(amount: int, on: date = TODAY) -> OrderPaymentRecorded:
    return OrderPaymentRecorded(amount=eur(amount), paid_on=on)


def refunded(amount: int) -> OrderRefundRecorded:
    return OrderRefundRecorded(amount=eur(amount), refunded_on=TODAY)


def back(quantity: int, on: date = TODAY) -> OrderLinesReturned:
    one = LineReturn(line=1, quantity=Decimal(quantity))
    return OrderLinesReturned(returns=(one,), returned_on=on)


# From the draft to the end.


def test_an_order_is_drafted_for_a_customer() -> None:
    order().when(DraftOrder(customer_id=ACME, currency="eur", payment_terms="30 days net")).then(
        OrderDrafted(
            customer_id=ACME, currency="EUR", ordered_on=TODAY, payment_terms="30 days net"
        )
    )
    asked = DraftOrder(customer_id=ACME, currency="EUR", ordered_on=TOMORROW)
    order().when(asked).rejected("ordered_on: lies in the future")
    given().when(asked).rejected("there is no customer", type="unknown-reference")


def test_its_prices_are_those_of_the_order_date() -> None:
    five = (LineInput(product_id=PUMP, quantity=Decimal(5)),)
    order().when(
        DraftOrder(customer_id=ACME, currency="EUR", ordered_on=YESTERDAY, lines=five)
    ).then(drafted, lines_set)
    order(drafted).when(SetOrderLines(lines=five)).then(lines_set)
    order(drafted, lines_set).when(SetOrderLines(lines=five)).nothing()


def test_lines_are_locked_once_the_order_is_handed_in() -> None:
    none = SetOrderLines(lines=())
    order(drafted, lines_set).when(none).then(OrderLinesSet(lines=()))
    order(drafted, lines_set, submitted).when(none).rejected("This order is pending approval.")
    order(*binding).when(none).rejected(
        "This order is confirmed. Its lines are locked.", type="wrong-status"
    )
    order(drafted, lines_set, submitted, OrderSentBack()).when(none).then(OrderLinesSet(lines=()))


def test_what_was_agreed_changes_in_a_draft_only() -> None:
    terms = ChangeOrder(payment_terms="14 days net")
    order(drafted).when(terms).then(OrderChanged(payment_terms="14 days net"))
    order(*binding).when(terms).rejected("payment_terms: this order is confirmed.")
    order(*binding).when(ChangeOrder(customer_id=ACME, note="Call first")).then(
        OrderChanged(note="Call first")
    )
    order(drafted).when(ChangeOrder(customer_id=None)).rejected("an order needs one")
    order(recorded).when(ChangeOrder(customer_id=None, note="Till 3")).then(
        OrderChanged(note="Till 3")
    )


def test_an_order_is_approved_before_it_binds() -> None:
    order(drafted).when(SubmitOrder()).rejected("This order has no lines")
    order(drafted, lines_set).when(SubmitOrder()).then(submitted)
    order(drafted, lines_set).when(ConfirmOrder()).rejected("This order is draft.")
    order(drafted, lines_set, submitted).when(ConfirmOrder()).then(confirmed)
    order(drafted, lines_set, submitted).when(SendBackOrder(remark="Too cheap")).then(
        OrderSentBack(remark="Too cheap")
    )
    order(*binding).when(SendBackOrder()).rejected("Only one that waits for approval")
    gone: list[Event] = [registered, CustomerArchived()]
    given(drafted, lines_set, submitted).among({ACME: gone}).when(ConfirmOrder()).rejected(
        "is archived", type="barred-reference"
    )


def test_a_confirmed_order_is_completed_or_cancelled() -> None:
    order(*binding).when(CompleteOrder()).then(completed)
    order(drafted, lines_set).when(CompleteOrder()).rejected("Only a confirmed order")
    order(*binding).when(CancelOrder(cancellation_reason="Changed their mind")).then(cancelled)
    again = CancelOrder(cancellation_reason="Twice")
    order(*binding, cancelled).when(again).rejected("cancelled already")
    order(*binding, completed).when(again).rejected("Record what comes back as a return")
    order(*binding, cancelled).when(CompleteOrder()).rejected("This order is cancelled.")


def test_an_order_is_put_away_and_restored() -> None:
    order(drafted).when(ArchiveOrder()).then(OrderArchived())
    order(drafted, OrderArchived()).when(ArchiveOrder()).nothing()
    order(drafted, OrderArchived()).when(SubmitOrder()).rejected("is archived. Restore it first")
    order(drafted, OrderArchived()).when(RestoreOrder()).then(OrderRestored())
    order(drafted).when(RestoreOrder()).nothing()


# Receivables.


def instalment(amount: int, day: date) -> Instalment:
    return Instalment(due_on=day, amount=eur(amount))


first, second = instalment(200, date(2026, 3, 31)), instalment(400, date(2026, 4, 30))
planned = OrderReceivablesPlanned(instalments=(first, second))


def test_a_plan_comes_to_what_is_to_be_paid() -> None:
    order(*binding).when(PlanOrderReceivables(instalments=(second, first))).then(planned)
    order(*binding, planned).when(PlanOrderReceivables(instalments=(first, second))).nothing()
    order(*binding, planned).when(PlanOrderReceivables(instalments=())).then(
        OrderReceivablesPlanned(instalments=())
    )
    order(*binding).when(PlanOrderReceivables(instalments=(first,))).rejected(
        "instalments: come to EUR 200, but the order to 600.00"
    )
    order(*binding, cancelled).when(PlanOrderReceivables(instalments=())).rejected("cancelled")


def test_an_instalment_is_above_zero_and_in_the_order_s_currency() -> None:
    def refused(part: str, *amounts: Any) -> None:
        plan = tuple(Instalment(due_on=TODAY, amount=amount) for amount in amounts)
        order(*binding).when(PlanOrderReceivables(instalments=plan)).rejected(part)

    refused("instalments.1: is in CNY", cny(600))
    refused("instalments.2: is not above zero", eur(600), eur(0))
    refused("instalments.1: is more than the EUR 600.00", eur(700), eur(1))


def test_a_plan_that_fits_the_lines_no_more_is_made_anew_before_approval() -> None:
    fewer = OrderLinesSet(lines=(line.model_copy(update={"quantity": Decimal(4)}),))
    order(drafted, lines_set, planned, fewer).when(SubmitOrder()).rejected(
        "instalments: the plan comes to EUR 600, but the order to 480.00"
    )
    order(drafted, lines_set, planned).when(SubmitOrder()).then(submitted)


def test_payments_have_dates_of_their_own() -> None:
    order(*binding).when(RecordOrderPayment(amount=eur(200), paid_on=YESTERDAY)).then(
        OrderPaymentRecorded(amount=eur(200), paid_on=YESTERDAY)
    )
    order(*binding).when(RecordOrderPayment(amount=eur(200), reference="Inv. 7")).then(
        OrderPaymentRecorded(amount=eur(200), paid_on=TODAY, reference="Inv. 7")
    )
    order(*binding).when(RecordOrderPayment(amount=eur(1), paid_on=TOMORROW)).rejected(
        "paid_on: lies in the future"
    )


def test_only_what_is_open_is_paid() -> None:
    order(*binding, paid(600)).when(RecordOrderPayment(amount=eur(1))).rejected(
        "amount: is more than the EUR 0.00 that is still open"
    )
    order(*binding, paid(200)).when(RecordOrderPayment(amount=eur(401))).rejected(
        "more than the EUR 400.00 that is still open"
    )
    order(*binding).when(RecordOrderPayment(amount=cny(1))).rejected("amount: is in CNY")
    order(*binding).when(RecordOrderPayment(amount=eur(0))).rejected("not above zero")
    order(drafted, lines_set).when(RecordOrderPayment(amount=eur(1))).rejected(
        "Only of a confirmed or completed one", type="wrong-status"
    )
    order(*binding, completed).when(RecordOrderPayment(amount=eur(600))).then(paid(600))


def test_no_more_is_refunded_than_was_paid_also_after_cancelling() -> None:
    some: list[Event] = [*binding, paid(200), cancelled]
    order(*some).when(RecordOrderRefund(amount=eur(200))).then(refunded(200))
    order(*some, refunded(150)).when(RecordOrderRefund(amount=eur(51))).rejected(
        "amount: is more than the EUR 50 that was paid"
    )


def test_how_far_an_order_is_paid() -> None:
    def status(*events: Event) -> PaymentStatus | None:
        return now(*binding, *events).paid_so_far

    assert now(drafted, lines_set).paid_so_far is None
    assert status() is PaymentStatus.UNPAID
    assert status(paid(200)) is PaymentStatus.PARTIAL
    assert status(paid(200), paid(400)) is PaymentStatus.PAID
    assert status(paid(600), refunded(600)) is PaymentStatus.UNPAID
    assert status(paid(480), back(1)) is PaymentStatus.PAID
    assert status(paid(200), cancelled) is None


def test_overdue_follows_from_the_plan_and_the_day_asked_about() -> None:
    def overdue_after(*events: Event) -> date | None:
        return now(*binding, planned, *events).overdue_after

    assert overdue_after() == first.due_on
    assert overdue_after(paid(199)) == first.due_on
    assert overdue_after(paid(200)) == second.due_on
    assert overdue_after(paid(600)) is None
    assert overdue_after(paid(600), refunded(1)) == second.due_on
    assert overdue_after(back(2)) == second.due_on
    assert overdue_after(back(5)) is None
    assert overdue_after(cancelled) is None
    assert now(*binding).overdue_after is None
    assert now(drafted, lines_set, planned).overdue_after is None


# Returns.


def test_goods_come_back_but_not_more_than_were_ordered() -> None:
    def returned(*quantities: int, of: int = 1) -> ReturnOrderLines:
        return ReturnOrderLines(
            returns=tuple(ReturnInput(line=of, quantity=Decimal(one)) for one in quantities),
            returned_on=YESTERDAY,
        )

    order(*binding).when(returned(2)).then(back(2, YESTERDAY))
    order(*binding).when(returned(2, 3)).then(back(5, YESTERDAY))
    order(*binding).when(returned(3, 3)).rejected(
        "returns.2: of line 1 no more than 5 can come back"
    )
    order(*binding, back(2)).when(returned(4)).rejected("no more than 3 can come back")
    order(*binding, back(2)).when(returned(3)).then(back(3, YESTERDAY))
    order(*binding).when(returned(1, of=2)).rejected("this order has no line 2. Give one of 1 to 1")
    order(drafted, lines_set).when(returned(1)).rejected("Only of a confirmed or completed one")
    order(*binding, cancelled).when(returned(1)).rejected("This order is cancelled.")


def test_what_came_back_is_not_owed() -> None:
    state = now(*binding, back(2), back(1))
    assert state.returned(1) == 3
    assert [state.figures.gross, state.kept.gross, state.due] == [600, 240, 240]
    order(*binding, back(5)).when(RecordOrderPayment(amount=eur(1))).rejected("still open")


# What another system recorded.


def test_the_payments_of_a_recorded_order_are_kept_elsewhere() -> None:
    assert now(recorded).paid_so_far is PaymentStatus.ELSEWHERE
    assert now(recorded).overdue_after is None
    pay = RecordOrderPayment(amount=eur(1))
    order(recorded).when(pay).rejected("another system, which keeps", type="paid-elsewhere")
    order(recorded).when(RecordOrderRefund(amount=eur(1))).rejected("Record them there")
    order(recorded).when(PlanOrderReceivables(instalments=())).rejected("Record them there")
    order(recorded).when(
        ReturnOrderLines(returns=(ReturnInput(line=1, quantity=Decimal(5)),))
    ).then(back(5))
