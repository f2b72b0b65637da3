"""Search by unigrams and bigrams: any substring is found by index, two Chinese characters too."""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Any


def search_text(values: Iterable[Any]) -> str:
    """The searched fields in one normal form (NFKC, case folded, single spaces), one to a line."""
    parts: list[str] = []
    for value in values:
        if isinstance(value, tuple | list):
            parts += [item for item in value if isinstance(item, str)]
        elif value:
            parts.append(str(value))
    return "\n".join(normal(part) for part in parts)


def normal(text: str) -> str:
    """The form in which texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams(text: str) -> set[str]:
    """The unigrams and bigrams of each line: enough to find any substring, two Chinese characters
    included.
    """
    found = set(text)
    found.update(map("".join, pairwise(text)))
    return {gram for gram in found if "\n" not in gram and gram != " "}
