"""Search by unigrams and bigrams: any substring is found by index, two Chinese characters too."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from operator import add
from typing import Any, Final

REMEMBERED: Final = 8_192
"""Words whose grams are remembered: most texts are made of the same ones (Zipf's law)."""
LONGEST_WORD: Final = 24
""""Words" longer than this are whole sentences without spaces, which do not come again."""


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


def grams(text: str) -> list[str]:
    """The unigrams and bigrams by which a normal text is found: every substring of the text has all
    of its own :func:`needed_grams` among them, two Chinese characters too.
    """
    return [*dict.fromkeys(chain.from_iterable(map(_grams_of_word, text.split())))]


def needed_grams(text: str) -> list[str]:
    """The grams that any text has in which this normal one occurs."""
    return [gram for gram in dict.fromkeys([*text, *map(add, text, text[1:])]) if gram != " "]


def forget() -> None:
    """Drop the words that are remembered, as after an erasure."""
    _remembered.cache_clear()


def _grams_of_word(word: str) -> tuple[str, ...]:
    return _remembered(word) if len(word) <= LONGEST_WORD else _padded(word)


def _padded(word: str) -> tuple[str, ...]:
    # With a space on either side, so that the grams of a text are those of its words.
    return tuple(dict.fromkeys([*word, *map(add, f" {word}", f"{word} ")]))


_remembered = lru_cache(REMEMBERED)(_padded)
