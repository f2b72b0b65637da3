"""Sales figures of deals as they stand: won, lost, open, expected.

An archived deal that was closed still counts as closed; one that is open does not count as open.
"""

from typing import Any, Final

from projections.analytics.dimensions import PRODUCT, of
from projections.analytics.kernel import Asked, Definition, Measure, Table, Views, one_if
from projections.words.kernel import Both

OUTCOME: Final = ("status", "amount", "closed_on")
"""The fields whose changes make a closed deal what it is."""
DEALS: Final = Measure("deals", Both("deals", "商机数"), "deals")
AMOUNT: Final = Measure("amount", Both("amount", "金额"), "money", "sum", "amount")
_OWNED: Final = (
    *of("opportunities", "owner_id", "team_id"),
    PRODUCT,
    *of("opportunities", "lead_source", "type", "pipeline_id"),
)


def _facts(deals: Table, on: Any, **more: Any) -> Table:
    """The columns that all facts of deals have, and more."""
    names = ("id", "position", "amount", "stage", *(one.name for one in _OWNED))
    kept = {name: deals[name] for name in names}
    return deals.select(**kept, currency=deals.amount_currency, on=on, **more)


def _closed(views: Views, *outcomes: str) -> Table:
    deals = views["opportunities"]
    return deals.filter(deals.status.isin(outcomes), deals.closed_on.notnull())


def _open(views: Views) -> Table:
    deals = views["opportunities"]
    return deals.filter(deals.status == "open", ~deals.archived)


def _won_facts(views: Views, asked: Asked) -> Table:
    deals = _closed(views, "won")
    return _facts(deals, deals.closed_on)


def _closed_facts(views: Views, asked: Asked) -> Table:
    deals = _closed(views, "won", "lost")
    won = one_if(deals.status == "won")
    days = deals.closed_on.delta(deals.created_at.date(), unit="day")
    return _facts(deals, deals.closed_on, status=deals.status, won=won, lost=1 - won, days=days)


def _lost_facts(views: Views, asked: Asked) -> Table:
    deals = _closed(views, "lost")
    return _facts(
        deals, deals.closed_on, loss_reason=deals.loss_reason, competitor=deals.competitor
    )


def _open_facts(views: Views, asked: Asked) -> Table:
    deals = _open(views)
    age = -deals.created_at.date().delta(asked.today, unit="day")
    waits = -deals.stage_since.date().delta(asked.today, unit="day")
    return _facts(deals, deals.created_at.date(), age=age, waits=waits)


def _expected_facts(views: Views, asked: Asked) -> Table:
    deals = _open(views)
    return _facts(
        deals,
        deals.expected_close_on,
        forecast_category=deals.forecast_category,
        weighted=deals.amount * deals.probability,
    )


def _slipped_facts(views: Views, asked: Asked) -> Table:
    deals = views["opportunities"]
    deals = deals.filter(deals.original_close_on.notnull(), ~deals.archived)
    late = one_if(deals.slipped > 0)
    days = deals.expected_close_on.delta(deals.original_close_on, unit="day")
    return _facts(
        deals,
        deals.original_close_on,
        status=deals.status,
        late=late,
        slips=deals.slipped,
        slipped_days=(deals.slipped > 0).ifelse(days, None),
    )


def _source_facts(views: Views, asked: Asked) -> Table:
    deals, customers = views["opportunities"], views["customers"]
    known = customers.select(customer_id=customers.id, customer_source=customers.lead_source)
    deals = deals.left_join(known, "customer_id")
    deals = deals.mutate(
        lead_source=deals.lead_source.coalesce(deals.customer_source),
        won=one_if(deals.status == "won"),
        lost=one_if(deals.status == "lost"),
    )
    return _facts(
        deals,
        deals.created_at.date(),
        won=deals.won,
        lost=deals.lost,
        closed=deals.won + deals.lost,
    )


