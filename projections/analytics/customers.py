"""Figures of customers: where the relations stand, and how long nobody has been in touch."""

from typing import Any, Final

from projections.analytics.dimensions import YES_OR_NO, called, of
from projections.analytics.kernel import Asked, Definition, Measure, Table, Views, one_if
from projections.words import WORDS
from projections.words.kernel import Both, both

_FIELDS: Final = of(
    "customers", "stage", "level", "industry", "lead_source", "type", "kind", "owner_id", "team_id"
)
_POOL: Final = called("in_pool", WORDS["customers"].labels["in_pool"], YES_OR_NO)
_WITHIN: Final = (30, 90, 180)
"""Days."""
_RECENCY: Final = called(
    "recency",
    Both("last follow-up", "最近跟进"),
    both(
        within_30=("within 30 days", "30 天内"),
        within_90=("within 90 days", "90 天内"),
        within_180=("within 180 days", "180 天内"),
        longer=("longer ago", "180 天以上"),
        never=("never", "从未"),
    ),
)
CUSTOMERS: Final = Measure("customers", Both("customers", "客户数"), "customers")


def _facts(views: Views, **more: Any) -> Table:
    customers = _present(views)
    names = ("id", "position", "in_pool", *(one.name for one in _FIELDS))
    kept = {name: customers[name] for name in names}
    return customers.select(**kept, on=customers.created_at.date(), **more)


def _present(views: Views) -> Table:
    """Whoever goes on in another record counts there only."""
    customers = views["customers"]
    return customers.filter(~customers.archived, customers.merged_into_id.isnull())


def _standing(views: Views, asked: Asked) -> Table:
    return _facts(views)


def _in_touch(views: Views, asked: Asked) -> Table:
    customers = _present(views)
    since = -customers.last_follow_up_on.delta(asked.today, unit="day")
    recency = since.isnull().ifelse("never", "longer")
    for days in sorted(_WITHIN, reverse=True):
        recency = (since <= days).ifelse(f"within_{days}", recency)
    overdue = one_if(customers.next_follow_up_on < asked.today)
    return _facts(views, recency=recency, since=since, overdue=overdue)


STAGES: Final = Definition(
    "customer_stages",
    1,
    "customers",
    Both("Customers by stage", "客户阶段分布"),
    Both(
        "Customers by where the relation stands, how big they are and where they came from. A "
        "period is about the day they were registered.",
        "按阶段、级别、行业和来源统计客户。期间按登记日期计算。",
    ),
    _standing,
    (*_FIELDS, _POOL),
    (CUSTOMERS,),
    by=("stage",),
    behind=("stage", "level", "in_pool"),
)
ACTIVITY: Final = Definition(
    "customer_activity",
    1,
    "customers",
    Both("Follow-ups of customers", "客户跟进情况"),
    Both(
        "How long ago somebody last followed up with a customer, and with how many the next "
        "follow-up is overdue. A period is about the day they were registered.",
        "距最近一次跟进的天数，以及下次跟进已逾期的客户数。期间按登记日期计算。",
    ),
    _in_touch,
    (_RECENCY, *_FIELDS, _POOL),
    (
        CUSTOMERS,
        Measure("median_days", Both("median", "天数中位数"), "days", "median", "since"),
        Measure("overdue", Both("overdue", "跟进逾期"), "customers", "sum", "overdue"),
    ),
    by=("recency",),
    behind=("last_follow_up_on", "next_follow_up_on"),
)

CUSTOMER_FIGURES: Final = (STAGES, ACTIVITY)
