"""RFM segments 客户分层: how recently, how often and for how much customers buy, and what that
makes them.

**Scores** are fifths. A score is 1, and 1 more for each whole fifth of the customers who lie
strictly below: who has the same value has the same score, in every engine and every run, and the
order in which customers are stored has no say. (``NTILE`` breaks ties by chance.) So where seven of
ten bought once, all of them score 1, and who bought twice scores 4.

- Recency 最近购买: the later the last order, the higher.
- Frequency 购买频率: the more orders, the higher.
- Monetary 购买金额: within each currency, the greater the net value, the higher; of several
  currencies the highest score counts.

**A segment** follows from recency and frequency by :data:`GRID`. What somebody is worth stands
beside it as a score of its own, so that neither hides the other.
"""

from typing import Any, Final

from projections.analytics.dimensions import called
from projections.analytics.kernel import Asked, Definition, Measure, Table, Views, one_if
from projections.analytics.purchases import FIELDS, by_currency, described, orders
from projections.words.kernel import Both, both

FIFTHS: Final = 5
GRID: Final[tuple[tuple[str, ...], ...]] = (
    ("hibernating", "hibernating", "at_risk", "at_risk", "not_to_lose"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "not_to_lose"),
    ("about_to_sleep", "about_to_sleep", "needing_attention", "loyal", "loyal"),
    ("promising", "becoming_loyal", "becoming_loyal", "loyal", "loyal"),
    ("new", "becoming_loyal", "becoming_loyal", "champions", "champions"),
)
"""The segment by recency (a row, from 1) and frequency (a column, from 1)."""
SEGMENTS: Final = both(
    champions=("champions", "核心客户"),
    loyal=("loyal", "忠诚客户"),
    becoming_loyal=("becoming loyal", "潜在忠诚客户"),
    new=("new", "新客户"),
    promising=("promising", "有潜力客户"),
    needing_attention=("needing attention", "需关注客户"),
    about_to_sleep=("about to sleep", "即将沉睡客户"),
    at_risk=("at risk", "流失风险客户"),
    not_to_lose=("not to be lost", "不可流失客户"),
    hibernating=("hibernating", "沉睡客户"),
)
_SEGMENT: Final = called("segment", Both("segment", "客户分层"), SEGMENTS)
_SCORES: Final = tuple(
    called(name, label, {})
    for name, label in both(
        recency_score=("recency score", "最近购买评分"),
        frequency_score=("frequency score", "购买频率评分"),
        monetary_score=("monetary score", "购买金额评分"),
    ).items()
)
CUSTOMERS: Final = Measure("customers", Both("customers", "客户数"), "customers")


def scored(views: Views, asked: Asked) -> Table:
    """A row for each customer who bought anything up to the last day: ``recency`` (days since the
    last order), ``orders``, the scores and the segment.
    """
    found = _ranked(views, asked)
    found = found.group_by("id").aggregate(
        last_on=found.last_on.max(),
        orders=found.orders.sum(),
        monetary_score=found.score.max(),
        position=found.position.max(),
    )
    known = found.id.count().over(group_by=[])
    found = found.mutate(
        on=found.last_on,
        recency=-found.last_on.delta(asked.last_day, unit="day"),
        recency_score=_score(found.last_on.rank(), known),
        frequency_score=_score(found.orders.rank(), known),
    )
    cell = found.recency_score * 10 + found.frequency_score
    named = [
        (recency * 10 + frequency, segment)
        for recency, row in enumerate(GRID, 1)
        for frequency, segment in enumerate(row, 1)
    ]
    return described(views, found.mutate(segment=cell.cases(*named, else_=GRID[0][0])))


def worth(views: Views, asked: Asked) -> Table:
    """The same for each currency that a customer bought in, with the ``value`` in it."""
    return scored(views, asked).join(_ranked(views, asked).select("id", "currency", "value"), "id")


def bought(views: Views, asked: Asked) -> Table:
    """The events behind figures of customers: those of their orders and credits."""
    return orders(views, asked.last_day)


def _ranked(views: Views, asked: Asked) -> Table:
    """What each customer bought in each currency, and the monetary score that this makes."""
    found = by_currency(views, asked.last_day)
    within = [found.currency]
    rank = found.value.rank().over(group_by=within, order_by=[found.value])
    return found.mutate(score=_score(rank, found.id.count().over(group_by=within)))


def _score(rank: Any, known: Any) -> Any:
    """``rank`` is how many of those ``known`` lie strictly below."""
    fifths = [one_if(rank * FIFTHS >= known * fifth) for fifth in range(1, FIFTHS)]
    return sum(fifths[1:], fifths[0]) + 1


CUSTOMER_SEGMENTS: Final = Definition(
    "customer_segments",
    1,
    "customers",
    Both("Customers by RFM segment", "RFM 客户分层"),
    Both(
        "Everybody who bought up to the last day, by how recently and how often they did. Orders "
        "count while they are confirmed or completed, credits count for nothing here.",
        "截至期末有购买的全部客户，按最近购买时间和购买次数分层。生效或完成的订单计入，贷项不计入。",
    ),
    scored,
    (_SEGMENT, *_SCORES, *FIELDS),
    (
        CUSTOMERS,
        Measure("orders", Both("orders", "订单数"), "orders", "sum", "orders"),
        Measure("mean_orders", Both("orders each", "人均订单数"), "orders", "mean", "orders"),
        Measure(
            *("median_days", Both("median of days since", "距今天数中位数"), "days"),
            *("median", "recency"),
        ),
    ),
    by=("segment",),
    standing=True,
    traced=bought,
)
SEGMENT_VALUE: Final = Definition(
    "segment_value",
    1,
    "customers",
    Both("Value of RFM segments", "RFM 分层价值"),
    Both(
        "What the customers of each segment bought up to the last day: net, less returns and "
        "credits. Who bought in two currencies counts in both.",
        "各分层客户截至期末的净购买额（扣除退货与贷项）。以两种货币购买的客户在两种货币中各计一次。",
    ),
    worth,
    (_SEGMENT, *_SCORES, *FIELDS),
    (
        CUSTOMERS,
        Measure("value", Both("net value", "净购买额"), "money", "sum", "value"),
        Measure("mean", Both("value each", "人均净购买额"), "money", "mean", "value"),
    ),
    by=("segment",),
    standing=True,
    traced=bought,
)

SEGMENT_FIGURES: Final = (CUSTOMER_SEGMENTS, SEGMENT_VALUE)
