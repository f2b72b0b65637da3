"""Tables of any length on pages: the headings stand on each page, and a row that is longer than a
page goes on on the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, NamedTuple

from api.documents.fonts import Run, wrapped
from api.documents.pages import LEADING, Pages

SIZE: Final = 7.5
GAP: Final = 6.0
"""Between columns, in points."""
FEWEST_LINES: Final = 3
"""Of a row that are begun at the foot of a page; with less room it begins on the next."""


class Column(NamedTuple):
    heading: str
    width: float
    """Its share of the width."""


@dataclass
class Table:
    """Takes rows of texts, one text a column, and draws them at once."""

    pages: Pages
    columns: Sequence[Column]

    def begin(self) -> None:
        """Draw the headings."""
        self._lines([one.heading for one in self.columns], bold=True)
        self.pages.rule()
        self.pages.skip(GAP / 2)

    def row(self, texts: Sequence[str]) -> None:
        """Draw a row; each text is broken within its column."""
        lines = self._wrapped(texts, bold=False)
        if self.pages.needs(min(len(lines), FEWEST_LINES) * SIZE * LEADING):
            self.begin()
        for cells in lines:
            if self.pages.needs(SIZE * LEADING):
                self.begin()
            self.pages.line(cells, SIZE)
        self.pages.rule()
        self.pages.skip(GAP / 2)

    def _lines(self, texts: Sequence[str], bold: bool) -> None:
        for cells in self._wrapped(texts, bold):
            self.pages.line(cells, SIZE)

    def _wrapped(self, texts: Sequence[str], bold: bool) -> list[list[tuple[float, list[Run]]]]:
        """Line by line, what stands in it and where."""
        total = sum(one.width for one in self.columns)
        left, columns = 0.0, []
        for text, column in zip(texts, self.columns, strict=True):
            room = self.pages.width * column.width / total
            lines = text.splitlines() or [""]
            broken = [runs for one in lines for runs in wrapped(one, SIZE, room - GAP, bold)]
            columns.append([(left, runs) for runs in broken])
            left += room
        return [[cell for cell in line if cell and cell[1]] for line in zip_longest(*columns)]
