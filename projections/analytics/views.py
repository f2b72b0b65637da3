"""The public read models as Ibis tables, by the descriptions that their tables are made from."""

from functools import cache
from types import MappingProxyType
from typing import Any, Final

import ibis  # type: ignore[import-untyped]  # it ships no types

from projections import DERIVED, PROJECTIONS
from projections.analytics.kernel import Views
from projections.kernel import Kind, ReadModel
from projections.tables import table_of

AMOUNT: Final = "decimal(19, 4)"
"""Of every amount: see :data:`domain.values.Amount`. A sum of them fits into 38 digits."""
TYPES: Final[dict[Kind, str]] = {
    "uuid": "uuid",
    "text": "string",
    "integer": "int64",
    "boolean": "boolean",
    "date": "date",
    "moment": "timestamp('UTC')",
    "number": AMOUNT,
    "texts": "array<string>",
    "uuids": "array<uuid>",
    "json": "string",
}


def columns_of(model: ReadModel) -> dict[str, Kind]:
    """The public columns of a read model, as SQL users see them."""
    unnest = table_of(model).unnest
    return {
        one.name.removesuffix("s") if one.name == unnest else one.name: (
            "text" if one.name == unnest else one.kind
        )
        for one in model.columns()
        if not one.personal
    }


@cache
def views() -> Views:
    """Every read model, by name."""
    models: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)
    found: dict[str, Any] = {}
    for model in models:
        schema = {name: TYPES[kind] for name, kind in columns_of(model).items()}
        found[model.name] = ibis.table(schema, name=model.name)
    return MappingProxyType(found)
