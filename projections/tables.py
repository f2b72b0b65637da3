"""Between rows and the tables that store them."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from domain.fields import ERASED
from domain.kernel import bare_type, reader_of, replace
from domain.values import Money
from projections.folding import Folding, Key
from projections.kernel import Column, Derived, Projection, ReadModel, Row
from projections.plain import plain
from store.database import Connection
from store.read_models import Table

_tables: dict[tuple[str, int], Table] = {}


def table_of(model: ReadModel) -> Table:
    """The table of a read model's version."""
    found = _tables.get((model.name, model.version))
    if found is None:
        found = _tables[(model.name, model.version)] = Table(
            model.name,
            model.version,
            model.columns(),
            model.row.KEY,
            model.serves,
            model.search,
            unnest=model.unnest if isinstance(model, Derived) else None,
        )
    return found


def row_from(projection: Projection, values: Mapping[str, Any]) -> Row:
    """The row that the table's values stand for; what was erased reads as None."""
    fields: dict[str, Any] = {}
    for column in table_of(projection).columns:
        value = values[column.name]
        if column.part == "amount":
            currency = values[f"{column.name}_currency"]
            fields[column.field] = (
                None if value is None else Money.model_construct(amount=value, currency=currency)
            )
        elif column.part is None and value is not None:
            read = _reader(projection.row, column.field)
            fields[column.field] = value if read is None else read(value)
    return replace(projection.fresh(tuple(values[one] for one in projection.row.KEY)), **fields)


def values_of(model: ReadModel, row: Row) -> dict[str, Any]:
    """A row's values by column, as the table would give them; what was erased is None."""
    return {one.name: _value(one, row) for one in model.columns()}


def _value(column: Column, row: Row) -> Any:
    value = getattr(row, column.field)
    if value is None or value is ERASED:
        return None
    if column.part is not None:
        return getattr(value, column.part)
    return value if isinstance(value, _NATIVE) else plain(value)


_NATIVE = (UUID, Decimal, date, datetime)
"""Types that psycopg gives by itself."""


@cache
def _reader(row: type[Row], field: str) -> Callable[[Any], Any] | None:
    """What makes a field's value from what psycopg gives, where that is not the value."""
    annotation = row.model_fields[field].annotation
    return None if bare_type(annotation) in _NATIVE else reader_of(annotation)


def load_rows(
    folding: Folding,
    projection: Projection,
    table: Table,
    connection: Connection,
    keys: Collection[Key],
) -> None:
    """Put the stored rows of these keys into the folding."""
    for values in table.load(connection, [*keys]):
        key = tuple(values[one] for one in projection.row.KEY)
        folding.put(projection, key, row_from(projection, values))
