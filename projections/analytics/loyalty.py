"""Whether customers come back: cohorts, activity, loyalty, churn and the time between orders.

Everything is about orders that count (:mod:`projections.analytics.purchases`). Months in which
nobody at all ordered have no rows.
"""

from datetime import timedelta
from typing import Any, Final

from projections.analytics.dimensions import called
from projections.analytics.kernel import (
    Asked,
    Definition,
    Measure,
    Setting,
    Table,
    Views,
    one_if,
)
from projections.analytics.purchases import FIELDS, buyers, by_currency, described, sales
from projections.analytics.segments import CUSTOMERS, bought
from projections.words.kernel import Both, both

DAYS: Final = Setting(
    "days",
    Both("days without an order after which somebody has churned", "超过该天数未下单即视为流失"),
    default=90,
    least=31,
    most=3_650,
)
"""From 31 on a month can only see those churn who were active when it began."""
_ORDERS: Final = Measure("orders", Both("orders", "订单数"), "orders")
_ORDER: Final = called(
    "order",
    Both("order", "订单次序"),
    both(first=("first", "首单"), later=("later", "复购")),
)


def _months_of(day: Any) -> Any:
    """Months since the year 0."""
    return day.year().cast("int64") * 12 + day.month().cast("int64")


def _retained(views: Views, asked: Asked) -> Table:
    """A row for each customer and month since their first order: whether they ordered in it."""
    found = sales(views, asked.last_day)
    months = found.select(month=found.on.truncate("M")).distinct()
    came = found.select(id=found.id, month=found.on.truncate("M"), came=found.sale).distinct()
    cohort = buyers(views, asked.last_day)
    cohort = cohort.select(
        "id", "position", on=cohort.first_on, began=cohort.first_on.truncate("M")
    )
    spread = cohort.join(months, months.month >= cohort.began)
    spread = spread.left_join(came, ["id", "month"])
    spread = spread.select(
        *("id", "position", "on"),
        months_since=_months_of(spread.month) - _months_of(spread.began),
        came=spread.came.fill_null(0),
    )
    return described(views, spread)


def _active(views: Views, asked: Asked) -> Table:
    found = sales(views, asked.last_day)
    first = found.nth == 0
    return described(
        views,
        found.mutate(
            first=one_if(first),
            order=first.ifelse("first", "later"),
            came_again=first.ifelse(None, found.id),
        ),
    )


def _loyal(views: Views, asked: Asked) -> Table:
    """A row for each customer and currency."""
    found = by_currency(views, asked.last_day)
    of_each = {"group_by": [found.id]}
    found = found.mutate(
        on=found.first_on.min().over(**of_each), orders=found.orders.sum().over(**of_each)
    )
    again = found.orders > 1
    found = found.mutate(
        again=one_if(again),
        value_again=again.ifelse(found.value, found.value - found.value),
    )
    return described(views, found)


def _churning(views: Views, asked: Asked) -> Table:
    """A row for each customer and each month that began while they were active: whether they
    churned in it. An order keeps its customer active for so many days, or up to the next order.
    """
    days = DAYS.of(asked)
    found = _by_day(views, asked)
    ends = _later(found.on, days)
    found = found.mutate(ends=ends, gone=found.next_on.isnull() | (found.next_on > ends))
    months = found.select(month=found.on.truncate("M")).union(
        found.select(month=_later(found.on, days).truncate("M"))
    )
    months = months.distinct()
    months = months.select(begins=months.month.cast("timestamp").date())
    months = months.filter(months.begins <= asked.last_day)
    found = found.mutate(until=found.gone.ifelse(found.ends, found.next_on))
    spread = found.join(months, [months.begins > found.on, months.begins <= found.until])
    same = _months_of(spread.ends) == _months_of(spread.begins)
    churned = spread.gone & same & (spread.ends < asked.last_day)
    back = churned & spread.next_on.notnull()
    return described(
        views,
        spread.select(
            *("id", "position"), on=spread.begins, churned=one_if(churned), back=one_if(back)
        ),
    )


def _gaps(views: Views, asked: Asked) -> Table:
    found = _by_day(views, asked)
    before = found.on.lag().over(group_by=[found.id], order_by=[found.on])
    found = found.mutate(before=before)
    found = found.filter(found.before.notnull())
    return described(views, found.mutate(gap=found.on.delta(found.before, unit="day")))


def _by_day(views: Views, asked: Asked) -> Table:
    """A row for each day on which a customer ordered, with the next such day."""
    found = sales(views, asked.last_day)
    found = found.group_by("id", "on").aggregate(position=found.position.max())
    return found.mutate(next_on=found.on.lead().over(group_by=[found.id], order_by=[found.on]))


