"""Reading the Maven CRM set: four CSV files, and what is known to be wrong in them.

Every correction is stated here, and reported for each row that it was made in.
"""

import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from api.imports.intake import ImportStopped
from api.imports.report import Note, Report

ACCOUNTS: Final = "accounts.csv"
PRODUCTS: Final = "products.csv"
TEAMS: Final = "sales_teams.csv"
PIPELINE: Final = "sales_pipeline.csv"

_COLUMNS: Final = {
    ACCOUNTS: "account sector year_established revenue employees office_location subsidiary_of",
    PRODUCTS: "product series sales_price",
    TEAMS: "sales_agent manager regional_office",
    PIPELINE: "opportunity_id sales_agent product account deal_stage engage_date close_date"
    " close_value",
}

SPELLINGS: Final[dict[str, dict[str, str]]] = {
    "product": {"GTXPro": "GTX Pro"},
    "sector": {"technolgy": "technology"},
    "office_location": {"Philipines": "Philippines", "Korea": "South Korea"},
}
"""By column, what is written and what it stands for."""


class Line(dict[str, str]):
    """A row of one of the files, by column; ``number`` is its line."""

    number: int = 0

    def day(self, column: str) -> date | None:
        """A date, if the column holds one."""
        try:
            return date.fromisoformat(self[column])
        except ValueError:
            return None

    def amount(self, column: str) -> Decimal | None:
        """A number, if the column holds one."""
        try:
            found = Decimal(self[column])
        except InvalidOperation:
            return None
        return found if found.is_finite() else None


def check(directory: Path) -> None:
    """See that all files are there, with their columns.

    Raises:
        ImportStopped: they are not.
    """
    if not directory.is_dir():
        raise ImportStopped(f"There is no directory {directory}. Give the one of {ACCOUNTS}.")
    for file, columns in _COLUMNS.items():
        path = directory / file
        if not path.is_file():
            raise ImportStopped(f"There is no {file} in {directory}. All four files are needed.")
        with path.open(encoding="utf-8-sig", newline="") as text:
            found = next(csv.reader(text), [])
        lacking = [name for name in columns.split() if name not in found]
        if lacking:
            raise ImportStopped(f"{path} has no column {', '.join(lacking)}. Is it of another set?")


def lines(directory: Path, file: str, report: Report | None = None) -> Iterator[Line]:
    """The rows of a file, each record once; cells without blanks around them, none as empty."""
    seen: set[str] = set()
    with (directory / file).open(encoding="utf-8-sig", newline="") as text:
        table = csv.DictReader(text)
        for row in table:
            line = Line({name: (cell or "").strip() for name, cell in row.items() if name})
            line.number = table.line_num
            name = next(iter(line.values()))
            if name and name not in seen:
                yield line
            elif report is not None:
                problem = "an earlier row has the same" if name else "is empty"
                column = next(iter(line))
                report.add(Note(file, line.number, name, "not_taken", f"{column}: {problem}"))
            seen.add(name)


def count(directory: Path, file: str) -> int:
    """How many rows the file has."""
    return sum(1 for _ in lines(directory, file))


def first_day(directory: Path) -> date | None:
    """The earliest date in the set."""
    days = (line.day("engage_date") for line in lines(directory, PIPELINE))
    return min((day for day in days if day), default=None)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The day's first moment: from then on a read as of that day finds what happened on it."""
    return datetime.combine(day, time(), zone)
