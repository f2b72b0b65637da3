"""What is wrong with a request, field by field, in sentences that repeat no value."""

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError

_BRANCHES: Final = frozenset({"str", "bool", "int", "float"})
"""How pydantic names what it tried, where a value may be of several kinds."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

_SENTENCES: Final[dict[str, str]] = {
    "missing": "is required. Give a value.",
    "extra_forbidden": "is no field of this command. Leave it out, or check its spelling.",
    "none_required": "has to be left empty. Give null.",
    "string_type": "is no text. Give a string.",
    "string_too_short": "is too short. Give at least {min_length} characters.",
    "string_too_long": "is too long. Give at most {max_length} characters.",
    "string_pattern_mismatch": "has another form than it must have. Match {pattern}.",
    "int_type": "is no whole number. Give one without quotes.",
    "int_from_float": "is no whole number. Give one without a fraction.",
    "int_parsing_size": "is too large a number. Give a smaller one.",
    "bool_type": "is neither true nor false. Give one of them.",
    "greater_than_equal": "is too small. Give at least {ge}.",
    "greater_than": "is too small. Give more than {gt}.",
    "less_than_equal": "is too large. Give at most {le}.",
    "less_than": "is too large. Give less than {lt}.",
    "enum": "is none of the choices. Give one of: {expected}.",
    "literal_error": "is none of the choices. Give one of: {expected}.",
    "uuid_type": "is no id. Give a UUID as a string.",
    "uuid_parsing": "is no id. Give a UUID such as 01920b5e-3f4a-7c1d-8e2f-5a6b7c8d9e0f.",
    "date_type": "is no date. Give a string such as 2026-01-31.",
    "date_parsing": "is no date. Write it as 2026-01-31.",
    "date_from_datetime_parsing": "is no date. Write it as 2026-01-31.",
    "date_from_datetime_inexact": "is no date. Leave out the time of day.",
    "datetime_type": "is no moment. Give a string such as 2026-01-31T09:30:00+08:00.",
    "datetime_parsing": "is no moment. Write it as 2026-01-31T09:30:00+08:00.",
    "datetime_from_date_parsing": "is no moment. Write it as 2026-01-31T09:30:00+08:00.",
    "timezone_aware": "is a moment without its zone. Write it as 2026-01-31T09:30:00+08:00.",
    "decimal_type": 'is no number. Give a string such as "12.50".',
    "decimal_parsing": 'is no number. Give a string such as "12.50".',
    "decimal_max_digits": "has too many digits. Give at most {max_digits}.",
    "decimal_max_places": "has too many decimals. Give at most {decimal_places}.",
    "decimal_whole_digits": "is too large. Give at most {whole_digits} digits before the point.",
    "finite_number": "is no finite number. Give one with digits only.",
    "tuple_type": "is no list. Give an array.",
    "list_type": "is no list. Give an array.",
    "dict_type": "is no object. Give one with names and values.",
    "model_type": "is no object. Give one with names and values.",
    "model_attributes_type": "is no object. Give one with names and values.",
    "too_long": "has too many items. Give at most {max_length}.",
    "too_short": "has too few items. Give at least {min_length}.",
    "invalid_key": "has a name that is no text. Give names as strings.",
    "nul_character": "holds the character U+0000, which no text has. Take it out.",
}
_NO_KIND: Final = "is of no kind that this field can have. Give a string, a number, true or false."
_OTHERWISE: Final = "does not have the right form. See its description in /openapi.json."


def field_error(field: str, sentence: str) -> dict[str, str]:
    """One entry of ``errors``: the first sentence is the problem, what follows the remedy."""
    problem, _, remedy = sentence.partition(". ")
    if not remedy:
        return {"field": field, "problem": sentence}
    return {"field": field, "problem": f"{problem}.", "remedy": remedy}


def field_errors(error: ValidationError) -> list[dict[str, str]]:
    """Every wrong field once, in the order in which they were checked."""
    found: dict[str, dict[str, str]] = {}
    for one in error.errors(include_input=False, include_url=False):
        *place, last = one["loc"] or ("",)
        if place and str(last) in _BRANCHES:
            field, sentence = _place(place), _NO_KIND
        else:
            field, sentence = _place(one["loc"]), _sentence(one["type"], one.get("ctx", {}))
        entry = field_error(field, sentence)
        found.setdefault(field, {"remedy": "", **entry})
    return [*found.values()]


def _place(location: Iterable[int | str]) -> str:
    """Where it is, such as ``emails.0``. What could be anything but a name is not repeated."""
    parts = []
    for part in location:
        if isinstance(part, int):
            parts.append(str(part))
        elif _NAME.fullmatch(part):
            parts.append(part)
        elif not part.startswith(("function-", "constrained-", "tuple[")):
            parts.append("…")
    return ".".join(parts)


def _sentence(kind: str, context: dict[str, Any]) -> str:
    if kind == "form":
        return str(context["sentence"])
    try:
        return _SENTENCES.get(kind, _OTHERWISE).format(**context)
    except KeyError:
        return _OTHERWISE
