"""Lines as people enter them, in quotes and orders; what they leave open, the product says."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from commands.kernel import Records, Rejected
from domain.kernel import Value
from domain.products import Product, Rate
from domain.products import Status as ProductStatus
from domain.sales_lines import MOST_LINES, SalesLine
from domain.values import Money


class LineInput(Value):
    """So much of a product. The price is the list price of the day, unless one is given."""

    product_id: UUID
    quantity: Annotated[Decimal, Field(gt=0, max_digits=19, decimal_places=4)] = Decimal(1)
    unit_price: Money | None = None
    discount: Rate = Decimal(0)
    """In percent of the unit price."""
    tax_rate: Rate | None = None
    """In percent of the net amount; the product's, unless given."""


LineInputs = Annotated[tuple[LineInput, ...], Field(max_length=MOST_LINES)]


def priced(
    lines: Iterable[LineInput],
    held: Sequence[SalesLine],
    currency: str | None,
    day: date,
    records: Records,
) -> tuple[SalesLine, ...]:
    """The lines with the price and tax rate that they have from now on, whatever the price book
    says later. ``held`` are the lines before: their products may have gone off offer since.

    Raises:
        Rejected: a price in another currency, below zero or unknown, or a product that is not
            there or not sold any more.
    """
    known = {line.product_id for line in held}
    return tuple(
        _priced(line, f"lines.{number}", line.product_id in known, currency, day, records)
        for number, line in enumerate(lines, 1)
    )


def _priced(
    line: LineInput,
    where: str,
    known: bool,
    currency: str | None,
    day: date,
    records: Records,
) -> SalesLine:
    product = _product(line.product_id, where, known, records)
    price = line.unit_price
    if price is None:
        price = product.price_on(day, currency)
        if price is None:
            raise Rejected(
                f"{where}: {product.name} has no list price in {currency} yet. Give a unit_price.",
                field=where,
            )
    if price.currency != currency:
        raise Rejected(
            f"{where}: is in {price.currency}, but all amounts here are in {currency}. "
            "Give the price in that currency.",
            field=where,
        )
    if price.amount < 0:
        raise Rejected(f"{where}: the price is negative. Give a discount instead.", field=where)
    tax_rate = line.tax_rate if line.tax_rate is not None else product.tax_rate
    return SalesLine(
        product_id=line.product_id,
        quantity=line.quantity,
        unit_price=price,
        discount=line.discount,
        tax_rate=Decimal(0) if tax_rate is None else tax_rate,
    )


def _product(product_id: UUID, where: str, known: bool, records: Records) -> Product:
    held = records.get(Product, product_id) if known else None
    if held is not None:
        return held
    product = records.need(Product, product_id, where)
    if product.status is ProductStatus.INACTIVE:
        raise Rejected(
            f"{where}: {product.name} is not sold any more. Choose another product.", field=where
        )
    return product


def in_words(status: str) -> str:
    """A status as a sentence has it: ``pending approval``."""
    return status.replace("_", " ")


def day_of(given: date | None, today: date, field: str) -> date:
    """Today, unless an earlier day was given.

    Raises:
        Rejected: it lies in the future.
    """
    if given is not None and given > today:
        raise Rejected(f"{field}: lies in the future. Give today or an earlier day.", field=field)
    return given or today
