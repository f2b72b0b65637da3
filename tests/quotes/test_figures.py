"""What lines come to: exact, rounded once a line, and the same backwards."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sales_lines import Figures, SalesLine, figures_of, minor_unit, total
from domain.values import Money
from tests.dsl import id_of

PUMP = id_of("pump")


def line(
    quantity: str, price: str, currency: str = "EUR", discount: str = "0", tax: str = "0"
) -> SalesLine:
    return SalesLine(
        product_id=PUMP,
        quantity=Decimal(quantity),
        unit_price=Money(amount=Decimal(price), currency=currency),
        discount=Decimal(discount),
        tax_rate=Decimal(tax),
    )


@pytest.mark.parametrize(
    ("one", "discount", "net", "tax"),
    [
        (line("3", "9.99"), "0.00", "29.97", "0.00"),
        (line("3", "9.99", discount="10", tax="19"), "3.00", "26.97", "5.12"),
        (line("1", "0.005"), "0.00", "0.01", "0.00"),
        (line("-1", "0.005"), "0.00", "-0.01", "0.00"),
        (line("1", "10.4", "JPY", tax="10"), "0", "10", "1"),
        (line("1", "1.0005", "KWD"), "0.000", "1.001", "0.000"),
        (line("0.3333", "100", tax="13"), "0.00", "33.33", "4.33"),
        (
            line("999999999999999.9999", "999999999999999.9999"),
            *("0.00", "999999999999999999800000000000.00", "0.00"),
        ),
    ],
)
def test_an_amount_is_rounded_once_to_the_minor_units_of_its_currency(
    one: SalesLine, discount: str, net: str, tax: str
) -> None:
    figures = figures_of(one)
    assert figures == (Decimal(discount), Decimal(net), Decimal(tax))
    assert all(
        amount.as_tuple().exponent == minor_unit(one.unit_price.currency).as_tuple().exponent
        for amount in figures
    )


amounts = st.decimals(-(10**6), 10**6, places=4)
percents = st.decimals(0, 100, places=2)
lines = st.builds(
    lambda quantity, price, discount, tax: line(
        str(quantity), str(price), discount=str(discount), tax=str(tax)
    ),
    *(amounts, amounts, percents, percents),
)


@given(st.lists(lines, max_size=5))
def test_a_total_is_the_sum_of_what_is_printed_on_each_line(several: list[SalesLine]) -> None:
    each = [figures_of(one) for one in several]
    both = total(each)
    assert both.gross == sum((one.net + one.tax for one in each), Decimal(0))
    assert both.discount == sum((one.discount for one in each), Decimal(0))


@given(lines)
def test_taking_a_line_back_comes_to_what_it_was_charged_at(one: SalesLine) -> None:
    back = figures_of(one, -one.quantity)
    charged = figures_of(one)
    assert total([charged, back]) == Figures(Decimal(0), Decimal(0), Decimal(0))
    assert figures_of(one, Decimal(0)).gross == 0


@given(lines, st.lists(st.decimals(0, 1, places=2), min_size=1, max_size=5))
def test_however_often_a_line_is_figured_in_part_nothing_is_lost(
    one: SalesLine, shares: list[Decimal]
) -> None:
    kept = [
        one.quantity * share for share in [Decimal(1), *sorted(shares, reverse=True), Decimal(0)]
    ]
    steps = [figures_of(one, a).gross - figures_of(one, b).gross for a, b in pairwise(kept)]
    assert sum(steps, Decimal(0)) == figures_of(one).gross
