"""Reports of what-ifs as they are shown: labels in a language, and names through the gate."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from projections.gate import Gate
from projections.plain import plain
from projections.readers import Reader
from projections.what_if.kernel import Cell, Column, Ref, Report, Sheet
from projections.words.kernel import LANGUAGES, Both, Language


@dataclass(frozen=True, slots=True)
class Shown:
    """A report in a language, with what is named in it."""

    report: Report
    names: Mapping[str, str]
    language: Language

    def said(self, words: Both) -> str:
        """In the language of the report."""
        return words[LANGUAGES.index(self.language)]

    def as_json(self) -> dict[str, Any]:
        """For programs: decimals as texts, so that none is rounded."""
        report, what_if = self.report, self.report.what_if
        return {
            "name": what_if.name,
            "version": what_if.version,
            "title": self.said(what_if.title),
            "description": self.said(what_if.description),
            "assumptions": [self.said(one) for one in what_if.assumptions],
            "position": report.position,
            "from": plain(report.period.since),
            "to": plain(report.period.until),
            "records": report.records,
            "left_out": report.left_out,
            "names": dict(self.names),
            "sheets": [self._sheet(one) for one in what_if.sheets],
        }

    def table(self, sheet: Sheet) -> "Table":
        """One sheet, as people read it."""
        return Table(self, sheet)

    def _sheet(self, sheet: Sheet) -> dict[str, Any]:
        names = [one.name for one in sheet.columns]
        return {
            "name": sheet.name,
            "title": self.said(sheet.title),
            "columns": [self._column(one) for one in sheet.columns],
            "rows": [
                dict(zip(names, map(_plain, row), strict=True))
                for row in self.report.rows[sheet.name]
            ],
        }

    def _column(self, column: Column) -> dict[str, Any]:
        values = {key: self.said(words) for key, words in column.values.items()}
        empty = None if column.empty is None else self.said(column.empty)
        label = self.said(column.label)
        return {"name": column.name, "label": label, "values": values, "empty": empty}


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet of a report, for a terminal or a file."""

    shown: Shown
    sheet: Sheet

    def headings(self) -> list[str]:
        """What the columns are called."""
        return [self.shown.said(one.label) for one in self.sheet.columns]

    def rows(self) -> Iterator[list[str | Decimal | int | None]]:
        """Labels as texts, figures as numbers."""
        for row in self.shown.report.rows[self.sheet.name]:
            yield [self._cell(*one) for one in zip(self.sheet.columns, row, strict=True)]

    def _cell(self, column: Column, cell: Cell) -> str | Decimal | int | None:
        words = column.values.get(str(cell))
        if words is not None:
            return self.shown.said(words)
        if isinstance(cell, Ref):
            return self.shown.names.get(str(cell.id), str(cell.id))
        if cell is None and column.empty is not None:
            return self.shown.said(column.empty)
        found: str | Decimal | int | None = cell if isinstance(cell, Decimal) else plain(cell)
        return found


def shown(report: Report, gate: Gate, reader: Reader, language: Language) -> Shown:
    """A report, with the names of users and teams as the reader may see them.

    Raises:
        ReadNotRecorded: it could not be recorded that they were read.
    """
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for rows in report.rows.values():
        for cell in (cell for row in rows for cell in row if isinstance(cell, Ref)):
            wanted[cell.kind].add(cell.id)
    return Shown(report, gate.names(reader, wanted) if wanted else {}, language)


def _plain(cell: Cell) -> Any:
    return str(cell.id) if isinstance(cell, Ref) else plain(cell)
