"""Sales figures of what deals went through: the funnel of stages, and what moved a pipeline between
two dates. Each fact is an event.
"""

from typing import Any, Final

from projections.analytics.dimensions import PRODUCT, called, of
from projections.analytics.kernel import (
    DAY,
    Asked,
    Definition,
    Measure,
    Table,
    Views,
    by_evening,
    one_if,
)
from projections.analytics.sales import DEALS
from projections.words.kernel import Both, both

_OWNED: Final = (
    *of("opportunities", "owner_id", "team_id", "pipeline_id", "lead_source"),
    PRODUCT,
)
_HELD: Final = (*of("opportunities", "stage"), *_OWNED)
_HOLDERS: Final = tuple(one.name for one in _HELD)


def _stays(views: Views, asked: Asked) -> Table:
    """Each time a deal stood in a stage: those that it left, as it stood when it did, and the one
    where it stands. The event is the one that brought it there.
    """
    steps, deals = views["opportunity_changes"], views["opportunities"]
    left = steps.filter(
        steps.was_status == "open", (steps.was_stage != steps.stage) | (steps.status != "open")
    )
    left = left.select(
        **{name: left[f"was_{name}"] for name in _HOLDERS},
        id=left.id,
        position=left.was_stage_position,
        on=left.was_stage_since.date(),
        became=left.status,
        seconds=left.stage_seconds,
    )
    there = deals.filter(deals.status == "open")
    there = there.select(
        *_HOLDERS,
        id=there.id,
        position=there.stage_position,
        on=there.stage_since.date(),
        became=there.status.nullif("open"),
        seconds=there.stage_position.nullif(there.stage_position),  # not known yet
    )
    stays = left.union(there)
    return stays.mutate(
        went_on=one_if(stays.became.isin(("open", "won"))),
        lost=one_if(stays.became == "lost"),
        stands=one_if(stays.became.isnull()),
    )


def _moves(views: Views, asked: Asked) -> Table:
    """What each event took out of the open pipeline (as the deal stood before) and put into it (as
    it stands after), under the name of the movement. What came before the period is its opening;
    all of it together is its closing. That a deal passed from one stage or owner to another moves
    only what is grouped or filtered by these.
    """
    held = [one.name for one in _HELD if one.name in (*asked.by, *asked.filters)]
    steps = views["opportunity_changes"]
    same = steps.was_amount.identical_to(steps.amount) & (
        steps.was_amount_currency.identical_to(steps.amount_currency)
    )
    passed = steps.was_open != steps.open
    for name in held:
        passed |= ~steps[f"was_{name}"].identical_to(steps[name])
    steps = steps.filter(*by_evening(steps, asked.last_day, asked), passed | ~same)
    named = steps.mutate(on=steps.occurred_at.date(), movement=_movement(steps, same))
    kept = ("id", "position", "on", "movement")
    out = named.filter(named.was_open)
    into = named.filter(named.open)
    legs = out.select(
        *kept,
        **{name: out[f"was_{name}"] for name in _HOLDERS},
        currency=out.was_amount_currency,
        amount=-out.was_amount,
        deals=-one_if(out.was_open),
    ).union(
        into.select(
            *kept,
            *_HOLDERS,
            currency=into.amount_currency,
            amount=into.amount,
            deals=one_if(into.open),
        )
    )
    moved = legs
    if asked.since is not None:
        moved = legs.mutate(movement=(legs.on < asked.since).ifelse("opening", legs.movement))
    whole = legs.mutate(movement=(legs.on <= asked.last_day).ifelse("closing", legs.movement))
    return moved.union(whole)


def _movement(steps: Table, same: Any) -> Any:
    """What an event did to the pipeline, in a word."""
    began = steps.was_status.isnull()
    gone = steps.archived.ifelse("archived", steps.status)
    back = began.ifelse("new", "reopened")
    stayed = same.ifelse("passed_on", "changed")
    return steps.open.ifelse(steps.was_open.ifelse(stayed, back), gone)


FUNNEL: Final = Definition(
    "stage_conversion",
    2,
    "sales",
    Both("Funnel of stages", "销售漏斗"),
    Both(
        "Each time a deal came into a stage in the period: whether it went on (into another stage "
        "or won), was lost from there, or stands there still, and how long it stood there. A deal "
        "that comes twice counts twice. It counts for whoever had it when it left, or has it.",
        "期间内商机进入各阶段的次数，其中推进（进入其他阶段或赢单）、输单或仍停留的数量及停留时长。"
        "同一商机多次进入则多次计算，并计入离开该阶段时（或当前）的负责人等。",
    ),
    _stays,
    _HELD,
    (
        Measure("entered", Both("came in", "进入"), "times"),
        Measure("went_on", Both("went on", "推进"), "times", "sum", "went_on"),
        Measure("lost", Both("lost from there", "输单"), "times", "sum", "lost"),
        Measure("stands", Both("stand there", "停留"), "times", "sum", "stands"),
        Measure("conversion", Both("conversion", "转化率"), "percent", "share", "went_on"),
        Measure(
            *("median_days", Both("median time there", "停留时长中位数"), "days"),
            *("median", "seconds"),
            divisor=DAY,
        ),
    ),
    by=("stage",),
    chart="funnel",
)
WATERFALL: Final = Definition(
    "pipeline_movement",
    2,
    "sales",
    Both("Pipeline between two dates", "商机金额变动"),
    Both(
        "What the open pipeline held before the first day, what moved it until the last, and what "
        "it held then. Opening and movements add up to the closing, in every currency, and for "
        "every stage, owner, team, pipeline and product by itself.",
        "期初进行中商机的金额、期间内的各类变动及期末金额。"
        "各币种以及各阶段、负责人、团队、管道、产品的期初加变动均等于期末。",
    ),
    _moves,
    (
        called(
            "movement",
            Both("movement", "变动"),
            both(
                opening=("opening", "期初"),
                new=("new", "新增"),
                reopened=("reopened or restored", "重新打开"),
                changed=("amount changed", "金额变更"),
                passed_on=("passed on", "转入转出"),
                won=("won", "赢单"),
                lost=("lost", "输单"),
                archived=("archived", "归档"),
                closing=("closing", "期末"),
            ),
        ),
        *_HELD,
    ),
    (
        Measure("deals", DEALS.label, "deals", "sum", "deals"),
        Measure("amount", Both("amount", "金额"), "money", "sum", "amount"),
    ),
    by=("movement",),
    chart="waterfall",
    standing=True,
)

MOVEMENT: Final = (FUNNEL, WATERFALL)
