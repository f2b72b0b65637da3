"""Reading the Online Retail set: a CSV file, or a gzip of one, with a line for each product of an
invoice.

Its traps: ids are written ``17850.0``, a product's code in capitals or not, a customer or a
description may be missing, and the lines of one invoice need not stand together.
"""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import IO, Final, NamedTuple

from api.imports.intake import ImportStopped
from api.imports.report import Note, Report

COLUMNS: Final = (
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
)
GZIP: Final = b"\x1f\x8b"
MOST_DECIMALS: Final = 4
LARGEST: Final = Decimal(10) ** 15
"""What a quantity or price stays below, as the fields do that it goes to."""


class Line(NamedTuple):
    """A line that can be taken."""

    number: int
    invoice: str
    code: str
    """Of the product, as it is written."""
    description: str
    quantity: Decimal
    at: datetime
    """Without a zone."""
    price: Decimal
    customer: str
    """Its id without decimals, or nothing."""
    country: str

    @property
    def sku(self) -> str:
        """The product's code, however it is written."""
        return self.code.upper()

    @property
    def is_credit(self) -> bool:
        """Whether its invoice takes back what another one sold."""
        return self.invoice.startswith("C")


@dataclass(slots=True)
class Product:
    """What the lines say of a product."""

    first: Line
    names: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """What most lines call it; its code, if none says anything."""
        known = self.names.most_common(1)
        return known[0][0] if known else self.first.sku


@dataclass(slots=True)
class Customer:
    """What the lines say of a customer."""

    first: Line
    countries: Counter[str] = field(default_factory=Counter)
    bought: Line | None = None
    """The first line of an invoice that is no credit."""


@dataclass(slots=True)
class Survey:
    """What has to be known before the first invoice is taken."""

    lines: int = 0
    invoices: Counter[str] = field(default_factory=Counter)
    """How many lines each has."""
    products: dict[str, Product] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)


def survey(path: Path, report: Report) -> Survey:
    """Go through the file once. Lines that cannot be taken are noted.

    Raises:
        ImportStopped: it is no file of this kind.
    """
    found = Survey()
    for line in lines(path, report):
        found.lines += 1
        found.invoices[line.invoice] += 1
        product = found.products.setdefault(line.sku, Product(line))
        if line.description:
            product.names[line.description] += 1
        if not line.customer:
            continue
        customer = found.customers.setdefault(line.customer, Customer(line))
        customer.countries[line.country] += 1
        if customer.bought is None and not line.is_credit:
            customer.bought = line
    return found


def invoices(path: Path, sizes: Counter[str]) -> Iterator[list[Line]]:
    """The lines of each invoice, once they are complete."""
    waiting: dict[str, list[Line]] = {}
    for line in lines(path):
        held = waiting.setdefault(line.invoice, [])
        held.append(line)
        if len(held) == sizes[line.invoice]:
            yield waiting.pop(line.invoice)


def lines(path: Path, report: Report | None = None) -> Iterator[Line]:
    """The lines that can be taken; what is wrong with others goes to the report.

    Raises:
        ImportStopped: there is no such file, or its columns are others.
    """
    with _opened(path) as text:
        table = csv.reader(text)
        if tuple(next(table, ())) != COLUMNS:
            raise ImportStopped(f"{path.name} has other columns than {', '.join(COLUMNS)}.")
        for cells in table:
            found = _line(table.line_num, cells)
            if isinstance(found, Line):
                yield found
            elif report is not None:
                record = cells[0] if cells else ""
                report.add(Note(path.name, table.line_num, record, "not_taken", found))


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(GZIP)) == GZIP
            raw.seek(0)
            unpacked = gzip.GzipFile(fileobj=raw) if packed else raw
            yield io.TextIOWrapper(unpacked, encoding="utf-8-sig", newline="")
    except FileNotFoundError:
        raise ImportStopped(f"There is no file {path}. Check the path.") from None
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as wrong:
        raise ImportStopped(f"{path.name} cannot be read ({wrong}).") from None


def _line(number: int, cells: list[str]) -> Line | str:
    """The line, or what is wrong with it."""
    if len(cells) != len(COLUMNS):
        return f"has {len(cells)} cells, not {len(COLUMNS)}"
    invoice, code, description, quantity, at, price, customer, country = map(str.strip, cells)
    many, each, moment = _number(quantity), _number(price), _moment(at)
    if invoice and code and many and each is not None and moment is not None:
        who = customer.removesuffix(".0")
        return Line(number, invoice, code, description, many, moment, each, who, country)
    wrong = {
        "InvoiceNo: is empty": not invoice,
        "StockCode: is empty": not code,
        "Quantity: is no number other than zero": not many,
        "UnitPrice: is no number": each is None,
    }
    otherwise = "InvoiceDate: is no time such as 2010-12-01 08:26:00"
    return next((reason for reason, holds in wrong.items() if holds), otherwise)


@lru_cache(16_384)
def _number(text: str) -> Decimal | None:
    """``6.0`` is 6: figures as they are, without decimals that say nothing."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) >= LARGEST:
        return None
    whole = found.to_integral_value()
    short = whole if whole == found else found.normalize()
    exponent = short.as_tuple().exponent
    return short if isinstance(exponent, int) and -exponent <= MOST_DECIMALS else None


@lru_cache(4_096)
def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else None
