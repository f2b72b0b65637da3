"""What an SLA policy promises, in words: openings of a week, targets, revisions."""

from collections.abc import Mapping
from typing import Any, Final

from domain.sla_verdicts import Difference
from projections.words.kernel import Both, Language, both
from projections.words.shared import LEVELS

_WEEKDAYS: Final = both(
    monday=("Monday", "周一"),
    tuesday=("Tuesday", "周二"),
    wednesday=("Wednesday", "周三"),
    thursday=("Thursday", "周四"),
    friday=("Friday", "周五"),
    saturday=("Saturday", "周六"),
    sunday=("Sunday", "周日"),
)
MEASURES: Final = both(
    first_response=("first response", "首次响应"),
    next_response=("next response", "后续响应"),
    resolution=("resolution", "解决"),
)
OUTCOMES: Final = both(met=("met", "达成"), missed=("missed", "超时"))
DIFFERENCES: Final = {
    Difference.NO_POLICY: Both("no policy", "没有服务级别"),
    Difference.NO_TARGET: Both("the policy promises nothing of it", "服务级别对此未作约定"),
    Difference.NOT_OVER: Both("it is not over", "尚未结束"),
    Difference.PAUSES: Both(
        "ours leaves out the time in which it was paused or ended", "我方不计暂停和结束后的时间"
    ),
    Difference.BUSINESS_HOURS: Both("ours counts business hours", "我方按营业时间计算"),
    Difference.RESPONSE: Both(
        "an answer came too late, the resolution did not", "答复超时而解决未超时"
    ),
    Difference.REOPENED: Both("it was reopened, and then resolved too late", "重开后解决超时"),
    Difference.OTHER_TARGET: Both("ours promises another time", "我方约定的时限不同"),
}
"""Why our judgement of a ticket is not the one that it came with."""
_PRIORITIES: Final = both(urgent=("urgent", "紧急")) | LEVELS
_UNITS: Final = {60: Both("{count} h", "{count} 小时"), 1: Both("{count} min", "{count} 分钟")}
_IN_BUSINESS: Final = Both("{time} of business hours", "{time}（营业时间）")
_REVISION: Final = Both("revision {number} ({targets})", "版本 {number}（{targets}）")
_LIST: Final = Both(", ", "、")
_GROUPS: Final = Both("; ", "；")
_OF: Final = Both("{of}: {what}", "{of}：{what}")


def said(value: Mapping[str, Any], language: Language) -> str | None:
    """The value in words, if it is one of a service level."""
    index = 0 if language == "en" else 1
    if "weekday" in value:
        return f"{_WEEKDAYS[value['weekday']][index]} {value['opens']}–{value['closes']}"
    if "in_force_from" in value:
        targets = _targets(value["terms"]["targets"], index)
        return _REVISION[index].format(number=value["number"], targets=targets)
    if "targets" in value:
        return _targets(value["targets"], index)
    return _targets(value, index) if _PRIORITIES.keys() == value.keys() else None


def _targets(targets: Mapping[str, Any], index: int) -> str:
    promises = ((name, _promise(targets[name], index)) for name in _PRIORITIES)
    told = (_OF[index].format(of=_PRIORITIES[n][index], what=what) for n, what in promises if what)
    return _GROUPS[index].join(told)


def _promise(promise: Mapping[str, Any], index: int) -> str:
    found = ((name, promise.get(name)) for name in MEASURES)
    return _LIST[index].join(
        f"{MEASURES[name][index]} {_time(target, index)}" for name, target in found if target
    )


def _time(target: Mapping[str, Any], index: int) -> str:
    minutes = target["minutes"]
    unit = next(one for one in _UNITS if minutes % one == 0)
    time = _UNITS[unit][index].format(count=f"{minutes // unit:,}")
    in_business = target.get("counted_in") == "business"
    return _IN_BUSINESS[index].format(time=time) if in_business else time