def _later(day: Any, days: int) -> Any:
    """So many days later; some engines give a moment, of which the day is meant."""
    return (day + timedelta(days=days)).cast("timestamp").date()


COHORTS: Final = Definition(
    "cohort_retention",
    1,
    "customers",
    Both("Retention of cohorts", "客户留存"),
    Both(
        "Of the customers whose first order fell into the same month (or quarter …), how many of a "
        "hundred ordered in the month so many months later. A period is about the first order; the "
        "latest month may not be over.",
        "首单在同一月（或季度等）的客户中，若干月后当月再次下单的百分比。期间按首单日期计算，"
        "最近一个月可能尚未结束。",
    ),
    _retained,
    (called("months_since", Both("months since", "距首单月数"), {}), *FIELDS),
    (
        CUSTOMERS,
        Measure("came", Both("ordered", "下单客户"), "customers", "sum", "came"),
        Measure("retention", Both("retention", "留存率"), "percent", "share", "came"),
    ),
    by=("month", "months_since"),
    chart="heatmap",
    traced=bought,
)
ACTIVE: Final = Definition(
    "active_customers",
    1,
    "customers",
    Both("Active customers", "活跃客户"),
    Both(
        "Customers who ordered in the period, those who did for the first time and those who came "
        "back, who may be the same, and their orders.",
        "期间内下单的客户数，其中首次下单与再次下单的客户（两者可能重合），以及订单数。",
    ),
    _active,
    (_ORDER, *FIELDS),
    (
        Measure("active", Both("active", "活跃客户"), "customers", "distinct", "id"),
        Measure("new", Both("new", "新客户"), "customers", "sum", "first"),
        Measure(
            "came_again", Both("came again", "复购客户"), "customers", "distinct", "came_again"
        ),
        _ORDERS,
    ),
    by=("month",),
    chart="line",
)
LOYALTY: Final = Definition(
    "customer_loyalty",
    1,
    "customers",
    Both("Loyalty", "客户忠诚度"),
    Both(
        "Of all who bought, how many did so more than once, and how much of the value (net, less "
        "returns and credits) is theirs. A period is about the first order.",
        "全部购买客户中购买超过一次的客户数及其净购买额（扣除退货与贷项）占比。期间按首单日期计算。",
    ),
    _loyal,
    FIELDS,
    (
        CUSTOMERS,
        Measure("again", Both("bought again", "复购客户"), "customers", "sum", "again"),
        Measure("again_share", Both("share of them", "复购率"), "percent", "share", "again"),
        Measure("value", Both("net value", "净购买额"), "money", "sum", "value"),
        Measure(
            *("value_share", Both("share of value", "复购客户价值占比"), "percent"),
            *("share", "value_again", "value"),
        ),
        Measure("mean_orders", Both("orders each", "人均订单数"), "orders", "mean", "orders"),
    ),
    by=(),
    traced=bought,
)
CHURN: Final = Definition(
    "customer_churn",
    1,
    "customers",
    Both("Churn", "客户流失"),
    Both(
        "Of the customers who were active when a month began, how many of a hundred let so many "
        "days pass without an order in it, and how many of them came back later. By a longer "
        "period, the months are added up.",
        "月初活跃的客户中，当月连续若干天未下单而流失的百分比，以及其中后来回流的客户数。"
        "按更长期间统计时为各月之和。",
    ),
    _churning,
    FIELDS,
    (
        Measure("at_start", Both("active at the beginning", "月初活跃客户"), "customers"),
        Measure("churned", Both("churned", "流失客户"), "customers", "sum", "churned"),
        Measure("back", Both("of whom came back", "其中回流"), "customers", "sum", "back"),
        Measure("churn_rate", Both("monthly churn", "月流失率"), "percent", "share", "churned"),
    ),
    by=("month",),
    chart="line",
    settings=(DAYS,),
    traced=bought,
)
GAPS: Final = Definition(
    "order_intervals",
    1,
    "customers",
    Both("Time between orders", "购买间隔"),
    Both(
        "Days from the day of an order to the customer's next one, by the day of the later; orders "
        "of one day count as one.",
        "客户相邻两次下单日之间的天数，按后一次日期计算；同一天的订单合并计算。",
    ),
    _gaps,
    FIELDS,
    (
        Measure("times", Both("times", "次数"), "times"),
        Measure("median_days", Both("median", "中位数"), "days", "median", "gap"),
        Measure("p90_days", Both("90 of 100 within", "九成不超过"), "days", "percentile", "gap"),
    ),
    by=("month",),
    chart="line",
)

LOYALTY_FIGURES: Final = (COHORTS, ACTIVE, LOYALTY, CHURN, GAPS)
