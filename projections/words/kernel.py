"""The kernel of the words: what each kind of record brings so that its history can be told."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


class Both(NamedTuple):
    """The same in English and in Chinese."""

    en: str
    zh: str


CHANGED: Final = Both("changed", "修改了")
"""The verb of events that say no more than which fields were changed."""

Values = Mapping[str, Both]
"""The words of one field's values, such as those of an enumeration."""


class Words(NamedTuple):
    """The words of one kind of record."""

    noun: Both
    events: Mapping[str, Both]
    """By event, what somebody did: ``won the deal``, ``赢单``."""
    labels: Mapping[str, Both]
    """By field, of the record or only of an event: ``expected close date``, ``预计成交日期``."""
    values: Mapping[str, Values] = {}
    """By field, its values, if they are words of ours."""
    purpose_zh: str = ""
    """What it is processed for, in Chinese; the aggregate's ``PURPOSE`` says it in English."""


def both(**words: tuple[str, str]) -> dict[str, Both]:
    """Pairs of words by name."""
    return {name: Both(*pair) for name, pair in words.items()}
