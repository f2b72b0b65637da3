"""The log's tables, written by COPY as their owner, in chunks beside whoever makes the rows."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from store.database import Connection, Database
from store.tenants import Tenant

CHUNK = 20_000
"""Events that are copied at once."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_CELLS: dict[str, Callable[[Any], str]] = dict.fromkeys(
    ("nonce", "blind", "ciphertext", "wrapped", "value_hash"), r"\\x{}".format
) | {"body": lambda body: body.translate(_ESCAPES)}
_COLUMNS = {
    "data_keys": ("key_id", "subject", "category", "epoch", "wrapped"),
    "events": ("position", "stream", "version", "type", "recorded_at", "body"),
    "personal_data": ("position", "subject", "category", "key_id", "nonce", "blind", "ciphertext"),
    "unique_values": ("aggregate", "field", "value_hash", "stream"),
}


class Copied:
    """Takes rows; leaving it stores the last of them."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        self._tenant = tenant
        self.connection: Connection = database.connect("owner", tenant.schema)
        self._copier = ThreadPoolExecutor(1)
        self._copying: Future[None] | None = None
        self._rows: dict[str, list[str]] = {name: [] for name in _COLUMNS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._flush()
                self._wait()
        finally:
            self._copier.shutdown()
            self.connection.close()

    def put(self, table: str, values: Mapping[str, Any]) -> None:
        """One row; binary values are given in hex."""
        cells = [_CELLS.get(name, str)(values[name]) for name in _COLUMNS[table]]
        self._rows[table].append("\t".join(cells))
        if table == "events" and len(self._rows[table]) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        """Copy what is there while the next rows are made."""
        self._wait()
        rows = {table: "\n".join([*lines, ""]) for table, lines in self._rows.items()}
        for lines in self._rows.values():
            lines.clear()
        self._copying = self._copier.submit(self._copy, rows)

    def _wait(self) -> None:
        if self._copying is not None:
            self._copying.result()

    def _copy(self, rows: Mapping[str, str]) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for table, lines in rows.items():
                names = ", ".join(_COLUMNS[table])
                place = f"{self._tenant.keys}.{table}" if table == "data_keys" else table
                with cursor.copy(f"COPY {place} ({names}) FROM STDIN".encode()) as copy:
                    copy.write(lines)
