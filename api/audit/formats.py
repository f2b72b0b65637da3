"""How facts are written: as CSV (RFC 4180), as an Excel workbook, as JSON Lines in the form of OCSF
(https://schema.ocsf.io, Entity Management).
"""

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson
from xlsxwriter import Workbook  # type: ignore[import-untyped]  # it ships no types

from store.transparency.notes import Checkpoint

COLUMNS: Final = (
    "position",
    "occurred_at",
    "recorded_at",
    "actor",
    "actor_name",
    "aggregate",
    "id",
    "type",
    "field",
    "from",
    "to",
    "reason",
    "source",
    "client",
    "words_en",
    "words_zh",
)
ROWS_OF_SHEET: Final = 1_000_000
"""Excel shows 1,048,576."""
WIDTHS: Final = {"occurred_at": 27, "recorded_at": 27, "words_en": 80, "words_zh": 60}
OCSF: Final = "1.3.0"
ENTITY_MANAGEMENT: Final = 3004
IDENTITY_AND_ACCESS: Final = 3
_ACTIVITIES: Final = {"Create": 1, "Update": 3, "Delete": 4}


class Writer(ABC):
    """Takes facts one by one and leaves a file. Use it as a context."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(kind is None)

    @abstractmethod
    def write(self, fact: Mapping[str, Any]) -> None:
        """One fact."""

    def prove(self, checkpoint: Checkpoint) -> None:
        """Say what proves the facts, after the last one, where the form has a place for it."""
        return

    @abstractmethod
    def close(self, is_whole: bool) -> None:
        """Leave the file; unless it is whole, it is thrown away."""


class CsvWriter(Writer):
    """With a byte order mark, or Excel would not take it for UTF-8."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    def write(self, fact: Mapping[str, Any]) -> None:
        """One row."""
        self._rows.writerow(cells(fact))

    def close(self, is_whole: bool) -> None:
        self._file.close()


class ExcelWriter(Writer):
    """Texts only: what begins with ``=`` stays what it is."""

    def __init__(self, path: Path) -> None:
        self._book = Workbook(path, {"constant_memory": True, "strings_to_urls": False})
        self._bold = self._book.add_format({"bold": True})
        self._row = ROWS_OF_SHEET
        self._sheet: Any = None

    def write(self, fact: Mapping[str, Any]) -> None:
        """One row."""
        if self._row >= ROWS_OF_SHEET:
            self._next_sheet()
        for column, cell in enumerate(cells(fact)):
            if cell:
                self._sheet.write_string(self._row, column, cell[:32_767])
        self._row += 1

    def close(self, is_whole: bool) -> None:
        if self._sheet is None:
            self._next_sheet()
        self._book.close()

    def _next_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(COLUMNS):
            self._sheet.set_column(column, column, WIDTHS.get(name, 18))
            self._sheet.write_string(0, column, name, self._bold)
        self._row = 1


class OcsfWriter(Writer):
    """One event a line, as security tools take them in."""

    def __init__(self, path: Path) -> None:
        self._file: io.BufferedWriter = path.open("wb")

    def write(self, fact: Mapping[str, Any]) -> None:
        """One line."""
        self._file.write(orjson.dumps(ocsf(fact), option=orjson.OPT_APPEND_NEWLINE))

    def close(self, is_whole: bool) -> None:
        self._file.close()


def cells(fact: Mapping[str, Any]) -> list[str]:
    """A fact as texts, in the order of :data:`COLUMNS`."""
    flat = {**fact, "words_en": fact["words"]["en"], "words_zh": fact["words"]["zh"]}
    return [_text(flat.get(name)) for name in COLUMNS]


def ocsf(fact: Mapping[str, Any]) -> dict[str, Any]:
    """A fact as an event of OCSF's class Entity Management."""
    activity = str(fact["activity"]).title()
    actor = {"uid": fact["actor"], **({"name": fact["actor_name"]} if fact["actor_name"] else {})}
    return {
        "class_uid": ENTITY_MANAGEMENT,
        "class_name": "Entity Management",
        "category_uid": IDENTITY_AND_ACCESS,
        "category_name": "Identity & Access Management",
        "activity_id": _ACTIVITIES[activity],
        "activity_name": activity,
        "type_uid": ENTITY_MANAGEMENT * 100 + _ACTIVITIES[activity],
        "type_name": f"Entity Management: {activity}",
        "severity_id": 1,
        "status_id": 1,
        "time": _milliseconds(fact["occurred_at"]),
        "metadata": {
            "version": OCSF,
            "product": {"name": "Kept", "vendor_name": "Kept"},
            "uid": str(fact["position"]),
            "sequence": fact["position"],
            "logged_time": _milliseconds(fact["recorded_at"]),
            "event_code": fact["type"],
        },
        "actor": {"user": actor, "app_name": fact["source"]},
        "entity": {"uid": fact["id"], "type": fact["aggregate"]},
        "message": fact["words"]["en"],
        **({"comment": fact["reason"]} if fact.get("reason") else {}),
        "unmapped": {
            name: fact.get(name) for name in ("field", "from", "to", "client", "occurred_at")
        },
    }


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
