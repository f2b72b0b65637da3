"""One fact of the history as a sentence."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from domain.envelope import SYSTEM
from domain.kernel import Value
from projections.words.joining import filled, joined
from projections.words.kernel import CHANGED, LANGUAGES, Both, Language, Values, Words
from projections.words.links import kinds
from projections.words.shared import EVENTS, LABELS, VALUES
from projections.words.values import ERASED, HIDDEN, Speaker, is_empty, moment

SAME_TIME: Final = timedelta(minutes=1)
"""What was recorded so soon after it occurred is told without its times."""

_CHANGE: Final[Mapping[str, Both]] = {
    "set": Both("set the {label} to {now}", "将{label}设为{now}"),
    "clear": Both("cleared the {label}, which was {was}", "清空了{label}，原为{was}"),
    "change": Both("changed the {label} from {was} to {now}", "将{label}由{was}改为{now}"),
    "came": Both("added {came} to the {label}", "为{label}增加了{came}"),
    "left": Both("removed {left} from the {label}", "从{label}去掉了{left}"),
    "both": Both(
        "added {came} to the {label} and removed {left}", "为{label}增加了{came}，去掉了{left}"
    ),
    "masked": Both("changed the {label} ({hidden})", "修改了{label}（{hidden}）"),
}
"""Where the change is all that there is to tell."""
_DETAIL: Final[Mapping[str, Both]] = {
    "set": Both("{label} {now}", "{label}为{now}"),
    "clear": Both("{label} from {was} to {now}", "{label}由{was}变为{now}"),
    "change": Both("{label} from {was} to {now}", "{label}由{was}变为{now}"),
    "came": Both("{came} added to {label}", "{label}增加{came}"),
    "left": Both("{left} removed from {label}", "{label}去掉{left}"),
    "both": Both("{came} added to {label}, {left} removed", "{label}增加{came}，去掉{left}"),
    "masked": Both("{label} ({hidden})", "{label}（{hidden}）"),
}
"""Where the event has a verb of its own, after the colon."""
_SOURCES: Final = {"import": Both("import", "导入"), "rule": Both("rule", "规则")}
"""Doors that are told; that people use the API goes without saying."""


def sentence(
    fact: Mapping[str, Any], own: Words, names: Mapping[str, str], language: Language
) -> str:
    """Who did what, from → to, why, from where and when."""
    index = LANGUAGES.index(language)
    verb = own.events.get(fact["type"]) or EVENTS.get(fact["type"], CHANGED)
    detail = _change(fact, own, names, language, _CHANGE if verb is CHANGED else _DETAIL)
    who = _who(fact, names, language)
    act = detail if verb is CHANGED and detail else verb[index]
    told = f"{who} {act}" if language == "en" else joined(who, act)
    if detail and act is not detail:
        told += (": ", "：")[index] + detail
    return told + _because(fact, index) + _circumstances(fact, language) + (".", "。")[index]


def sides(fact: Mapping[str, Any], own: Words, language: Language) -> tuple[str, str]:
    """From and to by themselves and whole, as a table has them; empty where the event changed no
    field. The fact's own ``names`` name the records that they point at.
    """
    field, index = fact["field"], LANGUAGES.index(language)
    if field == fact["type"]:
        return "", ""
    if fact.get("masked"):
        return HIDDEN[index], HIDDEN[index]
    kind = kinds(fact["aggregate"]).get(field, Any)
    values = values_of(own, field)
    speaker = Speaker(language, kind, field, fact["names"], values, whole=True)
    _, gaps = _sides(fact, speaker)
    return gaps["was"], gaps["now"]


def label_of(own: Words, field: str) -> Both:
    """The label of a field; made of its name where it is a custom field or has none."""
    known = own.labels.get(field) or LABELS.get(field)
    plain = (field.partition(".")[2] or field).removesuffix("_id").replace("_", " ")
    return known or Both(plain, plain)


def values_of(own: Words, field: str) -> Values:
    """The words of a field's values, its own or those that every kind of record has."""
    return own.values.get(field) or VALUES.get(field, {})


