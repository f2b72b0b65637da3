"""The history in words, in English and Chinese: who did what, from → to, why, from where and when."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from domain.envelope import SYSTEM
from projections.words import (
    contacts,
    custom_fields,
    customers,
    opportunities,
    pipelines,
    products,
    teams,
    tickets,
    users,
)
from projections.words.kernel import CHANGED, LANGUAGES, Both, Language, Words
from projections.words.shared import LABELS
from projections.words.values import ERASED_WORD, HIDDEN, Speaker, kinds, links, moment

__all__ = ["WORDS", "label_of", "links_of", "words"]

WORDS: Final[Mapping[str, Words]] = {
    "users": users.WORDS,
    "teams": teams.WORDS,
    "custom_fields": custom_fields.WORDS,
    "customers": customers.WORDS,
    "contacts": contacts.WORDS,
    "products": products.WORDS,
    "pipelines": pipelines.WORDS,
    "opportunities": opportunities.WORDS,
    "tickets": tickets.WORDS,
}
SAME_TIME: Final = timedelta(minutes=1)
"""What was recorded so soon after it occurred is told without its times."""
_NOTHING: Final = Words(Both("record", "记录"), {}, {})


def words(fact: Mapping[str, Any], names: Mapping[str, str] | None = None) -> dict[str, str]:
    """One sentence a language for a fact of the history.

    ``names`` gives the names of records that values point at, by id; where one is unknown, its id is shown.
    """
    return {language: _sentence(fact, names or {}, language) for language in LANGUAGES}


def links_of(fact: Mapping[str, Any]) -> Iterator[tuple[str, UUID]]:
    """The records that a fact's values point at, as plural and id: what ``names`` may hold."""
    for side in ("from", "to"):
        yield from links(fact["aggregate"], fact["field"], fact.get(side))


def label_of(aggregate: str, field: str) -> Both:
    """The label of a field; made of its name where it is a custom field or has none."""
    known = WORDS.get(aggregate, _NOTHING).labels.get(field) or LABELS.get(field)
    if known is not None:
        return known
    plain = field.partition(".")[2] or field
    plain = plain.removesuffix("_id").replace("_", " ")
    return Both(plain, plain)


def _sentence(fact: Mapping[str, Any], names: Mapping[str, str], language: Language) -> str:
    own = WORDS.get(fact["aggregate"], _NOTHING)
    index = LANGUAGES.index(language)
    verb = own.events.get(fact["type"], CHANGED)[index]
    is_change = own.events.get(fact["type"], CHANGED) is CHANGED
    who = _who(fact, language)
    told = _change(fact, names, language, is_change) if fact["field"] != fact["type"] else ""
    if language == "en":
        act = f"{who} {told}" if is_change and told else f"{who} {verb}{told and ': ' + told}"
        return f"{act}{_because(fact, language)}{_circumstances(fact, language)}."
    act = _joined(who, told) if is_change and told else _joined(who, verb) + (told and f"：{told}")
    return f"{act}{_because(fact, language)}{_circumstances(fact, language)}。"


def _who(fact: Mapping[str, Any], language: Language) -> str:
    name = fact.get("actor_name")
    if name:
        return str(name)
    if fact.get("actor") == str(SYSTEM):
        return "Kept"
    return f"user {fact.get('actor')}" if language == "en" else f"用户 {fact.get('actor')}"


def _change(
    fact: Mapping[str, Any], names: Mapping[str, str], language: Language, is_change: bool
) -> str:
    """From → to of the field; ``is_change`` where it is the predicate and not a detail of the verb."""
    aggregate, field = fact["aggregate"], fact["field"]
    index = LANGUAGES.index(language)
    label = label_of(aggregate, field)[index]
    if "label" in fact:
        label = fact["label"][index]
    if fact.get("masked"):
        return _filled(_MASKED[language, is_change], label, "", HIDDEN[index])
    own = WORDS.get(aggregate, _NOTHING)
    column = field.partition(".")[0]
    speaker = Speaker(
        language, kinds(aggregate).get(column, Any), field, names, own.values.get(field, {})
    )
    was, now = fact.get("from"), fact.get("to")
    gone = fact.get("erased") or ()
    if not gone:
        lists = _as_list(was), _as_list(now)
        if lists[0] and lists[1] and isinstance(was, list | dict) and "amount" not in was:
            return _list_change(speaker, label, lists[0], lists[1], is_change)
    before = ERASED_WORD[index] if "from" in gone else None if _none(was) else speaker.say(was)
    after = ERASED_WORD[index] if "to" in gone else None if _none(now) else speaker.say(now)
    form = "change" if before and after else "clear" if before else "set"
    return _filled(
        _FORMS[language, is_change, form], label, before or "", after or speaker.say(now)
    )