WON: Final = Definition(
    "won_deals",
    1,
    "sales",
    Both("Won deals", "赢单金额"),
    Both(
        "Deals that were won, by the day they were closed, with the amount agreed. A deal with "
        "lines of several products counts under no product, so that no amount is counted twice.",
        "按成交日期统计赢单商机及成交金额。含多种产品的商机不归入任何产品，金额不会重复计算。",
    ),
    _won_facts,
    _OWNED,
    (DEALS, AMOUNT, Measure("mean", Both("mean amount", "平均金额"), "money", "mean", "amount")),
    by=("month",),
    chart="line",
    behind=OUTCOME,
)
WIN_RATE: Final = Definition(
    "win_rate",
    1,
    "sales",
    Both("Win rate", "赢单率"),
    Both(
        "Of the deals closed in the period, how many of a hundred were won.",
        "期间内已结束的商机中赢单所占的百分比。",
    ),
    _closed_facts,
    _OWNED,
    (
        Measure("closed", Both("closed deals", "已结束商机"), "deals"),
        Measure("won", Both("won", "赢单"), "deals", "sum", "won"),
        Measure("lost", Both("lost", "输单"), "deals", "sum", "lost"),
        Measure("win_rate", Both("win rate", "赢单率"), "percent", "share", "won"),
    ),
    by=("month",),
    chart="line",
    behind=("status", "closed_on"),
)
CYCLE: Final = Definition(
    "cycle_length",
    1,
    "sales",
    Both("Length of the sales cycle", "销售周期"),
    Both(
        "Days from the day a deal was opened to the day it was closed.",
        "商机从创建到结束所经过的天数。",
    ),
    _closed_facts,
    (*of("opportunities", "status"), *_OWNED),
    (
        DEALS,
        Measure("median_days", Both("median", "中位数"), "days", "median", "days"),
        Measure("p90_days", Both("90 of 100 within", "九成不超过"), "days", "percentile", "days"),
        Measure("longest", Both("longest", "最长"), "days", "most", "days"),
    ),
    by=("status",),
    behind=("status", "closed_on"),
)
LOSSES: Final = Definition(
    "loss_reasons",
    1,
    "sales",
    Both("Why deals are lost", "输单原因分析"),
    Both(
        "Lost deals by the reason given, with the amount that they stood at.",
        "按输单原因统计输单商机及其金额。",
    ),
    _lost_facts,
    (*of("opportunities", "loss_reason", "competitor"), *_OWNED),
    (DEALS, AMOUNT),
    by=("loss_reason",),
    behind=("loss_reason", "status"),
)
AGEING: Final = Definition(
    "open_deals",
    1,
    "sales",
    Both("Open deals and their age", "进行中商机及其时长"),
    Both(
        "Deals that are open today, since when they are, and since when they stand in their stage. "
        "A period is about the day they were opened.",
        "当前进行中的商机、存在天数及在当前阶段停留的天数。期间按创建日期计算。",
    ),
    _open_facts,
    (*of("opportunities", "stage"), *_OWNED),
    (
        DEALS,
        AMOUNT,
        Measure("median_age", Both("median age", "时长中位数"), "days", "median", "age"),
        Measure("oldest", Both("oldest", "最长时长"), "days", "most", "age"),
        Measure(
            *("median_in_stage", Both("median time in the stage", "阶段停留中位数"), "days"),
            *("median", "waits"),
        ),
    ),
    by=("stage",),
    behind=("status", "stage"),
)
FORECAST: Final = Definition(
    "forecast",
    1,
    "sales",
    Both("Forecast", "销售预测"),
    Both(
        "Open deals by how firmly they are counted on, with their amounts and these weighted by "
        "probability. A period is about the expected close.",
        "按预测类别统计进行中商机的金额及按赢率加权的金额。期间按预计成交日期计算。",
    ),
    _expected_facts,
    (*of("opportunities", "forecast_category", "stage"), *_OWNED),
    (
        DEALS,
        AMOUNT,
        Measure(
            *("weighted", Both("weighted amount", "加权金额"), "money", "sum", "weighted"),
            divisor=100,
        ),
    ),
    by=("forecast_category",),
    behind=("forecast_category", "amount", "probability"),
)
SLIPPAGE: Final = Definition(
    "slippage",
    1,
    "sales",
    Both("Slipped close dates", "成交延期"),
    Both(
        "Deals whose expected close was moved later, how often, and by how many days against the "
        "date first expected, which a period is about.",
        "预计成交日期被推迟的商机、推迟次数及相对最初日期的天数。期间按最初预计成交日期计算。",
    ),
    _slipped_facts,
    (*of("opportunities", "status", "stage"), *_OWNED),
    (
        DEALS,
        Measure("slipped", Both("slipped", "已延期"), "deals", "sum", "late"),
        Measure(
            "slipped_share", Both("share that slipped", "延期比例"), "percent", "share", "late"
        ),
        Measure("slips", Both("number of slips", "延期次数"), "times", "sum", "slips"),
        Measure(
            *("median_days", Both("median of the days slipped", "延期天数中位数"), "days"),
            *("median", "slipped_days"),
        ),
    ),
    by=("status",),
    behind=("expected_close_on",),
)
SOURCES: Final = Definition(
    "source_effectiveness",
    1,
    "sales",
    Both("What sources bring", "来源成效"),
    Both(
        "Deals by how they came to us, failing that how their customer did, and how many of those "
        "closed were won. A period is about the day a deal was opened.",
        "按来源（商机未填写时取客户来源）统计商机及赢单率。期间按创建日期计算。",
    ),
    _source_facts,
    _OWNED,
    (
        DEALS,
        Measure("won", Both("won", "赢单"), "deals", "sum", "won"),
        Measure("lost", Both("lost", "输单"), "deals", "sum", "lost"),
        Measure(
            *("win_rate", Both("win rate", "赢单率"), "percent", "share", "won"), whole="closed"
        ),
    ),
    by=("lead_source",),
    behind=("lead_source", "status"),
)

SALES: Final = (WON, WIN_RATE, CYCLE, LOSSES, AGEING, FORECAST, SLIPPAGE, SOURCES)