def _who(fact: Mapping[str, Any], names: Mapping[str, str], language: Language) -> str:
    actor = str(fact.get("actor"))
    known = fact.get("actor_name") or names.get(actor) or ("Kept" if actor == str(SYSTEM) else None)
    return str(known or f"{'user' if language == 'en' else '用户'} {actor}")


def _change(
    fact: Mapping[str, Any],
    own: Words,
    names: Mapping[str, str],
    language: Language,
    forms: Mapping[str, Both],
) -> str:
    """From → to of the field; nothing where the event changed none."""
    field, index = fact["field"], LANGUAGES.index(language)
    if field == fact["type"]:
        return ""
    label = (fact.get("label") or label_of(own, field)._asdict())[language]
    if fact.get("masked"):
        return filled(forms["masked"][index], label=label, hidden=HIDDEN[index])
    kind = kinds(fact["aggregate"]).get(field, Any)
    speaker = Speaker(language, kind, field, names, values_of(own, field))
    form, gaps = _items(fact, speaker) or _sides(fact, speaker)
    return filled(forms[form][index], label=label, **gaps)


def _items(fact: Mapping[str, Any], speaker: Speaker) -> tuple[str, dict[str, str]] | None:
    """Of two lists, what came and what left; None where that says less than both sides do."""
    if isinstance(speaker.kind, type) and issubclass(speaker.kind, Value):
        return None  # one value with parts
    was, now = _as_list(fact.get("from")), _as_list(fact.get("to"))
    if not was or not now or fact.get("erased"):
        return None
    came = [one for one in now if one not in was]
    left = [one for one in was if one not in now]
    if not came and not left:
        return None
    form = "both" if came and left else "came" if came else "left"
    return form, {"came": speaker.several(came), "left": speaker.several(left)}


def _sides(fact: Mapping[str, Any], speaker: Speaker) -> tuple[str, dict[str, str]]:
    """Before and after."""
    was, now, gone = fact.get("from"), fact.get("to"), fact.get("erased") or ()
    had, has = ("from" in gone or not is_empty(was)), ("to" in gone or not is_empty(now))
    erased = ERASED[LANGUAGES.index(speaker.language)]
    return "change" if had and has else "clear" if had else "set", {
        "was": erased if "from" in gone else speaker.say(was),
        "now": erased if "to" in gone else speaker.say(now),
    }


def _as_list(value: Any) -> Sequence[Any]:
    """The items of a list, or of a mapping from ids or keys to items."""
    if isinstance(value, Mapping) and all(isinstance(one, Mapping) for one in value.values()):
        return [*value.values()]
    return value if isinstance(value, list) else ()


def _because(fact: Mapping[str, Any], index: int) -> str:
    reason = str(fact.get("reason") or "").strip().rstrip(".。")
    return (", because ", "，原因：")[index] + reason if reason else ""


def _circumstances(fact: Mapping[str, Any], language: Language) -> str:
    """From where, if not by a person's own hand, and both times, if they differ."""
    index = LANGUAGES.index(language)
    parts = []
    where = _SOURCES.get(fact.get("source", ""))
    if where:
        parts.append(" ".join(filter(None, (where[index], fact.get("client")))))
    if fact.get("occurred_at") and fact.get("recorded_at"):
        occurred = datetime.fromisoformat(fact["occurred_at"])
        recorded = datetime.fromisoformat(fact["recorded_at"])
        if abs(recorded - occurred) > SAME_TIME:
            times = {"at": moment(occurred, language), "later": moment(recorded, language)}
            form = ("on {at}, recorded on {later}", "发生于{at}，记录于{later}")[index]
            parts.append(filled(form, **times))
    if not parts:
        return ""
    return f" ({'; '.join(parts)})" if language == "en" else f"（{'；'.join(parts)}）"