def _none(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _as_list(value: Any) -> Sequence[Any]:
    """The items of a list, or of a mapping from ids or keys to items."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and all(isinstance(one, dict) for one in value.values()):
        return [*value.values()]
    return ()


def _list_change(
    speaker: Speaker, label: str, was: Sequence[Any], now: Sequence[Any], is_change: bool
) -> str:
    """What came into a list and what left it."""
    came = [one for one in now if one not in was]
    left = [one for one in was if one not in now]
    if not came and not left:
        form = _FORMS[speaker.language, is_change, "change"]
        return _filled(form, label, speaker.several(was), speaker.several(now))
    if speaker.language == "en":
        parts = [f"added {speaker.several(came)}"] if came else []
        parts += [f"removed {speaker.several(left)}"] if left else []
        return f"{'changed the ' if is_change else ''}{label}: {', '.join(parts)}"
    parts = [_joined("增加", speaker.several(came))] if came else []
    parts += [_joined("去掉", speaker.several(left))] if left else []
    return f"{'修改了' if is_change else ''}{label}：{'，'.join(parts)}"


_FORMS: Final[Mapping[tuple[Language, bool, str], str]] = {
    ("en", True, "set"): "set the {label} to {now}",
    ("en", True, "clear"): "cleared the {label}, which was {was}",
    ("en", True, "change"): "changed the {label} from {was} to {now}",
    ("en", False, "set"): "{label} {now}",
    ("en", False, "clear"): "{label} from {was} to {now}",
    ("en", False, "change"): "{label} from {was} to {now}",
    ("zh", True, "set"): "将{label}设为{now}",
    ("zh", True, "clear"): "清空了{label}，原为{was}",
    ("zh", True, "change"): "将{label}由{was}改为{now}",
    ("zh", False, "set"): "{label}为{now}",
    ("zh", False, "clear"): "{label}由{was}变为{now}",
    ("zh", False, "change"): "{label}由{was}变为{now}",
}
_MASKED: Final[Mapping[tuple[Language, bool], str]] = {
    ("en", True): "changed the {label} ({now})",
    ("en", False): "{label} ({now})",
    ("zh", True): "修改了{label}（{now}）",
    ("zh", False): "{label}（{now}）",
}


def _filled(form: str, label: str, was: str, now: str) -> str:
    """A form with its gaps filled; between Chinese and Latin letters goes a space."""
    text = ""
    for part in form.replace("}", "{").split("{"):
        text = _joined(text, {"label": label, "was": was, "now": now}.get(part, part))
    return text


def _joined(left: str, right: str) -> str:
    """Two texts, with a space where a Chinese character meets a Latin one."""
    if left and right:
        ends = left[-1], right[0]
        if any(_is_chinese(one) for one in ends) and any(_is_latin(one) for one in ends):
            return f"{left} {right}"
    return left + right


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _is_latin(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "%)")


def _because(fact: Mapping[str, Any], language: Language) -> str:
    reason = fact.get("reason")
    if not reason:
        return ""
    text = str(reason).strip().rstrip(".。")
    return f", because {text}" if language == "en" else f"，原因：{text}"


def _circumstances(fact: Mapping[str, Any], language: Language) -> str:
    """From where, if not by a person's own hand, and both times, if they differ."""
    parts = []
    where = {"import": ("import", "导入"), "rule": ("rule", "规则")}.get(fact.get("source", ""))
    if where:
        parts.append(" ".join(filter(None, (where[LANGUAGES.index(language)], fact.get("client")))))
    if fact.get("occurred_at") and fact.get("recorded_at"):
        occurred, recorded = (
            datetime.fromisoformat(fact[name]) for name in ("occurred_at", "recorded_at")
        )
        if abs(recorded - occurred) > SAME_TIME:
            times = moment(occurred, language), moment(recorded, language)
            parts.append(
                f"on {times[0]}, recorded on {times[1]}"
                if language == "en"
                else f"发生于{times[0]}，记录于{times[1]}"
            )
    if not parts:
        return ""
    return f" ({'; '.join(parts)})" if language == "en" else f"（{'；'.join(parts)}）"
