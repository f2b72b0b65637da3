"""What may be done with products and their prices."""

from collections.abc import Iterator
from datetime import date, datetime

from commands.kernel import Command, Records, Rejected, changes, opened
from commands.records import check_in_use, check_record, check_required
from domain.fields import Public
from domain.kernel import Event
from domain.products import (
    Product,
    ProductActivated,
    ProductArchived,
    ProductChanged,
    ProductCreated,
    ProductDeactivated,
    ProductDetails,
    ProductPriceSet,
    ProductRestored,
    Sku,
    Status,
)
from domain.values import DatedPrice, Line, Money


def _must_not_be_negative(field: str, price: Money | None) -> None:
    if price is not None and price.amount < 0:
        raise Rejected(f"{field}: is below zero. Give zero or more.", field=field)


class CreateProduct(ProductDetails, Command, to=Product, opens=True):
    """Create a product, offered from now on; its list price holds from today."""

    sku: Public[Sku, "vocabulary"]
    name: Public[Line, "vocabulary"]
    list_price: Public[Money | None, "figure"] = None

    def decide(self, product: Product, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Product, records)
        _must_not_be_negative("cost", self.cost)
        _must_not_be_negative("list_price", self.list_price)
        yield opened(self, ProductCreated)
        if self.list_price is not None:
            yield ProductPriceSet(valid_from=now.date(), price=self.list_price)


class ChangeProduct(ProductDetails, Command, to=Product):
    """Change fields of a product; a field that is not given stays, null clears it."""

    def decide(self, product: Product, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(product)
        check_required(self, "sku", "name")
        check_record(self, Product, records)
        _must_not_be_negative("cost", self.cost)
        yield from changes(self, product, ProductChanged)


class SetProductPrice(Command, to=Product):
    """Set the list price 价目表 from a day on; earlier days and existing quotes keep theirs."""

    price: Public[Money, "figure"]
    valid_from: Public[date | None, "moment"] = None
    """Today, where none is given."""

    def decide(self, product: Product, now: datetime) -> Iterator[Event]:
        check_in_use(product)
        _must_not_be_negative("price", self.price)
        day = self.valid_from or now.date()
        if day < now.date():
            raise Rejected(
                "valid_from: lies in the past, whose prices stay. Give today or a later day.",
                field="valid_from",
            )
        if DatedPrice(valid_from=day, price=self.price) not in product.prices:
            yield ProductPriceSet(valid_from=day, price=self.price)


class ActivateProduct(Command, to=Product):
    """Offer the product again 上架."""

    def decide(self, product: Product, now: datetime) -> Iterator[Event]:
        check_in_use(product)
        if product.status is not Status.ACTIVE:
            yield ProductActivated()


class DeactivateProduct(Command, to=Product):
    """Offer the product no longer 下架; quotes and orders that have it keep it."""

    def decide(self, product: Product, now: datetime) -> Iterator[Event]:
        check_in_use(product)
        if product.status is not Status.INACTIVE:
            yield ProductDeactivated()


class ArchiveProduct(Command, to=Product):
    """Put the product away; it stays in history and can be restored."""

    def decide(self, product: Product, now: datetime) -> Iterator[Event]:
        if not product.archived:
            yield ProductArchived()


class RestoreProduct(Command, to=Product):
    """Take an archived product back into use."""

    def decide(self, product: Product, now: datetime) -> Iterator[Event]:
        if product.archived:
            yield ProductRestored()
