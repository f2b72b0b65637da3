"""Definitions on an export, by DuckDB: the same figures without the database that it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import duckdb

_CASTS: Final = {"uuid": "UUID", "uuids": "UUID[]"}
"""What lies as text in the files, so that any engine reads it."""


@dataclass(frozen=True, slots=True)
class DuckDb:
    """An export's read models, under the names that they have in SQL."""

    connection: Any
    dialect: Literal["duckdb"] = "duckdb"

    @classmethod
    def of(
        cls,
        folder: Path,
        time_zone: str,
        models: Mapping[str, tuple[Mapping[str, str], Sequence[str]]],
    ) -> "DuckDb":
        """``models`` gives the columns (by name, how each is stored) and files of each."""
        connection = duckdb.connect()
        # What is not in the wheel is not fetched either.
        connection.execute("SET autoinstall_known_extensions = false")
        # Without GLOBAL it is only this connection's, and no query runs on that one itself.
        connection.execute(f"SET GLOBAL TimeZone = {_text(time_zone)}")
        for name, (columns, files) in models.items():
            selected = ", ".join(_column(column, kind) for column, kind in columns.items())
            paths = ", ".join(_text(str(folder / one)) for one in files)
            connection.execute(
                f'CREATE VIEW "{name}" AS SELECT {selected} FROM read_parquet([{paths}])'
            )
        return cls(connection)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows by column."""
        found = self.connection.cursor().execute(query)
        columns = [one[0] for one in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def close(self) -> None:
        """Let go of the files."""
        self.connection.close()


def _column(name: str, kind: str) -> str:
    cast = _CASTS.get(kind)
    return f'"{name}"' if cast is None else f'CAST("{name}" AS {cast}) AS "{name}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
