"""Figures as files: CSV (RFC 4180), an Excel workbook, or Parquet."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, Protocol

from xlsxwriter import Workbook  # type: ignore[import-untyped]  # it ships no types

from api.analytics.series import Series

WIDTH: Final = 22
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a text."""


class Tabular(Protocol):
    """What has headings and rows: labels as texts, figures as numbers."""

    def headings(self) -> Sequence[str]: ...
    def rows(self) -> Iterable[Sequence[str | Decimal | int | None]]: ...


def write_csv(series: Tabular, path: Path) -> None:
    """With a byte order mark, or Excel would not take it for UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(series.headings())
        for row in series.rows():
            rows.writerow([_cell(one) for one in row])


def write_xlsx(series: Tabular, path: Path) -> None:
    """Labels are texts, so what begins with ``=`` stays what it is; figures are numbers."""
    with Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        headings = series.headings()
        sheet.set_column(0, len(headings) - 1, WIDTH)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(series.rows(), 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    sheet.write_number(number, column, cell)


def write_parquet(series: Series, path: Path) -> None:
    """By the names of dimensions and measures; figures exactly."""
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415  it takes long to import
    from pyarrow import parquet  # noqa: PLC0415

    keys = {name: [_text(group.by[name]) for group in series.groups] for name in series.by}
    columns = {name: pa.array(values, pa.string()) for name, values in keys.items()}
    for one in series.definition.measures:
        values = [group.figures[one.name] for group in series.groups]
        exact = [None if value is None else Decimal(value) for value in values]
        columns[one.name] = pa.array(exact, pa.decimal128(38, 4))
    parquet.write_table(pa.table(columns), path)


TABLES: Final[Mapping[str, Callable[[Tabular, Path], None]]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
}
"""For every table."""
WRITERS: Final[Mapping[str, Callable[[Series, Path], None]]] = {**TABLES, "parquet": write_parquet}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_DANGEROUS) else text


def _text(value: object) -> str | None:
    return None if value is None else str(value)
