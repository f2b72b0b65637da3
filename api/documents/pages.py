"""Pages of text as PDF, line by line, so that a long document is never in memory as flowing text:
of each page that is full only its drawing stays, some 30 KB.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from reportlab.lib.pagesizes import A4, landscape  # type: ignore[import-untyped]  # ships no types
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from api.documents.fonts import Run, register, runs, width, wrapped
from projections.words.kernel import LANGUAGES, Both, Language

MARGIN: Final = 54.0
"""Points, of which there are 72 an inch."""
LEADING: Final = 1.45
PORTRAIT: Final[tuple[float, float]] = A4
LANDSCAPE: Final[tuple[float, float]] = landscape(A4)


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

_FOOT: Final = Both("page {number} of ", "第 {number} 页，共 ")
_COUNT: Final = Both("{number}", "{number} 页")
_COUNT_FORM: Final = "count"
_TAGS: Final = {"en": "en", "zh": "zh-Hans"}


@dataclass
class Pages:
    """Takes paragraphs and leaves a PDF file. Use it as a context.

    The same text made at the same time gives the same bytes.
    """

    path: Path
    title: str
    language: Language
    made_at: datetime
    size: tuple[float, float] = PORTRAIT
    """Width and height in points."""
    margin: float = MARGIN

    def __enter__(self) -> Self:
        register()
        self._canvas: Any = Canvas(
            str(self.path),
            pagesize=self.size,
            pageCompression=1,
            invariant=1,
            lang=_TAGS[self.language],
        )
        self._canvas.setTitle(self.title)
        self._canvas.setAuthor("Kept")
        made = f"D:{self.made_at.astimezone(UTC):%Y%m%d%H%M%S}Z"
        self._canvas.setDateFormatter(lambda *_: made)
        self._number = 1
        self._y = self.size[1] - self.margin
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._end_page()
            self._say_how_many()
            self._canvas.save()

    @property
    def width(self) -> float:
        """Of what is between the margins, in points."""
        return self.size[0] - 2 * self.margin

    def write(self, text: str, style: Style = BODY) -> None:
        """A paragraph; each of its lines is broken where it has to be."""
        self.skip(style.above)
        for line in text.splitlines() or [""]:
            for one in wrapped(line, style.size, self.width - style.indent, style.bold):
                self.needs(style.size * LEADING)
                self.line([(style.indent, one)], style.size)

    def needs(self, height: float) -> bool:
        """Go on to a new page where so many points are not left; gives whether it did."""
        if self._y - height >= self.margin:
            return False
        self._end_page()
        self._canvas.showPage()
        self._number += 1
        self._y = self.size[1] - self.margin
        return True

    def skip(self, height: float) -> None:
        """Leave so many points empty."""
        self._y -= height

    def line(self, cells: list[tuple[float, list[Run]]], size: float) -> None:
        """A line of texts, each so many points from the left margin."""
        self.skip(size * LEADING)
        for indent, text in cells:
            self._draw(self.margin + indent, self._y, text, size)

    def rule(self) -> None:
        """A thin line from margin to margin."""
        y = self._y - 2
        self._canvas.setLineWidth(0.3)
        self._canvas.line(self.margin, y, self.size[0] - self.margin, y)

    def _draw(self, x: float, y: float, line: list[Run], size: float) -> None:
        text = self._canvas.beginText(x, y)
        for font, part in line:
            text.setFont(font, size)
            text.textOut(part)
        self._canvas.drawText(text)

    def _end_page(self) -> None:
        """How many pages there are is drawn when that is known, wherever it is used."""
        foot = [*runs(self._in_language(_FOOT).format(number=self._number))]
        x, y = self.margin, self.margin / 2
        self._draw(x, y, foot, SMALL.size)
        self._canvas.translate(x + width(foot, SMALL.size), y)
        self._canvas.doForm(_COUNT_FORM)

    def _say_how_many(self) -> None:
        self._canvas.showPage()
        self._canvas.beginForm(_COUNT_FORM, 0, -SMALL.size, self.width, SMALL.size)
        count = self._in_language(_COUNT).format(number=self._number)
        self._draw(0, 0, [*runs(count)], SMALL.size)
        self._canvas.endForm()

    def _in_language(self, words: Both) -> str:
        return words[LANGUAGES.index(self.language)]
