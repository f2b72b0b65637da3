"""How an SLA policy that was tried on past tickets is reported."""

from typing import Any, Final

from domain.tickets import Ticket
from projections.what_if.kernel import Column, Sheet, WhatIf
from projections.what_if.sla import SlaTally, fold
from projections.words import WORDS
from projections.words.kernel import Both, both

_MEASURE: Final = Column(
    "measure",
    Both("target", "目标"),
    both(
        first_response=("first response", "首次响应"),
        next_response=("next response", "后续响应"),
        resolution=("resolution", "解决"),
    ),
)
_PRIORITY: Final = Column(
    "priority", Both("priority", "优先级"), WORDS["tickets"].values["priority"]
)
_NOTHING: Final = Both("not promised", "未约定")
_OUTCOMES: Final = both(
    due=("running", "计时中"),
    paused=("paused", "暂停"),
    met=("met", "达成"),
    missed=("missed", "超时"),
)


def _side(name: str, en: str, zh: str) -> tuple[Column, ...]:
    """The sums under one of the policies."""
    told: dict[str, Any] = both(
        promised=("promised", "约定"),
        met=("met", "达成"),
        missed=("missed", "超时"),
        paused=("paused", "暂停"),
        due=("running", "计时中"),
        missed_share=("missed, %", "超时率（%）"),
        hours_over=("hours over", "超时小时数"),
    )
    return tuple(
        Column(f"{name}_{one}", Both(f"{en}: {label.en}", f"{zh}：{label.zh}"))
        for one, label in told.items()
    )


_SUMS: Final = (
    Column("clocks", Both("clocks", "计时数")),
    *_side("before", "then", "当时"),
    *_side("after", "proposed", "拟议"),
    Column("newly_missed", Both("newly missed", "新增超时")),
    Column("newly_met", Both("no longer missed", "不再超时")),
)

SLA_POLICY: Final = WhatIf(
    "sla-policy",
    1,
    Both("What if another SLA policy had been in force", "假设采用另一服务级别协议"),
    Both(
        "Every clock of the tickets that were opened in the period, by what was promised then and "
        "by the proposed policy, from the beginning on and for all tickets.",
        "对期间内创建的工单，分别按当时的约定和拟议的协议（自始适用于全部工单）重新判定每项时限。",
    ),
    (
        Both(
            "Everybody worked as they did: a shorter time would have made nobody quicker.",
            "假设处理过程不变：时限缩短不会使任何人更快。",
        ),
        Both(
            "What is overdue at the end of the period counts as missed. Hours over are hours of "
            "the calendar.",
            "期末已逾期的计为超时；超时小时数按自然时间计算。",
        ),
    ),
    Ticket,
    "ticket_clocks",
    fold,
    SlaTally,
    (
        Sheet(
            "targets",
            Both("By target and priority", "按目标和优先级"),
            (_MEASURE, _PRIORITY, *_SUMS),
        ),
        Sheet(
            "months",
            Both("By month in which the clock began", "按计时开始月份"),
            (Column("month", Both("month", "月份")), _MEASURE, *_SUMS),
        ),
        Sheet(
            "changed",
            Both("Clocks that change (the first ones)", "结果改变的计时（前若干条）"),
            (
                Column("id", Both("id", "编号（ID）")),
                Column("number", Both("number", "工单编号")),
                _MEASURE,
                _PRIORITY,
                Column("started_at", Both("began", "开始")),
                Column("ended_at", Both("ended", "结束")),
                Column("before_due_at", Both("then: due", "当时：截止")),
                Column("before_outcome", Both("then: outcome", "当时：结果"), _OUTCOMES, _NOTHING),
                Column("after_due_at", Both("proposed: due", "拟议：截止")),
                Column(
                    "after_outcome", Both("proposed: outcome", "拟议：结果"), _OUTCOMES, _NOTHING
                ),
            ),
        ),
    ),
)
