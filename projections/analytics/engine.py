"""Asking a definition: by PostgreSQL on the live read models, or by DuckDB or Spark on an export.

Ibis takes most of a second to import, so it is imported where the first figure is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from projections.analytics.kernel import CURRENCY, Asked, Definition
from projections.plain import plain
from store import figures
from store.database import Database
from store.dated_copies import DatedCopy
from store.tenants import Tenant

MOST_CACHED: Final = 200
"""Answers that are kept, as long as no event is added; and queries, however the log grows."""
MOST_RECORDS: Final = 200
"""Records on a page of what is behind a figure."""


class Engine(Protocol):
    """What runs a query, and in which dialect."""

    @property
    def dialect(self) -> Literal["postgres", "duckdb", "pyspark"]: ...
    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows by column."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """The live read models, or a dated copy of them."""

    database: Database
    tenant: Tenant
    copy: DatedCopy | None = None
    moment: str | None = None
    """At which the live ones are read, where several queries are to see the same."""
    dialect: Literal["postgres"] = "postgres"

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows by column.

        Raises:
            FiguresTimedOut: it took too long.
            CopyGone: the copy was dropped.
        """
        return figures.ask(self.database, self.tenant, query, self.copy, self.moment)


@dataclass(frozen=True, slots=True)
class Group:
    """One group of facts: what it is of, and its figures."""

    by: Mapping[str, Any]
    """By dimension: ids and words as texts, the first day of a period, None where it is empty."""
    figures: Mapping[str, Any]
    """By measure; decimals where something was divided or is money."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The records behind a figure, each with the positions of the events that made it count."""

    records: Sequence[tuple[UUID, Sequence[int]]]
    next_after: UUID | None
    """The record after which the next page goes on."""


@dataclass(slots=True)
class Analytics:
    """Figures by one engine, remembered as long as the log stands where it stood."""

    engine: Engine
    _cached: dict[tuple[Any, ...], list[Group]] = field(default_factory=dict, repr=False)
    _cached_at: int = -1
    _queries: dict[tuple[Any, ...], str] = field(default_factory=dict, repr=False)

    def groups(self, definition: Definition, asked: Asked, position: int) -> list[Group]:
        """The figures by group. ``position`` is where the read models stand at least.

        Raises:
            UnknownFigure: it cannot be asked this way.
            FiguresTimedOut: it took too long.
        """
        asked = definition.checked(asked)
        filters = tuple(sorted(asked.filters.items(), key=lambda one: one[0]))
        key = (definition.name, asked.today, asked.since, asked.until, asked.by, filters)
        if position != self._cached_at or len(self._cached) >= MOST_CACHED:
            self._cached, self._cached_at = {}, position
        cached = self._cached
        if key not in cached:
            rows = self.engine.rows(self._query(definition, asked, key))
            cached[key] = [_group(definition, asked, row) for row in rows]
        return cached[key]

    def _query(self, definition: Definition, asked: Asked, key: tuple[Any, ...]) -> str:
        """The query, which stays the same however the log grows: to compile it takes longer than
        most of them run.
        """
        query = self._queries.get(key)
        if query is None:
            compiling = _compiling()
            query = compiling.sql(compiling.figures(definition, asked), self.engine.dialect)
            if len(self._queries) >= MOST_CACHED:
                self._queries = {}
            self._queries[key] = query
        return query

    def behind(
        self,
        definition: Definition,
        asked: Asked,
        after: UUID | None = None,
        limit: int = MOST_RECORDS,
    ) -> Behind:
        """The records and events behind the figures of all that fits the filters.

        Raises:
            UnknownFigure, FiguresTimedOut: as for :meth:`groups`.
        """
        asked = definition.checked(asked)
        compiling, dialect = _compiling(), self.engine.dialect
        query = compiling.sql(compiling.records(definition, asked, after, limit + 1), dialect)
        found = self.engine.rows(query)
        page = [_id(row["id"]) for row in found[:limit]]
        made: dict[UUID, list[int]] = {one: [] for one in page}
        if page:
            events = compiling.sql(compiling.events(definition, asked, page), dialect)
            for row in self.engine.rows(events):
                made[_id(row["id"])].append(int(row["position"]))
        more = len(found) > limit
        return Behind([*made.items()], page[-1] if more else None)


def _compiling() -> ModuleType:
    from projections.analytics import compiling  # noqa: PLC0415  it imports Ibis

    return compiling


def _group(definition: Definition, asked: Asked, row: Mapping[str, Any]) -> Group:
    by = {name: _key(row[name]) for name in asked.by}
    if definition.has_money:
        by[CURRENCY] = row[CURRENCY]
    return Group(by, {one.name: one.figure(row) for one in definition.measures})


def _key(value: Any) -> Any:
    return plain(value) if isinstance(value, UUID) else value


def _id(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
