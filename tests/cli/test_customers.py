"""Customers one by one on the command line."""

import csv
from pathlib import Path

from api.services import Services
from commands.customers import RegisterCustomer
from commands.order_history import RecordOrder
from commands.products import CreateProduct
from domain.customers import Kind
from domain.sales_lines import SalesLine
from domain.values import Money
from tests.cli.conftest import Kept


def test_a_shop_of_one_customer(kept: Kept, services: Services, tmp_path: Path) -> None:
    kept("customers", "lifetime-value").failed(2, "to: is too early: only 0 customers had bought")
    assert kept("customers", "segments", "--json").done().json == {"data": []}
    product = services.issue(CreateProduct(sku="P-1", name="Pump")).stream
    star = services.issue(RegisterCustomer(name="Star", kind=Kind.ORGANISATION)).stream
    price = Money.model_validate({"amount": "12.50", "currency": "EUR"})
    line = SalesLine(product_id=product, unit_price=price)
    order = {"ordered_on": "2026-03-05", "currency": "EUR", "lines": (line,), "customer_id": star}
    services.issue(RecordOrder.model_validate(order))

    path = tmp_path / "segments.csv"
    kept("customers", "segments", "--to", "2026-03-10", "--output", path).done()
    with path.open(encoding="utf-8-sig", newline="") as text:
        _, row = csv.reader(text)
    assert row == [str(star), "Star", "hibernating", "5", "1", "1", "1", "1", "EUR", "12.50"]
    shown = kept("customers", "segments", "--where", "segment=new", "--language", "zh").done().out
    assert shown.splitlines() == ["id\t客户\t客户分层\t距最近购买天数\t订单数\t最近购买评分\t"
                                  "购买频率评分\t购买金额评分\t币种\t净购买额"]  # fmt: skip
    profile = dict(
        line.split("\t", 1) for line in kept("customers", "profile", star).done().out.splitlines()
    )
    assert profile["segment"] == "hibernating (111)"
    assert profile["bought"] == "12.50 EUR"
    told = kept("customers", "profile", "C-1", "--json").done().json
    assert told["customer"]["name"] == "Star"


def test_what_cannot_be_asked_is_said_in_a_sentence(kept: Kept, tmp_path: Path) -> None:
    kept("customers", "profile", "C-99").failed(2, "There is no record C-99")
    kept("customers", "lifetime-value", "--held", "1").failed(2, "held: is no whole number")
    kept("customers", "segments", "--output", tmp_path / "a.doc").failed(2, "no such kind of file")
