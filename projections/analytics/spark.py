"""Definitions on an export, by Spark: the same figures where one machine is too small for it.

The session is the caller's, so neither Spark nor Java is needed for anything else here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

_TYPES: Final = {
    "uuid": "STRING",
    "text": "STRING",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "moment": "TIMESTAMP",
    "number": "DECIMAL(19, 4)",
    "texts": "ARRAY<STRING>",
    "uuids": "ARRAY<STRING>",
    "json": "STRING",
}
"""Said instead of found out: Spark would open every file for it."""


@dataclass(frozen=True, slots=True)
class Spark:
    """An export's read models, under the names that they have in SQL."""

    session: Any
    dialect: Literal["pyspark"] = "pyspark"

    @classmethod
    def of(
        cls,
        session: Any,
        folder: Path,
        time_zone: str,
        models: Mapping[str, tuple[Mapping[str, str], Sequence[str]]],
    ) -> "Spark":
        """``models`` gives the columns (by name, how each is stored) and files of each. The
        caller's own views and settings stay as they are.
        """
        own = session.newSession()
        own.conf.set("spark.sql.session.timeZone", time_zone)
        # Otherwise an amount that does not fit is shown as none at all.
        own.conf.set("spark.sql.ansi.enabled", "true")
        for name, (columns, files) in models.items():
            schema = ", ".join(f"`{column}` {_TYPES[kind]}" for column, kind in columns.items())
            read = own.read.schema(schema).parquet(*(str(folder / one) for one in files))
            read.createOrReplaceTempView(name)
        return cls(own)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows by column."""
        return [row.asDict() for row in self.session.sql(query).collect()]
