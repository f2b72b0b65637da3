"""Orders of another system: kept as they were, with the rules of ours that they broke."""

from datetime import date
from decimal import Decimal

import pytest

from commands.order_history import RecordOrder
from commands.order_payments import ReturnInput, ReturnOrderLines
from domain.customers import CustomerRegistered, Kind
from domain.kernel import fold
from domain.orders import (
    BrokenRule,
    Order,
    OrderLinesRecorded,
    OrderRecorded,
    Status,
    Type,
)
from domain.products import ProductCreated, ProductDeactivated
from domain.sales_lines import MOST_LINES, SalesLine
from store import codec
from tests.dsl import Given, cny, eur, given, id_of

ACME, PUMP = id_of("acme"), id_of("pump")
DAY = date(2010, 12, 1)


def line(quantity: int = 1, price: int | str = 5) -> SalesLine:
    return SalesLine(product_id=PUMP, quantity=Decimal(quantity), unit_price=eur(price))


def asked(*lines: SalesLine, **fields: object) -> RecordOrder:
    given = {"ordered_on": DAY, "currency": "EUR", "customer_id": ACME, "lines": lines}
    return RecordOrder.model_validate(given | fields)


def recorded(*lines: SalesLine, **fields: object) -> OrderRecorded:
    given = {"ordered_on": DAY, "currency": "EUR", "customer_id": ACME, "lines": lines}
    return OrderRecorded.model_validate(given | {"broken_rules": ()} | fields)


def nothing() -> Given:
    pump = [ProductCreated(sku="P-1", name="Pump"), ProductDeactivated()]
    acme = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)
    return given().among({ACME: acme, PUMP: pump})


def test_an_order_is_recorded_with_its_lines_and_is_complete() -> None:
    nothing().when(asked(line(), line(2))).then(recorded(line(), line(2)))
    state = recorded(line(), line(2)).evolve(Order())
    assert state.status is Status.COMPLETED
    assert state.figures.net == 15


@pytest.mark.parametrize(
    ("lines", "fields", "broken"),
    [
        ((line(),), {"customer_id": None}, [BrokenRule.NO_CUSTOMER]),
        ((line(-1),), {}, [BrokenRule.NEGATIVE_QUANTITY]),
        ((line(-1),), {"type": Type.CREDIT}, []),
        ((line(1, -5),), {}, [BrokenRule.NEGATIVE_PRICE]),
        ((line(1, 0),), {}, []),
        (
            (line(-1), line(1, -5)),
            {"customer_id": None},
            [BrokenRule.NO_CUSTOMER, BrokenRule.NEGATIVE_QUANTITY, BrokenRule.NEGATIVE_PRICE],
        ),
    ],
)
def test_what_breaks_our_rules_is_kept_with_the_rule(
    lines: tuple[SalesLine, ...], fields: dict[str, object], broken: list[BrokenRule]
) -> None:
    told = {name: value for name, value in fields.items() if value is not None}
    expected = recorded(*lines, **told, broken_rules=tuple(broken))
    if "customer_id" in fields:
        kept = {n: v for n, v in expected.given().items() if n != "customer_id"}
        expected = OrderRecorded.of(kept)
    nothing().when(asked(*lines, **fields)).then(expected)


def test_a_long_order_is_several_events_and_one_order() -> None:
    many = [line(number) for number in range(1, 2 * MOST_LINES + 2)]
    first, second, third = many[:MOST_LINES], many[MOST_LINES:-1], many[-1:]
    nothing().when(asked(*many)).then(
        recorded(*first),
        OrderLinesRecorded(lines=tuple(second)),
        OrderLinesRecorded(lines=tuple(third)),
    )
    events = [recorded(*first), OrderLinesRecorded(lines=tuple(second))]
    assert fold(Order(), events).lines == (*first, *second)


def test_as_many_lines_as_an_event_may_have_fit_its_body() -> None:
    longest = SalesLine(
        product_id=PUMP,
        quantity=Decimal("-999999999999999.9999"),
        unit_price=eur("-999999999999999.9999"),
        discount=Decimal("99.9999"),
        tax_rate=Decimal("99.9999"),
    )
    event = recorded(*[longest] * MOST_LINES)
    left = codec.MAX_BODY - len(codec.canonical(event.given()))
    assert left > 10_000  # for the envelope and the record's own fields


def test_products_exist_and_there_is_one_currency() -> None:
    nothing().when(asked(line(), line(1).model_copy(update={"unit_price": cny(5)}))).rejected(
        "lines.2: is in CNY, but the order is in EUR"
    )
    given().among({ACME: CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)}).when(
        asked(line())
    ).rejected("lines.1: there is no product", type="unknown-reference")
    given().among({PUMP: ProductCreated(sku="P-1", name="Pump")}).when(asked(line())).rejected(
        "customer_id: there is no customer"
    )


def test_of_a_credit_nothing_comes_back() -> None:
    credit = recorded(line(-3), type=Type.CREDIT)
    given(credit).when(
        ReturnOrderLines(returns=(ReturnInput(line=1, quantity=Decimal(1)),))
    ).rejected("returns.1: of line 1 no more than 0 can come back")
