"""Reading an incident management log: ServiceNow's export, as UCI publishes it.

Its traps: dates are day first, ``?`` means nothing, ids have leading zeros, the published archive
has lost the prefix of a column's name and calls the subcategory ``category`` too, and a minute
holds several rows of a ticket, so that only the source's own count (``sys_mod_count``) orders them.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import IO, Final

from api.imports.intake import ImportStopped
from api.imports.report import Outcome

_IN_ORDER: Final = """
number incident_state active reassignment_count reopen_count sys_mod_count made_sla caller_id
opened_by opened_at sys_created_by sys_created_at sys_updated_by sys_updated_at contact_type
location category subcategory u_symptom cmdb_ci impact urgency priority assignment_group
assigned_to knowledge u_priority_confirmation notify problem_id rfc vendor caused_by
closed_code resolved_by resolved_at closed_at"""
COLUMNS: Final = tuple(_IN_ORDER.split())
_PLACES: Final = {name: place for place, name in enumerate(COLUMNS)}
_MISNAMED: Final = {"ident_state": "incident_state"}
NULL: Final = "?"

Tell = Callable[[int, Outcome, str], None]
"""Takes a line, and what is said of it."""


class Row:
    """A row: its line, its place in the ticket's history, and its cells, None where empty."""

    __slots__ = ("cells", "line", "sequence")

    def __init__(self, line: int, sequence: int, cells: list[str | None]) -> None:
        self.line, self.sequence, self.cells = line, sequence, cells

    def __getitem__(self, column: str) -> str | None:
        return self.cells[_PLACES[column]]

    def put(self, column: str, cell: str | None) -> None:
        """Mend a cell."""
        self.cells[_PLACES[column]] = cell

    def count(self, column: str) -> int:
        """A column that counts; nothing counts as none."""
        text = self[column]
        return int(text) if text and text.isdecimal() else 0

    def moment(self, column: str, zone: tzinfo | None = None) -> datetime | None:
        """A column that may hold a time; one of no zone unless one is given."""
        return _moment(self[column], zone)

    def at(self, zone: tzinfo | None = None) -> datetime:
        """When the ticket was so."""
        found = self.moment("sys_updated_at", zone)
        if found is None:
            raise ValueError(f"line {self.line} has no time")
        return found

    def differing(self, earlier: "Row") -> list[str]:
        """The columns in which it differs from an earlier row."""
        pairs = zip(COLUMNS, self.cells, earlier.cells, strict=True)
        return [name for name, now, was in pairs if now != was]


Lines = list[tuple[int, list[str]]]


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """The table in the file, which may be the only one in an archive.

    Raises:
        ImportStopped: there is none.
    """
    try:
        if not zipfile.is_zipfile(path):
            with path.open(encoding="utf-8-sig", newline="") as text:
                yield text
            return
        with zipfile.ZipFile(path) as archive:
            tables = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(tables) != 1:
                raise ImportStopped(
                    f"{path.name} holds {len(tables)} CSV files. Give an archive of one, or a CSV."
                )
            with archive.open(tables[0]) as raw:
                yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    except FileNotFoundError:
        raise ImportStopped(f"There is no file {path}. Check the path.") from None
    except (OSError, UnicodeDecodeError, csv.Error, zipfile.BadZipFile) as wrong:
        raise ImportStopped(f"{path.name} cannot be read ({wrong}).") from None


def tickets(text: IO[str], file: str) -> Iterator[tuple[str, Lines]]:
    """The lines of each ticket, numbered, as they follow upon each other in the file.

    Raises:
        ImportStopped: the columns are not those of an incident log.
    """
    table = csv.reader(text)
    names = [_MISNAMED.get(name, name) for name in next(table, [])]
    if names.count("category") > 1:
        second = names.index("category", names.index("category") + 1)
        names[second] = "subcategory"
    if tuple(names) != COLUMNS:
        lacking = ", ".join(name for name in COLUMNS if name not in names)
        raise ImportStopped(
            f"{file} is no incident log: "
            + (f"it has no column {lacking}." if lacking else "its columns stand in another order.")
        )
    numbered = ((table.line_num, row) for row in table)
    whole = ((line, row) for line, row in numbered if row)
    for number, group in groupby(whole, key=lambda one: one[1][0]):
        yield number, [*group]


def ordered(lines: Lines, tell: Tell) -> list[Row]:
    """A ticket's rows in the order of its history; what was wrong with any of them is told."""
    rows = [row for line, cells in lines if (row := _row(line, cells, tell))]
    if len(rows) > 1 and rows[0].sequence >= rows[1].sequence:
        # Five tickets of the published file: the row that begins the history bears a later count.
        tell(
            rows[0].line,
            "mended",
            "sys_mod_count: is damaged in the first row. Taken as 0",
        )
        rows[0].sequence = 0
        _begin_in_time(rows[0], rows[1], tell)
    rows.sort(key=lambda row: row.sequence)
    unique = rows[:1]
    for row in rows[1:]:
        if row.sequence == unique[-1].sequence:
            tell(row.line, "not_taken", "sys_mod_count: an earlier row of the ticket has the same")
        else:
            unique.append(row)
    return unique


def _begin_in_time(first: Row, second: Row, tell: Tell) -> None:
    """A history begins with its beginning, also where the damaged row bears a later time."""
    if first.at() <= second.at():
        return
    opened_at = first.moment("opened_at")
    first_of_all, column = first, "opened_at"
    if opened_at is None or opened_at > second.at():
        first_of_all, column = second, "sys_updated_at"
    tell(first.line, "mended", f"sys_updated_at: is damaged in the first row. Taken from {column}")
    first.put("sys_updated_at", first_of_all[column])


def _row(line: int, cells: list[str], tell: Tell) -> Row | None:
    if len(cells) != len(COLUMNS):
        tell(line, "not_taken", f"has {len(cells)} cells, not {len(COLUMNS)}")
        return None
    count = cells[_PLACES["sys_mod_count"]]
    if not count.isdecimal():
        tell(line, "not_taken", "sys_mod_count: is no number")
        return None
    if _moment(cells[_PLACES["sys_updated_at"]], None) is None:
        tell(line, "not_taken", "sys_updated_at: is no time such as 29/2/2016 01:23")
        return None
    return Row(line, int(count), [None if cell in ("", NULL) else cell for cell in cells])


@lru_cache(8_192)
def _moment(text: str | None, zone: tzinfo | None) -> datetime | None:
    """``29/2/2016 01:23``, day first; ``29-02-2016 01:23`` in the excerpt with the first labels."""
    if text is None:
        return None
    try:
        day, clock = text.replace("-", "/").split(" ")
        d, m, y = day.split("/")
        hour, minute = clock.split(":")
        return datetime(int(y), int(m), int(d), int(hour), int(minute), tzinfo=zone)
    except ValueError:
        return None
