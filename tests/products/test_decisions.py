"""Products: SKUs are given once, and a price that was in force stays."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from commands.kernel import Command
from commands.products import (
    ActivateProduct,
    ArchiveProduct,
    ChangeProduct,
    CreateProduct,
    DeactivateProduct,
    RestoreProduct,
    SetProductPrice,
)
from domain.products import (
    Product,
    ProductActivated,
    ProductArchived,
    ProductChanged,
    ProductCreated,
    ProductDeactivated,
    ProductPriceSet,
    ProductRestored,
)
from tests.dsl import NOW, TODAY, cny, eur, given, state_of

created = ProductCreated(sku="BK-7", name="Notebook")
archived = ProductArchived()
inactive = ProductDeactivated()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def test_a_product_is_created_and_its_list_price_holds_from_today() -> None:
    given().when(
        CreateProduct(
            sku="BK-7",
            name="Notebook",
            category="Paper",
            unit="piece",
            tax_rate=Decimal(13),
            cost=cny("4.20"),
            list_price=cny(9),
        )
    ).then(
        ProductCreated(
            sku="BK-7",
            name="Notebook",
            category="Paper",
            unit="piece",
            tax_rate=Decimal(13),
            cost=cny("4.20"),
        ),
        ProductPriceSet(valid_from=TODAY, price=cny(9)),
    )


def test_a_product_needs_no_price_to_begin_with() -> None:
    given().when(CreateProduct(sku="BK-7", name="Notebook")).then(created)


def test_a_sku_belongs_to_one_product_however_it_is_written() -> None:
    assert list(state_of(created, archived).claims()) == [("sku", "bk-7")]


@pytest.mark.parametrize("rate", [-1, 101, "13.00001"])
def test_a_tax_rate_is_a_percentage(rate: object) -> None:
    with pytest.raises(ValidationError, match="tax_rate"):
        CreateProduct.model_validate({"sku": "BK-7", "name": "Notebook", "tax_rate": rate})


def test_a_currency_is_one_of_the_worlds() -> None:
    with pytest.raises(ValidationError, match="is no ISO 4217 currency"):
        SetProductPrice.model_validate({"price": {"amount": "9", "currency": "XYZ"}})


def test_nothing_is_listed_below_zero() -> None:
    given().when(CreateProduct(sku="BK-7", name="Notebook", list_price=cny(-1))).rejected(
        "list_price: is below zero"
    )


def test_nothing_costs_less_than_zero() -> None:
    given().when(CreateProduct(sku="BK-7", name="Notebook", cost=cny(-1))).rejected(
        "cost: is below zero"
    )
    given(created).when(ChangeProduct(cost=cny(-1))).rejected("cost: is below zero")


def test_a_product_that_comes_from_elsewhere_says_from_where() -> None:
    given().when(CreateProduct(sku="BK-7", name="Notebook", external_id="4711")).rejected(
        "external_id: goes together with source_system"
    )


def test_a_change_holds_only_what_differs() -> None:
    given(created).when(ChangeProduct(name="Notebook A5", sku="BK-7")).then(
        ProductChanged(name="Notebook A5")
    )


def test_the_same_again_changes_nothing() -> None:
    given(created).when(ChangeProduct(name="Notebook")).nothing()


@pytest.mark.parametrize("field", ["sku", "name"])
def test_a_product_keeps_its_sku_and_a_name(field: str) -> None:
    given(created).when(ChangeProduct.model_validate({field: None})).rejected(
        f"{field}: a product needs one"
    )


def test_a_price_is_set_from_today_where_no_day_is_given() -> None:
    given(created).when(SetProductPrice(price=cny(10))).then(
        ProductPriceSet(valid_from=TODAY, price=cny(10))
    )


def test_a_price_is_announced_for_a_later_day() -> None:
    given(created).when(SetProductPrice(price=cny(10), valid_from=TOMORROW)).then(
        ProductPriceSet(valid_from=TOMORROW, price=cny(10))
    )


def test_today_is_today_where_the_company_is() -> None:
    late_in_london = datetime.fromisoformat("2026-03-01T23:00:00+00:00")
    given(created).when(
        SetProductPrice(price=cny(10)), now=late_in_london.astimezone(NOW.tzinfo)
    ).then(ProductPriceSet(valid_from=TODAY, price=cny(10)))


def test_the_prices_of_days_gone_by_stay() -> None:
    given(created).when(SetProductPrice(price=cny(10), valid_from=YESTERDAY)).rejected(
        "valid_from: lies in the past"
    )


def test_no_price_is_below_zero() -> None:
    given(created).when(SetProductPrice(price=cny("-0.01"))).rejected("price: is below zero")


def test_the_same_price_again_changes_nothing() -> None:
    given(created, ProductPriceSet(valid_from=TODAY, price=cny(10))).when(
        SetProductPrice(price=cny("10.00"))
    ).nothing()


def test_a_price_holds_from_its_day_until_the_next() -> None:
    product = state_of(
        created,
        ProductPriceSet(valid_from=date(2026, 7, 1), price=cny(12)),
        ProductPriceSet(valid_from=date(2026, 1, 1), price=cny(10)),
    )
    assert isinstance(product, Product)
    assert product.price_on(date(2025, 12, 31)) is None
    assert product.price_on(date(2026, 1, 1)) == cny(10)
    assert product.price_on(date(2026, 6, 30)) == cny(10)
    assert product.price_on(date(2026, 7, 1)) == cny(12)


def test_each_currency_has_its_own_prices() -> None:
    product = state_of(
        created,
        ProductPriceSet(valid_from=TODAY, price=cny(10)),
        ProductPriceSet(valid_from=TODAY, price=eur("1.30")),
    )
    assert isinstance(product, Product)
    assert product.price_on(TODAY, "EUR") == eur("1.30")
    assert product.price_on(TODAY, "CNY") == cny(10)
    assert product.price_on(TODAY, "USD") is None


def test_a_price_is_corrected_on_its_own_day() -> None:
    product = state_of(
        created,
        ProductPriceSet(valid_from=TODAY, price=cny(100)),
        ProductPriceSet(valid_from=TODAY, price=cny(10)),
    )
    assert isinstance(product, Product)
    assert [one.price for one in product.prices] == [cny(10)]


def test_a_product_is_taken_off_the_list_and_put_back() -> None:
    given(created).when(DeactivateProduct()).then(inactive)
    given(created, inactive).when(DeactivateProduct()).nothing()
    given(created, inactive).when(ActivateProduct()).then(ProductActivated())
    given(created).when(ActivateProduct()).nothing()


@pytest.mark.parametrize(
    "command",
    [
        ChangeProduct(name="Notebook A5"),
        SetProductPrice(price=cny(10)),
        ActivateProduct(),
        DeactivateProduct(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_an_archived_product_is_not_changed(command: Command) -> None:
    given(created, archived).when(command).rejected(
        "This product is archived. Restore it first.", type="archived"
    )


def test_a_product_is_archived_once() -> None:
    given(created).when(ArchiveProduct()).then(archived)
    given(created, archived).when(ArchiveProduct()).nothing()


def test_an_archived_product_is_restored_once() -> None:
    given(created, archived).when(RestoreProduct()).then(ProductRestored())
    given(created).when(RestoreProduct()).nothing()
