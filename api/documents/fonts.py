"""Text in the fonts that every reader of PDF brings, so that no font file is needed: Helvetica for
Western European letters, and the Adobe fonts for Chinese (with Cyrillic, Greek and kana) and
Korean. A character that none of them has is written as its code point, such as [U+1F600], rather
than lost.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]  # it ships no types
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]

LATIN: Final = "Helvetica"
BOLD: Final = "Helvetica-Bold"
CHINESE: Final = "STSong-Light"
KOREAN: Final = "HYSMyeongJo-Medium"
ENCODINGS: Final = ((LATIN, "cp1252"), (CHINESE, "gbk"), (KOREAN, "cp949"))
"""By font, the encoding that has the characters which it has."""
REMEMBERED: Final = 8_192
"""Characters of which it is remembered which font has them."""

Run = tuple[str, str]
"""A font, and what is written in it."""


def register() -> None:
    """Make the fonts known; once more does no harm."""
    for name in (CHINESE, KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def runs(text: str, bold: bool = False) -> Iterator[Run]:
    """The text in pieces of one font each."""
    if text.isascii() and text.isprintable():
        yield (BOLD if bold else LATIN), text
        return
    font, piece = "", ""
    for character in text:
        of, shown = _font_of(character)
        of = BOLD if bold and of == LATIN else of
        if of != font and piece:
            yield font, piece
            piece = ""
        font = of
        piece += shown
    if piece:
        yield font, piece


def width(line: Sequence[Run], size: float) -> float:
    """In points, of which there are 72 an inch; ``size`` is in points as well."""
    return sum(float(pdfmetrics.stringWidth(part, font, size)) for font, part in line)


def wrapped(text: str, size: float, within: float, bold: bool = False) -> Iterator[list[Run]]:
    """Lines that are no wider than ``within`` points: broken between words, between Chinese
    characters, and within what is too long for a line.
    """
    whole = [*runs(text, bold)]
    if width(whole, size) <= within:
        yield whole
        return
    line: list[Run] = []
    left = within
    for word in _words(text):
        pieces = [*runs(word, bold)]
        needed = width(pieces, size)
        if needed > left and line:
            yield line
            line, left = [], within
        while needed > within:
            fits = max(1, int(len(word) * within / needed) - 1)
            yield [*runs(word[:fits], bold)]
            word = word[fits:]  # noqa: PLW2901  what is left of it
            pieces = [*runs(word, bold)]
            needed = width(pieces, size)
        line = _appended(line, pieces)
        left -= needed
    yield line


@lru_cache(REMEMBERED)
def _font_of(character: str) -> Run:
    for font, encoding in ENCODINGS:
        if character.isprintable():
            try:
                character.encode(encoding)
            except UnicodeEncodeError:
                continue
            return font, character
    return LATIN, " " if character.isspace() else f"[U+{ord(character):04X}]"


def _appended(line: list[Run], more: list[Run]) -> list[Run]:
    """With the last run continued where the next one has its font."""
    if line and more and line[-1][0] == more[0][0]:
        return [*line[:-1], (line[-1][0], line[-1][1] + more[0][1]), *more[1:]]
    return [*line, *more]


def _words(text: str) -> Iterator[str]:
    """Pieces after each of which a line may end."""
    word = ""
    for character in text:
        word += character
        if character in " \t" or character > "\u2e7f":
            yield word
            word = ""
    if word:
        yield word
