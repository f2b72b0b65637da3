"""Service figures of what was promised: kept and missed, how long it took in business hours, and
what the system that tickets came from says of it.
"""

from typing import Final

from projections.analytics.dimensions import called, of
from projections.analytics.kernel import HOUR, Asked, Definition, Measure, Table, Views, one_if
from projections.analytics.service import HANDS, TICKETS
from projections.words.kernel import Both, both
from projections.words.service_levels import DIFFERENCES, MEASURES, OUTCOMES

_POLICY: Final = of("tickets", "sla_policy_id")
_HELD: Final = (*HANDS, *_POLICY)
_RECORDED: Final = both(met=("met", "达成"), missed=("missed", "超时"), nothing=("nothing", "无"))
_OURS: Final = both(missed=("missed", "超时"), not_missed=("not missed", "未超时"))


def _promises(views: Views, asked: Asked) -> Table:
    """One row a clock that is over or was missed, on the day of that."""
    clocks = views["judged_clocks"]
    met, missed = (one_if(clocks.outcome == word) for word in ("met", "missed"))
    names = ("id", "position", "measure", "outcome", *(one.name for one in _HELD))
    return clocks.select(
        **{name: clocks[name] for name in names},
        on=clocks.judged_at.date(),
        met=met,
        missed=missed,
        promised=one_if(clocks.outcome.notnull()),
        calendar=clocks.calendar_seconds,
        business=clocks.business_seconds,
        over=clocks.over_seconds,
    )


def _verdicts(views: Views, asked: Asked) -> Table:
    """One row a ticket: the word that it came with, and ours."""
    clocks, tickets = views["ticket_clocks"], views["tickets"]
    known = tickets.select(ticket=tickets.id, position=tickets.position)
    clocks = clocks.inner_join(known, clocks.id == known.ticket)
    names = ("id", "position", "difference", *(one.name for one in _HELD))
    came_with = clocks.made_sla.ifelse("met", "missed")
    late = (clocks.due_at.date() < asked.today).fill_null(False)
    return clocks.select(
        **{name: clocks[name] for name in names},
        on=clocks.opened_at.date(),
        recorded=clocks.made_sla.isnull().ifelse("nothing", came_with),
        ours=clocks.missed.ifelse("missed", "not_missed"),
        missed=one_if(clocks.missed),
        overdue=one_if(late),
    )


def _took(name: str, kind: Both, column: str) -> tuple[Measure, Measure]:
    """The middle and the ninth of ten, in hours."""
    median = Both(f"median, {kind.en} hours", f"{kind.zh}时长中位数")
    most = Both(f"90 of 100 within, {kind.en} hours", f"九成不超过（{kind.zh}时长）")
    return (
        Measure(f"median_{name}", median, "hours", "median", column, divisor=HOUR),
        Measure(f"p90_{name}", most, "hours", "percentile", column, divisor=HOUR),
    )


PROMISES: Final = Definition(
    "service_levels",
    1,
    "service",
    Both("Promises kept and missed", "服务级别达成率"),
    Both(
        "First responses, next responses and resolutions by the day on which the promise was kept "
        "or broken (where nothing was promised: on which it ended), how long they took without "
        "pauses in calendar and in business hours, and by how much those that were missed and are "
        "over by now went beyond the promise, in the time that it counts.",
        "首次响应、后续响应和解决，按承诺达成或超时之日（无承诺的按结束之日）统计，"
        "含扣除挂起后的自然小时和营业小时，以及已结束的超时项超出承诺的时长（按承诺的计时方式）。",
    ),
    _promises,
    (
        called("measure", Both("target", "目标"), MEASURES),
        called("outcome", Both("outcome", "结果"), OUTCOMES),
        *_HELD,
    ),
    (
        Measure("clocks", Both("times taken", "计时数"), "times"),
        Measure("met", Both("kept", "达成"), "times", "sum", "met"),
        Measure("missed", Both("missed", "超时"), "times", "sum", "missed"),
        Measure("kept", Both("share kept", "达成率"), "percent", "share", "met", whole="promised"),
        *_took("hours", Both("calendar", "自然"), "calendar"),
        *_took("business_hours", Both("business", "营业"), "business"),
        Measure(
            *("median_over", Both("median over the promise", "超出时长中位数"), "hours"),
            *("median", "over"),
            divisor=HOUR,
        ),
        Measure(
            *("longest_over", Both("longest over the promise", "最长超出时长"), "hours"),
            *("most", "over"),
            divisor=HOUR,
        ),
    ),
    by=("measure",),
)
VERDICTS: Final = Definition(
    "service_level_verdicts",
    1,
    "service",
    Both("Service levels by both judgements", "服务级别判定对比"),
    Both(
        "Tickets by what the system that they came from says of its service level, by our own "
        "judgement, and by why the two differ. Overdue are those that are still waited for and "
        "were due before today. A period is about the day they came in.",
        "按来源系统的判定、我方判定及差异原因统计工单；逾期指仍未完成且今日之前到期的工单。"
        "期间按工单受理日期计算。",
    ),
    _verdicts,
    (
        called("recorded", Both("recorded", "来源判定"), _RECORDED),
        called("ours", Both("ours", "我方判定"), _OURS),
        called(
            "difference",
            Both("why they differ", "差异原因"),
            {one.value: words for one, words in DIFFERENCES.items()},
        ),
        *_HELD,
    ),
    (
        TICKETS,
        Measure("missed", Both("missed by ours", "我方判定超时"), "tickets", "sum", "missed"),
        Measure("missed_share", Both("share missed", "超时率"), "percent", "share", "missed"),
        Measure("overdue", Both("overdue", "逾期"), "tickets", "sum", "overdue"),
    ),
    by=("recorded", "ours"),
    behind=("status", "made_sla", "priority", "sla_policy_id"),
)

SERVICE_LEVELS: Final = (PROMISES, VERDICTS)
