"""What an SLA policy promises, in words: openings of a week, targets, revisions."""

from collections.abc import Mapping
from typing import Any, Final

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
_MEASURES: Final = both(
    first_response=("first response", "首次响应"),
    next_response=("next response", "后续响应"),
    resolution=("resolution", "解决"),
)
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
    found = ((name, promise.get(name)) for name in _MEASURES)
    return _LIST[index].join(
        f"{_MEASURES[name][index]} {_time(target, index)}" for name, target in found if target
    )


def _time(target: Mapping[str, Any], index: int) -> str:
    minutes = target["minutes"]
    unit = next(one for one in _UNITS if minutes % one == 0)
    time = _UNITS[unit][index].format(count=f"{minutes // unit:,}")
    in_business = target.get("counted_in") == "business"
    return _IN_BUSINESS[index].format(time=time) if in_business else time
