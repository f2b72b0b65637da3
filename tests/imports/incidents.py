"""The incident set, read without anything of Kept's."""

import csv
import io
import os
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

Rows = list[dict[str, str]]
Pair = tuple[str, str]
EACH = 1 if os.environ.get("KEPT_WHOLE_FILES") else 10
"""One of so many tickets is imported."""


def of_each(path: Path, folder: Path) -> Path:
    """The tickets that are imported, in a file of their own; each line as it is."""
    if EACH == 1:
        return path
    with zipfile.ZipFile(path) as archive:
        [name] = archive.namelist()
        first, *lines = archive.read(name).splitlines(keepends=True)
    few = folder / path.name
    with zipfile.ZipFile(few, "w", zipfile.ZIP_DEFLATED) as archive:
        taken = (line for line in lines if int(line.split(b",")[0]) % EACH == 1)
        archive.writestr(name, b"".join([first, *taken]))
    return few


def histories(path: Path) -> dict[str, Rows]:
    """Each ticket's rows in their order, read without anything of Kept's."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as raw:
        table = csv.reader(io.TextIOWrapper(raw, encoding="utf-8"))
        names = next(table)
        names[names.index("category") + 1] = "subcategory"
        found: dict[str, Rows] = defaultdict(list)
        for row in table:
            found[row[0]].append(dict(zip(names, row, strict=True)))
    for rows in found.values():
        if len(rows) > 1 and int(rows[0]["sys_mod_count"]) >= int(rows[1]["sys_mod_count"]):
            rows[0]["sys_mod_count"] = "0"
            if moment(rows[0]["sys_updated_at"]) > moment(rows[1]["sys_updated_at"]):
                rows[0]["sys_updated_at"] = rows[0]["opened_at"]
        rows.sort(key=lambda row: int(row["sys_mod_count"]))
    return found


def moves(rows: Rows) -> Iterator[Pair]:
    for before, after in pairwise(rows):
        if before["ident_state"] != after["ident_state"]:
            yield before["ident_state"], after["ident_state"]


def reopened(file: dict[str, Rows]) -> int:
    """Tickets that were reopened."""
    return sum(any(int(row["reopen_count"]) for row in rows) for rows in file.values())


def missed(file: dict[str, Rows]) -> int:
    """Tickets that missed what was promised."""
    return sum(rows[-1]["made_sla"] == "false" for rows in file.values())


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def odd(row: dict[str, str]) -> bool:
    """Whether real life broke a rule here."""
    return row["ident_state"] == "-100" or int(row["reopen_count"]) > 4


def told(row: dict[str, str]) -> dict[str, Any]:
    """What a ticket is to say after a row."""
    said: dict[str, Any] = {name: None if cell == "?" else cell for name, cell in row.items()}
    return {
        "source_state": said["ident_state"],
        "queue": said["assignment_group"],
        "source_assignee": said["assigned_to"],
        "category": said["category"],
        "subcategory": said["subcategory"],
        "location": said["location"],
        "reopen_count": int(said["reopen_count"]),
        "made_sla": said["made_sla"] == "true",
        "source_active": said["active"] == "true",
        "priority": {"1": "urgent", "2": "high", "3": "medium", "4": "low"}[said["priority"]],
        "external_id": said["number"],
    }
