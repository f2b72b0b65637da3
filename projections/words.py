"""The history in words, in English and Chinese."""

from typing import Any

LABELS_ZH: dict[str, str] = {}


def words(fact: dict[str, Any]) -> dict[str, str]:
    """One sentence a language for a fact of the history."""
    who = fact.get("actor_name") or str(fact["actor"])
    label = fact["field"].replace("_", " ").replace(".", " ")
    was, now = _shown(fact.get("from")), _shown(fact.get("to"))
    return {
        "en": f"{who} changed {label} from {was} to {now}",
        "zh": f"{who} 将{LABELS_ZH.get(fact['field'], label)}从 {was} 改为 {now}",
    }


def _shown(value: Any) -> str:
    return "—" if value is None else str(value)
