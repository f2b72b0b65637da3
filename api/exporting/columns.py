"""How rows lie in Parquet: every column typed, ids as texts, so that any engine reads them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
from pyarrow import parquet

from store import durable_files

KINDS: Final[Mapping[str, Any]] = {
    "uuid": pa.string(),
    "text": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "moment": pa.timestamp("us", tz="UTC"),
    "number": pa.decimal128(19, 4),
    "texts": pa.list_(pa.string()),
    "uuids": pa.list_(pa.string()),
    "json": pa.string(),
}


def _texts(value: Any) -> Any:
    return [str(one) for one in value]


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


_CONVERT: Final[Mapping[str, Callable[[Any], Any]]] = {
    "uuid": str,
    "uuids": _texts,
    "json": _json,
}


class ParquetFile:
    """A file that takes rows in batches; it is there whole, or not at all. Use it as a context."""

    def __init__(self, path: Path, kinds: Mapping[str, str]) -> None:
        self.path, self._kinds = path, kinds
        self._schema = pa.schema([(name, KINDS[kind]) for name, kind in kinds.items()])
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._draft = path.with_name(f".{path.name}.draft")
        self._writer = parquet.ParquetWriter(self._draft, self._schema, compression="zstd")
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        if kind is None:
            self._draft.replace(self.path)
            durable_files.sync(self.path.parent)
        else:
            self._draft.unlink(missing_ok=True)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Rows with a value for each column, in order."""
        columns = zip(*rows, strict=True)
        arrays = [
            pa.array(_converted(kind, values), type=KINDS[kind])
            for kind, values in zip(self._kinds.values(), columns, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self.rows += len(rows)


def _converted(kind: str, values: Sequence[Any]) -> list[Any]:
    convert = _CONVERT.get(kind)
    if convert is None:
        return [*values]
    return [None if value is None else convert(value) for value in values]
