"""What sources bring: from customers to deals, won deals and orders, and what those are worth."""

from typing import Any, Final

from projections.analytics.kernel import Asked, Definition, Measure, Table, Views, one_if
from projections.analytics.purchases import FIELDS, buyers, by_currency, of_whom_it_went_on
from projections.analytics.segments import CUSTOMERS
from projections.words.kernel import Both

_WON: Final = "won"


def _deals(views: Views) -> Table:
    """The deals that have a customer, as those of whoever the customer is now."""
    deals = views["opportunities"]
    deals = deals.filter(deals.customer_id.notnull())
    won = (deals.status == _WON) & deals.closed_on.notnull()
    found = deals.select(
        id=deals.customer_id,
        won_on=won.ifelse(deals.closed_on, None),
        currency=deals.amount_currency,
        amount=deals.amount,
    )
    return of_whom_it_went_on(views, found)


def _converted(views: Views, asked: Asked) -> Table:
    """A row for each customer who stands for themselves."""
    found = _customers(views)
    deals = _deals(views)
    deals = deals.group_by("id").aggregate(first_won_on=deals.won_on.min(), deals=deals.count())
    found = found.left_join(deals, "id").drop("id_right")
    bought = buyers(views, asked.today).select("id", "first_on")
    found = found.left_join(bought, "id").drop("id_right")
    return found.mutate(
        dealt=one_if(found.deals.notnull()),
        won=one_if(found.first_won_on.notnull()),
        ordered=one_if(found.first_on.notnull()),
        days_to_won=found.first_won_on.delta(found.on, unit="day"),
        days_to_order=found.first_on.delta(found.on, unit="day"),
    )


def _worth(views: Views, asked: Asked) -> Table:
    """A row for each customer and currency: what was won, and what was bought."""
    deals = _deals(views)
    deals = deals.filter(deals.won_on.notnull(), deals.currency.notnull())
    won = deals.group_by("id", "currency").aggregate(
        won=deals.amount.sum(), ordered=(deals.amount - deals.amount).sum()
    )
    bought = by_currency(views, asked.today)
    bought = bought.select("id", "currency", won=bought.value - bought.value, ordered=bought.value)
    both = won.union(bought)
    both = both.group_by("id", "currency").aggregate(won=both.won.sum(), ordered=both.ordered.sum())
    return _customers(views).join(both, "id")


def _customers(views: Views) -> Table:
    customers = views["customers"]
    customers = customers.filter(customers.merged_into_id.isnull())
    kept: dict[str, Any] = {one.name: customers[one.name] for one in FIELDS}
    return customers.select("id", "position", on=customers.created_at.date(), **kept)


CONVERSION: Final = Definition(
    "source_conversion",
    1,
    "customers",
    Both("From source to order", "来源转化"),
    Both(
        "Customers by how they came to us: with how many there was a deal, a won one, an order, "
        "and how long that took. A period is about the day they were registered.",
        "按来源统计客户：产生商机、赢单、订单的客户数、转化率及所需天数。期间按登记日期计算。",
    ),
    _converted,
    FIELDS,
    (
        CUSTOMERS,
        Measure("dealt", Both("with a deal", "有商机"), "customers", "sum", "dealt"),
        Measure("won", Both("with a won deal", "有赢单"), "customers", "sum", "won"),
        Measure("ordered", Both("with an order", "有订单"), "customers", "sum", "ordered"),
        Measure("won_share", Both("to a won deal", "赢单转化率"), "percent", "share", "won"),
        Measure("order_share", Both("to an order", "订单转化率"), "percent", "share", "ordered"),
        Measure(
            *("days_to_won", Both("median to the first won deal", "首次赢单天数中位数"), "days"),
            *("median", "days_to_won"),
        ),
        Measure(
            *("days_to_order", Both("median to the first order", "首单天数中位数"), "days"),
            *("median", "days_to_order"),
        ),
    ),
    by=("lead_source",),
    behind=("lead_source", "stage"),
)
VALUE: Final = Definition(
    "source_value",
    1,
    "customers",
    Both("Value by source", "来源价值"),
    Both(
        "Customers by how they came to us, with the amounts of the deals won with them and the net "
        "value of what they ordered. A period is about the day they were registered.",
        "按客户来源统计赢单金额及订单净额。期间按客户登记日期计算。",
    ),
    _worth,
    FIELDS,
    (
        CUSTOMERS,
        Measure("won", Both("won deals", "赢单金额"), "money", "sum", "won"),
        Measure("ordered", Both("ordered", "订单净额"), "money", "sum", "ordered"),
        Measure("mean", Both("ordered by each", "人均订单净额"), "money", "mean", "ordered"),
    ),
    by=("lead_source",),
    behind=("lead_source", "stage"),
)

SOURCE_FIGURES: Final = (CONVERSION, VALUE)
