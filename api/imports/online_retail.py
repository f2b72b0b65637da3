"""Import of the Online Retail set: a wholesaler's products, customers and invoices.

Every invoice is an order of its own with all its lines, in one command; a cancellation is a credit,
which counts negatively. Its figures are those of the file. What breaks our rules, such as the
invoices of nobody, is recorded with the rule, and whatever is odd about a line is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from babel import Locale

from api.imports.intake import Intake
from api.imports.items import Item
from api.imports.report import Outcome
from api.imports.retail_file import Line, Survey, invoices, survey
from commands.customers import ActivateCustomer, RegisterCustomer
from commands.order_history import RecordOrder
from commands.products import CreateProduct
from domain.customers import Customer
from domain.orders import Order, Type
from domain.products import Product
from domain.sales_lines import SalesLine
from domain.values import Money

CLIENT: Final = "online-retail"
CURRENCY: Final = "GBP"
"""The set says so of all its prices."""
ADJUSTMENT: Final = "A"
"""Begins the number of an invoice that sells nothing, but puts bad debt right."""
COUNTRIES: Final = {
    "EIRE": "IE",
    "USA": "US",
    "RSA": "ZA",
    "Hong Kong": "HK",
    "Czech Republic": "CZ",
}
"""Those that CLDR calls otherwise. Other names are of no one country: left out, and told."""

Oddity = tuple[bool, Outcome, str]
"""Whether it is so, and what the report says then."""


def import_online_retail(intake: Intake, path: Path, zone: tzinfo) -> None:
    """Take in the file. Its times have no zone; they are read in ``zone``.

    Raises:
        ImportStopped: it is no such file, or the event log stayed out of reach.
    """
    found = survey(path, intake.report)
    shop = Shop(path.name, zone, found)
    shop.products = intake.take(Product, shop.product_items(), len(found.products))
    shop.customers = intake.take(Customer, shop.customer_items(), len(found.customers))
    orders = map(shop.order_item, invoices(path, found.invoices))
    intake.take(Order, orders, found.lines)


@dataclass(slots=True)
class Shop:
    """Makes items of what the file says.

    A product is dated at the first line that names it, and so is a customer: earlier, nobody knew
    of them.
    """

    file: str
    zone: tzinfo
    found: Survey
    products: Mapping[str, UUID] = field(default_factory=dict)
    customers: Mapping[str, UUID] = field(default_factory=dict)

    def product_items(self) -> Iterator[Item]:
        """One for each product code."""
        for sku, product in self.found.products.items():
            line = product.first
            item = Item(self.file, sku, [line.number])
            if not product.names:
                item.note(line.number, "mended", "Description: no line has one. Named by its code")
            values = {"sku": line.code, "name": product.name, **_origin(sku)}
            item.add(line.number, self._at(line), CreateProduct, values, "ProductCreated")
            yield item

    def customer_items(self) -> Iterator[Item]:
        """One for each customer id. Whoever was sold something is active from then on."""
        for number, customer in self.found.customers.items():
            line = customer.first
            item = Item(self.file, number, [line.number])
            item.note(line.number, "mended", "CustomerID: the set has no names. Named by the id")
            if len(customer.countries) > 1:
                reason = "Country: the customer's lines name several. The most frequent is theirs"
                item.note(line.number, "mended", reason)
            country = country_of(customer.countries.most_common(1)[0][0])
            values = {
                "name": f"Customer {number}",
                "kind": "organisation",
                "billing_address": {"country": country} if country else None,
                **_origin(number),
            }
            item.add(line.number, self._at(line), RegisterCustomer, values, "CustomerRegistered")
            if customer.bought is not None and item.steps:
                first = customer.bought
                item.add(first.number, self._at(first), ActivateCustomer, {}, "CustomerActivated")
            yield item

    def order_item(self, lines: Sequence[Line]) -> Item:
        """An invoice with all its lines."""
        first = lines[0]
        item = Item(self.file, first.invoice, [line.number for line in lines])
        sold = [self._sold(line, item) for line in lines]
        tell_oddities(lines, self.found, item)
        values: dict[str, Any] = {
            "ordered_on": first.at.date(),
            "currency": CURRENCY,
            "type": Type.CREDIT if first.is_credit else Type.SALE,
            "country": country_of(first.country),
            "lines": tuple(one for one in sold if one is not None),
            **_origin(first.invoice),
        }
        customer = self.customers.get(first.customer)
        if customer is not None:
            values["customer_id"] = customer
        elif first.customer:
            reason = "CustomerID: could not be taken. The order is kept without a customer"
            item.note(first.number, "mended", reason)
        if values["lines"]:
            item.add(first.number, self._at(first), RecordOrder, values, "OrderRecorded")
        return item

    def _sold(self, line: Line, item: Item) -> SalesLine | None:
        product = self.products.get(line.sku)
        if product is None:
            item.note(line.number, "not_taken", "StockCode: its product could not be taken")
            return None
        return SalesLine(product_id=product, quantity=line.quantity, unit_price=_price(line.price))

    def _at(self, line: Line) -> datetime:
        return line.at.replace(tzinfo=self.zone)


def tell_oddities(lines: Sequence[Line], found: Survey, item: Item) -> None:
    """What is odd about the lines of an invoice, all of which are taken as they are."""
    first = earlier = lines[0]
    seen: set[tuple[Any, ...]] = set()
    for line in lines:
        for holds, outcome, reason in (*_of_figures(line), *_of_words(line, first, found)):
            if holds:
                item.note(line.number, outcome, reason)
        if line is not first and line.number != earlier.number + 1:
            reason = "InvoiceNo: does not follow upon the invoice's line before. Put together"
            item.note(line.number, "mended", reason)
        if line[1:] in seen:
            reason = "the invoice has the very same line before. Both are kept, as in its total"
            item.note(line.number, "incomplete", reason)
        seen.add(line[1:])
        earlier = line


def _of_figures(line: Line) -> tuple[Oddity, ...]:
    return (
        (line.price < 0, "incomplete", "UnitPrice: is below zero. Kept so, as a broken rule"),
        (line.price == 0, "incomplete", "UnitPrice: is zero. Kept so"),
        (
            line.quantity < 0 and not line.is_credit,
            "incomplete",
            "Quantity: is below zero in a sale. Kept so, as a broken rule",
        ),
        (
            line.quantity > 0 and line.is_credit,
            "incomplete",
            "Quantity: is above zero in a credit. Kept so",
        ),
    )


def _of_words(line: Line, first: Line, found: Survey) -> tuple[Oddity, ...]:
    product = found.products[line.sku]
    return (
        (
            not line.customer,
            "incomplete",
            "CustomerID: is empty. The order is kept without, as a broken rule",
        ),
        (
            line.invoice.startswith(ADJUSTMENT),
            "incomplete",
            "InvoiceNo: is an adjustment of bad debt. Kept as an order",
        ),
        (
            line.code != product.first.code,
            "mended",
            "StockCode: is another product's but for its capitals. Taken as that product",
        ),
        (not line.description, "incomplete", "Description: is empty"),
        (
            line.description not in ("", product.name),
            "mended",
            "Description: most lines call the product otherwise. Left out",
        ),
        (country_of(line.country) is None, "mended", "Country: is no one country. Left out"),
        (
            line.at != first.at,
            "mended",
            "InvoiceDate: differs from the invoice's first line, whose time it has",
        ),
        (
            (line.customer, line.country) != (first.customer, first.country),
            "mended",
            "CustomerID, Country: differ from the invoice's first line, which counts",
        ),
    )


def _origin(record: str) -> dict[str, str]:
    return {"source_system": CLIENT, "external_id": record}


@cache
def _price(amount: Decimal) -> Money:
    """The set has some hundred prices, so lines share them."""
    return Money(amount=amount, currency=CURRENCY)


@cache
def country_of(name: str) -> str | None:
    """ISO 3166-1 alpha-2, if it is the name of a country."""
    return COUNTRIES.get(name) or _countries().get(name)


@cache
def _countries() -> Mapping[str, str]:
    named = Locale("en").territories.items()
    return {name: code for code, name in named if len(code) == 2}  # noqa: PLR2004
