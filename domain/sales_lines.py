"""The lines of quotes and orders, and what they come to.

Rounding is stated here, once: every amount of a line is rounded to the minor units of its currency,
halves away from zero, and a total is the sum of rounded amounts. So a document adds up as it is
printed, and what is taken back comes to exactly what was charged.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from pydantic import Field

from domain.kernel import Value
from domain.products import Rate
from domain.values import Money

MOST_LINES: Final = 200
"""Of a quote or an order, and of one event: so many fit its body in any case."""
_WIDE: Final = Context(prec=80, rounding=ROUND_HALF_UP)
"""Wide enough that a product of any three fields is exact, so that it is rounded once."""
_HUNDRED: Final = Decimal(100)
_NO_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS: Final = "CLF UYW"
_MINOR_UNITS: Final = {
    currency: decimals
    for decimals, currencies in ((0, _NO_DECIMALS), (3, _THREE_DECIMALS), (4, _FOUR_DECIMALS))
    for currency in currencies.split()
}
"""Decimals of a currency (ISO 4217), where they are not two."""

Quantity = Annotated[Decimal, Field(max_digits=19, decimal_places=4)]


class SalesLine(Value):
    """So much of a product, at the price that was quoted: it stays, whatever becomes of the list
    price. Only what another system recorded may be negative.
    """

    product_id: UUID
    quantity: Quantity = Decimal(1)
    unit_price: Money
    discount: Rate = Decimal(0)
    """In percent of the unit price."""
    tax_rate: Rate = Decimal(0)
    """In percent of the net amount."""


class Figures(NamedTuple):
    """What a line or several come to, in their currency."""

    discount: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    """After the discount, before tax."""
    tax: Decimal = Decimal(0)

    @property
    def gross(self) -> Decimal:
        """What is to be paid."""
        return _WIDE.add(self.net, self.tax)


@cache
def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: ``0.01``."""
    return Decimal(1).scaleb(-_MINOR_UNITS.get(currency, 2))


def figures_of(line: SalesLine, quantity: Decimal | None = None) -> Figures:
    """What a line comes to, or so much of it."""
    many = line.quantity if quantity is None else quantity
    unit = minor_unit(line.unit_price.currency)
    exact = _WIDE.multiply(many, line.unit_price.amount)
    full = _WIDE.quantize(exact, unit)
    discount = _share(exact, line.discount, unit)
    net = _WIDE.subtract(full, discount)
    return Figures(discount, net, _share(net, line.tax_rate, unit))


def total(figures: Iterable[Figures]) -> Figures:
    """What several lines come to together."""
    discount = net = tax = Decimal(0)
    for one in figures:
        discount = _WIDE.add(discount, one.discount)
        net = _WIDE.add(net, one.net)
        tax = _WIDE.add(tax, one.tax)
    return Figures(discount, net, tax)


def money(amount: Decimal, currency: str | None) -> Money | None:
    """An amount that was figured; None as long as no currency is known."""
    return None if currency is None else Money.of({"amount": amount, "currency": currency})


def _share(amount: Decimal, percent: Decimal, unit: Decimal) -> Decimal:
    if not percent:
        return _WIDE.quantize(Decimal(0), unit)
    return _WIDE.quantize(_WIDE.divide(_WIDE.multiply(amount, percent), _HUNDRED), unit)
