"""Search by unigrams and bigrams: any substring is found by index, two Chinese characters too."""

import unicodedata
from collections.abc import Iterable
from operator import add
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
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def grams(word: str) -> Iterable[str]:
    """The unigrams and bigrams by which a word of a normal text is found: every substring of the
    text has all of its own :func:`needed_grams` among those of the words.
    """
    # With a space on either side, so that the grams of a text are those of its words.
    return dict.fromkeys([*word, *map(add, f" {word}", f"{word} ")])


def needed_grams(text: str) -> list[str]:
    """The grams that any text has in which this normal one occurs."""
    return [gram for gram in dict.fromkeys([*text, *map(add, text, text[1:])]) if gram != " "]
