"""Products 产品: what the company sells, and what it asks for it from which day on."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from domain.fields import Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details
from domain.values import DatedPrice, Line, Money

Sku = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Rate = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)]
"""In percent: ``13`` is 13 %."""


class Status(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class ProductDetails(RecordDetails):
    """The fields of a product that people fill in. Its prices are dated, and set by themselves."""

    sku: Public[Sku | None, "vocabulary"] = None
    name: Public[Line | None, "vocabulary"] = None
    category: Public[Line | None, "vocabulary"] = None
    unit: Public[Line | None, "vocabulary"] = None
    """What one of it is: a piece, an hour, a kilogram."""
    tax_rate: Public[Rate | None, "figure"] = None
    cost: Public[Money | None, "figure"] = None


class Product(ProductDetails, Record):
    AGGREGATE: ClassVar[str] = "products"
    PREFIX: ClassVar[str] = "PR"
    PURPOSE: ClassVar[str] = "Describing what is sold, and at which price."
    PEOPLE: ClassVar[str] = "nobody, unless somebody is named in a text"
    CLAIMED: ClassVar[tuple[str, ...]] = (*Record.CLAIMED, "sku")

    status: Public[Status, "vocabulary"] = Status.ACTIVE
    prices: Public[tuple[DatedPrice, ...], "figure"] = ()
    """价目表: list prices by day, in one or several currencies."""

    def price_on(self, day: date, currency: str | None = None) -> Money | None:
        """The list price on a day, in that currency if one is named; None if none holds yet."""
        held = [
            one
            for one in self.prices
            if one.valid_from <= day and currency in (None, one.price.currency)
        ]
        return max(held, key=lambda one: one.valid_from).price if held else None

    def claims(self) -> Iterable[tuple[str, str]]:
        yield from super().claims()
        if self.sku:
            yield "sku", self.sku.casefold()


class ProductCreated(ProductDetails, Event):
    sku: Public[str, "vocabulary"]
    name: Public[str, "vocabulary"]

    def evolve(self, product: Product) -> Product:
        return with_details(product, self)


class ProductChanged(ProductDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, product: Product) -> Product:
        return with_details(product, self)


class ProductPriceSet(Event):
    """Asked from that day on, until the next price in this currency. Earlier days keep theirs."""

    valid_from: Public[date, "moment"]
    price: Public[Money, "figure"]

    def evolve(self, product: Product) -> Product:
        slot = (self.valid_from, self.price.currency)
        others = [one for one in product.prices if (one.valid_from, one.price.currency) != slot]
        dated = DatedPrice(valid_from=self.valid_from, price=self.price)
        prices = sorted([*others, dated], key=lambda one: one.valid_from)
        return replace(product, prices=tuple(prices))


class ProductActivated(Event):
    """上架."""

    def evolve(self, product: Product) -> Product:
        return replace(product, status=Status.ACTIVE)


class ProductDeactivated(Event):
    """下架: no longer offered; quotes and orders that have it keep it."""

    def evolve(self, product: Product) -> Product:
        return replace(product, status=Status.INACTIVE)


class ProductArchived(Event):
    def evolve(self, product: Product) -> Product:
        return replace(product, archived=True)


class ProductRestored(Event):
    def evolve(self, product: Product) -> Product:
        return replace(product, archived=False)
