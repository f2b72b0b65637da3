"""Pages of text as PDF, line by line, so that a long answer is never in memory as flowing text.

Only fonts that every reader of PDF brings are named, so that no font file is needed: Helvetica for
Western European letters, and the Adobe fonts for Chinese (with Cyrillic, Greek and kana) and
Korean. A character that none of them has is written as its code point, such as [U+1F600], rather
than lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]  # it ships no types
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from projections.words.kernel import Both, Language

LATIN: Final = "Helvetica"
BOLD: Final = "Helvetica-Bold"
CHINESE: Final = "STSong-Light"
KOREAN: Final = "HYSMyeongJo-Medium"
ENCODINGS: Final = ((LATIN, "cp1252"), (CHINESE, "gbk"), (KOREAN, "cp949"))
"""By font, the encoding that has the characters which it has."""
MARGIN: Final = 54.0
"""Points, of which there are 72 an inch."""
LEADING: Final = 1.45
FOOT: Final = Both("page {number}", "第 {number} 页")


class Style(NamedTuple):
    """``size`` and ``indent`` in points; ``above`` is space before the paragraph."""

    size: float = 9.5
    indent: float = 0.0
    above: float = 0.0
    bold: bool = False


TITLE: Final = Style(18, above=0, bold=True)
HEADING: Final = Style(13, above=16, bold=True)
SUBHEADING: Final = Style(10.5, above=8, bold=True)
BODY: Final = Style(above=2)
ITEM: Final = Style(indent=14, above=1)
SMALL: Final = Style(8, indent=14)

REMEMBERED: Final = 8_192
"""Characters of which it is remembered which font has them."""

Run = tuple[str, str]
"""A font, and what is written in it."""


@dataclass
class Pages:
    """Takes paragraphs and leaves a PDF file. Use it as a context."""

    path: Path
    title: str
    language: Language

    def __enter__(self) -> Self:
        for name in (CHINESE, KOREAN):
            pdfmetrics.registerFont(UnicodeCIDFont(name))
        self._canvas: Any = Canvas(
            str(self.path), pagesize=A4, pageCompression=1, lang=_TAGS[self.language]
        )
        self._canvas.setTitle(self.title)
        self._canvas.setAuthor("Kept")
        self._number = 1
        self._y = A4[1] - MARGIN
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._end_page()
            self._canvas.save()

    def write(self, text: str, style: Style = BODY) -> None:
        """A paragraph; each of its lines is broken where it has to be."""
        self._y -= style.above
        for line in text.splitlines() or [""]:
            for runs in _wrapped(line, style, A4[0] - 2 * MARGIN - style.indent):
                self._line(runs, style)

    def _line(self, runs: list[Run], style: Style) -> None:
        height = style.size * LEADING
        if self._y - height < MARGIN:
            self._end_page()
            self._canvas.showPage()
            self._number += 1
            self._y = A4[1] - MARGIN
        self._y -= height
        self._draw(MARGIN + style.indent, self._y, runs, style.size)

    def _draw(self, x: float, y: float, runs: list[Run], size: float) -> None:
        text = self._canvas.beginText(x, y)
        for font, part in runs:
            text.setFont(font, size)
            text.textOut(part)
        self._canvas.drawText(text)

    def _end_page(self) -> None:
        foot = FOOT._asdict()[self.language].format(number=self._number)
        self._draw(MARGIN, MARGIN / 2, [*_runs(foot, bold=False)], SMALL.size)


_TAGS: Final = {"en": "en", "zh": "zh-Hans"}


def _runs(text: str, bold: bool) -> Iterator[Run]:
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


def _wrapped(text: str, style: Style, width: float) -> Iterator[list[Run]]:
    """Lines that are no wider than ``width`` points: broken between words, between Chinese
    characters, and within what is too long for a line.
    """
    whole = [*_runs(text, style.bold)]
    if _width(whole, style.size) <= width:
        yield whole
        return
    line: list[Run] = []
    left = width
    for word in _words(text):
        runs = [*_runs(word, style.bold)]
        needed = _width(runs, style.size)
        if needed > left and line:
            yield line
            line, left = [], width
        while needed > width:
            fits = max(1, int(len(word) * width / needed) - 1)
            yield [*_runs(word[:fits], style.bold)]
            word = word[fits:]  # noqa: PLW2901  what is left of it
            runs = [*_runs(word, style.bold)]
            needed = _width(runs, style.size)
        line = _appended(line, runs)
        left -= needed
    yield line


def _appended(line: list[Run], runs: list[Run]) -> list[Run]:
    """With the last run continued where the next one has its font."""
    if line and runs and line[-1][0] == runs[0][0]:
        return [*line[:-1], (line[-1][0], line[-1][1] + runs[0][1]), *runs[1:]]
    return [*line, *runs]


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


def _width(runs: list[Run], size: float) -> float:
    return sum(float(pdfmetrics.stringWidth(part, font, size)) for font, part in runs)
