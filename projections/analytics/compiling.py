"""From a definition and what is asked of it to one SQL query, in the dialect of an engine."""

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

import ibis  # type: ignore[import-untyped]  # it ships no types
from ibis.backends.sql.compilers import (  # type: ignore[import-untyped]
    DuckDBCompiler,
    PostgresCompiler,
    PySparkCompiler,
)

from projections.analytics.kernel import (
    CURRENCY,
    PERIODS,
    Asked,
    Definition,
    Measure,
    Table,
    UnknownFigure,
)
from projections.analytics.purchases import by_currency
from projections.analytics.segments import CUSTOMER_SEGMENTS
from projections.analytics.views import views

Dialect = Literal["postgres", "duckdb", "pyspark"]
# The compilers alone: a backend would import its driver, and Spark's needs Java.
_COMPILERS: Final[dict[Dialect, Any]] = {
    "postgres": PostgresCompiler(),
    "duckdb": DuckDBCompiler(),
    "pyspark": PySparkCompiler(),
}
_PLAIN: Final = {"sum": "sum", "most": "max", "distinct": "nunique"}
"""What Ibis calls a measure that is one aggregate."""
_RANKED: Final = ("median", "percentile")
_OF_RANKED: Final = ("sorted", "known")
"""What those are picked from: the values of a group that are known, and how many they are."""
LONGEST_NUMBER: Final = 9
"""Digits of a number that is filtered by."""
_UNITS: Final = dict(zip(PERIODS, ("D", "W", "M", "Q", "Y"), strict=True))


def sql(expression: Table, dialect: Dialect) -> str:
    """The query, as text that holds every value."""
    compiler = _COMPILERS[dialect]
    return str(compiler.to_sqlglot(expression).sql(dialect=compiler.dialect))


def facts(definition: Definition, asked: Asked) -> Table:
    """The facts of the period that fit the filters."""
    found = definition.facts(views(), asked)
    if not definition.standing:
        if asked.since is not None:
            found = found.filter(found.on >= asked.since)
        if asked.until is not None:
            found = found.filter(found.on <= asked.until)
    for name, value in asked.filters.items():
        column = found[name]
        found = found.filter(column.isnull() if value is None else column == _typed(column, value))
    return found


def figures(definition: Definition, asked: Asked) -> Table:
    """One row a group, with all that its measures are made of."""
    found = facts(definition, asked)
    by = [*asked.by]
    if definition.has_money:
        by.append(CURRENCY)
    period = next((name for name in asked.by if name in PERIODS), None)
    if period is not None:
        # PostgreSQL and Spark give midnight for it, which is another day in another zone.
        begins = found.on.cast("timestamp").truncate(_UNITS[period]).date()
        found = found.mutate(**{period: begins})
    parts: dict[str, Any] = {}
    for measure in definition.measures:
        parts |= _parts(found, measure)
    found = found.group_by(by).aggregate(**parts) if by else found.aggregate(**parts)
    found = _with_ranked(found, definition.measures)
    return found.order_by(by) if by else found


def records(definition: Definition, asked: Asked, after: UUID | None, limit: int) -> Table:
    """The facts behind a figure, by record: ``id`` and the ``position`` of its latest event."""
    found = facts(definition, asked)
    found = found.group_by("id").aggregate(position=found.position.max())
    if after is not None:
        found = found.filter(found.id > after)
    return found.order_by("id").limit(limit)


def scores(asked: Asked, after: UUID | None, limit: int, only: UUID | None = None) -> Table:
    """So many customers, or only this one, with their RFM scores among all: a row for each currency
    that they bought in.
    """
    found = facts(CUSTOMER_SEGMENTS, asked)
    if only is not None:
        found = found.filter(found.id == only)
    if after is not None:
        found = found.filter(found.id > after)
    found = found.order_by("id").limit(limit)
    worth = by_currency(views(), asked.last_day).select("id", "currency", "value")
    return found.join(worth, "id").order_by("id", "currency")


def events(definition: Definition, asked: Asked, ids: Sequence[UUID]) -> Table:
    """The events behind the facts of these records: ``id`` and ``position``. Of facts that are
    records these are the first event and every change of the fields that matter.
    """
    if definition.traced is not None:
        found = definition.traced(views(), asked)
        found = found.filter(found.id.isin(ids))
    elif definition.behind:
        found = views()["history"]
        found = found.filter(found.id.isin(ids))
        found = found.mutate(first=found.position.min().over(group_by=[found.id]))
        begins = found.position == found.first
        found = found.filter(begins | found.field.isin(definition.behind))
    else:
        found = facts(definition, asked)
        found = found.filter(found.id.isin(ids))
    found = found.group_by("id", "position").aggregate(times=found.count())
    return found.order_by("position")


def _with_ranked(found: Table, measures: Sequence[Measure]) -> Table:
    """What is picked by its rank out of the sorted values of a group; a median is made of the two
    in the middle. So it is the same in every engine, which quantiles are not.
    """
    picked: dict[str, Any] = {}
    for one in measures:
        if one.kind in _RANKED:
            values, known = found[f"{one.column}_sorted"], found[f"{one.column}_known"]
            ranks = {one.name: (known * one.percent + 99) // 100 - 1}
            if one.kind == "median":
                ranks = {f"{one.name}_low": (known - 1) // 2, f"{one.name}_high": known // 2}
            for name, rank in ranks.items():
                # Spark counts places of a list by integers of 32 bits only.
                picked[name] = (known > 0).ifelse(values[rank.cast("int32")], ibis.null())
    if not picked:
        return found
    used = {one.column for one in measures if one.kind in _RANKED}
    return found.mutate(**picked).drop(*(f"{one}_{part}" for one in used for part in _OF_RANKED))


def _parts(found: Table, measure: Measure) -> dict[str, Any]:
    """What a measure is made of."""
    name = measure.name
    if measure.kind == "count":
        return {name: found.count()}
    column = found[measure.column]
    if measure.kind in _PLAIN:
        return {name: getattr(column, _PLAIN[measure.kind])()}
    if measure.kind == "mean":
        return {f"{name}_part": column.sum(), f"{name}_whole": column.count()}
    if measure.kind == "share":
        whole = found[measure.whole].sum() if measure.whole else found.count()
        return {f"{name}_part": column.sum(), f"{name}_whole": whole}
    sorted_values = column.collect(where=column.notnull()).sort()
    return {f"{measure.column}_sorted": sorted_values, f"{measure.column}_known": column.count()}


def _typed(column: Any, value: str) -> Any:
    """A filter's text as the column's type has it."""
    kind = column.type()
    name = column.get_name()
    if kind.is_uuid():
        try:
            return UUID(value)
        except ValueError:
            raise UnknownFigure(name, "is no id. Give a UUID.") from None
    if kind.is_integer():
        if not (value.isascii() and value.isdecimal() and len(value) <= LONGEST_NUMBER):
            raise UnknownFigure(name, "is no whole number. Give one such as 3.")
        return int(value)
    if kind.is_boolean():
        if value not in ("true", "false"):
            raise UnknownFigure(name, "is neither. Give true or false.")
        return value == "true"
    return value
